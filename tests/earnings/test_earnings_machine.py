"""Any order of credits, reservations and their ends over a real PostgreSQL, beside a plain model of the queue."""

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

from bursar import earnings, holders, ledger, programs
from bursar.earnings import Credited, NewEarning, Query
from bursar.foundation import db
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.ledger import Movement, TransferKind
from ground import AT, funding, merchant, program

T = TypeVar("T")

K = TransferKind
KINDS_AFTER = {K.RESERVE: [K.POST, K.VOID], K.POST: [K.REVERSE, K.REVERSE_TO_SUSPENSE]}
"""What may happen next to a reservation, by what happened last; nothing for one that is over."""


@dataclass
class Plain:
    """An earning in the plain model: when it was earned, and where its minor units are."""

    days: int
    at: dict[str, int] = field(default_factory=lambda: {"available": 0, "reserved": 0, "paid": 0, "suspended": 0})

    def move(self, amount: int, source: str, target: str) -> None:
        self.at[source] -= amount
        self.at[target] += amount


class Queues(RuleBasedStateMachine):
    """Batches of mixed movements of two holders, in one transaction that is rolled back."""

    url = ""

    @initialize()
    def open_the_books(self) -> None:
        self.runner = asyncio.Runner()
        self.connection = self.run(asyncpg.connect(self.url, server_settings={"search_path": "bursar"}))
        self.run(db._teach_types(self.connection))
        self.run(self.connection.execute("BEGIN; SET LOCAL session_replication_role = replica"))  # No payouts here.
        self.tx = Transaction(self.connection)
        self.program = self.run(program(self.tx, credits="earnings")).program
        self.book = programs.Book()
        self.holders = [self.run(merchant(self.tx, self.program, money=None)) for _ in range(2)]
        found = self.run(holders.find(self.tx, self.holders))
        self.names = {holder.id: holder.reference for holder in found.values()}
        self.plain: dict[UUID, dict[UUID, Plain]] = {holder: {} for holder in self.holders}
        self.others = dict.fromkeys(self.holders, 0)  # Money on the balance that nobody has earned.
        self.lives: dict[UUID, tuple[UUID, int, TransferKind]] = {}  # Payout: holder, amount, what happened last.
        self.took: dict[UUID, dict[UUID, int]] = {}  # Payout: how much of which earning.

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @rule(news=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 500), st.integers(0, 5)), min_size=1, max_size=6))
    def credit(self, news: list[tuple[int, int, int]]) -> None:
        """Earnings come in any order of their times."""
        wanted = [
            NewEarning(
                self.program, self.names[self.holders[who]], uuid4().hex, Money(minor, "PKR"), "test",
                earned_at=AT - timedelta(days=days),
            )
            for who, minor, days in news
        ]  # fmt: skip
        made = self.run(earnings.credit(self.tx, wanted, book=self.book, at=AT))
        for (who, minor, days), credited in zip(news, made, strict=True):
            assert isinstance(credited, Credited)
            plain = self.plain[self.holders[who]][credited.earning.id] = Plain(days)
            plain.at["available"] = minor

    @rule(who=st.integers(0, 1), minor=st.integers(1, 500))
    def fund(self, who: int, minor: int) -> None:
        """Money comes in that stands for nothing."""
        money = Money(minor, "PKR").text
        self.run(ledger.credit(self.tx, [funding(self.holders[who], money, program=self.program)], at=AT))
        self.others[self.holders[who]] += minor

    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        """New reservations and ends of old ones, in one batch and any order."""
        wants = data.draw(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 900)), max_size=4))
        movements = [self.movement(K.RESERVE, self.holders[who], minor, uuid4()) for who, minor in wants]
        going = [payout for payout, (_, _, last) in self.lives.items() if last in KINDS_AFTER]
        for payout in data.draw(st.lists(st.sampled_from(going), unique=True, max_size=6)) if going else []:
            holder, minor, last = self.lives[payout]
            movements.append(self.movement(data.draw(st.sampled_from(KINDS_AFTER[last])), holder, minor, payout))
        movements = data.draw(st.permutations(movements))
        results = self.run(ledger.apply(self.tx, movements, at=AT))
        done = [movement for movement, result in zip(movements, results, strict=True) if isinstance(result, UUID)]
        self.run(earnings.follow(self.tx, done, at=AT))
        for movement in done:
            self.remember(movement)

    def movement(self, kind: TransferKind, holder: UUID, minor: int, payout: UUID) -> Movement:
        return Movement(
            kind, holder, Money(minor, "PKR"), self.program, payout_id=payout, reservation=1, gateway=self.program
        )

    def remember(self, movement: Movement) -> None:
        """The plain model: what a movement does, written out once more."""
        assert movement.payout_id is not None
        payout, plain = movement.payout_id, self.plain[movement.holder_id]
        if movement.kind is K.RESERVE:
            self.took[payout] = self.oldest(plain, movement.amount.minor)
        source, target = {
            K.RESERVE: ("available", "reserved"),
            K.POST: ("reserved", "paid"),
            K.VOID: ("reserved", "available"),
            K.REVERSE: ("paid", "available"),
            K.REVERSE_TO_SUSPENSE: ("paid", "suspended"),
        }[movement.kind]
        for earning, minor in self.took[payout].items():
            plain[earning].move(minor, source, target)
        self.lives[payout] = (movement.holder_id, movement.amount.minor, movement.kind)

    def oldest(self, plain: dict[UUID, Plain], wanted: int) -> dict[UUID, int]:
        """How much of which earnings an amount takes: sorted once, without any cleverness."""
        took = {}
        for name, earning in sorted(plain.items(), key=lambda item: (-item[1].days, item[0])):
            if part := min(wanted, earning.at["available"]):
                took[name] = part
                wanted -= part
        return took

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        for holder in self.holders:
            stored = {
                e.id: {figure: getattr(e, figure).minor for figure in ("available", "reserved", "paid", "suspended")}
                for e in self.run(earnings.page(self.tx, Query(holder_id=holder, limit=1_000)))
            }
            assert stored == {name: plain.at for name, plain in self.plain[holder].items()}

    @invariant()
    def each_payout_can_say_what_it_took(self) -> None:
        found = self.run(earnings.of_payouts(self.tx, self.took))
        said = {payout: {e.id: payoff.amount.minor for e, payoff in taken} for payout, taken in found.items()}
        assert said == {payout: took for payout, took in self.took.items() if took}

    @invariant()
    def there_is_money_for_every_earning(self) -> None:
        for balance in self.run(ledger.balances(self.tx, self.holders)):
            plain = self.plain[balance.holder_id].values()
            assert sum(earning.at["available"] for earning in plain) <= balance.available
            assert sum(earning.at["reserved"] for earning in plain) <= balance.reserved

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.run(self.connection.execute("ROLLBACK"))
            self.run(self.connection.close())
        if hasattr(self, "runner"):
            self.runner.close()


@pytest.mark.parametrize("examples", [pytest.param(15), pytest.param(400, marks=pytest.mark.fault_lab)])
def test_any_order_of_batches_keeps_the_queues(database_url: str, examples: int) -> None:
    Queues.url = database_url
    chosen = settings(
        max_examples=examples, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Queues, settings=chosen)
