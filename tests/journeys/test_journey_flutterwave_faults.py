"""Flutterwave misbehaves in every way its simulator knows: all payouts converge, and its book equals our clearing."""

from pathlib import Path
from typing import Any, Final

import pytest

from ways import V3, V4, Way
from world import World, open_world

WAYS: Final = [pytest.param(V3, id="v3"), pytest.param(V4, id="v4")]
SLOW: Final = [pytest.param(V3, id="v3"), pytest.param(V4, id="v4", marks=pytest.mark.fault_lab)]
"""v4 has no bulk, so what became of each has to be asked for one by one, as often as the schedule has it."""

EVERY_END: Final = "0001 0001 0002 0003 0001 0004 0001 0007"
ENDS: Final = {"s0007": "failed"}

CALLS: Final[dict[str, Any]] = {
    "timeout_before_accept": {"next": 2},
    "error_before_accept": {"next": 2},
    "timeout_after_accept": {"next": 2},
    "error_after_accept": True,
    "drop_after_accept": True,
    "malformed_answer": True,
    "empty_answer": True,
    "rate_limit": {"next": 3},
}
"""What strikes calls that pay; ``True`` is for ever, so that only look-ups tell."""


async def pay(world: World, *, count: int = 16) -> None:
    """Payouts with every end there is, all the way."""
    acme = await world.merchant()
    await world.ask(acme, count=count, suffixes=EVERY_END)
    async with world.working():
        await world.until_at_rest(**ENDS)
    await world.audit()


@pytest.mark.parametrize("way", SLOW)
@pytest.mark.parametrize("fault", CALLS)
async def test_an_answer_that_proves_nothing_is_found_out_by_asking(
    database_url: str, tmp_path: Path, way: Way, fault: str
) -> None:
    """No webhook comes to help."""
    async with open_world(database_url, tmp_path, through=way) as world:
        await world.faults(**{fault: CALLS[fault], "drop_webhooks": True})
        await pay(world)
        assert (await world.struck())[fault] >= 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", ["webhook_before_answer", "duplicate_webhooks", "reorder_webhooks", "drop_webhooks"])
async def test_webhooks_may_overtake_come_twice_come_late_or_never(
    database_url: str, tmp_path: Path, way: Way, fault: str
) -> None:
    async with open_world(database_url, tmp_path, through=way) as world:
        await world.faults(**{fault: True, "reorder_ms": 400})
        await pay(world)
        assert (await world.struck())[fault] >= 1
