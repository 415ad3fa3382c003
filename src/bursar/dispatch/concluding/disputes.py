"""Breaks that others than the record open and close: nothing of a disputed payout leaves until they are closed."""

from collections.abc import Collection, Mapping
from uuid import UUID

from bursar import payouts
from bursar.dispatch import store as attempts
from bursar.dispatch.concluding import store
from bursar.dispatch.prepare import break_row
from bursar.foundation import log
from bursar.foundation.db import Transaction

_log = log.get(__name__)


async def dispute(tx: Transaction, kind: str, about: Mapping[UUID, str]) -> None:
    """Open a break about each of these payouts, named with the gateway that says otherwise; none of them leaves now.

    One of this kind that is open says it already, and payouts that do not exist are left out.
    """
    found = await payouts.get_many(tx, about)
    if not found:
        return
    at = await tx.now()
    _log.error("breaks.opened", kind=kind, count=len(found))
    await attempts.open_breaks(
        tx, [break_row(kind, payout, gateway=about[payout.id], at=at) for payout in found.values()]
    )


async def close_disputes(tx: Transaction, payout_ids: Collection[UUID], *, resolution: str, kind: str) -> int:
    """Close the breaks of this kind that are open about these payouts; how many there were."""
    return await store.close_disputes(tx, payout_ids, resolution=resolution, kind=kind)


async def close_breaks(tx: Transaction, break_ids: Collection[UUID], *, resolution: str) -> None:
    """Close these breaks; those that are closed already stay as they were."""
    await attempts.close_breaks(tx, break_ids, resolution=resolution)
