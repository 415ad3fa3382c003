"""Webhooks out: endpoints, messages, deliveries, and the decisions that need no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

import msgspec

from bursar.foundation.addresses import Target
from bursar.foundation.clock import timestamp
from bursar.payouts.model import Moved, PayoutState
from bursar.programs import Webhooks as WebhookTerms

ENDPOINTS_MAX: Final = 20  # Per holder: each event is sent to all of them.
DESCRIPTION_LENGTH_MAX: Final = 200


class Event(StrEnum):
    """What a message is about."""

    PAYOUT_UPDATED = "payout.updated"
    TEST = "webhook.test"  # Asked for by hand; goes to that endpoint whatever it subscribed to.


SUBSCRIBABLE: Final = (Event.PAYOUT_UPDATED,)


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"  # For its next try, or for the answer to the present one.
    DELIVERED = "delivered"  # Answered with 2xx.
    EXHAUSTED = "exhausted"  # All tries failed, or the endpoint was disabled; only a replay sends it again.


class DisabledWhy(StrEnum):
    """Why an endpoint is sent nothing."""

    BY_OWNER = "by_owner"
    GONE = "gone"  # It answered 410.
    FAILING = "failing"  # Nothing but failures for days.


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a message is tried; it keeps what its terms said when it was written."""

    retry_seconds: tuple[float, ...]  # The wait after each failed try but the last.
    timeout_seconds: float  # For one try, all in all.

    @classmethod
    def under(cls, terms: WebhookTerms) -> Self:
        """What a program's terms ask for."""
        waits = (terms.delay(tries) for tries in range(1, terms.max_attempts))
        return cls(tuple(wait for wait in waits if wait is not None), terms.timeout_seconds)

    @property
    def tries_max(self) -> int:
        """How many tries there are, all in all."""
        return len(self.retry_seconds) + 1


@dataclass(frozen=True, slots=True)
class EndpointWish:
    """An endpoint that a holder wants; its address was vetted by ``Egress.vet``."""

    holder_id: UUID
    target: Target
    description: str = ""
    events: tuple[str, ...] = SUBSCRIBABLE


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What is to be different about an endpoint; None leaves it as it is."""

    target: Target | None = None
    description: str | None = None
    events: tuple[str, ...] | None = None
    enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that a holder's messages are sent to."""

    id: UUID
    holder_id: UUID
    url: str
    description: str
    events: tuple[Event, ...]
    old_until: datetime | None  # Until when the secret before the last rotation signs as well.
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_why: DisabledWhy | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell a holder: the very bytes that are signed and sent."""

    id: UUID
    holder_id: UUID
    payout_id: UUID | None
    seq: int | None
    type: Event
    body: bytes
    patience: Patience
    at: datetime
    correlation_id: str | None = None  # Of what it tells of.


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one endpoint."""

    id: UUID
    endpoint_id: UUID
    message_id: UUID
    name: str  # The ``webhook-id`` of its message.
    type: Event
    payout_id: UUID | None
    state: DeliveryState
    tries: int
    tries_max: int
    due_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a delivery, as it is kept: never what the endpoint said."""

    number: int
    at: datetime
    status: int | None  # HTTP status; None when no answer came.
    error: str | None
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How the deliveries of all holders stand."""

    waiting: int
    overdue_seconds: float  # How long the longest one that is due has been so; 0 when none is.
    exhausted_last_day: int
    endpoints_failing: int
    endpoints_disabled: int  # By us; not those that their owners disabled.


class _PayoutUpdated(msgspec.Struct, frozen=True, rename="camel"):
    """The body of ``payout.updated``: the merchants document's five fields first, in its order, then ours."""

    event: str
    payout_id: UUID
    status: str
    psp_reference: str | None
    timestamp: str
    merchant_reference: str
    amount: str
    currency: str
    event_id: str
    sequence: int  # Counts a payout's moves: of two messages, the higher one is newer.
    reason: str | msgspec.UnsetType = msgspec.UNSET


class _Hello(msgspec.Struct, frozen=True, rename="camel"):
    """The body of ``webhook.test``."""

    event: str
    endpoint_id: UUID
    timestamp: str
    event_id: str


_ENCODER: Final = msgspec.json.Encoder()


def event_name(payout_id: UUID, seq: int) -> str:
    """What a payout's event is called, in messages about it and in lists of events alike."""
    return f"evt_{payout_id.hex}_{seq}"


def name_of(message_id: UUID, payout_id: UUID | None, seq: int | None) -> str:
    """A message's ``webhook-id``: the same over all retries, replays and endpoints."""
    return f"msg_{message_id.hex}" if payout_id is None or seq is None else event_name(payout_id, seq)


def word_changes(move: Moved, tell: Mapping[PayoutState, str]) -> bool:
    """Whether a move changes what the audience is told.

    A payout's first state is no news: whoever asked for it had it in the answer.
    """
    return move.from_state is not None and tell[move.from_state] != tell[move.to_state]


def body_of(move: Moved, *, status: str) -> bytes:
    """The body of ``payout.updated`` for a move; ``status`` is the audience's word for where it led."""
    body = _PayoutUpdated(
        event=Event.PAYOUT_UPDATED.value,
        payout_id=move.payout_id,
        status=status,
        psp_reference=move.gateway_reference,
        timestamp=timestamp(move.at),
        merchant_reference=move.reference,
        amount=move.amount.text,
        currency=move.amount.currency,
        event_id=event_name(move.payout_id, move.seq),
        sequence=move.seq,
        reason=move.reason or msgspec.UNSET,
    )
    return _ENCODER.encode(body)


def payout_updated(message_id: UUID, move: Moved, *, status: str, patience: Patience) -> Message:
    """Tell of a move, in the audience's word for where it led."""
    return Message(
        id=message_id,
        holder_id=move.holder_id,
        payout_id=move.payout_id,
        seq=move.seq,
        type=Event.PAYOUT_UPDATED,
        body=body_of(move, status=status),
        patience=patience,
        at=move.at,
        correlation_id=move.correlation_id,
    )


def hello(message_id: UUID, endpoint: Endpoint, *, patience: Patience, at: datetime) -> Message:
    """A message that says nothing but that messages arrive."""
    body = _Hello(Event.TEST.value, endpoint.id, timestamp(at), name_of(message_id, None, None))
    return Message(message_id, endpoint.holder_id, None, None, Event.TEST, _ENCODER.encode(body), patience, at)
