"""``memory``: the most that a worker process holds while it works on a long queue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from bench import processes
from bench.effort import Effort
from bench.ground import Ground
from bench.rounds import Contest
from bench.waiting import Waiting

MEGABYTE: Final = 1_000_000


@asynccontextmanager
async def memory(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """A worker that sends from a long queue, beside the same worker with nothing to do."""
    waiting = await Waiting.of(ground, effort.memory_waiting)
    async with ground.house(waiting.url) as house:
        await waiting.top_up(house, effort.memory_waiting)
    idle = await ground.database("memory_idle")

    async def peak(url: str) -> float:
        async with processes.bank(ground) as bank, processes.worker(ground, url, bank=bank) as worker:
            await asyncio.sleep(effort.memory_seconds)
            worker.check()
            return worker.peak_bytes / MEGABYTE

    yield [Contest("memory.worker", "MB", partial(peak, waiting.url), partial(peak, idle))]
