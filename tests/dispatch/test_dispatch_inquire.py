"""Asking again: what is in doubt is found out, and sent again only where that cannot pay twice."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from dispatch_house import ACCEPTED, HELD, PAID, UNKNOWN, Bank, Workshop, open_workshop

from bursar import dispatch
from bursar.dispatch import Scope
from bursar.foundation.db import Database
from bursar.gateways import Instruction, NeverArrived, Outcome


@dataclass
class LossyBank(Bank):
    """Loses what it is sent, or its answers, and can be told what to say when asked."""

    loses: bool = True
    told: Outcome | NeverArrived | None = None
    sent: list[str] = field(default_factory=list)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        self.sent += [instruction.key for instruction in instructions]
        if self.loses:
            return [UNKNOWN] * len(instructions)
        return await super().send(instructions)

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        found = await super().inquire(instructions)
        return found if self.told is None else [self.told] * len(instructions)


async def in_doubt(database: Database, *, says: Outcome = UNKNOWN, **changes: object) -> Workshop:
    """A payout whose answer was lost, due to be asked about."""
    bank = LossyBank(says=says, loses=says is UNKNOWN)
    shop = await open_workshop(database, bank, **changes)
    await shop.request()
    await shop.dispatcher.pass_once()
    await shop.let_waits_end()
    bank.says = PAID
    return shop


async def test_what_arrived_is_found_and_not_sent_again(database: Database) -> None:
    shop = await in_doubt(database)
    shop.bank.told = PAID
    assert await shop.inquirer.pass_once() == 1
    assert (await shop.states(), len(shop.bank.sent)) == ({"completed": 1}, 1)


async def test_what_never_arrived_is_sent_again_under_the_same_key(database: Database) -> None:
    shop = await in_doubt(database)
    shop.bank.loses = False
    assert await shop.inquirer.pass_once() == 1
    assert await shop.states() == {"completed": 1}
    assert len(shop.bank.sent) == 2
    assert len(set(shop.bank.sent)) == 1


async def test_an_attempt_that_was_never_answered_is_asked_about_once_its_lease_is_over(database: Database) -> None:
    """Its worker died: before the call, during it, or before it could write the answer down."""
    shop = await open_workshop(database, LossyBank(loses=False))
    await shop.request()
    await shop.dispatcher._claim()
    assert await shop.inquirer.pass_once() == 0, "the lease is not over"
    await shop.let_waits_end()
    assert await shop.inquirer.pass_once() == 1
    assert await shop.states() == {"completed": 1}


async def test_after_the_window_nothing_is_sent_again(database: Database) -> None:
    shop = await in_doubt(database)
    await shop.run("UPDATE attempts SET window_ends_at = now() WHERE gateway = $1", shop.bank.name)
    shop.bank.loses = False
    assert await shop.inquirer.pass_once() == 1
    attempt = (await shop.attempts())[0]
    assert (await shop.states(), len(shop.bank.sent)) == ({"sending": 1}, 1)
    assert (attempt["outcome"], attempt["reason"]) == ("unknown", "never_arrived")


@pytest.mark.parametrize("scope", [Scope.PROGRAM, Scope.GATEWAY, Scope.HOLDER])
async def test_what_is_stopped_is_asked_about_and_not_sent_again(database: Database, scope: Scope) -> None:
    shop = await in_doubt(database)
    subject = {
        Scope.PROGRAM: shop.terms.program,
        Scope.GATEWAY: shop.bank.name,
        Scope.HOLDER: str(shop.holder),
    }[scope]
    async with database.transaction() as tx:
        await dispatch.stop(tx, scope, subject=subject, reason="alarm", actor="person:anna")
    shop.bank.loses = False
    assert await shop.inquirer.pass_once() == 1
    assert (await shop.states(), len(shop.bank.sent)) == ({"sending": 1}, 1)
    async with database.transaction() as tx:
        await dispatch.go(tx, scope, subject=subject, actor="person:anna")
    await shop.let_waits_end()
    assert await shop.inquirer.pass_once() == 1
    assert await shop.states() == {"completed": 1}


@pytest.mark.parametrize(("says", "state"), [(ACCEPTED, "sent"), (HELD, "on_hold")])
async def test_what_the_gateway_had_and_forgot_is_never_sent_again(
    database: Database, says: Outcome, state: str
) -> None:
    shop = await in_doubt(database, says=says)
    shop.bank.told = NeverArrived()
    assert await shop.inquirer.pass_once() == 1
    assert (await shop.states(), len(shop.bank.sent)) == ({state: 1}, 1)


@pytest.mark.parametrize(
    ("told", "state"), [(PAID, "completed"), (ACCEPTED, "sent"), (HELD, "on_hold"), (UNKNOWN, "sending")]
)
async def test_what_it_says_counts(database: Database, told: Outcome, state: str) -> None:
    shop = await in_doubt(database)
    shop.bank.told = told
    await shop.inquirer.pass_once()
    assert await shop.states() == {state: 1}


async def test_each_inquiry_takes_the_next_lease_and_is_counted(database: Database) -> None:
    shop = await in_doubt(database)
    shop.bank.told = UNKNOWN
    for number in (1, 2, 3):
        assert await shop.inquirer.pass_once() == 1
        attempt = (await shop.attempts())[0]
        assert (attempt["inquiries"], attempt["lease_no"]) == (number, number + 1)
        assert await shop.inquirer.pass_once() == 0, "not before it is due again"
        await shop.let_waits_end()


async def test_two_inquirers_never_ask_about_the_same_attempt(database: Database) -> None:
    bank = LossyBank()
    shop = await open_workshop(database, bank, dispatch__batch_size=40)
    await shop.request(40)
    await shop.dispatcher.pass_once()
    await shop.let_waits_end()
    bank.told = PAID
    asked = await asyncio.gather(*(shop.inquirer.pass_once() for _ in range(4)))
    keys = [key for call in bank.inquiries for key in call]
    assert sum(asked) == len(keys) == len(set(keys)) == 40
    assert await shop.states() == {"completed": 40}


async def test_nothing_is_asked_of_a_gateway_that_is_not_installed(database: Database) -> None:
    shop = await in_doubt(database)
    object.__setattr__(shop.tools, "gateways", {})
    assert await shop.inquirer.pass_once() == 0


async def test_a_destination_that_does_not_open_holds_nobody_else_up(database: Database) -> None:
    bank = LossyBank()
    shop = await open_workshop(database, bank)
    await shop.request(2)
    await shop.dispatcher.pass_once()
    await shop.let_waits_end()
    broken = (await shop.attempts())[0]["payout_id"]
    await shop.run("UPDATE payouts SET destination = '' WHERE id = $1", broken)
    bank.told = PAID
    assert await shop.inquirer.pass_once() == 1
    assert await shop.states() == {"completed": 1, "sending": 1}


async def test_an_inquiry_that_fails_on_our_side_is_made_again(database: Database) -> None:
    class Raising(LossyBank):
        async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
            raise RuntimeError("a fault of ours, in the gateway's folder")

    shop = await open_workshop(database, Raising())
    await shop.request()
    await shop.dispatcher.pass_once()
    await shop.let_waits_end()
    assert await shop.inquirer.pass_once() == 1
    assert await shop.states() == {"sending": 1}
    assert (await shop.attempts())[0]["look_at"] is not None


@dataclass
class ListingBank(Bank):
    """Can be asked about many at once, and names the bulk that each was in."""

    bulks: int = 0

    def __post_init__(self) -> None:
        self.capabilities = replace(self.capabilities, bulk_max=10, inquire_max=25)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        await super().send(instructions)
        self.bulks += 1
        reference = f"bulk-{self.bulks}" if len(instructions) > 1 else instructions[0].key
        return [replace(ACCEPTED, reference=reference)] * len(instructions)


async def listed(database: Database, *sizes: int) -> Workshop:
    """Payouts that left in calls of these sizes, all due to be asked about."""
    shop = await open_workshop(database, ListingBank(), dispatch__batch_size=10)
    for size in sizes:
        await shop.request(size)
        await shop.dispatcher.pass_once()
    await shop.let_waits_end()
    return shop


async def test_one_bulk_is_asked_about_together_and_what_left_alone_with_others(database: Database) -> None:
    shop = await listed(database, 10, 1, 10, 1, 1)
    assert await shop.inquirer.pass_once() == 23
    assert sorted(len(call) for call in shop.bank.inquiries) == [3, 10, 10]
    assert {frozenset(call) for call in shop.bank.calls if len(call) > 1} <= set(map(frozenset, shop.bank.inquiries))
    assert await shop.states() == {"completed": 23}


async def test_an_inquiry_names_what_the_gateway_called_it(database: Database) -> None:
    class Remembering(ListingBank):
        async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
            assert {instruction.reference for instruction in instructions} == {"bulk-1"}
            return await super().inquire(instructions)

    shop = await open_workshop(database, Remembering())
    await shop.request(3)
    await shop.dispatcher.pass_once()
    await shop.let_waits_end()
    await shop.inquirer.pass_once()
    assert await shop.states() == {"completed": 3}


async def test_no_inquiry_is_larger_than_the_gateway_takes(database: Database) -> None:
    bank = LossyBank()
    bank.capabilities = replace(bank.capabilities, inquire_max=3)
    shop = await open_workshop(database, bank)
    await shop.request(8)
    await shop.dispatcher.pass_once()
    await shop.let_waits_end()
    bank.told = PAID
    await shop.inquirer.pass_once()
    assert sorted(len(call) for call in bank.inquiries) == [2, 3, 3]


async def test_of_one_answer_each_attempt_gets_its_own_part(database: Database) -> None:
    """Some arrived, some never did and are sent again together, and one is still unknown."""

    class Mixed(LossyBank):
        async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
            said = [PAID, PAID, NeverArrived(), NeverArrived(), UNKNOWN]
            ordered = sorted(instruction.key for instruction in instructions)
            return [said[ordered.index(instruction.key)] for instruction in instructions]

    bank = Mixed()
    bank.capabilities = replace(bank.capabilities, inquire_max=10)
    shop = await open_workshop(database, bank)
    await shop.request(5)
    await shop.dispatcher.pass_once()
    bank.loses = False
    await shop.let_waits_end()
    await shop.inquirer.pass_once()
    assert await shop.states() == {"completed": 4, "sending": 1}
    assert [len(call) for call in bank.calls] == [2], "those two, and nobody else"


async def test_inquiries_keep_the_programs_pace(database: Database) -> None:
    bank = LossyBank()
    shop = await open_workshop(database, bank, dispatch__rate_per_second=5)
    await shop.request(8)
    for _ in range(3):
        await shop.dispatcher.pass_once()
    await shop.let_waits_end()
    bank.told = PAID
    began = time.monotonic()
    await shop.inquirer.pass_once()
    assert time.monotonic() - began > 0.5, "eight calls, of which up to five have their turn at once"
