"""Payouts to banks and UPI addresses in India, through RazorpayX on its good days and on its own kinds of bad ones."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from ways import BUSINESS, RAZORPAYX, RAZORPAYX_UPI, Way
from world import World, open_world

BANK = "HDFC"  # Of every account here.


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """An installation that pays to bank accounts through RazorpayX."""
    async with open_world(database_url, tmp_path, through=RAZORPAYX) as world:
        yield world


@pytest.mark.parametrize("way", [pytest.param(RAZORPAYX, id="bank"), pytest.param(RAZORPAYX_UPI, id="upi")])
async def test_everybody_is_paid_once(database_url: str, tmp_path: Path, way: Way) -> None:
    async with open_world(database_url, tmp_path, through=way) as world:
        await world.ask(await world.merchant(), count=12)
        async with world.working():
            await world.until_at_rest()
        await world.audit()
        assert {line["currency"] for line in (await world.book())["transfers"]} == {"INR"}


async def test_each_payout_comes_to_the_end_that_its_account_has(world: World) -> None:
    """What is reversed before it was ever processed is tried again; an approval that is missing holds a payout."""
    await world.ask(await world.merchant(), count=9, suffixes="0001 0002 0003 0004 0005 0006 0008 0009 0010")
    async with world.working():
        await world.until_at_rest(s0006="failed", s0009="failed")
    await world.audit()


async def test_what_was_processed_and_then_reversed_comes_back_once(world: World) -> None:
    await world.ask(await world.merchant(), count=4, suffixes="0001 0007")
    async with world.working():
        await world.until_at_rest(s0007="returned")
    await world.audit()
    assert await world.count("kind = 'reverse'", table="transfers") == 2


async def test_a_reversal_days_later_is_a_return(world: World) -> None:
    [payout] = await world.ask(await world.merchant())
    async with world.working():
        await world.until_at_rest()
        await world.force(f"{payout.hex}-1", "reversed", reason="beneficiary_bank_rejected")
        await world.until_at_rest(s0001="returned")
    await world.audit()


async def test_large_amounts_go_another_way(database_url: str, tmp_path: Path) -> None:
    """IMPS carries five lakh rupees; beyond that money goes by RTGS."""
    async with open_world(database_url, tmp_path, through=RAZORPAYX, review__amount_at=None) as world:
        await world.ask(await world.merchant(), count=2, amount="600000.00")
        async with world.working():
            await world.until_at_rest()
        await world.audit()


async def test_what_the_account_does_not_cover_waits_until_it_does(world: World) -> None:
    await world.control("float", currency="INR", available="3100.00")
    await world.ask(await world.merchant(), count=8)
    async with world.working():
        await world.until("state = 'completed'", least=3)
        await world.until("state = 'retrying' AND reason = 'low_float'", least=5)
        await world.control("float", currency="INR", available=None)
        await world.until_at_rest()
    await world.audit()


async def test_what_razorpayx_queues_for_want_of_money_is_held_and_paid_there(
    database_url: str, tmp_path: Path
) -> None:
    queues = {"razorpayx_queue_low_balance": True}
    async with open_world(database_url, tmp_path, through=RAZORPAYX, settings=queues) as world:
        await world.control("float", available="3100.00")
        await world.ask(await world.merchant(), count=8)
        async with world.working():
            await world.until("state = 'completed'", least=3)
            await world.until("state = 'on_hold'", least=5)
            await world.control("float", available=None)
            await world.until_at_rest(hasten=True)
        await world.audit()
        assert await world.count("true", table="attempts") == 8


async def test_what_somebody_cancels_in_the_queue_there_has_failed(database_url: str, tmp_path: Path) -> None:
    """No webhook tells of it."""
    queues = {"razorpayx_queue_low_balance": True}
    async with open_world(database_url, tmp_path, through=RAZORPAYX, settings=queues) as world:
        await world.control("float", available="0.00")
        [payout] = await world.ask(await world.merchant())
        async with world.working():
            await world.until("state = 'on_hold'")
            await world.force(f"{payout.hex}-1", "cancelled")
            await world.until_at_rest(hasten=True, s0001="failed")
        await world.audit()


async def test_in_test_mode_a_hand_moves_each_payout(world: World) -> None:
    await world.control("behaviour", mode="test")
    paid, failed = await world.ask(await world.merchant(), count=2)
    async with world.working():
        await world.until("state = 'sent'", least=2)
        await world.force(f"{paid.hex}-1", "processed")
        await world.force(f"{failed.hex}-1", "failed", reason="bank_account_closed")
        await world.until("state IN ('completed', 'failed')", least=2)
        await world.until_settled()
    states = await world.states()
    assert (states[paid], states[failed]) == ("completed", "failed")
    await world.audit()


async def test_while_a_bank_is_down_nothing_leaves_for_it(world: World) -> None:
    """Nothing is lost and nothing is tried in vain; what goes to other banks goes on."""
    await world.control("downtime", bank=BANK, status="started")
    await world.until("gateway LIKE '%' || $1", BANK, table="circuits")
    acme = await world.merchant()
    await world.ask(acme, count=3)
    elsewhere = await world.post(acme, world.body(bankCode="ICIC0000001"))
    assert elsewhere.status == 201
    async with world.working():
        await world.until("state = 'completed'")
        assert set((await world.states()).values()) == {"completed", "approved"}
        assert len((await world.book())["transfers"]) == 1
        await world.control("downtime", bank=BANK, status="resolved")
        await world.until_at_rest()
    await world.audit()


async def test_webhooks_of_the_old_secret_are_believed_while_it_is_kept(database_url: str, tmp_path: Path) -> None:
    secrets = {"razorpayx_webhook_secret": SecretStr(f"the-new-secret,{BUSINESS.webhook_secret}")}
    async with open_world(database_url, tmp_path, through=RAZORPAYX, settings=secrets) as world:
        acme = await world.merchant()
        await world.ask(acme, count=2)
        async with world.working():
            await world.until_at_rest()
            await world.control("secret", secret="the-new-secret")
            await world.ask(acme, count=2)
            await world.until_at_rest()
        await world.audit()
        async with world.session.get(f"{world.bank_url}/control/webhooks") as reply:
            assert {line["status"] for line in (await reply.json())["items"]} == {"delivered"}


async def test_two_workers_and_webhooks_in_any_order_pay_once(world: World) -> None:
    await world.faults(duplicate_webhooks=True, reorder_webhooks=True, webhook_before_answer={"rate": 0.5})
    await world.ask(await world.merchant(), count=20, suffixes="0001 0002 0003 0007 0008")
    reversed_later = [one for one, asked in world.asked.items() if asked.account_number.endswith("0007")]
    async with world.working(), world.working():
        # Whether it came back or was never paid: of one that is reversed before anybody asked, nobody knows.
        back = "state IN ('failed', 'returned') AND id = ANY($1)"
        await world.until(back, reversed_later, least=len(reversed_later))
        await world.until("state = 'failed' AND id <> ALL($1)", reversed_later, least=4)
        await world.until("state = 'completed'", least=12)
        await world.until_settled()
    await world.audit()
