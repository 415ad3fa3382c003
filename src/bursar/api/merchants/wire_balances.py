"""What merchants see of their money."""

from typing import Annotated
from uuid import UUID

import msgspec

from bursar import ledger
from bursar.foundation.clock import timestamp
from bursar.foundation.money import Money


class BalanceView(msgspec.Struct, rename="camel"):
    """What there is in one currency, in major units: all of it, what payouts have locked, and what is available."""

    currency: str
    balance: str
    locked_amount: str
    available: str

    @classmethod
    def of(cls, available: Money, locked: Money) -> "BalanceView":
        """The three figures."""
        return cls(available.currency, (available + locked).text, locked.text, available.text)


class Balances(msgspec.Struct):
    """One balance for each currency."""

    data: list[BalanceView]


Kind = Annotated[
    ledger.TransferKind,
    msgspec.Meta(
        description="`credit`: money came in. `reserve`: locked for a payout. `post`: paid out. `void`: unlocked. "
        "`reverse`: a payout came back. `take_back`: what was credited was taken back. `recover`: it settled a debt. "
        "`fee`, `fee_back`, `owe` and `forgive` leave all figures as they are.",
    ),
]


class StatementLineView(msgspec.Struct, rename="camel"):
    """One line of a statement: what moved, and all figures after it."""

    id: UUID
    timestamp: str
    kind: Kind
    amount: str
    currency: str
    payout_id: UUID | None
    reference: str | None
    balance: str
    locked_amount: str
    available: str

    @classmethod
    def of(cls, line: ledger.Line) -> "StatementLineView":
        """Show one line."""
        return cls(
            id=line.id,
            timestamp=timestamp(line.at),
            kind=line.kind,
            amount=line.amount.text,
            currency=line.amount.currency,
            payout_id=line.payout_id,
            reference=line.reference,
            balance=(line.available + line.reserved).text,
            locked_amount=line.reserved.text,
            available=line.available.text,
        )
