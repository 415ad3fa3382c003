"""What a carrier is, whoever carries."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import msgspec

from bursar.foundation.queue.crew import Crew


@dataclass(frozen=True, slots=True)
class Figures:
    """How a carrier is used: connections that this process has, and jobs waiting as far as the carrier knows.

    ``lost`` counts the rings of this process that did not get through. None: it cannot be said just now.
    """

    carrier: str
    connections: int
    waiting: int | None
    lost: int


class Carrier(Protocol):
    """Whatever brings jobs from those who ring to those who answer. Nothing is opened before the first use."""

    @property
    def name(self) -> str:
        """Which one it is: pgqueuer, redis or rabbitmq."""
        ...

    async def ring(self, job: str, payload: msgspec.Struct) -> None:
        """Ask some worker to do this job, soon. Never fails, and gives up after some seconds: a ring may be lost."""
        ...

    async def run(self, crew: Crew, stop: asyncio.Event) -> None:
        """Bring jobs to the crew until told to stop; what is under way is finished first.

        A carrier that is lost is opened again. A job is taken off the queue once it has been answered.
        """
        ...

    async def figures(self) -> Figures:
        """How it is used; takes some seconds at most."""
        ...

    async def close(self) -> None:
        """Give every connection back."""
        ...
