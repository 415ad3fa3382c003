"""``carriers``: how fast jobs travel from one batch of payouts to the next, through each of the three carriers."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from pydantic import SecretStr

from bench import brokers
from bench.effort import Effort
from bench.ground import PROGRAM, Ground
from bench.rounds import Contest, Measure
from bursar.foundation import queue
from bursar.schedules import SEND, Send
from bursar.schedules.jobs import RINGS_MAX

CONCURRENCY: Final = 5  # As PAYOUT_WORKER_CONCURRENCY has it unless told otherwise.
SECONDS_MAX: Final = 120.0
POLL_SECONDS: Final = 0.05


@asynccontextmanager
async def carriers(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Each carrier with a crew that does nothing but ring again; where a server is not installed, it is left out."""
    url = await ground.database("carriers")
    async with AsyncExitStack() as stack:
        measures = {"pgqueuer": await _line(stack, ground, url, queue_url="pgqueuer://", jobs=effort.jobs)}
        for name, (program, serve) in brokers.SERVERS.items():
            server = brokers.program(program)
            if server is None:
                print(f"carriers.{name} is left out: {program} is not installed here", file=sys.stderr)
                continue
            address = await stack.enter_async_context(serve(ground, server))
            measures[name] = await _line(stack, ground, url, queue_url=address, jobs=effort.jobs)
        against = measures["pgqueuer"]
        yield [Contest(f"carriers.{name}", "batches/s", measure, against) for name, measure in measures.items()]


async def _line(stack: AsyncExitStack, ground: Ground, url: str, *, queue_url: str, jobs: int) -> Measure:
    """A carrier and a crew that stay; gives what lets ``jobs`` travel and says how many that were in a second."""
    house = await stack.enter_async_context(ground.house(url, queue_url=SecretStr(queue_url)))
    relay = _Relay(house.carrier)
    await stack.enter_async_context(relay.working())

    async def travel() -> float:
        return await relay.race(jobs)

    await relay.race(RINGS_MAX)  # Warm: everything is connected.
    return travel


class _Relay:
    """Answers jobs as a run does whose batches cost nothing: each of them asks for the next."""

    def __init__(self, carrier: queue.Carrier) -> None:
        self._carrier = carrier
        self._wanted = self._answered = self._rung = 0
        self._over = asyncio.Event()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Answer, until the block ends."""
        stop = asyncio.Event()
        crew = queue.Crew({SEND: queue.Answer(Send, self._answer, CONCURRENCY)}, bury=_bury)
        answering = asyncio.create_task(self._carrier.run(crew, stop))
        try:
            while not (await self._carrier.figures()).connections:  # noqa: ASYNC110 - a carrier tells nobody
                await asyncio.sleep(POLL_SECONDS)
            yield
        finally:
            stop.set()
            await answering

    async def race(self, jobs: int) -> float:
        """Let so many jobs travel, twenty under way at a time; jobs per second."""
        self._wanted, self._answered, self._rung = jobs, 0, 0
        self._over.clear()
        began = time.perf_counter()
        for _ in range(min(RINGS_MAX, jobs)):
            await self._ring()
        async with asyncio.timeout(SECONDS_MAX):
            await self._over.wait()
        return jobs / (time.perf_counter() - began)

    async def _ring(self) -> None:
        self._rung += 1
        await self._carrier.ring(SEND, Send(PROGRAM))

    async def _answer(self, _: Send) -> None:
        self._answered += 1
        if self._rung < self._wanted:
            await self._ring()
        if self._answered == self._wanted:
            self._over.set()


async def _bury(letter: queue.DeadLetter) -> None:
    raise AssertionError(f"nobody sends anything else: {letter.reason}")
