"""Side jobs, carried by PgQueuer: enqueued in the caller's own transaction, picked up by any worker.

A job of the same ``key`` is queued once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final, cast

import asyncpg
from pgqueuer import Job as QueuedJob
from pgqueuer import PgQueuer, Queries
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.types import QueueExecutionMode

from bursar.foundation import log
from bursar.foundation.db import Transaction

POLL_SECONDS: Final = 10  # Between two looks when no notification comes.

Handler = Callable[[bytes | None], Awaitable[None]]
Handlers = Mapping[str, Handler]
Connect = Callable[[], Awaitable["asyncpg.Connection[Any]"]]

_log = log.get(__name__)


async def enqueue(
    tx: Transaction, job: str, payload: bytes | None = None, *, key: str | None = None, after: timedelta | None = None
) -> None:
    """Queue a job with the caller's transaction: it exists if that commits, and is not run before ``after``."""
    await Queries(AsyncpgDriver(cast("asyncpg.Connection[Any]", tx.connection))).enqueue(
        job, payload, execute_after=after, dedupe_key=key, on_conflict="skip"
    )


async def run(connect: Connect, handlers: Handlers, stop: asyncio.Event) -> None:
    """Run queued jobs over a connection of one's own until told to stop; one under way is finished first."""
    connection = await connect()
    try:
        carrier = PgQueuer(AsyncpgDriver(connection))
        for name, handler in handlers.items():
            carrier.entrypoint(name, concurrency_limit=1)(_logged(name, handler))
        await until_told(carrier, stop)
    finally:
        await connection.close()


async def until_told(carrier: PgQueuer, stop: asyncio.Event, *, at_once: int | None = None) -> None:
    """Let PgQueuer run what it was given until told to stop; it holds ``at_once`` jobs at most, and twice as many."""
    ending = asyncio.create_task(_end(carrier, stop))
    try:
        await carrier.qm.run(
            dequeue_timeout=timedelta(seconds=POLL_SECONDS),
            mode=QueueExecutionMode.continuous,
            batch_size=at_once or 10,
            max_concurrent_tasks=None if at_once is None else 2 * at_once,
        )
    finally:
        ending.cancel()


async def _end(carrier: PgQueuer, stop: asyncio.Event) -> None:
    await stop.wait()
    carrier.shutdown.set()


def _logged(name: str, handler: Handler) -> Callable[[QueuedJob], Awaitable[None]]:
    async def work(job: QueuedJob) -> None:
        with log.correlated():
            await handler(job.payload)
            _log.info("job.done", job=name)

    return work
