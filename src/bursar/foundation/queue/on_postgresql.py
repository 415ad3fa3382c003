"""Jobs carried by PgQueuer, in the database that there is anyway."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg
import msgspec
from pgqueuer import Job as QueuedJob
from pgqueuer import PgQueuer, Queries
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver

from bursar.foundation import log
from bursar.foundation.db import Database
from bursar.foundation.errors import Refusal
from bursar.foundation.loops import rest
from bursar.foundation.queue.crew import Crew
from bursar.foundation.queue.envelope import Envelope
from bursar.foundation.queue.model import Figures
from bursar.foundation.queue.side_jobs import Connect, enqueue, until_told

AGAIN_SECONDS: Final = 2.0  # Before a connection that was lost is opened again.

_LOST: Final = (Refusal, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
_log = log.get(__name__)


class PgQueuerCarrier:
    """Rings over the pool; answers over a connection of its own, which hears of new jobs at once."""

    name: Final = "pgqueuer"

    def __init__(self, database: Database, connect: Connect) -> None:
        """Ring over ``database``, answer over what ``connect`` opens."""
        self._database = database
        self._connect = connect
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._jobs: frozenset[str] = frozenset()
        self._lost = 0

    async def ring(self, job: str, payload: msgspec.Struct) -> None:
        """Queue a job in a transaction of its own."""
        await self._queue(job, Envelope.seal(job, payload))

    async def run(self, crew: Crew, stop: asyncio.Event) -> None:
        """Bring jobs to the crew."""
        self._jobs = crew.jobs
        while not stop.is_set():
            try:
                await self._answer(crew, stop)
            except Exception as lost:  # noqa: BLE001 - whatever the library makes of a lost connection
                _log.warning("carrier.lost", carrier=self.name, cause=type(lost).__name__)
            if not stop.is_set():
                await rest(stop, AGAIN_SECONDS)

    async def figures(self) -> Figures:
        """How it is used."""
        is_open = self._connection is not None and not self._connection.is_closed()
        return Figures(self.name, int(is_open), await self._waiting(), self._lost)

    async def close(self) -> None:
        """Nothing is open outside ``run``; the pool is its owner's."""

    async def _queue(self, job: str, body: bytes) -> None:
        try:
            async with self._database.transaction() as tx:
                await enqueue(tx, job, body)
        except _LOST as lost:
            self._lost += 1
            _log.warning("ring.lost", carrier=self.name, job=job, cause=type(lost).__name__)

    async def _answer(self, crew: Crew, stop: asyncio.Event) -> None:
        self._connection = connection = await self._connect()
        try:
            queuer = PgQueuer(AsyncpgDriver(connection))
            connection.add_termination_listener(lambda _: queuer.shutdown.set())  # Else it is noticed at the next poll.
            for name in crew.jobs:
                queuer.entrypoint(name)(self._taken_by(crew, name, stop))
            await until_told(queuer, stop, at_once=crew.capacity)
        finally:
            await connection.close(timeout=2)

    def _taken_by(self, crew: Crew, name: str, stop: asyncio.Event) -> Callable[[QueuedJob], Awaitable[None]]:
        async def take(job: QueuedJob) -> None:
            body = job.payload or b""
            if not await crew.take(body, stop):
                await self._queue(name, body)  # For somebody who stays.

        return take

    async def _waiting(self) -> int | None:
        try:
            sizes = await Queries(AsyncpgPoolDriver(self._database.pool)).queue_size()
        except _LOST:
            return None
        return sum(size.count for size in sizes if size.status == "queued" and size.entrypoint in self._jobs)
