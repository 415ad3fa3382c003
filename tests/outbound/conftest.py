"""A house of merchants, and one receiver that answers."""

from collections.abc import AsyncIterator

import pytest
from webhooks_house import House, Receiver, opened, receiving

from bursar.foundation.db import Database


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    """Merchants and their endpoints, on a database of this test's own."""
    async with opened(database) as house:
        yield house


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A merchant's server that answers 200 until told otherwise."""
    async with receiving() as receiver:
        yield receiver
