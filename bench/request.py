"""``providers.request``: how fast payouts are taken in that providers ask for themselves, all risk rules asked."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final
from uuid import UUID

from bench import create, history, load, processes, providers, reference, runs
from bench.effort import Effort
from bench.ground import Ground
from bench.rounds import Contest
from bench.waiting import Waiting

CONNECTIONS: Final = 128
PATH: Final = "/api/provider/payouts"


@asynccontextmanager
async def request(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Single requests over real HTTP to two web processes, each by a session of the provider's own."""
    ours, theirs = await ground.database("request"), await ground.database("request_reference")
    await reference.install(theirs)
    async with ground.house(ours) as house, processes.web(ground, ours) as web:
        crowd = await providers.settle_in(house)
        waiting = crowd.waiting(Waiting(ground, ours))
        await history.live_through(waiting, house, count=effort.history, program=providers.PROGRAM)
        seeds = itertools.count()

        async def ask(seconds: float) -> float:
            requests = _render(crowd, count=round(seconds * create.RATE_MAX), seed=next(seeds))
            drive = partial(load.drive, processes.HOST, web.port, requests)
            return (await asyncio.to_thread(drive, connections=CONNECTIONS, seconds=seconds)).rate

        await ask(effort.warm_up_seconds)
        await runs.insist_that_none_is_held(house, providers.PROGRAM)
        pgbench = await reference.creating(theirs, ground.folder, sample=ours)
        await pgbench.rate(transactions=create.WARM_UP_TRANSACTIONS)
        against = partial(pgbench.rate, seconds=effort.load_seconds)
        yield [Contest("providers.request.http", "payouts/s", partial(ask, effort.load_seconds), against)]


def _render(crowd: providers.Crowd, *, count: int, seed: int) -> list[bytes]:
    """Requests for ``count`` payouts: a random provider and amount each, to the provider's own account."""
    chance = random.Random(seed)  # noqa: S311 - variety, not secrecy
    sessions = list(crowd.tokens.values())
    return [_request(chance.choice(sessions), chance) for _ in range(count)]


def _request(token: str, chance: random.Random) -> bytes:
    key = UUID(int=chance.getrandbits(128), version=4)
    amount = f"{chance.randint(1, 49_999)}.{chance.randint(10, 99)}"
    content = f'{{"amount":"{amount}","reference":"week-{chance.getrandbits(40):013}"}}'.encode()
    return load.post(PATH, {"Authorization": f"Bearer {token}", "Idempotency-Key": str(key)}, content)
