"""Looking at payouts without changing them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction
from bursar.foundation.money import Money
from bursar.payouts import listing, store
from bursar.payouts.errors import NoSuchPayout
from bursar.payouts.judging import store as judged
from bursar.payouts.model import Moved, Payout, PayoutState, Query

PAGE_MAX: Final = 1_000


async def get(tx: Transaction, payout_id: UUID, *, holder_id: UUID | None = None) -> Payout:
    """One payout; only if it is this holder's, where one is given.

    Raises:
        NoSuchPayout: not there, or somebody else's; the caller cannot tell which.
    """
    found = await store.by_ids(tx, [payout_id], holder_id=holder_id)
    if not found:
        raise NoSuchPayout(payout=str(payout_id))
    return found[0]


async def get_many(tx: Transaction, payout_ids: Collection[UUID]) -> dict[UUID, Payout]:
    """These payouts by id; those that do not exist are left out."""
    return {payout.id: payout for payout in await store.by_ids(tx, payout_ids)}


async def page(tx: Transaction, query: Query) -> list[Payout]:
    """One page, newest first; continue with ``before`` set to the last one's id. At most ``PAGE_MAX`` at once."""
    return await listing.page(tx, replace(query, limit=min(query.limit, PAGE_MAX)))


async def count(tx: Transaction, query: Query) -> dict[PayoutState, tuple[int, list[Money]]]:
    """How many payouts stand where of all that somebody wants to see, and what they add up to; reads all of them."""
    return _counts(await listing.count(tx, query))


async def ids_waiting(tx: Transaction, program: str, *, limit: int) -> list[UUID]:
    """The payouts of a program that are free to leave and wait for their time, those asked for first."""
    return await listing.ids_waiting(tx, program, limit=limit)


async def history(tx: Transaction, payout_id: UUID) -> list[Moved]:
    """Everything that happened to a payout, in order; nothing for one that does not exist."""
    return await store.history(tx, payout_id)


async def holder_events(tx: Transaction, holder_id: UUID, *, before: int | None, limit: int) -> list[tuple[int, Moved]]:
    """A holder's events over all payouts, newest first, each with its number to continue from."""
    return await store.holder_events(tx, holder_id, before=before, limit=min(limit, PAGE_MAX))


async def count_by_state(
    tx: Transaction, program: str | None = None, *, holder_id: UUID | None = None
) -> dict[PayoutState, tuple[int, list[Money]]]:
    """How many payouts stand where, and what they add up to in each currency; of one program or holder, or of all."""
    return _counts(await store.count_by_state(tx, program, holder_id))


async def count_waiting(
    tx: Transaction, program: str | None = None, *, holder_id: UUID | None = None
) -> dict[PayoutState, tuple[int, list[Money]]]:
    """The same of those that are free to leave, which takes no longer for all that have left."""
    return _counts(await store.count_by_state(tx, program, holder_id, only_waiting=True))


async def oldest_in_review(tx: Transaction, programs: Collection[str]) -> dict[str, datetime]:
    """Since when the payout has been in review that was asked for first, in each of these programs that has one."""
    return await judged.oldest_in_review(tx, programs)


def _counts(rows: Sequence[Record]) -> dict[PayoutState, tuple[int, list[Money]]]:
    counts: dict[PayoutState, tuple[int, list[Money]]] = {}
    for row in rows:
        state = PayoutState(row["state"])
        count, sums = counts.get(state, (0, []))
        counts[state] = (count + row["count"], [*sums, Money(row["amount"], row["currency"])])
    return counts
