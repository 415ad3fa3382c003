"""Stripe misbehaves in every way its simulator knows, and workers die between its two steps.

Everybody is paid once, what came to nothing is taken back, and both of Stripe's books agree with ours.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from bursar_sandbox.stripe.ids import PLATFORM
from ways import STRIPE, STRIPE_KEY, STRIPE_TRANSFER, Way
from world import World, open_world

WAYS: Final = [
    pytest.param(STRIPE, id="stripe"),
    pytest.param(STRIPE_TRANSFER, id="stripe-transfer", marks=pytest.mark.fault_lab),
]
"""The second one's only step is the first one's first, so its bad days are left to the long runs."""

EVERY_END: Final = "0001 0002 0003 0004 0005 0006 0008 0001"
ENDS: Final[dict[str, dict[str, str]]] = {
    "stripe": {"s0005": "failed", "s0006": "failed", "s0008": "failed"},
    "stripe-transfer": {
        **dict.fromkeys(("s0002", "s0003", "s0004", "s0005", "s0008"), "completed"),
        "s0006": "failed",
    },
}
"""What becomes of a payout by its account's last four digits: whether the bank counts depends on how far it goes."""

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
LASTING: Final = ("error_after_accept", "drop_after_accept", "malformed_answer")
"""What may strike for ever, since what was done can be looked up; a refusal could not."""

LONG: Final = {"stripe_deadline": 30.0}  # Longer than anybody lives here who waits for an answer.


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """An installation that pays through Stripe as far as the bank."""
    async with open_world(database_url, tmp_path, through=STRIPE) as world:
        yield world


async def rested(world: World, **ends: str) -> None:
    """Everything came to its end, every law holds, and Stripe's own money is where it should be."""
    await world.until_at_rest(**{**ENDS[world.through.gateway], **ends})
    await world.audit()
    given = await answered(world, "/stripe/transfers/book")
    assert given["paid_more_than_once"] == []
    kept = {line["orderId"] for line in given["transfers"] if line["status"] == "SUCCESS"}
    states = await world.states()
    assert kept == {str(one) for one, state in states.items() if state in {"completed", "sent"}}


async def answered(world: World, path: str, **headers: str) -> Any:
    """What the sandbox says to a question."""
    sandbox = world.bank_url.removesuffix(world.through.prefix)
    named = {"Authorization": f"Bearer {STRIPE_KEY}", **{name.replace("_", "-"): of for name, of in headers.items()}}
    async with world.session.get(f"{sandbox}{path}", headers=named) as reply:
        return await reply.json()


async def holds(world: World, payout: UUID) -> int:
    """What the account of a payout's holder has at Stripe."""
    account = world.asked[payout].account_number
    balance = await answered(world, "/stripe/v1/balance", Stripe_Account=account)
    return int(balance["available"][0]["amount"])


async def transfers_made(world: World) -> int:
    """How many transfers there are."""
    return len((await answered(world, "/stripe/transfers/book"))["transfers"])


async def until_made(world: World, count: int, of: str = "/stripe/transfers/book") -> None:
    """Wait until a book has so many lines."""
    async with asyncio.timeout(30):
        while len((await answered(world, of))["transfers"]) < count:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", CALLS)
async def test_an_answer_that_proves_nothing_is_found_out_by_asking(
    database_url: str, tmp_path: Path, way: Way, fault: str
) -> None:
    """No webhook comes to help."""
    async with open_world(database_url, tmp_path, through=way) as world:
        await world.faults(**{fault: {"next": 4}, "drop_webhooks": True})
        await world.ask(await world.merchant(), count=16, suffixes=EVERY_END)
        async with world.working():
            await rested(world)
        assert (await world.struck())[fault] == 4


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", LASTING)
async def test_a_last_step_that_is_never_answered_is_found_by_look_ups_alone(
    database_url: str, tmp_path: Path, way: Way, fault: str
) -> None:
    async with open_world(database_url, tmp_path, through=way) as world:
        last = "payouts" if way is STRIPE else "transfers"
        await world.faults(**{fault: {"rate": 1, "on": last}, "drop_webhooks": True})
        await world.ask(await world.merchant(), count=10, suffixes="0001 0002 0003 0004 0008")
        async with world.working():
            await rested(world)
        assert (await world.struck())[fault] >= 10


@pytest.mark.parametrize("fault", ["webhook_before_answer", "duplicate_webhooks", "reorder_webhooks", "drop_webhooks"])
async def test_webhooks_may_overtake_come_twice_come_late_or_never(world: World, fault: str) -> None:
    await world.faults(**{fault: True, "reorder_ms": 400})
    await world.ask(await world.merchant(), count=16, suffixes=EVERY_END)
    async with world.working():
        await rested(world)
    assert (await world.struck())[fault] >= 1


@pytest.mark.parametrize("fault", ["timeout_before_accept", "timeout_after_accept"])
async def test_a_worker_that_dies_between_the_two_steps(database_url: str, tmp_path: Path, fault: str) -> None:
    """The money lies on the writers' accounts, and nobody knows; another finds it and sends it on, once."""
    async with open_world(database_url, tmp_path, through=STRIPE, settings=LONG) as world:
        await world.faults(**{fault: {"rate": 1, "on": "payouts"}, "drop_webhooks": True})
        asked = await world.ask(await world.merchant(), count=4)
        async with world.process("worker") as doomed:
            await until_made(world, 4 if fault == "timeout_after_accept" else 1)
            await asyncio.sleep(0.3)
            doomed.send(signal.SIGKILL)
            assert await doomed.died() == signal.SIGKILL
        assert await world.count("outcome = 'open'", table="attempts") == len(asked)
        made = len((await world.book())["transfers"])
        assert (made == 0) == (fault == "timeout_before_accept"), "whether there are payouts is what differs"
        await world.faults(**{fault: False})
        async with world.working():
            await world.let_waits_end()
            await rested(world)
        assert await transfers_made(world) == len((await world.book())["transfers"]) == len(asked)
        assert await world.count("generation > 1", table="attempts") == 0


@pytest.mark.parametrize("fault", ["timeout_before_accept", "timeout_after_accept"])
async def test_a_worker_that_dies_while_it_takes_money_back(database_url: str, tmp_path: Path, fault: str) -> None:
    """A payout was refused and its money is on its way back: it comes back once, and only then is the attempt over."""
    async with open_world(database_url, tmp_path, through=STRIPE, settings=LONG) as world:
        await world.faults(**{fault: {"rate": 1, "on": "reversals"}, "drop_webhooks": True})
        [payout] = await world.ask(await world.merchant(), suffixes="0005")
        async with world.process("worker") as doomed:
            await until_made(world, 1)
            async with asyncio.timeout(30):
                while fault not in await world.struck():
                    await asyncio.sleep(0.02)
            doomed.send(signal.SIGKILL)
            assert await doomed.died() == signal.SIGKILL
        assert await holds(world, payout) == (100_000 if fault == "timeout_before_accept" else 0)
        await world.faults(**{fault: False})
        async with world.working():
            await world.let_waits_end()
            await rested(world)
        assert await holds(world, payout) == 0
        [line] = (await answered(world, "/stripe/transfers/book"))["transfers"]
        assert (line["status"], line["returnedMinor"]) == ("RETURNED", 100_000)


async def test_money_that_a_failed_payout_left_is_held_until_it_is_back(world: World) -> None:
    await world.faults(error_before_accept={"rate": 1, "on": "reversals"})
    [payout] = await world.ask(await world.merchant(), suffixes="0003")
    async with world.working():
        await world.until("state = 'on_hold'")
        assert await holds(world, payout) == 100_000
        await world.faults(error_before_accept=False)
        await rested(world)
    assert await holds(world, payout) == 0


@pytest.mark.parametrize("fault", [None, "duplicate_webhooks", "reorder_webhooks"])
async def test_what_was_paid_and_then_failed_comes_back_once(world: World, fault: str | None) -> None:
    before = await answered(world, "/stripe/v1/balance")
    if fault is not None:
        await world.faults(**{fault: True, "reorder_ms": 400})
    asked = await world.ask(await world.merchant(), count=4, suffixes="0007 0001")
    async with world.working():
        await rested(world, s0007="returned")
    after = await answered(world, "/stripe/v1/balance")
    assert before["available"][0]["amount"] - after["available"][0]["amount"] == 200_000, "the two that stayed paid"
    assert [await holds(world, payout) for payout in asked] == [0, 0, 0, 0]
    assert await world.count("kind = 'reverse'", table="transfers") == 2


async def test_a_failure_months_later_is_a_return(world: World) -> None:
    [payout] = await world.ask(await world.merchant())
    async with world.working():
        await world.until("state = 'completed'")
        await world.force(f"{payout.hex}-1", "failed", failureCode="bank_ownership_changed")
        await rested(world, s0001="returned")
    assert await holds(world, payout) == 0


async def test_a_transfer_that_somebody_takes_back_at_stripe_is_a_return(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path, through=STRIPE_TRANSFER) as world:
        [payout] = await world.ask(await world.merchant())
        async with world.working():
            await world.until("state = 'completed'")
            await world.force(f"{payout.hex}-1", "reversed")
            await rested(world, s0001="returned")


async def test_a_payout_that_somebody_cancels_at_stripe_is_taken_back(world: World) -> None:
    [payout] = await world.ask(await world.merchant(), suffixes="0004")
    async with world.working():
        await world.until("state = 'sent'")
        await world.force(f"{payout.hex}-1", "canceled")
        await rested(world, s0004="failed")
    assert await holds(world, payout) == 0


async def test_a_lie_under_the_right_signature_moves_nothing(world: World) -> None:
    """What is told is a reason to ask: the payout it speaks of is paid, and stays so."""
    [payout] = await world.ask(await world.merchant())
    async with world.working():
        await world.until("state = 'completed'")
        await world.force(f"{payout.hex}-1", "failed")  # Told, and a moment later it is true no more.
        await world.force(f"{payout.hex}-1", "paid")
        await rested(world)


async def test_a_platform_that_runs_dry_pays_as_it_is_funded(world: World) -> None:
    await world.control("float", currency="USD", available="2500.00")
    await world.ask(await world.merchant(), count=6)
    async with world.working():
        await world.until("state = 'completed'", least=2)
        await world.until("state = 'retrying' AND reason = 'low_float'", least=4)
        await world.control("float", currency="USD", available=None, account=PLATFORM)
        await rested(world)


async def test_a_500_that_is_kept_for_its_key_pays_nobody_and_is_watched(world: World) -> None:
    """Stripe answers it again for a day: nothing was done, and nothing can be under that key."""
    await world.control("behaviour", keepsEveryError=True)
    await world.faults(error_before_accept={"next": 1})
    [payout] = await world.ask(await world.merchant())
    async with world.working():
        await world.until("outcome = 'unknown'", table="attempts")
        await world.until("inquiries > 3", table="attempts")
    assert await transfers_made(world) == 0
    assert (await world.states())[payout] == "sending"
    await world.audit()
