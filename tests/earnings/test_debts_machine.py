"""Any order of credits, payouts, refunds, debts, recoveries and forgiveness, beside a plain model of it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import auditor
from bursar import earnings, holders, ledger, payouts, programs
from bursar.earnings import Debt, DebtQuery, NewDebt, NewEarning, Recovery, TakeBack
from bursar.foundation import db
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.payouts import Payout, Step
from ground import AT, KEYRING, ask, merchant, program

T = TypeVar("T")

AMOUNTS = st.integers(1, 500)
WHO = st.integers(0, 1)


@dataclass
class Plain:
    """A holder in the plain model, in minor units: what there is, and what is owed, debt by debt."""

    available: int = 0
    debts: dict[UUID, int] = field(default_factory=dict)  # What is left of each, the oldest first.

    @property
    def owed(self) -> int:
        return sum(self.debts.values())

    def recover(self, most: int) -> int:
        """Pay the oldest debts first."""
        budget = before = min(most, self.available)
        for name, left in self.debts.items():
            part = min(budget, left)
            self.debts[name] -= part
            budget -= part
        self.available -= before - budget
        return before - budget


class Debts(RuleBasedStateMachine):
    """Batches about two holders, in one transaction that is rolled back."""

    url = ""

    @initialize()
    def open_the_books(self) -> None:
        self.runner = asyncio.Runner()
        self.connection = self.run(asyncpg.connect(self.url, server_settings={"search_path": "bursar"}))
        self.run(db._teach_types(self.connection))
        self.run(self.connection.execute("BEGIN"))
        self.tx = Transaction(self.connection)
        self.program = self.run(program(self.tx, credits="earnings", limits__minimum=None)).program
        self.book = programs.Book()
        self.holders = [self.run(merchant(self.tx, self.program, money=None)) for _ in range(2)]
        found = self.run(holders.find(self.tx, self.holders))
        self.names = {holder.id: holder.reference for holder in found.values()}
        self.plain = {holder: Plain() for holder in self.holders}
        self.open: dict[UUID, Payout] = {}
        self.owing_since = AT
        for who in (0, 1):
            self.credit([(who, 500)])

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @rule(news=st.lists(st.tuples(WHO, AMOUNTS), min_size=1, max_size=3))
    def credit(self, news: list[tuple[int, int]]) -> None:
        wanted = [
            NewEarning(self.program, self.names[self.holders[who]], uuid4().hex, self.money(minor), "test")
            for who, minor in news
        ]
        self.run(earnings.credit(self.tx, wanted, book=self.book, at=AT))
        for who, minor in news:
            self.plain[self.holders[who]].available += minor

    @rule(news=st.lists(st.tuples(WHO, AMOUNTS), min_size=1, max_size=3))
    def owe(self, news: list[tuple[int, int]]) -> None:
        wanted = [
            NewDebt(self.holders[who], self.program, uuid4().hex, self.money(minor), "test") for who, minor in news
        ]
        self.owing_since += timedelta(seconds=1)  # Which debt is older must not be chance.
        for debt in self.run(earnings.owe(self.tx, wanted, at=self.owing_since)):
            self.plain[debt.holder_id].debts[debt.id] = debt.amount.minor

    @rule(wants=st.lists(st.tuples(WHO, AMOUNTS), min_size=1, max_size=3))
    def recover(self, wants: list[tuple[int, int]]) -> None:
        wishes = [Recovery(self.holders[who], self.money(minor)) for who, minor in wants]
        parts = self.run(earnings.recover(self.tx, wishes, at=AT))
        expected = [self.plain[wish.holder_id].recover(wish.most.minor) for wish in wishes]
        assert [part.minor for part in parts] == expected

    @rule(wants=st.lists(st.tuples(WHO, AMOUNTS), min_size=1, max_size=3))
    def take_back(self, wants: list[tuple[int, int]]) -> None:
        wishes = [TakeBack(self.holders[who], self.program, "", self.money(minor), uuid4().hex) for who, minor in wants]
        for wish, taken in zip(wishes, self.run(earnings.take_back(self.tx, wishes, at=AT)), strict=True):
            plain = self.plain[wish.holder_id]
            assert taken.minor == min(wish.amount.minor, plain.available)
            plain.available -= taken.minor

    @rule(who=WHO)
    def forgive(self, who: int) -> None:
        plain = self.plain[self.holders[who]]
        names = [name for name, left in plain.debts.items() if left][:2]
        done = self.run(earnings.forgive(self.tx, names, actor="test", reason="old", at=AT))
        assert all(isinstance(one, Debt) for one in done)
        plain.debts |= dict.fromkeys(names, 0)

    @rule(wants=st.lists(st.tuples(WHO, AMOUNTS), min_size=1, max_size=4))
    def request(self, wants: list[tuple[int, int]]) -> None:
        """What is owed is kept back of the first ask that is more; those that are no more are refused."""
        asks = [ask(self.holders[who], self.program, amount=self.money(minor).text) for who, minor in wants]
        foreseen = self.run(payouts.check(self.tx, asks, desk=payouts.Desk(self.book, KEYRING), at=AT))
        made = self.run(payouts.request(self.tx, asks, desk=payouts.Desk(self.book, KEYRING), at=AT))
        for wanted, answer in zip(asks, made, strict=True):
            plain = self.plain[wanted.holder_id]
            owed, minor = plain.owed, wanted.amount.minor
            if owed >= minor or minor > plain.available:
                assert not isinstance(answer, Payout)
                assert answer.code == ("holder_owes" if owed >= minor else "insufficient_funds")
                continue
            assert isinstance(answer, Payout)
            assert (answer.netted, answer.amount.minor) == (owed, minor - owed)
            plain.recover(owed)
            plain.available -= minor - owed
            self.open[answer.id] = answer
        assert [self.outcome(one) for one in foreseen] == [self.outcome(one) for one in made]

    @rule(data=st.data(), verb=st.sampled_from(["cancel", "send", "fail", "settle", "return", "retry"]))
    def move(self, data: st.DataObject, verb: str) -> None:
        able = [name for name, payout in self.open.items() if payouts.can(payout.state, verb)]
        for name in data.draw(st.lists(st.sampled_from(able), unique=True, max_size=3)) if able else []:
            plain, payout = self.plain[self.open[name].holder_id], self.open[name]
            if verb == "retry":
                [after] = self.run(payouts.retry(self.tx, [name], actor="test", book=self.book))
                if plain.owed or payout.amount.minor > plain.available:
                    assert not isinstance(after, Payout)
                    assert after.code == ("holder_owes" if plain.owed else "insufficient_funds")
                    continue
                plain.available -= payout.amount.minor
            else:
                step = Step(name, verb, "test", gateway=self.program)
                [after] = self.run(payouts.advance(self.tx, [step], book=self.book))
                plain.available += payout.amount.minor if verb in {"cancel", "fail", "return"} else 0
            assert isinstance(after, Payout)
            self.open[name] = after

    @staticmethod
    def outcome(answer: Payout | Exception) -> object:
        return (answer.amount, answer.netted) if isinstance(answer, Payout) else str(answer)

    @staticmethod
    def money(minor: int) -> Money:
        return Money(minor, "PKR")

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        reserved = dict.fromkeys(self.holders, 0)
        for payout in self.open.values():
            if payout.state not in payouts.RESTING:
                reserved[payout.holder_id] += payout.amount.minor
        stored = {b.holder_id: (b.available, b.reserved) for b in self.run(ledger.balances(self.tx, self.holders))}
        assert stored == {name: (plain.available, reserved[name]) for name, plain in self.plain.items()}
        debts = self.run(earnings.debts_page(self.tx, DebtQuery(program=self.program, limit=1_000)))
        left = {name: minor for plain in self.plain.values() for name, minor in plain.debts.items()}
        assert {debt.id: debt.outstanding.minor for debt in debts} == left
        owed = self.run(earnings.owed(self.tx, [(holder, "PKR") for holder in self.holders]))
        assert {name: money.minor for (name, _), money in owed.items()} == {
            name: plain.owed for name, plain in self.plain.items() if plain.owed
        }

    def insist_that_every_unit_is_explained(self) -> None:
        """Once at the end: the auditor reads all there is. No gateway was asked for anything, which it would miss."""
        found = self.run(auditor.complaints(self.connection))
        assert [said for said in found if not said.startswith(("nobody_is_forgotten", "attempts_are_numbered"))] == []

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.insist_that_every_unit_is_explained()
            self.run(self.connection.execute("ROLLBACK"))
            self.run(self.connection.close())
        if hasattr(self, "runner"):
            self.runner.close()


@pytest.mark.parametrize("examples", [pytest.param(8), pytest.param(300, marks=pytest.mark.fault_lab)])
def test_any_order_of_batches_leaves_every_unit_explained(database_url: str, examples: int) -> None:
    Debts.url = database_url
    chosen = settings(
        max_examples=examples, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Debts, settings=chosen)
