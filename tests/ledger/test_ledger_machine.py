"""Any order of batches over a real PostgreSQL keeps laws 1 and 2; the tables are compared with a plain model."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bursar import ledger
from bursar.foundation import db
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.ledger import Movement, TransferKind
from bursar.payouts import model as payout_model
from ground import AT, merchant, program

T = TypeVar("T")

K = TransferKind
KINDS_AFTER = {None: [K.RESERVE], K.RESERVE: [K.POST, K.VOID], K.POST: [K.REVERSE, K.REVERSE_TO_SUSPENSE]}
"""What may happen next to a reservation, by what happened last; nothing for one that is over."""


class Books(RuleBasedStateMachine):
    """Batches of mixed movements of two holders, in one transaction that is rolled back."""

    url = ""

    @initialize()
    def open_the_books(self) -> None:
        self.runner = asyncio.Runner()
        self.connection = self.run(asyncpg.connect(self.url, server_settings={"search_path": "bursar"}))
        self.run(db._teach_types(self.connection))
        self.run(self.connection.execute("BEGIN"))
        self.tx = Transaction(self.connection)
        self.program = self.run(program(self.tx)).program
        self.holders = [self.run(merchant(self.tx, self.program, money="20.00")) for _ in range(2)]
        self.figures = {holder: [2_000, 0] for holder in self.holders}
        self.lives: dict[UUID, tuple[UUID, int, TransferKind]] = {}  # Payout: holder, amount, what happened last.

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @rule(wants=st.lists(st.tuples(st.integers(0, 1), st.integers(1, 900)), min_size=1, max_size=6))
    def reserve(self, wants: list[tuple[int, int]]) -> None:
        """Each is accepted while the money lasts, in order."""
        movements = [self.movement(K.RESERVE, self.holders[who], minor, uuid4()) for who, minor in wants]
        results = self.run(ledger.apply(self.tx, movements, at=AT))
        for movement, result in zip(movements, results, strict=True):
            available = self.figures[movement.holder_id]
            assert isinstance(result, UUID) == (available[0] >= movement.amount.minor)
            if isinstance(result, UUID):
                self.remember(movement)

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """Some reservations go on together: posted, voided or reversed, as each may."""
        open_lives = [payout for payout, (_, _, last) in self.lives.items() if last in KINDS_AFTER]
        chosen = data.draw(st.lists(st.sampled_from(open_lives), unique=True, max_size=6)) if open_lives else []
        movements = []
        for payout in chosen:
            holder, minor, last = self.lives[payout]
            movements.append(self.movement(data.draw(st.sampled_from(KINDS_AFTER[last])), holder, minor, payout))
        results = self.run(ledger.apply(self.tx, movements, at=AT))
        assert all(isinstance(result, UUID) for result in results)
        for movement in movements:
            self.remember(movement)

    def movement(self, kind: TransferKind, holder: UUID, minor: int, payout: UUID) -> Movement:
        return Movement(
            kind, holder, Money(minor, "PKR"), self.program, payout_id=payout, reservation=1, gateway=self.program
        )

    def remember(self, movement: Movement) -> None:
        """The plain model: what a movement does, written out once more."""
        minor, figures = movement.amount.minor, self.figures[movement.holder_id]
        match movement.kind:
            case K.RESERVE:
                figures[:] = [figures[0] - minor, figures[1] + minor]
            case K.POST:
                figures[1] -= minor
            case K.VOID:
                figures[:] = [figures[0] + minor, figures[1] - minor]
            case K.REVERSE:
                figures[0] += minor
        assert movement.payout_id is not None
        self.lives[movement.payout_id] = (movement.holder_id, minor, movement.kind)

    @invariant()
    def the_tables_say_what_the_model_says(self) -> None:
        stored = {b.holder_id: [b.available, b.reserved] for b in self.run(ledger.balances(self.tx, self.holders))}
        assert stored == self.figures
        assert min(min(figures) for figures in stored.values()) >= 0

    @invariant()
    def everything_follows_from_the_transfers(self) -> None:
        held: dict[int, int] = defaultdict(int)
        for row in self.run(self.connection.fetch("SELECT debit_account, credit_account, amount FROM transfers")):
            held[row["debit_account"]] -= row["amount"]
            held[row["credit_account"]] += row["amount"]
        assert sum(held.values()) == 0
        for b in self.run(ledger.balances(self.tx, self.holders)):
            assert (b.available, b.reserved) == (held[b.available_account], held[b.reserved_account])
        assert self.run(ledger.discrepancies(self.tx)) == []

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.run(self.connection.execute("ROLLBACK"))
            self.run(self.connection.close())
        if hasattr(self, "runner"):
            self.runner.close()


@pytest.mark.parametrize("examples", [pytest.param(15), pytest.param(400, marks=pytest.mark.fault_lab)])
def test_any_order_of_batches_keeps_the_books(database_url: str, examples: int) -> None:
    Books.url = database_url
    chosen = settings(
        max_examples=examples, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Books, settings=chosen)


def test_the_ledger_does_what_the_lifecycle_asks_of_it() -> None:
    """Every effect in the payouts' table is a kind of movement here; the others come beside it."""
    asked = {effect.value.lower() for effect in payout_model.Effect if effect is not payout_model.Effect.NONE}
    sales, debts = {"credit", "fee", "fee_back", "take_back"}, {"owe", "recover", "forgive"}
    decided = {"reverse_to_suspense", "release", "reclaim", "write_off"}
    assert {kind.value for kind in K} - asked == sales | debts | decided
