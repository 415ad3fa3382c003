"""A run in bad weather: workers die, Flutterwave is away, repeats itself or runs dry; everybody is paid once."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from providers_world import EASED, Provider, Providers, open_providers
from queue_servers import Line
from ways import HASH

SWITCHES: Final = "/api/admin/kill-switches"

EVERY_END: Final = ("0001", "0002", "0003", "0004", "0001", "0007")
ENDS: Final = {"s0007": "failed"}


@pytest.fixture
async def here(database_url: str, tmp_path: Path) -> AsyncIterator[Providers]:
    """The shipped program, for people who are known already."""
    async with open_providers(database_url, tmp_path, **EASED) as here:
        yield here


async def ready(here: Providers, *, endings: Sequence[str] = EVERY_END) -> list[tuple[Provider, UUID]]:
    """Payouts of as many providers as there are endings; approved, their accounts checked, waiting for a run."""
    names = [
        "Ada Obi",
        "Bola Adeyemi",
        "Chidi Eze",
        "Dayo Bello",
        "Emeka Nwosu",
        "Femi Kuti",
        "Gozi Ude",
        "Halima Musa",
    ]
    asked = []
    async with here.world.working():
        for ending, name in zip(endings, names, strict=False):
            provider = await here.provider(name)
            asked.append((provider, await here.ask(provider, ending=ending)))
        for provider, _ in asked:
            await here.until_checked(provider)
    return asked


async def settled(here: Providers, asked: Sequence[tuple[Provider, UUID]]) -> None:
    """Everybody was paid once or has their money back, by everybody's books."""
    await here.world.let_waits_end()
    await here.world.until_at_rest(**ENDS)
    await here.world.audit()
    for provider, payout in asked:
        available, reserved = await provider.balance()
        match await provider.status(payout):
            case "COMPLETED":
                assert (available, reserved) == ("99000.00", "0.00")
            case "PROCESSING":
                assert (available, reserved) == ("99000.00", "1000.00")
            case _:
                assert (available, reserved) == ("100000.00", "0.00")


@pytest.mark.parametrize("point", ["dispatch.after_intent", "dispatch.before_record_commit"])
async def test_a_worker_that_is_killed_in_the_middle_of_a_run(here: Providers, point: str) -> None:
    await here.world.faults(drop_webhooks=True)
    asked = await ready(here)
    run = await here.run()
    async with here.world.process("worker", faults=f"{point}:kill") as doomed:
        assert await doomed.died() == signal.SIGKILL
    async with here.world.working():
        await settled(here, asked)
        await here.until_finished(run)


async def test_a_worker_that_is_killed_while_flutterwave_answers(here: Providers) -> None:
    """The bank has booked, and nobody hears its answer."""
    asked = await ready(here)
    await here.world.faults(latency_ms=3000)
    run = await here.run()
    async with here.world.process("worker") as doomed:
        await here.world.until("outcome = 'open'", table="attempts")
        async with asyncio.timeout(30):
            while not (await here.world.book())["transfers"]:
                await asyncio.sleep(0.02)
        doomed.send(signal.SIGKILL)
        await doomed.died()
    await here.world.faults(latency_ms=0)
    async with here.world.working():
        await settled(here, asked)
        await here.until_finished(run)


async def test_webhooks_that_overtake_come_twice_and_out_of_order(here: Providers) -> None:
    await here.world.faults(webhook_before_answer=True, duplicate_webhooks=True, reorder_webhooks=True, reorder_ms=300)
    asked = await ready(here)
    async with here.world.working():
        await here.run()
        await settled(here, asked)


@pytest.mark.parametrize("fault", ["error_after_accept", "partial_batch"])
async def test_a_bulk_whose_answer_is_lost_and_of_which_no_webhook_tells(here: Providers, fault: str) -> None:
    await here.world.faults(**{fault: {"next": 2}, "drop_webhooks": True})
    asked = await ready(here)
    async with here.world.working():
        await here.run()
        await settled(here, asked)
    assert (await here.world.struck())[fault] == 2


async def test_flutterwave_is_away_for_a_while(here: Providers) -> None:
    asked = await ready(here)
    await here.world.faults(down={"next": 4, "on": "all"})
    async with here.world.working():
        run = await here.run()
        await settled(here, asked)
        await here.until_finished(run)


async def test_forged_webhooks_move_nothing(here: Providers) -> None:
    """Neither with a wrong hash, nor with the right one and a lie in the body."""
    await here.world.faults(drop_webhooks=True)
    await here.change_terms(unknown__poll_seconds=[60])
    [(ada, payout)] = await ready(here, endings=["0004"])
    async with here.world.working():
        await here.run()
        await here.until_status(ada, payout, "PROCESSING")
        await here.world.until("state = 'sent'")
        for status in ("SUCCESSFUL", "FAILED"):
            assert [await tell(here, payout, status, secret=one) for one in ("", "wrong", HASH.upper())] == [401] * 3
            assert await tell(here, payout, status, amount=1) == 200
        await here.world.until("result = 'asked' AND apply_at IS NULL", table="reports", least=2)
        await here.world.until("inquiries >= 1 AND answered_at > asked_at", table="attempts")
        assert await ada.status(payout) == "PROCESSING"
        assert await ada.balance() == ("99000.00", "1000.00")
        assert await here.world.count("true", table="breaks") == 0
        await here.world.until_at_rest()
    await here.world.audit()


async def tell(here: Providers, payout: UUID, status: str, *, secret: str = HASH, **said: Any) -> int:
    """Send a webhook in Flutterwave's name; how it is answered."""
    data = {"id": 1, "reference": f"{payout.hex}-1", "status": status, "amount": 1000, "currency": "NGN", **said}
    body = json.dumps({"event": "transfer.completed", "event.type": "Transfer", "data": data})
    url = "/api/webhooks/flutterwave/payout_status"
    return (await here.nobody.post(url, data=body, headers={"verif-hash": secret})).status


async def test_money_is_stopped_during_a_run_and_let_go(here: Providers) -> None:
    await here.change_terms(dispatch__batch_size=1, dispatch__concurrency=1)
    asked = await ready(here, endings=["0001"] * 6)
    boss = await here.staff()
    switch = {"scope": "program", "subject": "providers"}
    await here.world.faults(latency_ms=400)
    async with here.world.working():
        run = await here.run()
        await here.world.until("true", table="attempts")
        assert (await boss.post(SWITCHES, json=switch | {"reason": "fraud alarm"})).status == 200
        await here.world.until("state = 'completed'")
        await here.until(lambda: here.world.count("outcome <> 'paid'", table="attempts"), 0)
        sent = await here.world.count("true", table="attempts")
        assert sent < len(asked)
        waiting = {(await by.payout(payout))["waiting"]["reason"] for by, payout in asked if await is_free(by, payout)}
        assert waiting == {"stopped"}
        await here.world.audit()
        await here.world.faults(latency_ms=0)
        assert (await boss.call("DELETE", SWITCHES, params=switch | {"confirm": "true"})).status == 200
        await settled(here, asked)
        await here.until_finished(run)


async def is_free(by: Provider, payout: UUID) -> bool:
    """Whether a payout is free to leave."""
    return await by.status(payout) == "APPROVED"


async def test_the_float_runs_dry_during_a_run_and_is_filled_bit_by_bit(here: Providers) -> None:
    asked = await ready(here, endings=["0001"] * 8)
    await here.world.control("float", currency="NGN", available="3100.00")
    async with here.world.working():
        run = await here.run()
        await here.world.until("state = 'completed'", least=3)
        await here.world.until("low_since IS NOT NULL", table="floats")
        seen = [await by.payout(payout) for by, payout in asked]
        waiting = [one for one in seen if one["status"] == "FAILED"]
        assert {one["processedAt"] for one in waiting} <= {None}, "it waits for funds, and has not failed for good"
        await here.world.control("float", currency="NGN", available="2500.00")
        await here.world.until("state = 'completed'", least=5)
        await here.world.control("float", currency="NGN", available=None)
        await settled(here, asked)
        await here.until_finished(run)
    assert await here.world.count("verb = 'fail'", table="payout_events") == 0


async def test_a_worker_is_killed_and_the_queue_forgets_through_each_carrier(
    line: Line, database_url: str, tmp_path: Path
) -> None:
    async with open_providers(database_url, tmp_path, settings=line.settings, **EASED) as here:
        await here.world.faults(drop_webhooks=True)
        asked = await ready(here)
        run = await here.run()
        async with here.world.process("worker", faults="dispatch.after_answer:kill") as doomed:
            assert await doomed.died() == signal.SIGKILL
        await line.cut(lose=True)
        await line.mend()
        async with here.world.process("worker") as one, here.world.process("worker") as two:
            await settled(here, asked)
            await here.until_finished(run)
            await one.stop()
            await two.stop()
