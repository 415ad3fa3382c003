"""What merchants send and see about events, endpoints and deliveries."""

from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

from bursar import payouts
from bursar.api.filters import Moment
from bursar.api.merchants.wire import WORDS, PayoutStatus
from bursar.api.paging import PageQuery
from bursar.api.rules import LINE
from bursar.foundation.clock import timestamp
from bursar.outbound import webhooks

# Events ---------------------------------------------------------------------------------------------------------------


class EventView(msgspec.Struct, rename="camel"):
    """One change of a payout's status, with the body that the webhook about it has."""

    event: str
    event_id: Annotated[str, msgspec.Meta(description="The `webhook-id` under which it was delivered.")]
    payout_id: UUID
    status: PayoutStatus
    psp_reference: str | None
    timestamp: str
    merchant_reference: str
    amount: str
    currency: str
    sequence: Annotated[int, msgspec.Meta(description="Counts a payout's moves: of two events, the higher is newer.")]
    reason: str | None = None

    @classmethod
    def of(cls, moved: payouts.Moved) -> "EventView":
        """Show one move, by way of the very body that is sent."""
        return _decode(webhooks.body_of(moved, status=WORDS[moved.to_state]))


_decode: Final = msgspec.json.Decoder(EventView).decode


class History(msgspec.Struct):
    """A payout's changes of status, oldest first."""

    data: list[EventView]


# Endpoints ------------------------------------------------------------------------------------------------------------

Url = Annotated[
    str,
    msgspec.Meta(
        min_length=9,
        max_length=2_000,
        description="https, on a public host, port 443.",
        examples=["https://example.com/webhooks"],
        extra_json_schema={"format": "uri", "pattern": "^https?://"},
    ),
]
Description = Annotated[
    str,
    msgspec.Meta(
        max_length=200,
        description="What you call it; one line, or nothing.",
        examples=["Production"],
        extra_json_schema={"anyOf": [{"pattern": LINE}, {"maxLength": 0}]},
    ),
]
Events = Annotated[list[Literal["payout.updated"]], msgspec.Meta(min_length=1, max_length=10)]


class EndpointBody(msgspec.Struct, forbid_unknown_fields=True):
    """An endpoint that is to be."""

    url: Url
    description: Description = ""
    events: Events = msgspec.field(default_factory=lambda: ["payout.updated"])


class EndpointChangeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be different; what is left out stays."""

    url: Url | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    events: Events | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


class EndpointView(msgspec.Struct, rename="camel"):
    """An endpoint as it stands. Its secret is shown when it is made, and never again."""

    id: UUID
    url: str
    description: str
    events: list[str]
    enabled: bool
    disabled_reason: str | None
    failing_since: str | None
    old_secret_until: Annotated[str | None, msgspec.Meta(description="Until when the secret before signs as well.")]
    created_at: str

    @classmethod
    def of(cls, endpoint: webhooks.Endpoint) -> "EndpointView":
        """Show one endpoint."""
        return cls(
            id=endpoint.id,
            url=endpoint.url,
            description=endpoint.description,
            events=[event.value for event in endpoint.events],
            enabled=endpoint.disabled_at is None,
            disabled_reason=endpoint.disabled_why.value if endpoint.disabled_why else None,
            failing_since=timestamp(endpoint.failing_since) if endpoint.failing_since else None,
            old_secret_until=timestamp(endpoint.old_until) if endpoint.old_until else None,
            created_at=timestamp(endpoint.created_at),
        )


class NewEndpointView(EndpointView, rename="camel"):
    """An endpoint just made, with its secret (Standard Webhooks), which is shown this once."""

    secret: str


class Endpoints(msgspec.Struct):
    """All endpoints, oldest first."""

    data: list[EndpointView]


class Secret(msgspec.Struct, rename="camel"):
    """A new secret, shown this once."""

    secret: str
    old_secret_hours: Annotated[int, msgspec.Meta(description="For how long the one before signs as well.")]


# Deliveries -----------------------------------------------------------------------------------------------------------


class DeliveryQuery(PageQuery, kw_only=True):
    """Which deliveries to list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100, description="How many at once, 1 to 100.")] = 50
    state: webhooks.DeliveryState | msgspec.UnsetType = msgspec.UNSET


class DeliveryView(msgspec.Struct, rename="camel"):
    """One message on its way to one endpoint."""

    id: UUID
    endpoint_id: UUID
    event_id: Annotated[str, msgspec.Meta(description="The `webhook-id`: the same over all tries and replays.")]
    event: webhooks.Event
    payout_id: UUID | None
    state: webhooks.DeliveryState
    tries: int
    tries_max: int
    next_try_at: str | None
    last_status: int | None
    last_error: str | None
    created_at: str
    finished_at: str | None

    @classmethod
    def of(cls, delivery: webhooks.Delivery) -> "DeliveryView":
        """Show one delivery."""
        return cls(
            id=delivery.id,
            endpoint_id=delivery.endpoint_id,
            event_id=delivery.name,
            event=delivery.type,
            payout_id=delivery.payout_id,
            state=delivery.state,
            tries=delivery.tries,
            tries_max=delivery.tries_max,
            next_try_at=timestamp(delivery.due_at) if delivery.due_at else None,
            last_status=delivery.last_status,
            last_error=delivery.last_error,
            created_at=timestamp(delivery.created_at),
            finished_at=timestamp(delivery.finished_at) if delivery.finished_at else None,
        )


class TryView(msgspec.Struct, rename="camel"):
    """One try of a delivery."""

    number: int
    timestamp: str
    status: Annotated[int | None, msgspec.Meta(description="HTTP status; null when no answer came.")]
    error: str | None
    duration_ms: int


class DeliveryDetail(DeliveryView, rename="camel"):
    """One delivery with every try."""

    history: list[TryView]


class ReplayBody(msgspec.Struct, forbid_unknown_fields=True):
    """From when on to send again."""

    since: Moment


class Replayed(msgspec.Struct):
    """How many messages are being sent again."""

    count: int
