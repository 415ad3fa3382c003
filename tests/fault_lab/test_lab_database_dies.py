"""PostgreSQL itself dies under load and comes back: nobody is paid twice, nothing that was answered is lost."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from load import ask_on, in_peace

from bursar.foundation import embedded, migrations
from world import open_world

pytestmark = [pytest.mark.fault_lab, pytest.mark.timeout(600)]

DEATHS = 4


@pytest.fixture
def server() -> Iterator[embedded.EmbeddedServer]:
    """A server of this test's own, as durable as in production."""
    with embedded.temporary() as server:
        yield server


async def test_a_database_that_crashes_loses_nothing_that_was_answered(
    server: embedded.EmbeddedServer, tmp_path: Path
) -> None:
    chance, stop = random.Random(1), asyncio.Event()
    migrations.migrate(server.url())
    async with open_world(server.url(), tmp_path, bank_is_a_process=True) as world:
        merchants = [await world.merchant() for _ in range(3)]
        async with world.process("worker") as process:
            clients = [
                asyncio.create_task(ask_on(world, merchants, random.Random(f"client {n}"), stop)) for n in range(4)
            ]
            await world.until("true", table="attempts")  # The worker has started; without a database it would not.
            for _ in range(DEATHS):
                await asyncio.sleep(chance.uniform(1.0, 3.0))
                await asyncio.to_thread(embedded.stop, server.data, mode="immediate")
                await asyncio.sleep(chance.uniform(0.0, 1.0))
                await asyncio.to_thread(embedded.start, server.data)
            await asyncio.sleep(1)
            stop.set()
            await asyncio.gather(*clients)
            assert process.running.returncode is None, "a worker outlives its database"
            assert len(world.asked) > 100
            world.connection = await asyncpg.connect(server.url(), server_settings={"search_path": "bursar"})
            await process.stop()
        await in_peace(world)
        await world.connection.close()
