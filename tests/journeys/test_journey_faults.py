"""A bank that misbehaves in every way it knows: all payouts come to their right end, and nobody is paid twice."""

import asyncio
from pathlib import Path
from typing import Any, Final

import pytest

from bursar.dispatch.circuits import FAILURES_MAX
from world import World, open_world

EVERY_END: Final = "0001 0001 0002 0003 0001 0004 0001 0005"

CALLS: Final[dict[str, Any]] = {
    "timeout_before_accept": {"next": 2},
    "error_before_accept": {"next": 2},
    "timeout_after_accept": {"next": 2},
    "error_after_accept": True,
    "drop_after_accept": True,
    "partial_batch": {"next": 2},
    "malformed_answer": True,
    "empty_answer": True,
    "wrong_amount_answer": True,
    "trickle": {"next": 2},
    "rate_limit": {"next": 3},
}
"""What strikes calls that pay; ``True`` is for ever, so that only look-ups tell."""

WEBHOOKS: Final = ("webhook_before_answer", "duplicate_webhooks", "reorder_webhooks", "drop_webhooks")


async def pay(world: World, *, count: int = 16) -> None:
    """Payouts with every end there is, all the way."""
    acme = await world.merchant()
    await world.ask(acme, count=count, suffixes=EVERY_END)
    async with world.working():
        await world.until_at_rest()
    await world.audit()


@pytest.mark.parametrize("fault", CALLS)
async def test_an_answer_that_proves_nothing_is_found_out_by_asking(world: World, fault: str) -> None:
    """No webhook comes to help."""
    await world.faults(**{fault: CALLS[fault], "drop_webhooks": True})
    await pay(world)
    assert (await world.struck())[fault] >= 1


@pytest.mark.parametrize("fault", ["timeout_after_accept", "error_before_accept"])
async def test_single_calls_are_found_out_about_as_well(database_url: str, tmp_path: Path, fault: str) -> None:
    async with open_world(database_url, tmp_path, settings={"mockbank_bulk": False}) as world:
        await world.faults(**{fault: {"next": 6}, "drop_webhooks": True})
        await pay(world)
        assert (await world.struck())[fault] == 6


@pytest.mark.parametrize("fault", ["error_after_accept", "malformed_answer", "empty_answer", "wrong_amount_answer"])
async def test_look_ups_that_prove_nothing_are_made_again(world: World, fault: str) -> None:
    await world.faults(**{fault: {"next": 8, "on": "all"}, "drop_webhooks": True})
    await pay(world)


@pytest.mark.parametrize("fault", WEBHOOKS)
async def test_webhooks_may_overtake_come_twice_come_late_or_never(
    database_url: str, tmp_path: Path, fault: str
) -> None:
    """The bank promises an answer first and settles later, so that everything hangs on what it tells."""
    async with open_world(database_url, tmp_path, bank={"settle_after_ms": 200}) as world:
        await world.faults(**{fault: True, "reorder_ms": 400})
        await pay(world)
        assert (await world.struck())[fault] >= 1


async def test_a_webhook_that_overtakes_the_banks_answer_counts(world: World) -> None:
    await world.faults(webhook_before_answer=True, latency_ms=100)
    await pay(world)
    late = await world.count("result = 'late'", table="reports")
    applied = await world.count("result = 'applied'", table="reports")
    assert applied > 0, "reports came before our own record of the answer"
    assert late + applied == await world.count("true", table="reports")


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.fault_lab) for n in range(2, 30))])
async def test_a_bad_day_with_everything_at_once(database_url: str, tmp_path: Path, seed: int) -> None:
    rates = {switch: {"rate": 0.08} for switch in (*CALLS, *WEBHOOKS)}
    async with open_world(database_url, tmp_path, bank={"seed": seed, "settle_after_ms": 100}) as world:
        await world.faults(**rates, latency_ms=5, latency_jitter_ms=30, reorder_ms=300)
        await pay(world, count=48)


async def test_a_bank_that_is_down_meets_no_storm_and_everything_is_paid_once_it_is_back(world: World) -> None:
    acme = await world.merchant()
    await world.faults(down=True)
    await world.ask(acme, count=200)
    async with world.working():
        await world.until("state = 'open'", table="circuits")
        under_way = 4 * 10  # Calls under way when it opened, and claimed while its opening was being written down.
        await asyncio.sleep(0.5)
        calls = (await world.struck())["down"]
        assert calls <= FAILURES_MAX + under_way
        attempts = await world.count("true", table="attempts")
        for failed in (1, 2, 3):  # Probes are look-ups: they find nothing out, and no new attempt is made.
            await world.connection.execute("UPDATE circuits SET probe_at = now()")
            await world.until(f"state = 'open' AND probes = {failed}", table="circuits")
        assert (await world.struck())["down"] <= calls + 10
        assert await world.count("true", table="attempts") == attempts
        await world.faults(down=False)
        while await world.count("state <> 'closed'", table="circuits"):
            await world.let_waits_end()
            await asyncio.sleep(0.1)
        await world.until_at_rest()
    await world.audit()


async def test_money_that_comes_back_later_goes_back_to_the_merchant(world: World) -> None:
    acme = await world.merchant()
    paid = await world.ask(acme, count=4)
    async with world.working():
        await world.until_at_rest()
        for payout in paid[:2]:
            await world.force(f"{payout.hex}-1", "RETURNED")
        await world.until("state = 'returned'", least=2)
        await world.until_settled()
    await world.audit()


async def test_a_bank_that_contradicts_itself_moves_no_money_and_calls_for_people(world: World) -> None:
    acme = await world.merchant()
    paid, refused = await world.ask(acme, count=2, suffixes="0001 0003")
    async with world.working():
        await world.until_at_rest()
        await world.force(f"{paid.hex}-1", "FAILED")
        await world.force(f"{refused.hex}-1", "SUCCESS")
        await world.until("closed_at IS NULL", table="breaks", least=2)
    assert await world.states() == {paid: "completed", refused: "failed"}
    await world.audit()


async def test_a_returned_part_is_for_people(world: World) -> None:
    acme = await world.merchant()
    paid = (await world.ask(acme))[0]
    async with world.working():
        await world.until_at_rest()
        await world.force(f"{paid.hex}-1", "RETURNED", amount="400.00")
        await world.until("kind = 'amount_mismatch'", table="breaks")
    assert await world.states() == {paid: "completed"}
