"""Laws 1 and 2, re-derived from nothing but the transfers."""

from dataclasses import dataclass
from typing import Final

from bursar.foundation.db import Transaction
from bursar.ledger.store import derive_balances, open_ended_reservations, sums_by_currency

SHOWN_MAX: Final = 100  # More than a few is one fault, not many; the first ones lead to it.


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something in the ledger that must not be: which law, whose, and the figures (minor units)."""

    law: str
    subject: str
    expected: int
    found: int


async def discrepancies(tx: Transaction) -> list[Discrepancy]:
    """Everything wrong with the books; an empty list is the proof that they are right."""
    found = [
        Discrepancy("accounts sum to zero", row["currency"], 0, row["total"])
        for row in await sums_by_currency(tx)
        if row["total"]
    ]
    for row in await derive_balances(tx, limit=SHOWN_MAX):
        subject = f"{row['holder_id']} {row['currency']}"
        found += [
            Discrepancy(f"{figure} equals its transfers", subject, row[f"{figure}_derived"], row[figure])
            for figure in ("available", "reserved")
            if row[figure] != row[f"{figure}_derived"]
        ]
    found += [
        Discrepancy(
            "a reservation ends once, for the amount it began with", str(row["payout_id"]), row["begun"], row["ended"]
        )
        for row in await open_ended_reservations(tx, limit=SHOWN_MAX)
    ]
    return found
