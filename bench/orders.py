"""``orders.complete`` and ``orders.bulk``: how fast orders are completed, each with its payout, beside creating those.

The reference of each figure is the product's own: payouts that are created through the same web processes.
"""

import asyncio
import itertools
import json
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http.client import HTTPConnection
from typing import Final

from bench import create, load, processes
from bench.effort import Effort
from bench.ground import Ground
from bench.processes import Running
from bench.rounds import Contest
from bursar import holders, identity, orders, programs
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.holders import Destination, Holder, NewDestination, NewHolder
from bursar.house import House
from bursar.orders import NewOrder, Recruit

PROGRAM: Final = "marketplace"
CURRENCY: Final = "INR"
SELLERS: Final = 1_000
CONNECTIONS: Final = 128
RATE_MAX: Final = 4_000  # Orders to create for each second of completing: more than are ever completed.
CHUNK: Final = 1_000  # Orders in one transaction, and in one request that completes many.
PRICE_MAX: Final = 9_999_00
ACTOR: Final = "bench"


@asynccontextmanager
async def complete(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Single requests over real HTTP to two web processes; of sellers whom nobody recruited, and of those with a scout.

    They bring the platform's key and nothing else, as the document's call does: completing twice pays once by itself.
    """
    async with AsyncExitStack() as stack:
        web, markets = await _open(stack, ground, "orders_complete")
        drive = create.Driver(web, ground.merchants, CONNECTIONS)
        await drive(effort.warm_up_seconds)
        for market in markets.values():
            await market.complete(effort.warm_up_seconds)
        against = partial(drive, effort.load_seconds)
        yield [
            Contest(f"orders.complete.{name}", "orders/s", partial(market.complete, effort.load_seconds), against)
            for name, market in markets.items()
        ]


@asynccontextmanager
async def bulk(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Requests that complete a thousand orders each, one after another, beside files of as many payouts."""
    async with AsyncExitStack() as stack:
        web, markets = await _open(stack, ground, "orders_bulk")
        merchants, seeds = itertools.cycle(ground.merchants), itertools.count()
        requests = max(1, sum(effort.bulk) // CHUNK)

        async def upload() -> float:
            files = [load.file(next(merchants), rows=CHUNK, seed=next(seeds)) for _ in range(requests)]
            return await asyncio.to_thread(load.upload, processes.HOST, web.port, files)

        await upload()
        for market in markets.values():
            await market.complete_many(1)
        yield [
            Contest(f"orders.bulk.{name}", "orders/s", partial(market.complete_many, requests), upload)
            for name, market in markets.items()
        ]


@dataclass(slots=True)
class Market:
    """Sellers who can be paid, the platform's key, and orders of theirs that are completed through these processes."""

    name: str
    house: House
    web: Running
    sellers: Sequence[Holder]
    api_key: str
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - variety, not secrecy

    async def complete(self, seconds: float) -> float:
        """Complete for so long, over many connections; orders per second."""
        names = await self._orders(round(seconds * RATE_MAX))
        headers = {"X-API-KEY": self.api_key}
        requests = [load.ask("PATCH", f"/api/orders/{name}/complete", headers) for name in names]
        drive = partial(load.drive, processes.HOST, self.web.port, requests, wanted=load.TAKEN)
        return (await asyncio.to_thread(drive, connections=CONNECTIONS, seconds=seconds)).rate

    async def complete_many(self, requests: int) -> float:
        """Complete by requests of a thousand orders, one after another; orders per second."""
        names = await self._orders(requests * CHUNK)
        return await asyncio.to_thread(self._complete_many, names)

    def _complete_many(self, names: Sequence[str]) -> float:
        connection = HTTPConnection(processes.HOST, self.web.port, timeout=load.SILENCE_SECONDS_MAX)
        chunks = [names[start : start + CHUNK] for start in range(0, len(names), CHUNK)]
        bodies = [json.dumps({"order_ids": chunk}).encode() for chunk in chunks]
        headers = {"Content-Type": "application/json", "X-API-KEY": self.api_key}
        began = time.perf_counter()
        for body in bodies:
            connection.request("POST", "/api/orders/complete", body, headers)
            answer = json.loads(connection.getresponse().read())
            if answer.get("completed") != CHUNK:
                raise load.LoadFailed(str(answer)[:500])
        seconds = time.perf_counter() - began
        connection.close()
        return len(names) / seconds

    async def _orders(self, count: int) -> list[str]:
        """So many new orders, each of a random seller; the platform's names for them."""
        names = [f"{self.name}-order-{next(self._numbers):09}" for _ in range(count)]
        for start in range(0, count, CHUNK):
            news = [self._new(name) for name in names[start : start + CHUNK]]
            async with self.house.database.transaction() as tx:
                made = await orders.create(tx, news, book=self.house.book, at=self.house.clock.now())
            assert not any(isinstance(one, Refusal) for one in made), "each is new, and its seller is known"
        return names

    def _new(self, name: str) -> NewOrder:
        seller = self._chance.choice(self.sellers)
        price = Money(self._chance.randint(100, PRICE_MAX), CURRENCY)
        return NewOrder(PROGRAM, name, seller.reference, "Brass lamp", price, ACTOR)


async def _open(stack: AsyncExitStack, ground: Ground, database: str) -> tuple[Running, dict[str, Market]]:
    """Web processes, and a market without scouts and one in which each seller has one, both on one database."""
    url = await ground.database(database)
    house = await stack.enter_async_context(ground.house(url))
    at = house.clock.now()
    async with house.database.transaction() as tx:
        await programs.apply(tx, programs.ready()[PROGRAM].read_text("utf-8"), actor=ACTOR, at=at)
        key = identity.NewKey(None, PROGRAM, "bench", scopes=identity.PROGRAM_SCOPES)
        [issued] = await identity.issue_keys(tx, [key], actor=ACTOR, at=at)
        crowds = {name: await _people(tx, "seller", name, SELLERS, at=at) for name in ("plain", "recruited")}
        for sellers in crowds.values():
            await _bank(tx, house, sellers, at=at)
        scouts = await _people(tx, "scout", "s", SELLERS // 10, at=at)
        pairs = zip(crowds["recruited"], itertools.cycle(scouts), strict=False)
        await orders.recruit(tx, [Recruit(seller.id, scout.id, PROGRAM, at, ACTOR) for seller, scout in pairs])
    web = await stack.enter_async_context(processes.web(ground, url))
    return web, {name: Market(name, house, web, sellers, issued.text) for name, sellers in crowds.items()}


async def _people(tx: Transaction, kind: str, name: str, count: int, *, at: datetime) -> list[Holder]:
    news = [NewHolder(PROGRAM, kind, f"{name}-{number:04}", "Asha Rao") for number in range(count)]
    return await holders.register(tx, news, at=at)


async def _bank(tx: Transaction, house: House, sellers: Sequence[Holder], *, at: datetime) -> None:
    """Give each an account to be paid to."""
    news = [
        NewDestination(one.id, Destination("HDFC0001234", f"{number:012}", one.name), cool_off_hours=0, added_by=ACTOR)
        for number, one in enumerate(sellers)
    ]
    await holders.add_destinations(tx, news, keyring=house.keyring, at=at)
