"""Prepare, call, record: what is handed to a gateway, how much at once, and what happens when it goes wrong."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from dispatch_house import ACCEPTED, UNKNOWN, Bank, open_workshop

from bursar.dispatch import NoSuchGateway
from bursar.foundation.db import Database
from bursar.foundation.pace import Pace
from bursar.gateways import Instruction, Outcome
from bursar.holders.model import Destination


@dataclass
class SlowBank(Bank):
    """Answers only when it is let, and counts how many calls it has at once."""

    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.let_go.wait()
        self.at_once -= 1
        return await super().send(instructions)


class BrokenBank(Bank):
    """Breaks its promise never to raise."""

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        await super().send(instructions)
        raise RuntimeError("a fault of ours, in the gateway's folder")


async def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait for something that is about to happen."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_pass_sends_a_batch_and_records_what_was_said(database: Database) -> None:
    shop = await open_workshop(database)
    await shop.request(13)
    dispatcher = shop.dispatcher
    assert [await dispatcher.pass_once() for _ in range(3)] == [10, 3, 0]
    assert await shop.states() == {"completed": 13}
    assert [len(call) for call in shop.bank.calls] == [10, 3]
    assert [row["outcome"] for row in await shop.attempts()] == ["paid"] * 13


async def banks_of(database: Database, *, bulk_max: int = 10, **changes: object) -> list[list[str]]:
    """The banks of each call's payouts, when five payouts to two banks leave together."""
    bank = Bank()
    bank.capabilities = replace(bank.capabilities, bulk_max=bulk_max)
    shop = await open_workshop(database, bank, **changes)
    for code in ("HBL", "UBL", "HBL", "HBL", "UBL"):
        await shop.request(destination=Destination(code, "1234500001", "Anna Khan"))
    await shop.dispatcher.pass_once()
    return sorted([bank.book[key].destination.bank_code for key in call] for call in bank.calls)


async def test_payouts_to_one_bank_travel_together(database: Database) -> None:
    assert await banks_of(database, dispatch__group_by="bank") == [["HBL"] * 3, ["UBL"] * 2]


async def test_without_groups_the_whole_batch_travels_together(database: Database) -> None:
    assert [len(call) for call in await banks_of(database, dispatch__group_by="none")] == [5]


async def test_no_call_is_larger_than_the_gateway_takes(database: Database) -> None:
    calls = await banks_of(database, bulk_max=2, dispatch__group_by="bank")
    assert calls == [["HBL"], ["HBL", "HBL"], ["UBL", "UBL"]]


async def test_no_more_calls_are_under_way_than_the_terms_allow(database: Database) -> None:
    bank = SlowBank()
    bank.capabilities = replace(bank.capabilities, bulk_max=1)
    shop = await open_workshop(database, bank, dispatch__concurrency=4, dispatch__batch_size=10)
    await shop.request(35)
    stop = asyncio.Event()
    running = asyncio.create_task(shop.dispatcher.run(stop))
    await until(lambda: bank.at_once == 4)
    await asyncio.sleep(0.2)  # Time enough to claim and send more, if that were possible.
    bank.let_go.set()
    await until(lambda: len(bank.calls) == 35)
    stop.set()
    await running
    assert bank.most_at_once == 4
    assert await shop.states() == {"completed": 35}


async def test_it_claims_no_further_ahead_than_a_batch(database: Database) -> None:
    """What is claimed cannot be stopped any more, so no heap of it may pile up before a slow gateway."""
    bank = SlowBank()
    shop = await open_workshop(database, bank, dispatch__concurrency=2, dispatch__batch_size=5)
    await shop.request(60)
    stop = asyncio.Event()
    running = asyncio.create_task(shop.dispatcher.run(stop))
    await until(lambda: bank.at_once == 2)
    await asyncio.sleep(0.2)
    claimed = (await shop.states())["sending"]
    stop.set()
    bank.let_go.set()
    await running
    assert claimed <= 15


async def test_told_to_stop_it_finishes_what_is_under_way_and_claims_nothing_more(database: Database) -> None:
    bank = SlowBank()
    shop = await open_workshop(database, bank)
    await shop.request(5)
    stop = asyncio.Event()
    running = asyncio.create_task(shop.dispatcher.run(stop))
    await until(lambda: bank.at_once == 1)
    stop.set()
    await shop.request(3)
    await asyncio.sleep(0.1)
    assert not running.done(), "the answer that is due is waited for"
    bank.let_go.set()
    await asyncio.wait_for(running, 5)
    assert await shop.states() == {"completed": 5, "approved": 3}


async def test_a_gateway_that_raises_leaves_an_attempt_for_the_inquirer(database: Database) -> None:
    shop = await open_workshop(database, BrokenBank())
    await shop.request(2)
    assert await shop.dispatcher.pass_once() == 2
    assert [row["outcome"] for row in await shop.attempts()] == ["open", "open"]
    await shop.let_waits_end()
    assert await shop.inquirer.pass_once() == 2
    assert await shop.states() == {"completed": 2}


async def test_nothing_is_sent_when_the_lease_could_end_during_the_call(database: Database) -> None:
    bank = Bank()
    bank.capabilities = replace(bank.capabilities, deadline=120.0)
    shop = await open_workshop(database, bank, dispatch__lease_seconds=120)
    await shop.request()
    await shop.dispatcher.pass_once()
    assert bank.calls == []
    assert [row["outcome"] for row in await shop.attempts()] == ["open"]


async def test_what_an_old_owner_learns_is_not_recorded_over_what_the_new_one_knows(database: Database) -> None:
    """The first worker is slow; its lease ends; another asks and records; then the first one's answer comes."""
    bank = SlowBank(says=ACCEPTED)
    shop = await open_workshop(database, bank)
    await shop.request()
    slow = asyncio.create_task(shop.dispatcher.pass_once())
    await until(lambda: bank.at_once == 1)
    bank.book[(await shop.attempts())[0]["key"]] = None  # type: ignore[assignment]  # It has arrived.
    await shop.let_waits_end()
    assert await shop.inquirer.pass_once() == 1
    assert await shop.states() == {"completed": 1}
    bank.let_go.set()
    await slow
    assert await shop.states() == {"completed": 1}
    assert (await shop.attempts())[0]["lease_no"] == 2


async def test_answers_that_come_together_are_recorded_together(database: Database) -> None:
    bank = SlowBank()
    bank.capabilities = replace(bank.capabilities, bulk_max=1)
    shop = await open_workshop(database, bank, dispatch__concurrency=50, dispatch__batch_size=50)
    await shop.request(50)
    passing = asyncio.create_task(shop.dispatcher.pass_once())
    await until(lambda: bank.at_once == 50)
    bank.let_go.set()
    await passing
    async with shop.database.transaction() as tx:
        commits = await tx.value("SELECT count(DISTINCT answered_at) FROM attempts WHERE gateway = $1", bank.name)
    assert await shop.states() == {"completed": 50}
    assert commits < 25, "one commit for each answer would be one for each payout"


async def test_a_program_whose_gateway_is_not_installed_says_so(database: Database) -> None:
    shop = await open_workshop(database)
    await shop.request()
    object.__setattr__(shop.tools, "gateways", {})
    with pytest.raises(NoSuchGateway):
        await shop.dispatcher.pass_once()
    assert await shop.states() == {"approved": 1}


async def test_a_pace_lets_a_seconds_worth_go_at_once_and_the_rest_in_time() -> None:
    pace = Pace(50.0, time.monotonic)
    began = time.monotonic()
    await asyncio.gather(*(pace.wait() for _ in range(50)))
    assert time.monotonic() - began < 0.1
    await asyncio.gather(*(pace.wait() for _ in range(10)))
    assert time.monotonic() - began >= 0.18


async def test_without_a_rate_nobody_waits() -> None:
    pace = Pace(None, lambda: 0.0)
    await asyncio.wait_for(asyncio.gather(*(pace.wait() for _ in range(1000))), 1)


async def test_an_idle_second_saves_up_no_more_than_a_second() -> None:
    now = 0.0
    pace = Pace(5.0, lambda: now)
    now = 3600.0
    waiting = [asyncio.create_task(pace.wait()) for _ in range(6)]
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [True] * 5 + [False]
    waiting[5].cancel()


@pytest.mark.parametrize("says", [UNKNOWN, ACCEPTED])
async def test_nothing_is_sent_twice_by_sending_alone(database: Database, says: Outcome) -> None:
    shop = await open_workshop(database, Bank(says=says))
    await shop.request(3)
    dispatcher = shop.dispatcher
    for _ in range(3):
        await dispatcher.pass_once()
        await shop.let_waits_end()
    assert sum(map(len, shop.bank.calls)) == 3
