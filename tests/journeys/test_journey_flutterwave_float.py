"""Our wallet at Flutterwave runs dry: payouts wait for it, and leave as it is funded, each once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ways import V3, V4, Way
from world import World, open_world

WAYS = [pytest.param(V3, id="v3"), pytest.param(V4, id="v4")]


@pytest.fixture(params=WAYS)
async def poor(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """An installation whose wallet covers three payouts and their fees."""
    way: Way = request.param
    async with open_world(database_url, tmp_path, through=way, retry__max_attempts=2) as world:
        await world.control("float", currency="NGN", available="3100.00")
        yield world


async def test_what_it_does_not_cover_waits_until_it_does(poor: World) -> None:
    acme = await poor.merchant()
    await poor.ask(acme, count=10)
    async with poor.working():
        await poor.until("state = 'completed'", least=3)
        await poor.until("state = 'retrying' AND reason = 'low_float'", least=7)
        await poor.until("low_since IS NOT NULL AND looked_at IS NOT NULL", table="floats")
        if poor.through is V3:  # The other one tells no figure, and is tried now and again with one.
            assert await poor.count("true", table="attempts") == 10, "nothing is tried that is not covered"
        await poor.control("float", currency="NGN", available=None)
        await poor.until_at_rest()
        await poor.until("low_since IS NULL", table="floats")
    await poor.audit()


async def test_it_drains_as_it_is_funded_bit_by_bit(poor: World) -> None:
    acme = await poor.merchant()
    await poor.ask(acme, count=8)
    async with poor.working():
        await poor.until("low_since IS NOT NULL", table="floats")
        for least in (4, 6, 8):
            await poor.control("float", currency="NGN", available="2500.00")
            await poor.until("state = 'completed'", least=least)
        await poor.until_at_rest()
    await poor.audit()
