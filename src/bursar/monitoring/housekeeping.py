"""What has to be done now and then, by whichever worker comes to it; each job queues its own next time."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from bursar import ledger
from bursar.foundation import idempotency, queue
from bursar.foundation.db import Database, Transaction
from bursar.foundation.loops import repeat, rest
from bursar.monitoring import alerts, audit, tallies, workers
from bursar.monitoring.occasions import Chore, Errand, Occasion

SEAL_EVERY_SECONDS: Final = 2.0


CHORES: Final = (
    Chore("ledger.snapshot", timedelta(hours=1), ledger.snapshot),
    Chore("idempotency.forget", timedelta(hours=6), idempotency.forget_old),
    Chore("workers.forget", timedelta(hours=6), workers.forget_old),
    Chore("laws.check", timedelta(days=1), alerts.check_laws),
    Chore("tallies.forget", timedelta(hours=1), tallies.forget_old),
)


async def plan(database: Database, errands: Sequence[Errand] = ()) -> None:
    """Queue the next occasion of each chore, where it is not queued yet; every worker does so when it starts."""
    async with database.transaction() as tx:
        for occasion in (*CHORES, *errands):
            await _queue_next(tx, occasion)


def handlers(database: Database, errands: Sequence[Errand] = ()) -> queue.Handlers:
    """The jobs that housekeeping answers, errands among them."""
    return {chore.name: partial(_do, database, chore) for chore in CHORES} | {
        errand.name: partial(_run, database, errand) for errand in errands
    }


async def seal_all_day(database: Database, stop: asyncio.Event) -> None:
    """Seal committed events into the audit chain as they come."""

    async def work() -> bool:
        async with database.transaction() as tx:
            return await audit.seal(tx) == audit.BLOCK_MAX

    await repeat(work, name="audit.seal", stop=stop, pause=partial(rest, stop, SEAL_EVERY_SECONDS))


async def _do(database: Database, chore: Chore, _payload: bytes | None) -> None:
    async with database.transaction() as tx:
        await chore.work(tx)
        await _queue_next(tx, chore)


async def _run(database: Database, errand: Errand, _payload: bytes | None) -> None:
    """Run an errand; its next occasion is queued first, so that one that fails is only late."""
    async with database.transaction() as tx:
        await _queue_next(tx, errand)
    await errand.work()


async def _queue_next(tx: Transaction, occasion: Occasion) -> None:
    await queue.enqueue(tx, occasion.name, key=occasion.slot(await tx.now()), after=occasion.every)
