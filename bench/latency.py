"""``latency``: how long a payout takes from PENDING to SUCCESS while there is little to do."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg

from bench import load, processes
from bench.effort import Effort
from bench.ground import Ground
from bench.receiver import Receiver
from bench.rounds import Contest
from bursar.foundation.addresses import Policy
from bursar.foundation.db import SCHEMA
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
        trickle = _Trickle(ground, house, web.port, receiver)
        await trickle.flow(PER_SECOND)
        kinds = (("completed", trickle.completed), ("told", trickle.told))
        yield [
            Contest("latency.completed.p50", "ms", partial(trickle.measure, effort.latency_seconds * PER_SECOND), _document),
        ]
