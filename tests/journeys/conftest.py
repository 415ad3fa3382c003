"""A world for each test that asks for one, on a database that all of them share one after the other."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ground import emptied, own_database
from world import World, open_world


@pytest.fixture(scope="session")
def shared_url(server_url: str, template: str) -> Iterator[str]:
    """The database that these tests share."""
    with own_database(server_url, template) as url:
        yield url


@pytest.fixture
async def database_url(shared_url: str) -> str:
    """That database, as good as new."""
    await emptied(shared_url)
    return shared_url


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """An installation with a bank that answers at once, and no worker yet."""
    async with open_world(database_url, tmp_path) as world:
        yield world
