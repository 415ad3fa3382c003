"""``create.http`` and ``create.bulk``: how fast payouts are taken in."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final
from uuid import UUID

from bench import load, processes, reference, waiting
from bench.effort import Effort
from bench.ground import Ground, Merchant
from bench.rounds import Contest

RATE_MAX: Final = 20_000  # Requests to render for each second: more than are ever answered.
WARM_UP_SECONDS: Final = 1
CONNECTIONS: Final = (32, 128)


@asynccontextmanager
async def http(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Single requests over real HTTP to two web processes: many merchants, and all for one merchant."""
    ours, theirs = await ground.database("create_http"), await ground.database("create_reference")
    await reference.install(theirs)
    async with processes.web(ground, ours) as web:
        seeds = itertools.count()

        async def create(merchants: Sequence[Merchant], connections: int, seconds: int) -> float:
            requests = load.render(merchants, count=seconds * RATE_MAX, seed=next(seeds))
            drive = partial(load.drive, processes.HOST, web.port, requests)
            return (await asyncio.to_thread(drive, connections=connections, seconds=seconds)).rate

        contests = []
        for crowd, merchants in (("many", ground.merchants), ("hot", ground.merchants[:1])):
            for connections in CONNECTIONS:
                await create(merchants, connections, WARM_UP_SECONDS)
            pgbench = await reference.creating(theirs, ground.folder, sample=ours, merchants=len(merchants))
            await pgbench.rate(seconds=WARM_UP_SECONDS)
            against = partial(pgbench.rate, seconds=effort.load_seconds)
            contests += [
                Contest(
                    f"create.http.{crowd}.{connections}",
                    "payouts/s",
                    partial(create, merchants, connections, effort.load_seconds),
                    against,
                )
                for connections in CONNECTIONS
            ]
        yield contests


@asynccontextmanager
async def bulk(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Many payouts at once, a thousand to a transaction, over one connection."""
    ours, theirs = await ground.database("bulk"), await ground.database("bulk_reference")
    await reference.install(theirs)
    holders = [UUID(merchant.holder_id) for merchant in ground.merchants]
    async with ground.house(ours) as house:
        seeds = itertools.count()

        async def create(count: int) -> float:
            asked = waiting.asks(holders, count=count, seed=next(seeds))
            began = time.perf_counter()
            for start in range(0, count, waiting.CHUNK):
                await waiting.request(house, asked[start : start + waiting.CHUNK])
            return count / (time.perf_counter() - began)

        await create(waiting.CHUNK)
        pgbench = await reference.creating(theirs, ground.folder, sample=ours)
        await pgbench.rate(seconds=WARM_UP_SECONDS)
        against = partial(pgbench.rate, seconds=effort.load_seconds)
        yield [Contest("create.bulk", "payouts/s", partial(create, effort.bulk), against)]
