"""What tests of the queue stand on: a job, a crew that remembers, and a process in which it answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from bursar.foundation.queue import Answer, Carrier, Crew, DeadLetter

SOON = 30.0
JOB = "tests.note"


class Note(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A job that carries a number."""

    number: int


class Crewing:
    """A crew that remembers what it was told, and what it buried."""

    def __init__(self, **limits: Any) -> None:
        self.heard: list[int] = []
        self.buried: list[DeadLetter] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.crew = Crew({JOB: Answer(Note, self.work, **{"concurrency": 4} | limits)}, bury=self.bury)

    async def work(self, note: Note) -> None:
        self.heard.append(note.number)
        await self.hold.wait()

    async def bury(self, letter: DeadLetter) -> None:
        self.buried.append(letter)


@asynccontextmanager
async def answering(carrier: Carrier, crew: Crew) -> AsyncIterator[None]:
    """A process in which this crew answers."""
    stop = asyncio.Event()
    task = asyncio.create_task(carrier.run(crew, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, SOON)
        await carrier.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():
            await asyncio.sleep(0.02)


async def ring_until(carrier: Carrier, note: Note, condition: Callable[[], bool]) -> None:
    """Ring again and again, as a sweeper does."""
    async with asyncio.timeout(SOON):
        while not condition():
            await carrier.ring(JOB, note)
            await asyncio.sleep(0.2)
