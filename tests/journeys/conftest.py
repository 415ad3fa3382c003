"""A world for each test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from world import World, open_world


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """An installation with a bank that answers at once, and no worker yet."""
    async with open_world(database_url, tmp_path) as world:
        yield world
