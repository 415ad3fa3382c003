"""``create.http`` and ``create.bulk``: how fast payouts are taken in."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench import load, processes, reference
from bench.effort import Effort
from bench.ground import Ground, Merchant
from bench.processes import Running
from bench.rounds import Contest

RATE_MAX: Final = 20_000  # Requests to render for each second: more than are ever answered.
WARM_UP_TRANSACTIONS: Final = 1_600
WARM_UP_ROWS: Final = 200
CONNECTIONS: Final = (32, 128)

_seeds = itertools.count()  # No two loads of a run are the same.


@dataclass(frozen=True, slots=True)
class Driver:
    """Creates payouts for these merchants over so many connections, and says how many that were in a second."""

    web: Running
    merchants: Sequence[Merchant]
    connections: int

    async def __call__(self, seconds: float) -> float:
        """Do it for so long."""
        requests = load.render(self.merchants, count=round(seconds * RATE_MAX), seed=next(_seeds))
        drive = partial(load.drive, processes.HOST, self.web.port, requests)
        return (await asyncio.to_thread(drive, connections=self.connections, seconds=seconds)).rate


@asynccontextmanager
async def http(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Single requests over real HTTP to two web processes: many merchants, and all for one merchant."""
    ours, theirs = await ground.database("create_http"), await ground.database("create_reference")
    await reference.install(theirs)
    async with processes.web(ground, ours) as web:
        contests = []
        for crowd, merchants in (("many", ground.merchants), ("hot", ground.merchants[:1])):
            drivers = {connections: Driver(web, merchants, connections) for connections in CONNECTIONS}
            for drive in drivers.values():
                await drive(effort.warm_up_seconds)
            pgbench = await reference.creating(theirs, ground.folder, sample=ours, merchants=len(merchants))
            await pgbench.rate(transactions=WARM_UP_TRANSACTIONS)
            against = partial(pgbench.rate, seconds=effort.load_seconds)
            contests += [
                Contest(f"create.http.{crowd}.{connections}", "payouts/s", partial(drive, effort.load_seconds), against)
                for connections, drive in drivers.items()
            ]
        yield contests


@asynccontextmanager
async def bulk(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Files of payouts in JSON, one after another over one connection, each for a merchant of its own."""
    ours, theirs = await ground.database("bulk"), await ground.database("bulk_reference")
    await reference.install(theirs)
    async with processes.web(ground, ours) as web:
        merchants = itertools.cycle(ground.merchants)

        async def create(sizes: Sequence[int]) -> float:
            files = [load.file(next(merchants), rows=size, seed=next(_seeds)) for size in sizes]
            return await asyncio.to_thread(load.upload, processes.HOST, web.port, files)

        await create([WARM_UP_ROWS] * 10)
        pgbench = await reference.creating(theirs, ground.folder, sample=ours)
        await pgbench.rate(transactions=WARM_UP_TRANSACTIONS)
        against = partial(pgbench.rate, seconds=effort.load_seconds)
        yield [Contest("create.bulk", "payouts/s", partial(create, effort.bulk), against)]
