"""The earning, where its amount is, and how a holder's movements of money shift it. Nothing here touches a database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from bursar.foundation import texts
from bursar.foundation.money import Money
from bursar.ledger.model import TransferKind

REFERENCE_LENGTH_MAX: Final = 200  # Order numbers and the like; as long as the other references may be.
DESCRIPTION_LENGTH_MAX: Final = 500
CLOCKS_DIFFER: Final = timedelta(minutes=5)  # How far a platform's clock may be ahead of ours.


class EarningState(StrEnum):
    """Where an earning stands, derived from its figures: what can still be asked for decides first."""

    AVAILABLE = "available"  # Some of it, or all, can be paid out.
    RESERVED = "reserved"  # None is available, and not all has reached the holder: a payout or a decision is due.
    PAID_OUT = "paid_out"  # All of it has reached the holder.
    WITHHELD = "withheld"  # What has not reached the holder never will: it was taken back, or kept for a debt.


class Why(StrEnum):
    """Why a part of an earning is withheld for good."""

    TAKEN_BACK = "taken_back"  # What it was earned for came to nothing, such as an order that was refunded.
    RECOVERED = "recovered"  # It settled what the holder owed.


class PayoffState(StrEnum):
    """What became of the part of an earning that a payout's reservation took."""

    RESERVED = "reserved"  # Set aside for the payout.
    PAID = "paid"  # The payout was completed.
    RELEASED = "released"  # The payout came to nothing; the part is available again.
    RETURNED = "returned"  # The payout came back; the part is available again.
    SUSPENDED = "suspended"  # The payout came back; the money lies on the suspense account until people decide.


P, K = PayoffState, TransferKind

SHIFTS: Final[Mapping[TransferKind, tuple[PayoffState | None, str, PayoffState, str]]] = {
    #                      payoff from  figure from   payoff to    figure to
    K.RESERVE:             (None,       "available",  P.RESERVED,  "reserved"),
    K.POST:                (P.RESERVED, "reserved",   P.PAID,      "paid"),
    K.VOID:                (P.RESERVED, "reserved",   P.RELEASED,  "available"),
    K.REVERSE:             (P.PAID,     "paid",       P.RETURNED,  "available"),
    K.REVERSE_TO_SUSPENSE: (P.PAID,     "paid",       P.SUSPENDED, "suspended"),
    K.RELEASE:             (P.SUSPENDED, "suspended", P.RETURNED,  "available"),
}  # fmt: skip
"""For each kind of movement: where a payoff stands before and after it, and which figures of its earning change."""


@dataclass(frozen=True, slots=True)
class NewEarning:
    """Something that a holder has earned. ``reference`` is its source's own name for it, unique for the holder.

    Raises:
        Invalid: a reference is not a line, or the description no text.
    """

    program: str
    holder: str | UUID  # What the program's platform calls them, or our id of one who is known to be in the program.
    reference: str
    amount: Money
    credited_by: str  # The actor.
    description: str = ""
    earned_at: datetime | None = None  # None: when it is credited.
    fee: Money | None = None  # What the platform keeps beside it, which is booked with it and once.

    def __post_init__(self) -> None:
        if isinstance(self.holder, str):
            texts.insist_line(self.holder, field="holder", most=REFERENCE_LENGTH_MAX)
        texts.insist_line(self.reference, field="reference", most=REFERENCE_LENGTH_MAX)
        texts.insist_text(self.description, field="description", most=DESCRIPTION_LENGTH_MAX)

    def begin(self, earning_id: UUID, holder_id: UUID, *, at: datetime) -> "Earning":
        """The earning of that holder which this becomes."""
        nothing = Money.zero(self.amount.currency)
        return Earning(
            id=earning_id,
            holder_id=holder_id,
            program=self.program,
            reference=self.reference,
            amount=self.amount,
            description=self.description,
            earned_at=self.earned_at or at,
            credited_by=self.credited_by,
            available=self.amount,
            reserved=nothing,
            paid=nothing,
            suspended=nothing,
            withheld=nothing,
            created_at=at,
        )


@dataclass(frozen=True, slots=True)
class Earning:
    """Something that a holder has earned, and where its amount is now: the last four figures add up to it."""

    id: UUID
    holder_id: UUID
    program: str
    reference: str
    amount: Money
    description: str
    earned_at: datetime
    credited_by: str
    available: Money
    reserved: Money
    paid: Money
    suspended: Money
    withheld: Money
    created_at: datetime

    @property
    def state(self) -> EarningState:
        """Where it stands; one that is partly used stays available, with what is left."""
        if self.available.minor:
            return EarningState.AVAILABLE
        if self.reserved.minor or self.suspended.minor:
            return EarningState.RESERVED
        return EarningState.WITHHELD if self.withheld.minor else EarningState.PAID_OUT

    @property
    def place(self) -> tuple[datetime, UUID]:
        """Where it stands in its holder's queue; it keeps its place whatever becomes of it."""
        return self.earned_at, self.id

    def is_what(self, new: NewEarning) -> bool:
        """Whether this is what somebody wants to credit; a time that they leave out is whatever it was."""
        return (self.amount, self.description, self.program) == (new.amount, new.description, new.program) and (
            new.earned_at is None or new.earned_at == self.earned_at
        )

    def shift(self, part: Money, kind: TransferKind) -> "Earning":
        """The earning once this part of it has moved."""
        _, source, _, target = SHIFTS[kind]
        left = getattr(self, source) - part
        assert left.minor >= 0, "only what is there can move on"
        return replace(self, **{source: left, target: getattr(self, target) + part})

    def withhold(self, part: Money) -> "Earning":
        """The earning once this much of what is available is kept from its holder for good."""
        assert self.available.covers(part), "only what is available can be withheld"
        return replace(self, available=self.available - part, withheld=self.withheld + part)


@dataclass(frozen=True, slots=True)
class Payoff:
    """The part of one earning that one reservation of a payout took, and what became of it."""

    payout_id: UUID
    reservation: int
    earning_id: UUID
    holder_id: UUID
    amount: Money
    state: PayoffState
    reserved_at: datetime
    changed_at: datetime

    def after(self, kind: TransferKind, *, at: datetime) -> "Payoff":
        """The payoff once its payout's money has moved so."""
        expected, _, target, _ = SHIFTS[kind]
        assert self.state is expected, "the ledger lets each reservation end once"
        return replace(self, state=target, changed_at=at)


@dataclass(frozen=True, slots=True)
class TakeBack:
    """A wish to take back what was credited. ``earning`` is its reference, ``reference`` what it is taken back for."""

    holder_id: UUID
    program: str
    earning: str
    amount: Money
    reference: str


@dataclass(frozen=True, slots=True)
class Withholding:
    """The part of one earning that one transfer took back, or kept for a debt, and what that was for.

    ``reference`` is the transfer's; ``payout_id`` the payout from which it was kept, if it was from one.
    """

    transfer_id: UUID
    earning_id: UUID
    holder_id: UUID
    amount: Money
    why: Why
    reference: str
    payout_id: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Credited:
    """What became of a wish to credit; ``is_new`` is False for an earning that was there already, and is unchanged."""

    earning: Earning
    is_new: bool


@dataclass(frozen=True, slots=True)
class Query:
    """Which earnings somebody wants to see. ``before`` is the id to continue after; the newest come first."""

    holder_id: UUID | None = None
    program: str | None = None
    states: frozenset[EarningState] = frozenset()
    search: str | None = None  # How a reference or an id begins.
    since: datetime | None = None  # Earned then or later.
    until: datetime | None = None  # Earned before that.
    before: UUID | None = None
    limit: int = 50
