"""A process takes no more connections to Redis than it may, and none that others need."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from pydantic import SecretStr
from queue_house import JOB, Note

from bursar.foundation import db, queue
from bursar.foundation.db import Database
from bursar.foundation.queue import Carrier
from bursar.foundation.settings import Settings
from queue_servers import RedisServer

RINGS = 40


@asynccontextmanager
async def carrier(
    server: RedisServer, settings: Settings, database: Database, *, pool_size: int, clients_max: int
) -> AsyncIterator[Carrier]:
    await server.start()
    await server.forget()
    chosen = settings.model_copy(
        update={
            "queue_url": SecretStr(server.url),
            "redis_pool_size": pool_size,
            "redis_max_clients": clients_max,
        }
    )
    opened = queue.open_carrier(chosen, database, partial(db.connect_alone, chosen))
    yield opened
    await opened.close()


@asynccontextmanager
async def others(server: RedisServer, count: int) -> AsyncIterator[None]:
    """So many clients of somebody else's."""
    async with AsyncExitStack() as stack:
        for _ in range(count):
            client = await stack.enter_async_context(server.client())
            await client.ping()
        yield


async def ring_often(ringing: Carrier) -> None:
    await asyncio.gather(*(ringing.ring(JOB, Note(number)) for number in range(RINGS)))


async def test_a_pool_is_no_larger_than_it_may_be(redis: RedisServer, settings: Settings, database: Database) -> None:
    async with carrier(redis, settings, database, pool_size=3, clients_max=50) as ringing:
        await ring_often(ringing)
        figures = await ringing.figures()
        assert 1 <= figures.connections <= 3
        assert figures.lost == 0, "whoever finds no connection waits for one"
        assert len(await redis.clients()) == figures.connections
    assert await redis.clients() == []


async def test_a_pool_takes_no_more_than_others_leave(
    redis: RedisServer, settings: Settings, database: Database
) -> None:
    async with carrier(redis, settings, database, pool_size=10, clients_max=6) as ringing, others(redis, 4):
        await ring_often(ringing)
        assert (await ringing.figures()).connections <= 2
        assert (await ringing.figures()).lost == 0


async def test_where_others_leave_nothing_a_ring_is_lost_and_nobody_is_driven_out(
    redis: RedisServer, settings: Settings, database: Database
) -> None:
    async with carrier(redis, settings, database, pool_size=10, clients_max=4) as ringing:
        async with others(redis, 4):
            await ringing.ring(JOB, Note(1))
            assert (await ringing.figures()).lost == 1
            assert (await ringing.figures()).connections == 0
            assert len(await redis.clients()) == 4
        await ringing.ring(JOB, Note(2))
        assert (await ringing.figures()).lost == 1, "once there is room, it rings"
