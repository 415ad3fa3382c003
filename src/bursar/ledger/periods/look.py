"""Looking at a holder's transfers by period."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.ledger.model import TransferKind
from bursar.ledger.periods import store
from bursar.ledger.periods.model import Extract, Month, Recorded


async def extract(
    tx: Transaction,
    holder_id: UUID,
    *,
    currency: str,
    kinds: Collection[TransferKind],
    since: datetime,
    until: datetime,
    limit: int,
) -> Extract:
    """A holder's transfers of these kinds that were recorded from ``since`` until before ``until``, at most ``limit``.

    One statement, so that what came before and what is listed are of the same moment.
    """
    before: dict[TransferKind, Money] = {}
    found = []
    for row in await store.extract(tx, holder_id, currency, kinds, since=since, until=until, limit=limit):
        kind, amount = TransferKind(row["kind"]), Money(row["amount"], currency)
        if row["id"] is None:
            before[kind] = amount
        else:
            found.append(Recorded(row["id"], row["recorded_at"], kind, amount, row["payout_id"], row["reference"]))
    return Extract(before, tuple(sorted(found, key=lambda each: (each.at, each.id))))


async def by_month(
    tx: Transaction, holder_id: UUID, *, currency: str, kinds: Collection[TransferKind], time_zone: str
) -> list[Month]:
    """What a holder's transfers of these kinds come to in each month of that zone that has any, the earliest first."""
    months: dict[date, dict[TransferKind, Money]] = defaultdict(dict)
    for row in await store.by_month(tx, holder_id, currency, kinds, time_zone=time_zone):
        months[row["first"]][TransferKind(row["kind"])] = Money(row["amount"], currency)
    return [Month(first, moved) for first, moved in sorted(months.items())]
