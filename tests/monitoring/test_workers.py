"""Workers show that they are there, and say in the log how they are."""

import asyncio
from functools import partial

import msgspec
import pytest

from bursar.foundation import db, queue
from bursar.foundation.db import Database
from bursar.foundation.pulse import Pulse
from bursar.foundation.queue import Answer, Carrier, Crew, DeadLetter
from bursar.foundation.settings import Settings
from bursar.monitoring import workers

JOB = "tests.note"


class Note(msgspec.Struct):
    """A job that carries nothing."""


@pytest.fixture
async def carrier(settings: Settings, database: Database) -> Carrier:
    """The carrier of an installation without another one."""
    return queue.open_carrier(settings, database, partial(db.connect_alone, settings))


async def bury(_: DeadLetter) -> None:
    """Nothing is wrong here."""


async def work(_: Note) -> None:
    """Do it."""


async def test_a_worker_is_there_while_it_runs_and_says_goodbye(database: Database, carrier: Carrier) -> None:
    crew, stop = Crew({JOB: Answer(Note, work)}, bury=bury), asyncio.Event()
    presence = workers.Presence(database, carrier, crew, health_seconds=0.05, pulse=Pulse())
    running = asyncio.gather(presence.run(stop, host="node-1", pid=4711), carrier.run(crew, stop))
    await carrier.ring(JOB, Note())
    async with asyncio.timeout(20):
        while not (here := await seen(database)) or here[0].total("done") < 1:
            await asyncio.sleep(0.02)
    assert (here[0].host, here[0].pid, here[0].carrier, here[0].is_alive) == ("node-1", 4711, "pgqueuer", True)
    assert here[0].jobs == {JOB: {"done": 1, "failed": 0, "running": 0}}
    stop.set()
    await asyncio.wait_for(running, 20)
    [left] = await seen(database)
    assert not left.is_alive
    assert left.stopped_at is not None


async def seen(database: Database) -> list[workers.Worker]:
    async with database.transaction(readonly=True) as tx:
        return await workers.known(tx)


async def test_what_waits_is_told_apart_and_a_worker_that_is_there_is_not_stuck() -> None:
    waiting = [workers.Waiting("due", 3, 12.0)]
    assert workers.is_stuck([], waiting)
    assert not workers.is_stuck([], [])


async def test_a_worker_says_what_it_needs(database: Database, carrier: Carrier) -> None:
    pulse, stop = Pulse(), asyncio.Event()
    pulse.start()
    crew = Crew({JOB: Answer(Note, work)}, bury=bury)
    presence = workers.Presence(database, carrier, crew, health_seconds=0.05, pulse=pulse, pools=[database])
    running = asyncio.create_task(presence.run(stop, host="node-1", pid=4711))
    async with asyncio.timeout(20):
        while not (here := await seen(database)) or here[0].load is None:
            await asyncio.sleep(0.02)
    assert here[0].load.memory_bytes > 10_000_000
    assert here[0].load.pool_max == 2 * database.figures()["max"], "those of both pools"
    stop.set()
    await asyncio.wait_for(running, 20)
    await pulse.stop()
