"""What has to be done now and then, by whichever worker comes to it; each job queues its own next time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bursar import ledger
from bursar.foundation import idempotency, queue
from bursar.foundation.db import Database, Transaction
from bursar.foundation.loops import repeat
from bursar.monitoring import audit, workers

SEAL_EVERY_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Chore:
    """A job and how often it is done."""

    name: str
    every: timedelta
    work: Callable[[Transaction], Awaitable[object]]

    def slot(self, at: datetime) -> str:
        """The name of the next occasion after ``at``; whoever queues it, it is queued once."""
        return f"{self.name}:{int(at.timestamp() // self.every.total_seconds()) + 1}"


CHORES: Final = (
    Chore("ledger.snapshot", timedelta(hours=1), ledger.snapshot),
    Chore("idempotency.forget", timedelta(hours=6), idempotency.forget_old),
    Chore("workers.forget", timedelta(hours=6), workers.forget_old),
)


async def plan(database: Database) -> None:
    """Queue the next occasion of each chore, where it is not queued yet; every worker does so when it starts."""
    async with database.transaction() as tx:
        for chore in CHORES:
            await _queue_next(tx, chore)


def handlers(database: Database) -> queue.Handlers:
    """The jobs that housekeeping answers."""
    return {chore.name: partial(_do, database, chore) for chore in CHORES}


async def seal_all_day(database: Database, stop: asyncio.Event) -> None:
    """Seal committed events into the audit chain as they come."""

    async def work() -> bool:
        async with database.transaction() as tx:
            return await audit.seal(tx) == audit.BLOCK_MAX

    async def pause() -> None:
        try:
            async with asyncio.timeout(SEAL_EVERY_SECONDS):
                await stop.wait()
        except TimeoutError:
            return

    await repeat(work, name="audit.seal", stop=stop, pause=pause)


async def _do(database: Database, chore: Chore, _payload: bytes | None) -> None:
    async with database.transaction() as tx:
        await chore.work(tx)
        await _queue_next(tx, chore)


async def _queue_next(tx: Transaction, chore: Chore) -> None:
    await queue.enqueue(tx, chore.name, key=chore.slot(await tx.now()), after=chore.every)
