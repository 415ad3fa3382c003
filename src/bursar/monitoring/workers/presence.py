"""A worker's signs of life, and what it says of its health in the log."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg

from bursar.foundation import ids, log, queue
from bursar.foundation.db import Database
from bursar.foundation.errors import Refusal
from bursar.foundation.loops import repeat, rest
from bursar.foundation.pulse import Pulse
from bursar.monitoring.workers import store
from bursar.monitoring.workers.model import Load, Sign

SIGN_SECONDS: Final = 10.0  # Between two signs of life; a worker that is killed is missed after three.

_log = log.get(__name__)


class Presence:
    """Shows that one worker process is there, and how it is."""

    def __init__(
        self,
        database: Database,
        carrier: queue.Carrier,
        crew: queue.Crew,
        *,
        health_seconds: float,
        pulse: Pulse,
        pools: Sequence[Database] = (),
    ) -> None:
        """Report on this crew, what carries its jobs, and what the process with this ``pulse`` needs.

        Into the log every ``health_seconds``; ``pools`` are those that it has beside ``database``.
        """
        self._database = database
        self._pulse = pulse
        self._pools = (database, *pools)
        self._carrier = carrier
        self._crew = crew
        self._health_seconds = health_seconds
        self._every = min(SIGN_SECONDS, health_seconds)

    async def run(self, stop: asyncio.Event, *, host: str, pid: int) -> None:
        """Sign and report until told to stop, and then say goodbye."""
        async with self._database.transaction() as tx:
            worker_id = ids.new(await tx.now())
            await store.arrive(tx, worker_id, host=host, pid=pid, carrier=self._carrier.name, every_seconds=self._every)
        await asyncio.gather(
            repeat(partial(self._sign, worker_id), name="sign", stop=stop, pause=partial(rest, stop, self._every)),
            repeat(self._report, name="health", stop=stop, pause=partial(rest, stop, self._health_seconds)),
        )
        await self._say_goodbye(worker_id)

    async def _sign(self, worker_id: UUID) -> bool:
        figures = await self._carrier.figures()
        async with self._database.transaction() as tx:
            await store.sign(tx, worker_id, self._so_far(connections=figures.connections))
        return False

    async def _say_goodbye(self, worker_id: UUID) -> None:
        try:
            async with self._database.transaction() as tx:
                await store.sign(tx, worker_id, self._so_far(connections=0), is_last=True)
        except (Refusal, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as lost:
            _log.warning("worker.goodbye_lost", cause=type(lost).__name__)  # It will be missed instead.

    def _so_far(self, *, connections: int) -> Sign:
        jobs = {name: asdict(tally) for name, tally in self._crew.tallies.items()}
        load = Load.of(self._pulse.vitals(), *(pool.figures() for pool in self._pools))
        return Sign(jobs=jobs, dropped=self._crew.dropped, connections=connections, load=load)

    async def _report(self) -> bool:
        """Connections, jobs and what waits, in one line."""
        figures = await self._carrier.figures()
        async with self._database.transaction(readonly=True) as tx:
            waiting = await store.waiting(tx)
        tallies = self._crew.tallies.values()
        _log.info(
            "worker.health",
            carrier=figures.carrier,
            connections=figures.connections,
            pool=self._database.figures(),
            lost=figures.lost,
            messages=figures.waiting,
            done=sum(tally.done for tally in tallies),
            failed=sum(tally.failed for tally in tallies),
            running=sum(tally.running for tally in tallies),
            dropped=self._crew.dropped,
            jobs={name: asdict(tally) for name, tally in self._crew.tallies.items()},
            waiting={one.what: one.count for one in waiting},
            oldest_seconds={one.what: round(one.oldest_seconds) for one in waiting},
        )
        return False
