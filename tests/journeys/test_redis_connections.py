"""Redis never sees more connections than it may have: the reason why the providers document was rewritten once.

"ERR max number of clients reached" came from workers that were begun again and again, and from web processes that each
had their own. Here twenty workers come and go beside ten web processes, as real processes, and Redis counts.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from runs_house import IN_RUNS, begin, until_finished

from bursar import monitoring
from processes import SOON
from queue_servers import RedisServer, redis_server
from world import World, open_world

CLIENTS_MAX = 60
LANES, CYCLES = 4, 5
WEB_PROCESSES = 10


@pytest.fixture
def small_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that lets in sixty clients, the test's own look included."""
    with redis_server(tmp_path / "redis", clients_max=CLIENTS_MAX) as server:
        yield server


@asynccontextmanager
async def counting(server: RedisServer) -> AsyncIterator[list[int]]:
    """How many clients there were at each look."""
    seen: list[int] = []

    async def look() -> None:
        while True:
            seen.append(len(await server.clients()))
            await asyncio.sleep(0.1)

    task = asyncio.create_task(look())
    try:
        yield seen
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def come_and_go(world: World) -> None:
    """A worker that begins, listens to Redis, and ends; and the same again."""
    for _ in range(CYCLES):
        async with world.process("worker") as worker:
            async with asyncio.timeout(SOON):
                while not await is_listening(world, worker.running.pid):
                    await asyncio.sleep(0.05)
            await worker.stop()


async def is_listening(world: World, pid: int) -> bool:
    """Whether a worker has said of itself that it is connected; over the pool, since several lanes ask at once."""
    async with world.database.transaction(readonly=True) as tx:
        return any(one.pid == pid and one.connections for one in await monitoring.workers.known(tx))


@pytest.mark.timeout(300)  # Thirty processes begin here, each with a second of work for the processor.
async def test_twenty_workers_come_and_go_beside_ten_web_processes(
    database_url: str, tmp_path: Path, small_redis: RedisServer
) -> None:
    await small_redis.start()
    chosen = {
        "queue_url": SecretStr(small_redis.url),
        "redis_max_clients": CLIENTS_MAX,
        "enable_workers": True,
        "worker_health_seconds": 0.5,
        "database_pool_min": 1,
        "database_pool_max": 3,
    }
    async with open_world(database_url, tmp_path, settings=chosen, **IN_RUNS) as world:
        merchant = await world.merchant()
        await world.ask(merchant, count=20)
        async with counting(small_redis) as seen:
            async with world.process("web", "--port", "0", "--processes", str(WEB_PROCESSES)) as web:
                alone = len(await small_redis.clients())
                assert alone <= 3, "one of them has the worker inside; the others have nothing to say to Redis"
                run_id = await begin(world)
                await asyncio.gather(*(come_and_go(world) for _ in range(LANES)))
                await until_finished(world, run_id)
                await world.until_at_rest()
                await web.stop()
            await asyncio.sleep(0.3)
        assert 2 <= max(seen) <= CLIENTS_MAX // 2, f"{max(seen)} connections at once"
        assert seen[-1] == 0, "whoever ends gives everything back"
        assert await world.count("carrier = 'redis'", table="workers") == LANES * CYCLES + 1
        assert not [log for log in world.logs if "carrier.lost" in log.read_text() or "ring.lost" in log.read_text()]
        await world.audit()
