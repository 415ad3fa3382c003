"""What providers send and get. Statuses and words are those of the providers document."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from bursar.api import amounts
from bursar.api.destinations import DestinationBody, masked
from bursar.api.earnings import StandsForView
from bursar.api.filters import PayoutQuery
from bursar.api.providers import words
from bursar.api.rules import LINE, TEXT
from bursar.earnings import Earning, Payoff
from bursar.foundation import texts
from bursar.foundation.clock import timestamp
from bursar.payouts import Moved, Payout, PayoutState, can

REFERENCE_LENGTH_MAX: Final = 200
REASON_LENGTH_MAX: Final = 500


class ProviderStatus(StrEnum):
    """Where a payout stands, in providers' words."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    RETURNED = "RETURNED"


S = PayoutState

WORDS: Final[Mapping[PayoutState, ProviderStatus]] = MappingProxyType(
    {
        S.REQUESTED: ProviderStatus.REQUESTED,
        S.IN_REVIEW: ProviderStatus.REQUESTED,  # And flagged.
        S.APPROVED: ProviderStatus.APPROVED,
        S.SENDING: ProviderStatus.PROCESSING,
        S.SENT: ProviderStatus.PROCESSING,
        S.ON_HOLD: ProviderStatus.PROCESSING,
        S.RETRYING: ProviderStatus.FAILED,  # With the time of the next attempt.
        S.COMPLETED: ProviderStatus.COMPLETED,
        S.FAILED: ProviderStatus.FAILED,
        S.REJECTED: ProviderStatus.REJECTED,
        S.CANCELLED: ProviderStatus.CANCELLED,
        S.RETURNED: ProviderStatus.RETURNED,
    }
)
"""What providers hear for each state."""


class RequestBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A request for one payout, to a stored destination, one given here, or the default destination.

    A destination given here is stored first, with all that holds for it, whatever becomes of the payout.
    """

    amount: amounts.Amount
    currency: (
        Annotated[
            amounts.Currency,
            msgspec.Meta(description="ISO 4217; the currency of your program, which may be left out."),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    method: DestinationBody | msgspec.UnsetType = msgspec.UNSET
    destination_id: (
        Annotated[UUID, msgspec.Meta(description="One of your stored destinations; not together with `method`.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    reference: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=REFERENCE_LENGTH_MAX,
            description="What you call this payout; one line. It need not be unique.",
            examples=["November"],
            extra_json_schema={"pattern": LINE},
        ),
    ] = "Payout"

    def __post_init__(self) -> None:
        texts.insist_line(self.reference, field="reference", most=REFERENCE_LENGTH_MAX)


class TakeBackBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why a payout is taken back."""

    reason: Annotated[
        str,
        msgspec.Meta(max_length=REASON_LENGTH_MAX, examples=["Wrong account"], extra_json_schema={"pattern": TEXT}),
    ] = ""

    def __post_init__(self) -> None:
        texts.insist_text(self.reason, field="reason", most=REASON_LENGTH_MAX)


class ProviderPayoutQuery(PayoutQuery, kw_only=True):
    """Which of the holder's payouts to list."""

    status: Annotated[list[ProviderStatus], msgspec.Meta(description="One status or several.")] = msgspec.field(
        default_factory=list
    )


class WaitingView(msgspec.Struct):
    """What an approved payout waits for, and until when as far as that is known."""

    reason: str
    text: str
    until: str | None

    @classmethod
    def for_(cls, reason: str, *, until: datetime | None) -> "WaitingView":
        """Show a blocker."""
        return cls(reason, words.WAITING[reason], timestamp(until) if until else None)


class ProviderPayoutView(msgspec.Struct, rename="camel"):
    """One payout as providers see it. Times are UTC; amounts are texts in major units.

    `flagged` says that our staff look at it before it leaves, `retryAt` when one that did not get through leaves again.
    """

    id: UUID
    status: ProviderStatus
    flagged: bool
    reference: str
    amount: str
    currency: str
    method: dict[str, Any]
    reason: str | None
    retry_at: str | None
    created_at: str
    updated_at: str
    processed_at: str | None

    @classmethod
    def born(cls, payout: Payout) -> "ProviderPayoutView":
        """Show a payout as it was at its birth, whatever its terms made of it in the same moment."""
        return msgspec.structs.replace(cls.of(payout), status=ProviderStatus.REQUESTED)

    @classmethod
    def of(cls, payout: Payout) -> "ProviderPayoutView":
        """Show a payout as it stands."""
        return cls(
            id=payout.id,
            status=WORDS[payout.state],
            flagged=payout.state is S.IN_REVIEW,
            reference=payout.reference,
            amount=payout.amount.text,
            currency=payout.amount.currency,
            method=masked(payout.destination_shown),
            reason=words.reason_of(payout),
            retry_at=timestamp(payout.due_at) if payout.state is S.RETRYING else None,
            created_at=timestamp(payout.created_at),
            updated_at=timestamp(payout.updated_at),
            processed_at=timestamp(payout.processed_at) if payout.processed_at else None,
        )


class HappenedView(msgspec.Struct):
    """One line of a payout's history: what happened, and where it stood afterwards."""

    timestamp: str
    status: ProviderStatus
    text: str

    @classmethod
    def of(cls, move: Moved) -> "HappenedView":
        """Show one move."""
        return cls(timestamp(move.at), WORDS[move.to_state], words.said_of(move))


class ProviderPayoutDetail(ProviderPayoutView, rename="camel"):
    """One payout with its history, oldest first, the earnings that it pays off, and what it waits for if it does."""

    waiting: WaitingView | None
    can_cancel: bool
    history: list[HappenedView]
    earnings: list[StandsForView]

    @classmethod
    def whole(
        cls,
        payout: Payout,
        *,
        waiting: WaitingView | None,
        history: Sequence[Moved],
        stands_for: Sequence[tuple[Earning, Payoff]],
    ) -> "ProviderPayoutDetail":
        """Show one payout with its story."""
        return cls(
            **msgspec.structs.asdict(ProviderPayoutView.of(payout)),
            waiting=waiting,
            can_cancel=can(payout.state, "cancel"),
            history=[HappenedView.of(move) for move in history],
            earnings=[StandsForView.of(*part) for part in stands_for],
        )


def states_heard_as(said: Collection[ProviderStatus]) -> frozenset[PayoutState]:
    """The states that providers know by these words; no words stand for no states."""
    return frozenset(state for state, word in WORDS.items() if word in said)
