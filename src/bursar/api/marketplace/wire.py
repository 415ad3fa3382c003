"""What scouts, sellers and their platform send and get. Names and statuses are those of the marketplace document.

Amounts are whole minor units of the program's currency: paise, where that is the rupee.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final
from uuid import UUID

import msgspec

from bursar.api.earnings import PartStatus
from bursar.api.filters import TimeQuery
from bursar.api.paging import mark
from bursar.api.providers import words
from bursar.api.providers.wire import WaitingView
from bursar.api.rules import ProgramName
from bursar.earnings import Earning, Payoff
from bursar.foundation.clock import timestamp
from bursar.foundation.money import MINOR_MAX, Money
from bursar.holders import SCOUT, Holder
from bursar.payouts import Moved, Payout, PayoutState, kind_for


class MarketStatus(StrEnum):
    """Where a payout stands, in the marketplace document's words."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


S = PayoutState

WORDS: Final[Mapping[PayoutState, MarketStatus]] = MappingProxyType(
    {
        S.REQUESTED: MarketStatus.PENDING,
        S.IN_REVIEW: MarketStatus.PENDING,
        S.APPROVED: MarketStatus.PENDING,
        S.SENDING: MarketStatus.PROCESSING,
        S.SENT: MarketStatus.PROCESSING,
        S.ON_HOLD: MarketStatus.PROCESSING,
        S.RETRYING: MarketStatus.PROCESSING,
        S.COMPLETED: MarketStatus.COMPLETED,
        S.FAILED: MarketStatus.FAILED,
        S.RETURNED: MarketStatus.FAILED,  # The money came back after all.
        S.REJECTED: MarketStatus.CANCELLED,
        S.CANCELLED: MarketStatus.CANCELLED,
    }
)
"""What marketplaces hear for each state."""

Paise = Annotated[
    int, msgspec.Meta(ge=1, le=MINOR_MAX, description="In minor units: paise, of the rupee.", examples=[1000])
]


class ProgramOfQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """In which program."""

    program: (
        Annotated[
            ProgramName,
            msgspec.Meta(
                description="The program. A key knows its own; where staff leave it out, it is the one that this "
                "installation is set to.",
                examples=["marketplace"],
            ),
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class PayoutRequestBody(msgspec.Struct, forbid_unknown_fields=True):
    """How much is to be paid out; left out, all that is available."""

    amount_paise: Paise | msgspec.UnsetType = msgspec.UNSET


class MyPayoutsQuery(TimeQuery, kw_only=True):
    """Which of one's own payouts to list."""

    status: Annotated[list[MarketStatus], msgspec.Meta(description="One status or several.")] = msgspec.field(
        default_factory=list
    )
    program: Annotated[ProgramName, msgspec.Meta(description="Only of this program.")] | msgspec.UnsetType = (
        msgspec.UNSET
    )


class MarketPayoutView(msgspec.Struct):
    """One payout as marketplaces see it. Times are UTC.

    `amount_paise` is what is paid; `netted_paise` was kept back of what was asked for, to settle a debt. `user_id`,
    `scout_id` and `order_id` are the platform's own names.
    """

    payout_id: UUID
    user_id: str
    payout_type: str
    status: MarketStatus
    amount_paise: int
    netted_paise: int
    currency: str
    scout_id: str | None
    order_id: str | None
    payment_reference: str | None
    failure_reason: str | None
    created_at: str
    updated_at: str
    completed_at: str | None

    @classmethod
    def born(cls, payout: Payout, holder: Holder, *, order: str | None = None) -> "MarketPayoutView":
        """Show a payout as it was at its birth, whatever its terms made of it in the same moment."""
        return msgspec.structs.replace(cls.of(payout, holder, order=order), status=MarketStatus.PENDING)

    @classmethod
    def of(cls, payout: Payout, holder: Holder, *, order: str | None = None) -> "MarketPayoutView":
        """Show a payout as it stands; ``order`` is what the platform calls the order that it pays for."""
        is_done = payout.state is S.COMPLETED
        return cls(
            payout_id=payout.id,
            user_id=holder.reference,
            payout_type=payout.kind or kind_for(holder.kind),
            status=WORDS[payout.state],
            amount_paise=payout.amount.minor,
            netted_paise=payout.netted,
            currency=payout.amount.currency,
            scout_id=holder.reference if holder.kind == SCOUT else None,
            order_id=order,
            payment_reference=payout.gateway_reference,
            failure_reason=words.reason_of(payout),
            created_at=timestamp(payout.created_at),
            updated_at=timestamp(payout.updated_at),
            completed_at=timestamp(payout.processed_at) if is_done and payout.processed_at else None,
        )


class MyPayouts(msgspec.Struct):
    """Some of one's payouts, newest first; while `has_more`, ask again with `cursor` set to `next_cursor`.

    `total` is how many there are on all pages. The sums are over all payouts, whatever was asked for.
    """

    payouts: list[MarketPayoutView]
    total: int
    total_paid_paise: int
    pending_paise: int
    processing_paise: int
    next_cursor: str | None
    has_more: bool

    @classmethod
    def of(
        cls, found: Sequence[MarketPayoutView], *, limit: int, total: int, sums: Mapping[MarketStatus, int]
    ) -> "MyPayouts":
        """Show at most ``limit`` of them, out of one more than that, by which it is known whether there are more."""
        shown, has_more = list(found[:limit]), len(found) > limit
        return cls(
            payouts=shown,
            total=total,
            total_paid_paise=sums[MarketStatus.COMPLETED],
            pending_paise=sums[MarketStatus.PENDING],
            processing_paise=sums[MarketStatus.PROCESSING],
            next_cursor=mark(shown[-1].payout_id) if has_more else None,
            has_more=has_more,
        )


class StepView(msgspec.Struct):
    """One line of a payout's history: what happened, and where it stood afterwards."""

    timestamp: str
    status: MarketStatus
    text: str

    @classmethod
    def of(cls, move: Moved) -> "StepView":
        """Show one move."""
        return cls(timestamp(move.at), WORDS[move.to_state], words.said_of(move))


class PaysView(msgspec.Struct):
    """One earning that a payout pays off, with the part that it took and what became of that."""

    reference: str
    description: str
    amount_paise: int
    status: PartStatus

    @classmethod
    def of(cls, earning: Earning, payoff: Payoff) -> "PaysView":
        """Show one part from the side of its payout."""
        return cls(earning.reference, earning.description, payoff.amount.minor, PartStatus[payoff.state.name])


class MarketPayoutDetail(MarketPayoutView):
    """One payout with its history, oldest first, the earnings that it pays off, and what it waits for if it does."""

    waiting: WaitingView | None
    history: list[StepView]
    earnings: list[PaysView]

    @classmethod
    def whole(
        cls,
        view: MarketPayoutView,
        *,
        waiting: WaitingView | None,
        history: Sequence[Moved],
        stands_for: Sequence[tuple[Earning, Payoff]],
    ) -> "MarketPayoutDetail":
        """Show one payout with its story."""
        return cls(
            **msgspec.structs.asdict(view),
            waiting=waiting,
            history=[StepView.of(move) for move in history],
            earnings=[PaysView.of(*part) for part in stands_for],
        )


class EarnerView(msgspec.Struct):
    """A scout or a seller, and what there is of theirs.

    `earnings_paise` is still to be paid: what is available, and what is reserved for payouts on their way. A completed
    payout brings it down.
    """

    id: UUID
    user_id: str
    program: str
    name: str
    currency: str
    earnings_paise: int
    available_paise: int
    reserved_paise: int
    paid_paise: int
    debt_paise: int

    @classmethod
    def of(cls, holder: Holder, *, available: Money, reserved: Money, paid: Money, debt: Money) -> "EarnerView":
        """Show one with their figures."""
        return cls(
            id=holder.id,
            user_id=holder.reference,
            program=holder.program,
            name=holder.name,
            currency=available.currency,
            earnings_paise=(available + reserved).minor,
            available_paise=available.minor,
            reserved_paise=reserved.minor,
            paid_paise=paid.minor,
            debt_paise=debt.minor,
        )


def states_heard_as(said: Collection[str]) -> frozenset[PayoutState]:
    """The states that marketplaces know by these words; no words stand for no states."""
    return frozenset(state for state, word in WORDS.items() if word in said)
