"""Looking at debts without changing them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from bursar.earnings.debts import store
from bursar.earnings.debts.errors import NoSuchDebt
from bursar.earnings.debts.model import Debt, DebtPart, DebtQuery
from bursar.earnings.look import PAGE_MAX
from bursar.earnings.queue import Purse
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money


async def owed(tx: Transaction, purses: Collection[Purse]) -> dict[Purse, Money]:
    """What is owed for each (holder, currency); those that owe nothing are left out. One statement, and no lock."""
    return await store.owed(tx, purses)


async def debt(tx: Transaction, debt_id: UUID, *, holder_id: UUID | None = None, program: str | None = None) -> Debt:
    """One debt; only if it is this holder's or this program's, where one is given.

    Raises:
        NoSuchDebt: not there, or somebody else's; the caller cannot tell which.
    """
    for found in (await store.by_ids(tx, [debt_id])).values():
        if found.holder_id == (holder_id or found.holder_id) and found.program == (program or found.program):
            return found
    raise NoSuchDebt(debt=str(debt_id))


async def debts_page(tx: Transaction, query: DebtQuery) -> list[Debt]:
    """One page, newest first; continue with ``before`` set to the last one's id. At most ``PAGE_MAX`` at once."""
    return await store.page(tx, replace(query, limit=min(query.limit, PAGE_MAX)))


async def parts_of_debts(tx: Transaction, debt_ids: Collection[UUID]) -> Mapping[UUID, Sequence[DebtPart]]:
    """By debt: every step by which it came down, the oldest first. One statement."""
    found: dict[UUID, list[DebtPart]] = defaultdict(list)
    for part in await store.parts_of_debts(tx, debt_ids):
        found[part.debt_id].append(part)
    return found


async def parts_of_payouts(
    tx: Transaction, payout_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[tuple[Debt, DebtPart]]]:
    """By payout that was netted: which debts it brought down, and by how much. One statement."""
    found: dict[UUID, list[tuple[Debt, DebtPart]]] = defaultdict(list)
    for whole, part in await store.parts_of_payouts(tx, payout_ids):
        assert part.payout_id is not None, "it was asked for by payout"
        found[part.payout_id].append((whole, part))
    return found
