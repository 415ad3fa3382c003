"""Counting payouts."""

from collections.abc import Collection
from datetime import date
from typing import Final

from bursar.foundation.db import Record, Transaction
from bursar.foundation.money import Money
from bursar.payouts.analytics import store
from bursar.payouts.analytics.errors import TooManyGroups
from bursar.payouts.analytics.model import TIMES, Days, Dimension, Group
from bursar.payouts.model import PayoutState

GROUPS_MAX: Final = 10_000


async def analyse(
    tx: Transaction, *, days: Days, by: Collection[Dimension] = (), program: str | None = None
) -> list[Group]:
    """What the payouts that were asked for in these days came to by now, by what ``by`` names and always by currency.

    It reads the payouts of these days alone, however many there are beside them.

    Raises:
        TooManyGroups: they are more than ``GROUPS_MAX``.
    """
    spans = days.spans(by)
    beginnings = [days.midnight(first) for first in spans]
    rows = await store.analyse(tx, days, by, beginnings=beginnings, program=program, limit=GROUPS_MAX + 1)
    if len(rows) > GROUPS_MAX:
        raise TooManyGroups(most=GROUPS_MAX)
    is_timed = not TIMES.isdisjoint(by)
    return [_group(row, since=spans[row["span"] - 1] if is_timed else None) for row in rows]


def _group(row: Record, *, since: date | None) -> Group:
    currency = row["currency"]
    return Group(
        since=since,
        kind=row["kind"],
        status=PayoutState(row["state"]) if row["state"] else None,
        gateway=row["gateway"],
        count=row["count"],
        amount=Money(row["amount"], currency),
        completed=row["completed"],
        failed=row["failed"],
        paid=Money(row["paid"], currency),
        average_seconds=row["average"],
        p50_seconds=row["quantiles"][0] if row["quantiles"] else None,
        p95_seconds=row["quantiles"][1] if row["quantiles"] else None,
    )
