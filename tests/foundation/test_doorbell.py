"""Doorbells over a real PostgreSQL: heard by whoever listens, gathered, and harmless when lost."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest

from bursar.foundation.db import Database
from bursar.foundation.doorbell import CHANNEL, Listener, Ringer

SOON = 10.0


@pytest.fixture
async def listener(database_url: str) -> AsyncIterator[Listener]:
    """Somebody who listens by now."""
    listener = Listener(partial(asyncpg.connect, database_url))
    listener.start()
    await until_it_listens(database_url)
    yield listener
    await listener.stop()


async def until_it_listens(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    async with asyncio.timeout(SOON):
        while not await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ILIKE 'LISTEN%'"
        ):
            await asyncio.sleep(0.01)
    await connection.close()


async def test_a_ring_is_heard(database: Database, listener: Listener) -> None:
    Ringer(database).ring("dispatch")
    assert await listener.wait("dispatch", at_most=SOON)


async def test_who_waits_for_another_bell_hears_nothing(database: Database, listener: Listener) -> None:
    Ringer(database).ring("dispatch")
    assert await listener.wait("dispatch", at_most=SOON)
    assert not await listener.wait("reports", at_most=0.01)


async def test_a_ring_while_the_task_was_busy_counts_at_its_next_wait(database: Database, listener: Listener) -> None:
    assert not await listener.wait("dispatch", at_most=0.01)
    ringer = Ringer(database)
    ringer.ring("dispatch")
    ringer.ring("done")
    assert await listener.wait("done", at_most=SOON)
    assert await listener.wait("dispatch", at_most=SOON)


async def test_one_ring_wakes_once(database: Database, listener: Listener) -> None:
    Ringer(database).ring("dispatch")
    assert await listener.wait("dispatch", at_most=SOON)
    assert not await listener.wait("dispatch", at_most=0.01)


async def test_many_rings_travel_together(database: Database, database_url: str, listener: Listener) -> None:
    heard: list[str] = []
    connection = await asyncpg.connect(database_url)
    await connection.add_listener(CHANNEL, lambda *told: heard.append(str(told[-1])))
    ringer = Ringer(database)
    for _ in range(1000):
        ringer.ring("dispatch")
        ringer.ring("reports")
    ringer.ring("last")
    assert await listener.wait("last", at_most=SOON)
    await connection.execute("SELECT 1")  # What was notified by now has been heard after this.
    assert sorted(heard) == ["dispatch", "last", "reports"]
    await connection.close()


async def test_every_task_that_waits_hears_the_ring(database: Database, listener: Listener) -> None:
    waiting = [asyncio.create_task(listener.wait("dispatch", at_most=SOON)) for _ in range(3)]
    await asyncio.sleep(0)
    Ringer(database).ring("dispatch")
    assert await asyncio.gather(*waiting) == [True, True, True]


async def test_ringing_here_wakes_without_a_database() -> None:
    listener = Listener(partial(asyncpg.connect, "postgresql://nowhere.invalid/"))
    waiting = asyncio.create_task(listener.wait("dispatch", at_most=SOON))
    await asyncio.sleep(0)
    listener.ring_here("dispatch")
    assert await waiting


async def test_ring_all_wakes_everybody_who_waits(listener: Listener) -> None:
    waiting = [asyncio.create_task(listener.wait(bell, at_most=SOON)) for bell in ("a", "b", "c")]
    await asyncio.sleep(0)
    listener.ring_all()
    assert await asyncio.gather(*waiting) == [True, True, True]


async def test_a_ring_that_cannot_be_sent_disturbs_nobody(database: Database) -> None:
    await database.close()
    ringer = Ringer(database)
    ringer.ring("dispatch")
    await asyncio.sleep(0.05)
    ringer.ring("dispatch")


async def test_a_listener_that_cannot_connect_tries_again(database: Database, database_url: str) -> None:
    tries = []

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionRefusedError
        return await asyncpg.connect(database_url)

    listener = Listener(connect)
    listener.start()
    await until_it_listens(database_url)
    Ringer(database).ring("dispatch")
    assert await listener.wait("dispatch", at_most=SOON)
    await listener.stop()
    assert len(tries) == 2


@pytest.mark.fault_lab  # The listener notices within five seconds; too long for every day.
async def test_a_listener_whose_connection_was_cut_listens_again(
    database: Database, database_url: str, listener: Listener
) -> None:
    async with database.transaction() as tx:
        await tx.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query ILIKE 'LISTEN%'"
        )
    await until_it_listens(database_url)
    Ringer(database).ring("dispatch")
    assert await listener.wait("dispatch", at_most=SOON)
