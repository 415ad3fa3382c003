"""Webhooks out: holders' endpoints, and messages to them about their payouts.

The room promises that each move which changes the merchant's word for a payout becomes one message, written in the
transaction that reads the event; that each message is delivered at least once to each endpoint that wants it, under
the same ``webhook-id`` and with the same bytes each time, or recorded as exhausted; and that no endpoint, however dead,
slow or hostile, delays another or leads us into our own network.

A holder's verbs take ``holder_id`` and see that holder's endpoints alone. An address is vetted by ``Egress.vet`` before
the transaction that stores it, and again before each call.
"""

from bursar.outbound.webhooks.actions import (
    OLD_SECRET_HOURS,
    PAGE_MAX,
    REPLAY_MAX,
    add_endpoint,
    backlog,
    change_endpoint,
    deliveries,
    deliveries_about,
    delivery,
    endpoint,
    endpoints,
    remove_endpoint,
    replay,
    replay_since,
    reseal,
    rotate_secret,
    send_test,
)
from bursar.outbound.webhooks.announce import announce, fan_out
from bursar.outbound.webhooks.errors import (
    EndpointDisabled,
    NoSuchDelivery,
    NoSuchEndpoint,
    StillWaiting,
    TooManyEndpoints,
    TooMuchToReplay,
)
from bursar.outbound.webhooks.model import (
    ENDPOINTS_MAX,
    SUBSCRIBABLE,
    Backlog,
    Delivery,
    DeliveryState,
    DisabledWhy,
    Endpoint,
    EndpointChange,
    EndpointWish,
    Event,
    Try,
    body_of,
    event_name,
)
from bursar.outbound.webhooks.sending import BELL, Deliverer
from bursar.outbound.webhooks.signatures import Signer

__all__ = [
    "BELL",
    "ENDPOINTS_MAX",
    "OLD_SECRET_HOURS",
    "PAGE_MAX",
    "REPLAY_MAX",
    "SUBSCRIBABLE",
    "Backlog",
    "Deliverer",
    "Delivery",
    "DeliveryState",
    "DisabledWhy",
    "Endpoint",
    "EndpointChange",
    "EndpointDisabled",
    "EndpointWish",
    "Event",
    "NoSuchDelivery",
    "NoSuchEndpoint",
    "Signer",
    "StillWaiting",
    "TooManyEndpoints",
    "TooMuchToReplay",
    "Try",
    "add_endpoint",
    "announce",
    "backlog",
    "body_of",
    "change_endpoint",
    "deliveries",
    "deliveries_about",
    "delivery",
    "endpoint",
    "endpoints",
    "event_name",
    "fan_out",
    "remove_endpoint",
    "replay",
    "replay_since",
    "reseal",
    "rotate_secret",
    "send_test",
]
