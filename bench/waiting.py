"""Payouts that wait to be sent, made by the product itself, a thousand to a transaction."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from bench.ground import CURRENCY, PROGRAM, TITLE, Ground
from bench.load import BANKS
from bursar import payouts
from bursar.foundation import log
from bursar.foundation.db import SCHEMA
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.holders import Destination
from bursar.house import House

CHUNK: Final = 1_000
LANES: Final = 2  # Chunks under way at once: one is written while the next is thought up.


Asking = Callable[[Sequence[UUID], random.Random], payouts.Ask]
"""Makes up one payout of one of these holders."""


@dataclass(slots=True)
class Waiting:
    """A database in which payouts wait, and how many they are: the merchants', unless other holders are given."""

    ground: Ground
    url: str
    count: int = 0
    holders: Sequence[UUID] = ()
    ask: Asking = field(default_factory=lambda: _ask)
    _chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - variety, not secrecy

    @classmethod
    async def of(cls, ground: Ground, backlog: int) -> "Waiting":
        """The database for a backlog of this size: the one that another figure has left, or a new one."""
        name = f"waiting_{backlog}"
        if name not in ground.kept:
            ground.kept[name] = cls(ground, await ground.database(name))
        found: Waiting = ground.kept[name]
        return found

    async def top_up(self, house: House, count: int, *, at: datetime | None = None) -> None:
        """Ask for payouts until ``count`` of them wait; as of ``at``, or now."""
        missing = count - self.count
        if missing <= 0:
            return
        holders = self.holders or [UUID(merchant.holder_id) for merchant in self.ground.merchants]
        chunks = iter([CHUNK] * (missing // CHUNK) + [missing % CHUNK] * (missing % CHUNK > 0))
        # Each lane has merchants of its own, or one would wait for the other's balances.
        await asyncio.gather(*(self._lane(house, chunks, holders[lane::LANES], at) for lane in range(LANES)))
        await self._analyse()

    async def _lane(self, house: House, chunks: Iterator[int], holders: Sequence[UUID], at: datetime | None) -> None:
        for size in chunks:
            asks = [self.ask(holders, self._chance) for _ in range(size)]
            async with house.lanes.transaction() as tx:
                answers = await payouts.request(tx, asks, desk=house.desk, at=at or house.clock.now())
            assert not any(isinstance(answer, Refusal) for answer in answers), "every holder has money"
            self.count += size

    async def _analyse(self) -> None:
        """Let the planner know; after a bulk load it otherwise guesses for a minute."""
        connection = await asyncpg.connect(self.url, server_settings={"search_path": SCHEMA})
        await connection.execute("ANALYZE payouts, payout_events, transfers, attempts")
        await connection.close()


def _ask(holders: Sequence[UUID], chance: random.Random) -> payouts.Ask:
    number = chance.getrandbits(33)
    return payouts.Ask(
        holder_id=chance.choice(holders),
        program=PROGRAM,
        reference=f"order-{number:013}",
        amount=Money(chance.randint(100, 9_999_999), CURRENCY),
        destination=Destination(chance.choice(BANKS), f"{number:010}0001", TITLE),
        requester="bench",
        correlation_id=log.new_correlation_id(),
    )
