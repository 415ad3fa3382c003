"""RazorpayX misbehaves in every way its simulator knows. Everybody is paid once, and its book agrees with ours."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from processes import LOOK_SECONDS, SOON
from ways import RAZORPAYX
from world import World, open_world

EVERY_END: Final = "0001 0002 0003 0004 0005 0001 0008 0009"
CALLS: Final = (
    "timeout_before_accept",
    "error_before_accept",
    "timeout_after_accept",
    "error_after_accept",
    "drop_after_accept",
    "malformed_answer",
    "empty_answer",
    "wrong_amount_answer",
    "rate_limit",
)
LASTING: Final = (
    "error_after_accept",
    *(pytest.param(fault, marks=pytest.mark.fault_lab) for fault in ("drop_after_accept", "malformed_answer")),
)
"""What may strike for ever, since what was done can be looked up; a refusal could not."""


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """An installation that pays through RazorpayX."""
    async with open_world(database_url, tmp_path, through=RAZORPAYX) as world:
        yield world


async def rested(world: World) -> None:
    """Everything came to its end, and every law holds."""
    await world.until_at_rest(hasten=True, s0009="failed")
    await world.audit()


async def until_booked(world: World) -> None:
    """Wait until there is a payout at RazorpayX."""
    async with asyncio.timeout(SOON):
        while not (await world.book())["transfers"]:
            await asyncio.sleep(LOOK_SECONDS)


@pytest.mark.parametrize("fault", CALLS)
async def test_an_answer_that_proves_nothing_is_found_out_by_asking(world: World, fault: str) -> None:
    """No webhook comes to help."""
    await world.faults(**{fault: {"next": 4}, "drop_webhooks": True})
    await world.ask(await world.merchant(), count=16, suffixes=EVERY_END)
    async with world.working():
        await rested(world)
    assert (await world.struck())[fault] == 4


@pytest.mark.parametrize("fault", LASTING)
async def test_payouts_that_are_never_answered_are_found_by_look_ups_alone(world: World, fault: str) -> None:
    await world.faults(**{fault: {"rate": 1}, "drop_webhooks": True})
    await world.ask(await world.merchant(), count=8, suffixes=EVERY_END)
    async with world.working():
        await rested(world)
    assert (await world.struck())[fault] >= 8


@pytest.mark.parametrize("fault", ["webhook_before_answer", "duplicate_webhooks", "reorder_webhooks", "drop_webhooks"])
async def test_webhooks_may_overtake_come_twice_come_late_or_never(world: World, fault: str) -> None:
    await world.faults(**{fault: True, "reorder_ms": 400})
    await world.ask(await world.merchant(), count=16, suffixes=EVERY_END)
    async with world.working():
        await rested(world)
    assert (await world.struck())[fault] >= 1


async def test_a_worker_that_dies_while_it_sends_pays_nobody_twice(database_url: str, tmp_path: Path) -> None:
    """What it has sent is booked there and nobody knows; another finds it by our reference, and sends the rest."""
    patient = {"razorpayx_deadline": 30.0}  # Longer than anybody lives here who waits for an answer.
    async with open_world(database_url, tmp_path, through=RAZORPAYX, settings=patient) as world:
        await world.faults(timeout_after_accept=True, drop_webhooks=True)
        asked = await world.ask(await world.merchant(), count=4)
        async with world.process("worker") as doomed:
            await until_booked(world)
            doomed.send(signal.SIGKILL)
            assert await doomed.died() == signal.SIGKILL
        await world.faults(timeout_after_accept=False)
        async with world.working():
            await rested(world)
        assert len((await world.book())["transfers"]) == len(asked)


async def test_a_bad_day(world: World) -> None:
    await world.faults(
        timeout_after_accept={"rate": 0.1},
        error_before_accept={"rate": 0.1, "on": "all"},
        drop_after_accept={"rate": 0.1, "on": "all"},
        malformed_answer={"rate": 0.1, "on": "all"},
        rate_limit={"rate": 0.1, "on": "all"},
        duplicate_webhooks={"rate": 0.2},
        drop_webhooks={"rate": 0.2},
        reorder_webhooks={"rate": 0.3},
        hang_seconds=2,
    )
    await world.ask(await world.merchant(), count=24, suffixes=EVERY_END)
    async with world.working():
        await rested(world)
