"""The naive worker: the one of the merchants document, which every figure about sending stands beside.

Every 5 seconds it takes the 10 payouts that have waited longest and goes through them one after another: marks one as
processing, calls the bank, which takes a second, marks it as done, updates the balance, and writes the ledger entry
and the webhook's row. Each statement commits by itself. A pass of ten takes ten seconds; the next follows at once.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Final

import asyncpg

from bench.ground import Ground
from bench.rounds import Measure

EVERY_SECONDS: Final = 5.0
AT_ONCE: Final = 10
BANK_SECONDS: Final = 1.0

TABLES: Final = """
    CREATE SCHEMA naive;
    CREATE TABLE naive.payouts (id serial PRIMARY KEY, merchant integer NOT NULL, amount numeric NOT NULL,
                                status text NOT NULL DEFAULT 'PENDING', created_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE naive.merchants (id integer PRIMARY KEY, balance numeric NOT NULL, locked numeric NOT NULL);
    CREATE TABLE naive.ledger (id serial PRIMARY KEY, merchant integer NOT NULL, payout integer NOT NULL,
                               amount numeric NOT NULL);
    CREATE TABLE naive.webhooks (id serial PRIMARY KEY, payout integer NOT NULL, status text NOT NULL);
    INSERT INTO naive.merchants SELECT n, 1000000, 1000 FROM generate_series(1, 100) n;
    INSERT INTO naive.payouts (merchant, amount) SELECT n % 100 + 1, 1000 FROM generate_series(1, 1000) n;
"""
TAKE: Final = """
    SELECT id, merchant, amount FROM naive.payouts WHERE status = 'PENDING' ORDER BY created_at, id LIMIT $1
"""


async def worker(stack: AsyncExitStack, ground: Ground, *, name: str, seconds: float) -> Measure:
    """The naive worker on a database of this name, its own; what it does in so many seconds, as payouts per second."""
    connection = await asyncpg.connect(await ground.database(name))
    stack.push_async_callback(connection.close)
    await connection.execute(TABLES)

    async def work() -> float:
        began = time.perf_counter()
        done = 0
        while True:
            pass_began = time.perf_counter()
            for payout in await connection.fetch(TAKE, AT_ONCE):
                await _pay(connection, payout)
                done += 1
                if (passed := time.perf_counter() - began) >= seconds:
                    return done / passed
            await asyncio.sleep(max(0.0, pass_began + EVERY_SECONDS - time.perf_counter()))

    return work


async def _pay(connection: "asyncpg.Connection[asyncpg.Record]", payout: asyncpg.Record) -> None:
    number, merchant, amount = payout
    await connection.execute("UPDATE naive.payouts SET status = 'PROCESSING' WHERE id = $1", number)
    await asyncio.sleep(BANK_SECONDS)
    await connection.execute("UPDATE naive.payouts SET status = 'SUCCESS' WHERE id = $1", number)
    await connection.execute(
        "UPDATE naive.merchants SET balance = balance - $2, locked = locked - $2 WHERE id = $1", merchant, amount
    )
    await connection.execute(
        "INSERT INTO naive.ledger (merchant, payout, amount) VALUES ($1, $2, $3)", merchant, number, amount
    )
    await connection.execute("INSERT INTO naive.webhooks (payout, status) VALUES ($1, 'SUCCESS')", number)
