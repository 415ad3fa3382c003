"""One database for all tests of orders; each has sellers of its own, and most leave nothing behind."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bursar.foundation.db import Database, Transaction
from ground import own_database, rolled_back


@pytest.fixture(scope="session")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database that these tests share."""
    with own_database(server_url, template) as url:
        yield url


@pytest.fixture
async def tx(database: Database) -> AsyncIterator[Transaction]:
    """An open transaction that is rolled back in the end."""
    async with rolled_back(database) as tx:
        yield tx
