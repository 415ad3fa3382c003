"""Stopping money and letting it go: switches by people, circuits by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

import asyncpg
import pytest
from dispatch_house import NOT_NOW, PAID, UNKNOWN, Bank, Workshop, open_workshop

from bursar import dispatch
from bursar.dispatch import Circuits, Scope, Standing
from bursar.dispatch.circuits import FAILURES_MAX
from bursar.foundation.db import Database, Transaction
from bursar.gateways import Instruction, NeverArrived, Outcome


@dataclass
class FlakyBank(Bank):
    """Away or back."""

    is_away: bool = True
    asked: list[str] = field(default_factory=list)

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        if self.is_away:
            self.asked.append("send")
            return [UNKNOWN] * len(instructions)
        return await super().send(instructions)

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        self.asked.append("inquire")
        return [UNKNOWN] * len(instructions) if self.is_away else await super().inquire(instructions)


NOTHING = Standing(everything=None, programs={}, gateways={}, holders=frozenset(), broken={})


async def switches(tx: Transaction) -> Standing:
    """What is stopped by people; other tests' circuits and floats are not meant."""
    return replace(await dispatch.standing(tx), broken={}, low=frozenset())


async def test_with_no_switch_set_everything_may_leave(tx: Transaction) -> None:
    assert await switches(tx) == NOTHING
    assert NOTHING.blocker(program="p", gateway="g") is None
    assert not NOTHING.stops(program="p", gateway="g", holder=uuid4())


@pytest.mark.parametrize("scope", Scope)
async def test_a_switch_says_what_it_stops_why_and_who_set_it(tx: Transaction, scope: Scope) -> None:
    subject = "" if scope is Scope.GLOBAL else str(UUID(int=5)) if scope in {Scope.HOLDER, Scope.RUN} else "some"
    await dispatch.stop(tx, scope, subject=subject, reason="fraud alarm", actor="person:anna")
    found = (await dispatch.switches(tx))[0]
    assert (found.scope, found.subject, found.reason, found.set_by) == (scope, subject, "fraud alarm", "person:anna")
    standing = await switches(tx)
    assert standing.stops(program="some", gateway="some", holder=UUID(int=5), run=UUID(int=5))
    stops_all_others = scope is Scope.GLOBAL
    others = {"program": "other", "gateway": "other", "holder": UUID(int=6)}
    assert standing.stops(**others, run=UUID(int=7)) is stops_all_others
    assert standing.stops(**others) is stops_all_others
    assert await dispatch.go(tx, scope, subject=subject, actor="person:ben")
    assert await switches(tx) == NOTHING


async def test_stopping_what_is_stopped_keeps_the_first_reason(tx: Transaction) -> None:
    for reason in ("first", "second"):
        await dispatch.stop(tx, Scope.GLOBAL, subject="", reason=reason, actor="person:anna")
    assert [switch.reason for switch in await dispatch.switches(tx)] == ["first"]


async def test_letting_go_of_what_was_not_stopped_says_so(tx: Transaction) -> None:
    assert not await dispatch.go(tx, Scope.GLOBAL, subject="", actor="person:anna")


async def test_every_stop_and_go_is_on_record(tx: Transaction) -> None:
    await dispatch.stop(tx, Scope.GLOBAL, subject="", reason="alarm", actor="person:anna")
    await dispatch.go(tx, Scope.GLOBAL, subject="", actor="person:ben")
    notes = await tx.many("SELECT actor, action FROM audit_notes ORDER BY id DESC LIMIT 2")
    assert [tuple(note) for note in notes] == [("person:ben", "sending.allowed"), ("person:anna", "sending.stopped")]


async def test_the_database_knows_no_other_scope(tx: Transaction) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await tx.run("INSERT INTO kill_switches (scope, subject, reason, set_by) VALUES ('moon', '', 'r', 'a')")


async def open_after(database: Database, *calls: Sequence[Outcome]) -> str:
    """How the circuit stands after these calls were answered so."""
    shop = await open_workshop(database)
    circuits = Circuits(database)
    for outcomes in calls:
        await circuits.heard(shop.bank.name, list(outcomes))
    return await shop.circuit()


async def test_failures_in_a_row_open_the_circuit(database: Database) -> None:
    assert await open_after(database, *[[UNKNOWN]] * (FAILURES_MAX - 1)) == "closed"
    assert await open_after(database, *[[UNKNOWN]] * FAILURES_MAX) == "open"


async def test_one_lost_answer_says_nothing_however_many_payouts_it_was_about(database: Database) -> None:
    assert await open_after(database, [UNKNOWN] * 500) == "closed"


@pytest.mark.parametrize("definite", [PAID, NOT_NOW])
async def test_any_definite_word_shows_that_the_gateway_is_there(database: Database, definite: Outcome) -> None:
    calls = [[UNKNOWN]] * (FAILURES_MAX - 1) + [[UNKNOWN, definite]] + [[UNKNOWN]] * (FAILURES_MAX - 1)
    assert await open_after(database, *calls) == "closed"


async def test_a_process_that_did_not_close_the_circuit_can_open_it_again(database: Database) -> None:
    shop = await open_workshop(database)
    ours, another = Circuits(database), Circuits(database)
    for _ in range(FAILURES_MAX):
        await ours.heard(shop.bank.name, [UNKNOWN])
    assert await shop.circuit() == "open"
    await another.close(shop.bank.name)
    for _ in range(FAILURES_MAX):
        await ours.heard(shop.bank.name, [UNKNOWN])
    assert await shop.circuit() == "open"


async def away(database: Database) -> Workshop:
    """A gateway that went away in the middle: some payouts are in doubt, some wait, and the circuit is open."""
    bank = FlakyBank()
    bank.capabilities = replace(bank.capabilities, bulk_max=1)
    shop = await open_workshop(database, bank, dispatch__batch_size=FAILURES_MAX)
    await shop.request(FAILURES_MAX + 5)
    await shop.dispatcher.pass_once()
    assert await shop.circuit() == "open"
    return shop


async def test_while_it_is_open_nothing_is_sent_and_nothing_is_asked(database: Database) -> None:
    shop = await away(database)
    calls = len(shop.bank.asked)
    await shop.let_waits_end()
    assert (await shop.dispatcher.pass_once(), await shop.inquirer.pass_once()) == (0, 0)
    assert len(shop.bank.asked) == calls


async def test_half_open_one_look_up_asks_and_no_payment(database: Database) -> None:
    shop = await away(database)
    shop.bank.asked.clear()
    await probe(shop)
    assert shop.bank.asked == ["inquire"]
    assert await shop.circuit() != "closed"
    assert await shop.inquirer.pass_once() == 0, "the next probe has its own time"


async def probe(shop: Workshop) -> None:
    """The time for a probe has come."""
    await shop.run("UPDATE circuits SET probe_at = now() WHERE gateway = $1", shop.bank.name)
    assert await shop.inquirer.pass_once() == 1


async def test_once_it_is_back_a_look_up_closes_the_circuit_and_everything_is_paid_once(database: Database) -> None:
    shop = await away(database)
    shop.bank.is_away = False
    await probe(shop)
    assert await shop.circuit() == "closed"
    for _ in range(2):
        await shop.let_waits_end()
        await shop.inquirer.pass_once()
        await shop.dispatcher.pass_once()
    assert await shop.states() == {"completed": FAILURES_MAX + 5}
    assert len(shop.bank.book) == FAILURES_MAX + 5


async def test_with_nothing_in_doubt_the_next_batch_is_the_probe(database: Database) -> None:
    shop = await open_workshop(database, FlakyBank(is_away=False))
    await shop.request(2)
    await shop.run("INSERT INTO circuits (gateway, state, probe_at) VALUES ($1, 'open', now())", shop.bank.name)
    assert await shop.inquirer.pass_once() == 0
    assert await shop.circuit() == "closed"
    assert await shop.dispatcher.pass_once() == 2


async def test_a_probe_that_fails_leaves_the_attempt_as_it_was(database: Database) -> None:
    shop = await away(database)
    await probe(shop)
    assert await shop.states() == {"sending": FAILURES_MAX, "approved": 5}
    assert {row["outcome"] for row in await shop.attempts()} == {"unknown"}
