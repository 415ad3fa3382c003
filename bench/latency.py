"""``latency``: how long a payout takes from PENDING to SUCCESS while there is little to do."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import quantiles
from typing import Final
from uuid import UUID

from bench import load, processes
from bench.effort import Effort
from bench.ground import Ground, Merchant
from bench.receiver import Receiver
from bench.rounds import Contest
from bursar.foundation.addresses import Policy
from bursar.foundation.egress import Egress
from bursar.house import House
from bursar.outbound import webhooks

PER_SECOND: Final = 20
MERCHANTS: Final = 20  # With an endpoint each, all at the same address.
DOCUMENT_MS: Final = 4_000.0  # What the merchants document measured on its own system, at its best.
PATIENCE_SECONDS: Final = 30.0


@asynccontextmanager
async def latency(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Web, worker and bank as in production, the bank reporting back; and a merchant's endpoint that is told."""
    url = await ground.database("latency")
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(Receiver.open())
        web = await stack.enter_async_context(processes.web(ground, url, processes=1))
        bank = await stack.enter_async_context(processes.bank(ground, reports_to=web.url))
        worker = processes.worker(ground, url, bank=bank, webhook_allow_loopback="true")
        await stack.enter_async_context(worker)
        house = await stack.enter_async_context(ground.house(url))
        await _subscribe(ground, house, receiver.url)
        trickle = _Trickle(house, web.port, ground.merchants[:MERCHANTS], receiver)
        await trickle.flow(count=PER_SECOND)

        async def first() -> float:
            await trickle.flow(count=effort.latency_seconds * PER_SECOND)
            return _percentile(trickle.completed, 50)

        yield [
            Contest("latency.completed.p50", "ms", first, _documented),
            Contest("latency.completed.p99", "ms", lambda: _later(_percentile(trickle.completed, 99)), _documented),
            Contest("latency.told.p50", "ms", lambda: _later(_percentile(trickle.told, 50)), _documented),
            Contest("latency.told.p99", "ms", lambda: _later(_percentile(trickle.told, 99)), _documented),
        ]


async def _documented() -> float:
    return DOCUMENT_MS


async def _later(value: float) -> float:
    return value


async def _subscribe(ground: Ground, house: House, address: str) -> None:
    """Give some merchants an endpoint."""
    egress = Egress.open(Policy(allow_loopback=True))
    target = await egress.vet(address)
    await egress.close()
    async with house.database.transaction() as tx:
        for merchant in ground.merchants[:MERCHANTS]:
            wish = webhooks.EndpointWish(UUID(merchant.holder_id), target)
            await webhooks.add_endpoint(tx, wish, keyring=house.keyring, at=house.clock.now())


class _Trickle:
    """A gentle, even load; and how long its payouts took, in milliseconds, once it is over.

    ``completed`` is the time from a payout's creation to the event that settled it, by the database, and ``told`` the
    time from its creation until the merchant's endpoint had the message.
    """

    def __init__(self, house: House, port: int, merchants: Sequence[Merchant], receiver: Receiver) -> None:
        self.completed: list[float] = []
        self.told: list[float] = []
        self._house = house
        self._port = port
        self._merchants = merchants
        self._receiver = receiver
        self._seeds = itertools.count()

    async def flow(self, *, count: int) -> None:
        """Create so many payouts at an even pace, and wait until each is completed and told."""
        self._receiver.expect(count)
        requests = load.render(self._merchants, count=count, seed=next(self._seeds))
        reader, writer = await asyncio.open_connection(processes.HOST, self._port)
        began = time.perf_counter()
        for place, request in enumerate(requests):
            await asyncio.sleep(began + place / PER_SECOND - time.perf_counter())
            writer.write(request)
            await load.read_answer(reader)
        writer.close()
        await self._receiver.complete(within=PATIENCE_SECONDS)
        await self._look_up()

    async def _look_up(self) -> None:
        told_at = self._receiver.told_at
        async with self._house.database.transaction(readonly=True) as tx:
            rows = await tx.many(
                """
                SELECT p.id, p.created_at, e.at FROM payouts p JOIN payout_events e ON e.payout_id = p.id
                WHERE e.verb = 'settle' AND p.id = ANY($1::uuid[])
                """,
                list(told_at),
            )
        self.completed = [(row["at"] - row["created_at"]).total_seconds() * 1000 for row in rows]
        self.told = [(told_at[str(row["id"])] - row["created_at"]).total_seconds() * 1000 for row in rows]


def _percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100)[percent - 1]
