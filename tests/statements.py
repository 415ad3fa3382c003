"""Listening in on a transaction: what it really asks the database, and how often."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bursar.foundation.db import Transaction


@asynccontextmanager
async def statements_of(tx: Transaction) -> AsyncIterator[list[str]]:
    """The statements that the block sends, complete when the block is over.

    The driver asks about array types the first time they are used, so warm up what is to be counted.
    """
    heard: list[str] = []
    with tx._connection.query_logger(lambda query: heard.append(query.query)):
        yield heard
    await asyncio.sleep(0)  # The driver tells its listeners with the loop's next turn.
