"""Looking at runs."""

from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation.db import Transaction
from bursar.schedules import store
from bursar.schedules.errors import NoSuchRun
from bursar.schedules.model import Run

RUNS_MAX: Final = 1000


async def get(tx: Transaction, run_id: UUID) -> Run:
    """One run.

    Raises:
        NoSuchRun: there is none.
    """
    run = await store.get(tx, run_id)
    if run is None:
        raise NoSuchRun(run=str(run_id))
    return run


async def recent(tx: Transaction, program: str | None = None, *, limit: int = 20) -> list[Run]:
    """The latest runs, newest first, of one program or of all."""
    return await store.recent(tx, program, limit=min(limit, RUNS_MAX))


async def stopped(tx: Transaction) -> list[Run]:
    """The runs of which nothing leaves because they were stopped, oldest first."""
    return await store.stopped(tx)


async def ended_since(tx: Transaction, since: datetime) -> list[Run]:
    """The runs whose last payout has come to rest since then, oldest first."""
    return await store.ended_since(tx, since)
