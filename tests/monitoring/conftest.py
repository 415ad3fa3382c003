from collections.abc import AsyncIterator

import pytest
from monitoring_house import Books, open_books
from watch_house import Mailbox, Receiver, WatchedHouse, open_watched, receiving_mail, receiving_posts

from bursar.foundation.clock import FakeClock
from bursar.foundation.db import Database


@pytest.fixture
async def books(database: Database, clock: FakeClock) -> Books:
    return await open_books(database, clock)


@pytest.fixture
async def watched(database: Database) -> WatchedHouse:
    """A program that is watched with the document's limits."""
    return await open_watched(database)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server that takes everything."""
    async with receiving_mail() as mailbox:
        yield mailbox


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A server that alerts are posted to."""
    async with receiving_posts() as receiver:
        yield receiver
