"""Looking at the payouts of runs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from bursar.foundation.db import Record, Transaction
from bursar.foundation.money import Money
from bursar.payouts.look import PAGE_MAX
from bursar.payouts.model import Payout, PayoutState
from bursar.payouts.runs import store

Figures = Mapping[PayoutState, tuple[int, list[Money]]]
"""How many payouts stand where, and what they add up to in each currency."""


async def count_by_run(
    tx: Transaction, run_ids: Collection[UUID], *, since: datetime | None = None
) -> dict[UUID, Figures]:
    """How the payouts of each of these runs stand; only those that moved since then, where a time is given.

    One statement, which reads all of them.
    """
    rows = await store.count_by_run(tx, run_ids, since=since)
    by_run: dict[UUID, list[Record]] = {run_id: [] for run_id in run_ids}
    for row in rows:
        by_run[row["run_id"]].append(row)
    return {run_id: _figures(several) for run_id, several in by_run.items()}


async def last_moves(tx: Transaction, run_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When a payout of each of these runs moved last; without those that have none. It reads the runs' payouts only."""
    return {row["run_id"]: row["at"] for row in await store.last_moves(tx, run_ids)}


async def count_for_run(
    tx: Transaction, program: str, *, except_runs: Collection[UUID] = (), most: int | None = None
) -> Figures:
    """How many payouts of a program wait for its next run, and what they add up to, but for what these runs asked.

    With ``most``, only so many, those that were asked for first.
    """
    return _figures(await store.count_for_run(tx, program, except_runs=except_runs, most=most))


async def count_failures(tx: Transaction, run_id: UUID, *, most: int, since: datetime | None = None) -> int:
    """How many payouts of a run have failed, counted no further than ``most``; since then, where a time is given."""
    return await store.count_failures(tx, run_id, most=most, since=since)


async def failures_by_run(
    tx: Transaction, run_ids: Collection[UUID], *, before: UUID | None = None, limit: int = 50
) -> dict[UUID, list[Payout]]:
    """The latest failed payouts of each of these runs, newest first, at most ``limit`` of each; one statement.

    Of a single run, continue with ``before`` set to the last one's id. At most ``PAGE_MAX`` at once.
    """
    found: dict[UUID, list[Payout]] = {run_id: [] for run_id in run_ids}
    for payout in await store.failures(tx, run_ids, before=before, limit=min(limit, PAGE_MAX)):
        assert payout.run_id is not None, "they were found by it"
        found[payout.run_id].append(payout)
    return found


async def page_of_run(
    tx: Transaction,
    run_id: UUID,
    *,
    states: Collection[PayoutState] = (),
    before: UUID | None = None,
    limit: int = 50,
) -> list[Payout]:
    """One page of a run's payouts, newest first; continue with ``before`` set to the last one's id.

    ``states``: only those that stand there; empty: all of them. At most ``PAGE_MAX`` at once.
    """
    return await store.page_of_run(tx, run_id, states=states, before=before, limit=min(limit, PAGE_MAX))


def _figures(rows: Sequence[Record]) -> Figures:
    figures: dict[PayoutState, tuple[int, list[Money]]] = {}
    for row in rows:
        state = PayoutState(row["state"])
        count, sums = figures.get(state, (0, []))
        figures[state] = (count + row["count"], [*sums, Money(row["amount"], row["currency"])])
    return figures
