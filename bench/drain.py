"""``drain``: a run of the providers' program from its beginning until everybody is paid."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from bench import naive, processes, providers, runs
from bench.effort import Effort
from bench.ground import Ground
from bench.processes import Running
from bench.rounds import Contest
from bench.waiting import Waiting
from bursar.house import House

WARM_UP: Final = 500
WORKER: Final = {
    "payout_worker_concurrency": 20,
    "payout_worker_rate_limit": 1000,
    "flutterwave_bulk_max": 500,
}
"""As large as the terms' batches, and as often as there is something to send."""


@asynccontextmanager
async def drain(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Web, worker and the simulator of Flutterwave as in production: bulks, webhooks, and inquiries."""
    async with AsyncExitStack() as stack:
        told = await Line.open(stack, ground, name="drain_told", reporting=True)
        asking = await Line.open(stack, ground, name="drain_asking", reporting=False)
        await providers.look_often(asking.house)
        for line in (told, asking):
            await line.drain(min(WARM_UP, effort.drained))  # Plans are made, and connections open.
        against = await naive.worker(stack, ground, name="naive_drain", seconds=effort.naive_seconds)
        yield [
            Contest("drain.webhooks", "payouts/s", partial(told.drain, effort.drained), against),
            Contest("drain.lists", "payouts/s", partial(asking.drain, effort.drained), against),
        ]


class Line:
    """A database with providers, and the processes that pay them."""

    def __init__(self, house: House, waiting: Waiting, *, web: Running, worker: Running) -> None:
        """Put them together."""
        self.house = house
        self.web = web
        self.worker = worker
        self._waiting = waiting

    @classmethod
    async def open(cls, stack: AsyncExitStack, ground: Ground, *, name: str, reporting: bool) -> "Line":
        """Start everything; without ``reporting``, the simulator settles what it was sent and tells nobody."""
        url = await ground.database(name)
        house = await stack.enter_async_context(ground.house(url))
        crowd = await providers.settle_in(house)
        web = await stack.enter_async_context(processes.web(ground, url, processes=1, **processes.FLUTTERWAVE_KEYS))
        bank = processes.bank(ground, reports_to=web.url if reporting else None)
        through = await stack.enter_async_context(bank)
        worker = await stack.enter_async_context(processes.worker(ground, url, bank=through, **WORKER))
        return cls(house, crowd.waiting(Waiting(ground, url)), web=web, worker=worker)

    async def drain(self, count: int) -> float:
        """Let ``count`` payouts wait, and pay them in one run; payouts per second."""
        await self._wait(count)
        began = time.perf_counter()
        await runs.begin(self.house, providers.PROGRAM)
        await runs.until_completed(self.house, providers.PROGRAM, by=self.worker)
        return count / (time.perf_counter() - began)

    async def hand_in(self, count: int) -> None:
        """Let ``count`` payouts wait, and bring them as far as into Flutterwave's hands."""
        await self._wait(count)
        await runs.begin(self.house, providers.PROGRAM)
        await runs.until_accepted(self.house, providers.PROGRAM, by=self.worker)

    async def _wait(self, count: int) -> None:
        await self._waiting.top_up(self.house, count)
        self._waiting.count = 0
