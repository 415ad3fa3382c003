"""Stripe's two steps, against a simulator that books what really arrived."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from simulated import ACCEPTED, PAID, REFUSED, Tried, platform, simulated, words

from bursar.foundation.clock import FakeClock
from bursar.gateways import Instruction, NeverArrived, Outcome, Payment, Word
from bursar.gateways.stripe import Stripe

PAID_THEN_FAILED = "1234500007"
NO_PAYOUTS = "1234500005"


@pytest.fixture
async def tried() -> AsyncIterator[Tried]:
    """The gateway that pays out, with its simulator at the other end."""
    async with simulated("stripe") as tried:
        yield tried


@pytest.fixture
async def halfway() -> AsyncIterator[Tried]:
    """The one that stops at the account."""
    async with simulated("stripe-transfer") as halfway:
        yield halfway


async def given(tried: Tried) -> list[str]:
    """Where what was given to connected accounts stands, by the simulator's other book."""
    reply = await tried.client.call("GET", f"{tried.url}/stripe/transfers/book", headers={}, deadline=5)
    return [line["status"] for line in json.loads(reply.body)["transfers"]]


async def look(tried: Tried, asked: Instruction, *, until: Word, **known: Any) -> Outcome:
    """Ask until it says this."""
    async with asyncio.timeout(10):
        while True:
            [answer] = await tried.inquire(replace(asked, **known))
            if isinstance(answer, Outcome) and answer.word is until:
                return answer
            await asyncio.sleep(0.01)


async def lend(tried: Tried, asked: Instruction, *, available: str | None) -> None:
    """Have this much on the connected account, as if its owner had spent or earned the rest."""
    wanted = {"currency": "USD", "available": available, "account": asked.destination.account_number}
    await tried.control("POST", "float", wanted)


async def listed(tried: Tried) -> list[Payment]:
    """What it lists of the last hour."""
    now = datetime.now(UTC)
    gateway: Any = tried.gateway
    since, until = now - timedelta(hours=1), now + timedelta(minutes=1)
    return [one async for one in gateway.payments(since=since, until=until)]


async def test_a_payout_that_fails_gives_its_money_back(tried: Tried) -> None:
    [outcome] = await tried.settle(tried.case.ask(account=REFUSED))
    assert (outcome.word, outcome.reason) == (Word.REFUSED, "account_closed")
    assert await given(tried) == ["RETURNED"]


async def test_a_payout_that_is_refused_gives_its_money_back_at_once(tried: Tried) -> None:
    [outcome] = await tried.send(tried.case.ask(account=NO_PAYOUTS))
    assert (outcome.word, outcome.reason) == (Word.REFUSED, "account_blocked")
    assert await given(tried) == ["RETURNED"]


async def test_after_a_crash_a_look_up_says_why_it_was_refused(tried: Tried) -> None:
    asked = tried.case.ask(account=NO_PAYOUTS)
    [told] = await tried.send(asked)
    [found] = await tried.inquire(asked)
    assert isinstance(found, Outcome)
    assert (found.word, found.reason, found.reference) == (told.word, told.reason, told.reference)


async def test_a_payout_that_fails_after_it_was_paid_came_back(tried: Tried) -> None:
    asked = tried.case.ask(account=PAID_THEN_FAILED)
    [sent] = await tried.send(asked)
    await look(tried, asked, until=Word.PAID, reference=sent.reference)
    returned = await look(tried, asked, until=Word.RETURNED, reference=sent.reference, paid=True)
    assert (returned.reason, returned.retryable) == ("account_closed", False)
    assert await given(tried) == ["RETURNED"]
    report, _, _ = await tried.reported(Word.REFUSED)
    assert report.key == asked.key


async def test_until_the_money_can_come_back_the_payout_is_held(tried: Tried) -> None:
    """That it could not is what Stripe goes on to say under the same key, so each minute has one of its own."""
    clock = FakeClock(datetime.now(UTC))
    tried = replace(tried, gateway=Stripe(tried.client, **platform(tried.url, clock=clock)))
    asked = tried.case.ask(account=NO_PAYOUTS)
    await tried.misbehave(timeout_before_accept={"next": 3, "on": "payouts"}, hang_seconds=0.01)
    assert words(await tried.send(asked)) == [Word.UNKNOWN]
    await tried.misbehave()
    await lend(tried, asked, available="0.00")
    [held] = await tried.send(asked)
    assert (held.word, held.reason) == (Word.HELD, "being_taken_back")
    assert words(await tried.inquire(replace(asked, reference=held.reference))) == [Word.HELD]
    await lend(tried, asked, available="1000.00")
    assert words(await tried.inquire(replace(asked, reference=held.reference))) == [Word.HELD]
    clock.pass_time(timedelta(minutes=1))
    over = await look(tried, asked, until=Word.REFUSED, reference=held.reference)
    assert over.reference == held.reference
    assert await given(tried) == ["RETURNED"]


async def test_between_the_steps_it_is_found_and_sent_on(tried: Tried) -> None:
    asked = tried.case.ask()
    await tried.misbehave(timeout_before_accept={"next": 1, "on": "payouts"}, hang_seconds=0.01)
    assert words(await tried.send(asked)) == [Word.UNKNOWN]
    assert (await given(tried), await tried.payments()) == (["SUCCESS"], [])
    assert isinstance((await tried.inquire(asked))[0], NeverArrived)
    assert words(await tried.settle(asked)) == [Word.PAID]
    assert await given(tried) == ["SUCCESS"]


async def test_what_it_lists_is_what_became_of_each(tried: Tried, halfway: Tried) -> None:
    asked = [tried.case.ask(number, account=account) for number, account in enumerate((PAID, REFUSED, ACCEPTED))]
    await tried.settle(*asked)
    found = {one.key: (one.word, one.amount) for one in await listed(tried)}
    assert found == {
        one.key: (word, one.amount) for one, word in zip(asked, (Word.PAID, Word.REFUSED, Word.ACCEPTED), strict=True)
    }
    assert await listed(halfway) == []


async def test_a_long_list_is_read_whole(halfway: Tried) -> None:
    """More than the hundred that Stripe lists at once."""
    asked = [halfway.case.ask(number) for number in range(130)]
    await halfway.send(*asked)
    found = await listed(halfway)
    assert {one.key for one in found} == {one.key for one in asked}
    assert {one.word for one in found} == {Word.PAID}


async def test_a_transfer_that_somebody_takes_back_on_the_dashboard_came_back(halfway: Tried) -> None:
    asked = halfway.case.ask()
    [sent] = await halfway.send(asked)
    await halfway.control("POST", f"transfers/{asked.key}", {"status": "reversed"})
    returned = await look(halfway, asked, until=Word.RETURNED, reference=sent.reference, paid=True)
    assert returned.reason == "taken_back"
    report, _, _ = await halfway.reported(Word.RETURNED)
    assert report.key == asked.key
