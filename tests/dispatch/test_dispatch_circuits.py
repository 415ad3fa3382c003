"""The stages of a circuit: closed, open, half-open while one look-up tries, and closed again by it or by a person."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from dispatch_house import UNKNOWN, Bank, Workshop, open_workshop

from bursar import dispatch
from bursar.dispatch.circuits import FAILURES_MAX, Circuit, Circuits, Stage
from bursar.dispatch.circuits.model import PROBE_SECONDS_MAX, probe_wait
from bursar.foundation.db import Database
from bursar.gateways import Instruction, NeverArrived, Outcome, Word

SILENT = Outcome(Word.UNKNOWN, reason="timed_out")


@dataclass
class SilentBank(Bank):
    """Says nothing, or what it knows."""

    is_away: bool = False
    asked: list[str] = field(default_factory=list)
    about: list[str] = field(default_factory=list)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        self.asked.append("send")
        return [SILENT] * len(instructions) if self.is_away else await super().send(instructions)

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        self.asked.append("inquire")
        self.about += [one.key for one in instructions]
        return [SILENT] * len(instructions) if self.is_away else await super().inquire(instructions)


async def open_one(database: Database) -> Workshop:
    """A bank that has paid two payouts and then went silent, so that its circuit is open."""
    shop = await open_workshop(database, SilentBank())
    await shop.request(2)
    await shop.dispatcher.pass_once()
    shop.bank.is_away = True
    for _ in range(FAILURES_MAX):
        await shop.tools.circuits.heard(shop.bank.name, [SILENT])
    shop.bank.asked.clear()
    return shop


async def circuit(shop: Workshop) -> Circuit:
    """How the bank's circuit stands."""
    async with shop.database.transaction(readonly=True) as tx:
        return (await dispatch.circuits.known(tx))[shop.bank.name]


async def probe(shop: Workshop) -> None:
    """The time for a probe has come, and somebody makes it."""
    await shop.run("UPDATE circuits SET probe_at = now() WHERE gateway = $1", shop.bank.name)
    await shop.inquirer.pass_once()


async def test_an_open_circuit_says_why_and_when_it_is_tried_again(database: Database) -> None:
    found = await circuit(await open_one(database))
    assert (found.stage, found.reason, found.failures, found.probes) == (Stage.OPEN, "timed_out", FAILURES_MAX, 0)
    assert found.opened_at is not None
    assert found.probe_at == found.opened_at + timedelta(seconds=15)


async def test_with_nothing_in_doubt_a_look_up_of_what_was_paid_is_the_probe(database: Database) -> None:
    shop = await open_one(database)
    shop.bank.is_away = False
    await shop.request(1)
    await probe(shop)
    assert shop.bank.asked == ["inquire"], "no payment tries whether the bank is back"
    assert (await circuit(shop)).stage is Stage.CLOSED
    assert await shop.states() == {"completed": 2, "approved": 1}
    assert await shop.dispatcher.pass_once() == 1
    assert await shop.states() == {"completed": 3}


async def test_a_probe_that_fails_opens_it_again_and_the_next_waits_for_longer(database: Database) -> None:
    shop = await open_one(database)
    waits = []
    for failed in range(1, 4):
        await probe(shop)
        found = await circuit(shop)
        assert (found.stage, found.probes) == (Stage.OPEN, failed)
        async with shop.database.transaction(readonly=True) as tx:
            assert found.probe_at is not None
            waits.append((found.probe_at - await tx.now()).total_seconds())
    assert shop.bank.asked == ["inquire"] * 3
    assert [round(wait, -1) for wait in waits] == [30, 60, 120]
    assert await shop.states() == {"completed": 2}


@pytest.mark.parametrize(("failed", "seconds"), [(0, 15), (1, 30), (4, 240), (5, 300), (10_000, 300)])
def test_probes_grow_rare_up_to_five_minutes(failed: int, seconds: float) -> None:
    assert probe_wait(failed) == seconds <= PROBE_SECONDS_MAX


async def test_probes_ask_about_what_is_in_doubt_and_what_was_paid_in_turns(database: Database) -> None:
    """Of the one in doubt, the bank may never say anything that proves something."""
    shop = await open_one(database)
    in_doubt, paid = [row["key"] for row in await shop.attempts()]
    await shop.run("UPDATE attempts SET outcome = 'unknown', look_at = now() WHERE key = $1", in_doubt)
    for _ in range(3):
        await probe(shop)
    assert shop.bank.about == [in_doubt, paid, in_doubt]


async def test_only_one_of_several_processes_makes_the_probe(database: Database) -> None:
    shop = await open_one(database)
    await shop.run("UPDATE circuits SET probe_at = now() WHERE gateway = $1", shop.bank.name)
    await asyncio.gather(*(shop.inquirer.pass_once() for _ in range(4)))
    assert shop.bank.asked == ["inquire"]


async def test_a_probe_that_nobody_ended_is_made_again(database: Database) -> None:
    shop = await open_one(database)
    await shop.run("UPDATE circuits SET state = 'half_open' WHERE gateway = $1", shop.bank.name)
    assert await shop.inquirer.pass_once() == 0, "somebody may still be at it"
    shop.bank.is_away = False
    await probe(shop)
    assert (await circuit(shop)).stage is Stage.CLOSED


async def test_while_one_probes_nothing_leaves(database: Database) -> None:
    shop = await open_one(database)
    await shop.run("UPDATE circuits SET state = 'half_open' WHERE gateway = $1", shop.bank.name)
    await shop.request(1)
    assert await shop.dispatcher.pass_once() == 0
    assert shop.bank.asked == []


async def test_a_failure_that_comes_late_disturbs_no_probe(database: Database) -> None:
    shop = await open_one(database)
    await probe(shop)
    before = await circuit(shop)
    late = Circuits(database)
    for _ in range(FAILURES_MAX):
        await late.heard(shop.bank.name, [UNKNOWN])
    assert await circuit(shop) == before


async def test_a_person_closes_it_and_the_journal_says_who(database: Database) -> None:
    shop = await open_one(database)
    async with shop.database.transaction() as tx:
        assert await dispatch.circuits.reset(tx, shop.bank.name, actor="person:amina")
        assert not await dispatch.circuits.reset(tx, shop.bank.name, actor="person:amina")
    async with shop.database.transaction(readonly=True) as tx:
        notes = await tx.many("SELECT actor, action FROM audit_notes WHERE subject = $1", f"gateway:{shop.bank.name}")
    assert [tuple(note) for note in notes] == [("person:amina", "circuit.reset")]
    assert (await circuit(shop)).stage is Stage.CLOSED
    shop.bank.is_away = False
    await shop.request(1)
    assert await shop.dispatcher.pass_once() == 1


async def test_conditions_say_how_it_stands(database: Database) -> None:
    shop = await open_one(database)
    await probe(shop)
    async with shop.database.transaction(readonly=True) as tx:
        [broken, fine] = await dispatch.conditions(tx, {shop.bank.name, "zz-never-used"})
    assert (broken.circuit, broken.reason, broken.probes) == ("open", "timed_out", 1)
    assert broken.since is not None
    assert (fine.circuit, fine.reason, fine.since, fine.probe_at) == ("closed", None, None, None)
