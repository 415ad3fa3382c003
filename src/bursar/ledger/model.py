"""Movements, and what each kind of them does to a holder's balance. Nothing here touches a database."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bursar.foundation.money import Money
from bursar.ledger.errors import InsufficientFunds


class AccountKind(StrEnum):
    """What an account is for. The first two belong to a holder, the rest to the platform."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    FUNDING = "funding"  # A program's: where credited money comes from.
    FEES = "fees"  # A program's.
    SUSPENSE = "suspense"  # A program's: money that came back and waits for a decision.
    CLEARING = "clearing"  # A gateway's: what it has paid out for us.
    DEBTS = "debts"  # A program's: what its holders owe it, as far below zero as they do.


class TransferKind(StrEnum):
    """Why money moves."""

    CREDIT = "credit"
    RESERVE = "reserve"
    POST = "post"
    VOID = "void"
    REVERSE = "reverse"
    REVERSE_TO_SUSPENSE = "reverse_to_suspense"
    RELEASE = "release"  # Out of suspense, to the holder.
    RECLAIM = "reclaim"  # Out of suspense, back to the program.
    WRITE_OFF = "write_off"  # A gateway paid what no holder's money stands for; the program bears it.
    FEE = "fee"  # What the platform keeps of a sale.
    FEE_BACK = "fee_back"  # The sale was refunded, and the fee is given back.
    TAKE_BACK = "take_back"  # What was credited is taken back, as far as it is available.
    OWE = "owe"  # What cannot be taken back is owed.
    RECOVER = "recover"  # Available money goes to a debt.
    FORGIVE = "forgive"  # A debt is written off; the program bears it.


A, K = AccountKind, TransferKind

ROUTES: Final = {
    #                      debited      credited     available reserved
    K.CREDIT:              (A.FUNDING,   A.AVAILABLE, +1, 0),
    K.RESERVE:             (A.AVAILABLE, A.RESERVED,  -1, +1),
    K.POST:                (A.RESERVED,  A.CLEARING,   0, -1),
    K.VOID:                (A.RESERVED,  A.AVAILABLE, +1, -1),
    K.REVERSE:             (A.CLEARING,  A.AVAILABLE, +1, 0),
    K.REVERSE_TO_SUSPENSE: (A.CLEARING,  A.SUSPENSE,   0, 0),
    K.RELEASE:             (A.SUSPENSE,  A.AVAILABLE, +1, 0),
    K.RECLAIM:             (A.SUSPENSE,  A.FUNDING,    0, 0),
    K.WRITE_OFF:           (A.FUNDING,   A.CLEARING,   0, 0),
    K.FEE:                 (A.FUNDING,   A.FEES,       0, 0),
    K.FEE_BACK:            (A.FEES,      A.FUNDING,    0, 0),
    K.TAKE_BACK:           (A.AVAILABLE, A.FUNDING,   -1, 0),
    K.OWE:                 (A.DEBTS,     A.FUNDING,    0, 0),
    K.RECOVER:             (A.AVAILABLE, A.DEBTS,     -1, 0),
    K.FORGIVE:             (A.FUNDING,   A.DEBTS,      0, 0),
}  # fmt: skip
"""For each kind: the account debited, the one credited, and the sign it has on the holder's two figures."""

STEP: Final = {
    K.RESERVE: 0, K.POST: 1, K.VOID: 1, K.REVERSE: 2, K.REVERSE_TO_SUSPENSE: 2, K.RELEASE: 3, K.RECLAIM: 3,
}  # fmt: skip
"""Where in a reservation's life a transfer stands. (payout, reservation, step) is unique, so each one ends once."""

NOBODY: Final = UUID(int=0)
"""Whose movement it is when it touches no holder's balance, and nobody knows for whom the money went."""

HOLDERS_OWN: Final = frozenset({A.AVAILABLE, A.RESERVED})


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of a holder's money that somebody wants."""

    kind: TransferKind
    holder_id: UUID
    amount: Money
    program: str
    payout_id: UUID | None = None
    reservation: int | None = None
    gateway: str | None = None  # Whose clearing account; needed to post and to reverse.
    reference: str | None = None  # What it is for; the same one counts once for each holder and kind.

    def owner(self, account: AccountKind) -> str:
        """Whose account of this kind the movement touches."""
        if account in HOLDERS_OWN:
            return str(self.holder_id)
        if account is A.CLEARING:
            assert self.gateway is not None, "money reaches a clearing account through a gateway"
            return self.gateway
        return self.program


@dataclass(frozen=True, slots=True)
class Balance:
    """A holder's two figures in one currency, in minor units, and the accounts they stand for."""

    holder_id: UUID
    currency: str
    available: int
    reserved: int
    available_account: int
    reserved_account: int

    def after(self, movement: Movement) -> "Balance":
        """The balance once this movement is done.

        Raises:
            InsufficientFunds: more is wanted than is available.
        """
        _, _, available_sign, reserved_sign = ROUTES[movement.kind]
        minor = movement.amount.minor
        available = self.available + available_sign * minor
        reserved = self.reserved + reserved_sign * minor
        if available < 0:
            raise InsufficientFunds(available=Money(self.available, self.currency), needed=movement.amount)
        assert reserved >= 0, "only what was reserved is posted or voided"
        return Balance(
            self.holder_id, self.currency, available, reserved, self.available_account, self.reserved_account
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a holder's statement: what moved, and both figures after it."""

    id: UUID
    at: datetime
    kind: TransferKind
    amount: Money
    payout_id: UUID | None
    reference: str | None
    available: Money
    reserved: Money


@dataclass(frozen=True, slots=True)
class Account:
    """One account by name: a holder's (``owner`` is the holder's id), a program's or a gateway's."""

    kind: AccountKind
    owner: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """One movement as it stands in the books: taken from ``debit``, given to ``credit``."""

    id: UUID
    at: datetime
    kind: TransferKind
    amount: Money
    debit: Account
    credit: Account
    holder_id: UUID
    payout_id: UUID | None
    reservation: int | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class PlatformBalance:
    """What a platform account holds; negative where more was debited than credited."""

    kind: AccountKind
    owner: str
    amount: Money


def decide(balances: dict[tuple[UUID, str], Balance], movements: list[Movement]) -> list[Balance | InsufficientFunds]:
    """Apply movements one by one, each to what the ones before it left; a refused one changes nothing.

    ``balances`` holds the locked rows and is brought up to date. The answers are the balance after each movement.
    """
    decided: list[Balance | InsufficientFunds] = []
    for movement in movements:
        place = (movement.holder_id, movement.amount.currency)
        balance = balances.get(place) or Balance(*place, 0, 0, 0, 0)
        try:
            balances[place] = after = balance.after(movement)
        except InsufficientFunds as refused:
            decided.append(refused)
        else:
            decided.append(after)
    return decided
