"""The statement: what each kind of transfer means to a holder, and how lines and totals follow from them.

What a holder has here is what the program holds for them: available, and reserved for payouts under way. So reserving
money for a payout, and releasing it when the payout fails, are no lines: nothing came in, and nothing went out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bursar.foundation.money import Money
from bursar.holders.model import SCOUT, SELLER, Holder
from bursar.ledger.model import TransferKind
from bursar.outbound.statements.periods import Period


class Entry(StrEnum):
    """What a line of a statement is about."""

    SALE = "sale"  # A completed order's price.
    BOUNTY = "bounty"
    CREDIT = "credit"  # Any other earning or deposit.
    PAYOUT = "payout"  # It has reached its destination.
    RETURN = "return"  # A payout came back, and the holder has its money again.
    RETURN_WAITING = "return_waiting"  # It came back, and people have to decide whose its money is.
    RETURN_KEPT = "return_kept"  # They have: it is the program's.
    TAKEN_BACK = "taken_back"  # Such as a refunded sale.
    FEE = "fee"  # What the platform got beside a sale; it was never the holder's.
    FEE_BACK = "fee_back"
    DEBT = "debt"  # What could not be taken back, and is owed.
    RECOVERED = "recovered"  # The holder's money settled a debt.
    FORGIVEN = "forgiven"  # A debt was written off.


E, K = Entry, TransferKind

MEANING: Final[Mapping[TransferKind, tuple[Entry, int, int]]] = {
    #                       entry              has owes
    K.CREDIT:               (E.CREDIT,         +1,  0),
    K.POST:                 (E.PAYOUT,         -1,  0),
    K.REVERSE:              (E.RETURN,         +1,  0),
    K.REVERSE_TO_SUSPENSE:  (E.RETURN_WAITING,  0,  0),
    K.RELEASE:              (E.RETURN,         +1,  0),
    K.RECLAIM:              (E.RETURN_KEPT,     0,  0),
    K.FEE:                  (E.FEE,             0,  0),
    K.FEE_BACK:             (E.FEE_BACK,        0,  0),
    K.TAKE_BACK:            (E.TAKEN_BACK,     -1,  0),
    K.OWE:                  (E.DEBT,            0, +1),
    K.RECOVER:              (E.RECOVERED,      -1, -1),
    K.FORGIVE:              (E.FORGIVEN,        0, -1),
}  # fmt: skip
"""For each kind of transfer that concerns a holder: its entry, and its sign on what they have and what they owe."""

EFFECT: Final[Mapping[Entry, int]] = {entry: has for entry, has, _ in MEANING.values()} | {E.SALE: +1, E.BOUNTY: +1}
"""The sign that each entry has on what the holder has."""

UNTOLD: Final = frozenset({K.RESERVE, K.VOID, K.WRITE_OFF})
"""The others: within what the holder has, or nobody's."""

WORDS: Final[Mapping[Entry, str]] = {
    E.SALE: "Sale",
    E.BOUNTY: "Bounty",
    E.CREDIT: "Credit",
    E.PAYOUT: "Payout",
    E.RETURN: "Payout returned",
    E.RETURN_WAITING: "Payout returned, to be decided",
    E.RETURN_KEPT: "Returned payout kept",
    E.TAKEN_BACK: "Taken back",
    E.FEE: "Platform fee",
    E.FEE_BACK: "Platform fee given back",
    E.DEBT: "Debt",
    E.RECOVERED: "Debt settled",
    E.FORGIVEN: "Debt forgiven",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a holder has, and what they owe."""

    balance: Money
    owed: Money

    @classmethod
    def nothing(cls, currency: str) -> "Standing":
        """Before the first movement."""
        return cls(Money.zero(currency), Money.zero(currency))

    def after(self, kind: TransferKind, amount: Money) -> "Standing":
        """The standing once so much has moved."""
        _, has, owes = MEANING[kind]
        return Standing(self.balance + _signed(amount, has), self.owed + _signed(amount, owes))

    def after_all(self, moved: Mapping[TransferKind, Money]) -> "Standing":
        """The standing once all this has moved."""
        standing = self
        for kind, amount in moved.items():
            standing = standing.after(kind, amount)
        return standing


@dataclass(frozen=True, slots=True)
class Told:
    """One transfer, with what is known about it elsewhere."""

    at: datetime
    kind: TransferKind
    amount: Money
    reference: str
    description: str
    payout_id: UUID | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement. ``change`` is what it did to the balance; both figures are those after it."""

    day: date
    at: datetime
    entry: Entry
    reference: str
    description: str
    payout_id: UUID | None
    amount: Money
    change: Money
    balance: Money
    owed: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """What a holder had, got and was paid in one period. ``as_of`` is the day of a period that is not over yet."""

    holder: Holder
    program_title: str
    currency: str
    period: Period
    as_of: date | None
    opening: Standing
    lines: tuple[Line, ...]

    @property
    def closing(self) -> Standing:
        """Where the last line left it."""
        return Standing(self.lines[-1].balance, self.lines[-1].owed) if self.lines else self.opening

    @property
    def totals(self) -> Mapping[Entry, Money]:
        """What the lines of each entry add up to, for those that there are, in the order of ``Entry``."""
        sums: dict[Entry, Money] = {}
        for line in self.lines:
            sums[line.entry] = sums[line.entry] + line.amount if line.entry in sums else line.amount
        return {entry: sums[entry] for entry in Entry if entry in sums}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to state: no line, nothing had and nothing owed."""
        return not self.lines and not self.opening.balance.minor and not self.opening.owed.minor


@dataclass(frozen=True, slots=True)
class Overview:
    """One period of which a holder can have a statement, and where it begins and ends."""

    period: Period
    opening: Standing
    closing: Standing
    is_over: bool


def lines(told: Iterable[Told], *, opening: Standing, holder: Holder, period: Period) -> Iterator[Line]:
    """The lines of a statement, each with the figures after it.

    Of what one transaction moved, what came in comes first: a statement is never below zero on the way.
    """
    standing = opening
    for each in sorted(told, key=_place):
        _, has, _ = MEANING[each.kind]
        standing = standing.after(each.kind, each.amount)
        yield Line(
            day=period.local(each.at),
            at=each.at,
            entry=_entry(each, holder),
            reference=each.reference,
            description=each.description,
            payout_id=each.payout_id,
            amount=each.amount,
            change=_signed(each.amount, has),
            balance=standing.balance,
            owed=standing.owed,
        )


def payment(shown: Mapping[str, object]) -> str:
    """Where a payout went, as far as people may see it: ``to HBL ••••0001``."""
    number = shown.get("address") or f"••••{shown.get('last4', '')}"
    bank = "" if "address" in shown else f"{shown.get('bankCode', '')} "
    return f"to {bank}{number}"


def overviews(
    months: Sequence[tuple[Period, Mapping[TransferKind, Money]]], *, opening: Standing, at: datetime
) -> Iterator[Overview]:
    """One overview for each period, which follow each other, from what was moved in each."""
    standing = opening
    for period, moved in months:
        after = standing.after_all(moved)
        yield Overview(period, standing, after, is_over=period.is_over(at))
        standing = after


def _entry(told: Told, holder: Holder) -> Entry:
    """What a transfer is to this holder: what comes in is a scout's bounty, or what a seller sold."""
    entry, _, _ = MEANING[told.kind]
    if entry is not E.CREDIT:
        return entry
    if holder.kind == SCOUT:
        return E.BOUNTY
    return E.SALE if holder.kind == SELLER and told.reference.startswith("order:") else E.CREDIT


def _place(told: Told) -> tuple[datetime, int]:
    _, has, _ = MEANING[told.kind]
    return told.at, -has


def _signed(amount: Money, sign: int) -> Money:
    """The amount as it counts: as it is, the other way, or not at all."""
    return {1: amount, 0: Money.zero(amount.currency), -1: -amount}[sign]
