"""Looking at items."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.monitoring.reconciliation import store
from bursar.monitoring.reconciliation.errors import NoSuchItem
from bursar.monitoring.reconciliation.model import Correction, Item, Kind, Query

PAGE_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Open:
    """How many items of a kind are open in one currency, about how much, and since when the oldest happened."""

    kind: Kind
    count: int
    amount: Money | None
    oldest: datetime


async def items(tx: Transaction, query: Query) -> list[Item]:
    """One page of items, newest first; continue with ``before`` set to the last one's id."""
    return await store.items(tx, replace(query, limit=min(query.limit, PAGE_MAX)))


async def item(tx: Transaction, item_id: UUID) -> tuple[Item, Sequence[Correction]]:
    """One item, with what was ever proposed about it, oldest first.

    Raises:
        NoSuchItem: not there.
    """
    found = await store.item(tx, item_id)
    if found is None:
        raise NoSuchItem(item=str(item_id))
    return found, await store.corrections(tx, item_id)


async def open_items(tx: Transaction) -> list[Open]:
    """What is open, by kind and currency."""
    return [
        Open(
            kind=Kind(row["kind"]),
            count=row["count"],
            amount=None if row["currency"] is None else Money(row["amount"], row["currency"]),
            oldest=row["oldest"],
        )
        for row in await store.count_open(tx)
    ]
