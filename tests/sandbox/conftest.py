"""A mock bank for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest
from sandbox_house import SandboxHouse, open_house


@pytest.fixture
async def bank() -> AsyncIterator[SandboxHouse]:
    """A bank that answers at once and misbehaves only when told to."""
    async with open_house() as house:
        yield house
