"""Any order of sales, refunds, wishes, runs and what gateways say leaves every law true and every rupee explained."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from orders_house import BANK, PLATFORM, Marketplace, open_market

import auditor
from bursar import earnings, holders, ledger, payouts, schedules
from bursar.earnings import Debt, DebtQuery, NewEarning
from bursar.foundation import db
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.holders import Every, OwnSchedule
from bursar.orders import Completion, Order, OrderState
from bursar.payouts import Ask, Payout
from ground import AT

T = TypeVar("T")

PRICES = st.integers(100, 900)  # Paise; the terms' minimum is one rupee.
WHO = st.integers(0, 2)  # Two sellers, of whom the first was recruited, and the scout who did.
NOT_SENT = ("nobody_is_forgotten", "attempts_are_numbered")
"""The auditor's laws about sending: here payouts take their steps without a gateway, which these would miss."""


@dataclass
class Given:
    """What the machine itself knows that a holder was given and gave back, in paise, whatever the tables say."""

    credited: int = 0
    claimed: int = 0  # By refunds: taken back or owed.
    forgiven: int = 0

    @property
    def worth(self) -> int:
        """What they must have or have had paid out, less what they owe."""
        return self.credited - self.claimed + self.forgiven


class Market(RuleBasedStateMachine):
    """One marketplace in one transaction that is rolled back."""

    url = ""

    @initialize()
    def open_the_market(self) -> None:
        self.runner = asyncio.Runner()
        self.connection = self.run(asyncpg.connect(self.url, server_settings={"search_path": "bursar"}))
        self.run(db._teach_types(self.connection))
        self.run(self.connection.execute("BEGIN"))
        self.tx = Transaction(self.connection)
        self.market: Marketplace = self.run(open_market(self.tx, limits__minimum=None))
        scout = self.run(self.market.scout())
        self.people = [self.run(self.market.seller(by=scout)), self.run(self.market.seller()), scout]
        self.given = {person.id: Given() for person in self.people}
        self.fees = 0
        self.orders: dict[UUID, Order] = {}
        self.payouts: set[UUID] = set()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @rule(who=WHO, minor=PRICES)
    def credit(self, who: int, minor: int) -> None:
        """The platform credits something that no order stands for."""
        person = self.people[who]
        new = NewEarning(self.market.program, person.reference, uuid4().hex, rupees(minor), PLATFORM)
        self.run(earnings.credit(self.tx, [new], book=self.market.book, at=AT))
        self.given[person.id].credited += minor

    @rule(sales=st.lists(st.tuples(st.integers(0, 1), PRICES), min_size=1, max_size=3))
    def sell(self, sales: list[tuple[int, int]]) -> None:
        """Orders of one batch, completed together."""
        made = [self.run(self.market.order(self.people[who], rupees(minor).text)) for who, minor in sales]
        self.complete(made)

    @rule(data=st.data())
    def complete_again(self, data: st.DataObject) -> None:
        """It pays once."""
        self.complete(self.drawn(data, [one for one in self.orders.values() if one.state is OrderState.COMPLETED]))

    def complete(self, wanted: Sequence[Order]) -> None:
        for done in self.run(self.market.try_complete(*wanted)):
            assert isinstance(done, Completion), done
            order = done.order
            assert done.is_new == (order.id not in self.orders)
            if done.is_new:
                self.given[order.seller_id].credited += order.price.minor
                if order.scout_id is not None:
                    self.given[order.scout_id].credited += order.bounty.minor
                self.fees += order.fee.minor
                self.payouts |= {done.payout.id} if done.payout else set()
            self.orders[order.id] = order

    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        """Orders that were completed, or refunded before; the latter changes nothing."""
        chosen = self.drawn(data, list(self.orders.values()))
        for before, after in zip(chosen, self.run(self.market.try_refund(*chosen)), strict=True):
            assert isinstance(after, Order), after
            if before.state is OrderState.COMPLETED:
                self.given[after.seller_id].claimed += after.price.minor
                if after.scout_id is not None:
                    self.given[after.scout_id].claimed += after.bounty.minor
                self.fees -= after.fee.minor
            self.orders[after.id] = after

    @rule(wants=st.lists(st.tuples(WHO, PRICES), min_size=1, max_size=3))
    def request(self, wants: list[tuple[int, int]]) -> None:
        """What is owed is kept back; who owes as much, or has less, is refused."""
        asks = [
            Ask(self.people[who].id, self.market.program, "wish", rupees(minor), BANK, PLATFORM) for who, minor in wants
        ]
        answers = self.run(payouts.request(self.tx, asks, desk=self.market.desk, at=AT))
        self.payouts |= {answer.id for answer in answers if isinstance(answer, Payout)}
        assert {one.code for one in answers if isinstance(one, Refusal)} <= {"holder_owes", "insufficient_funds"}

    @rule(data=st.data(), verb=st.sampled_from(["cancel", "send", "accept", "hold", "settle", "fail", "return"]))
    def move(self, data: st.DataObject, verb: str) -> None:
        """What people and gateways make of payouts."""
        found = self.run(payouts.get_many(self.tx, self.payouts)).values()
        able = sorted(payout.id for payout in found if payouts.can(payout.state, verb))
        steps = [payouts.Step(one, verb, "test", gateway=self.market.program) for one in self.drawn(data, able)]
        after = self.run(payouts.advance(self.tx, steps, book=self.market.book))
        assert not any(isinstance(one, Refusal) for one in after), after

    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """A failed payout takes its money once more, unless it is gone, its order is, or its holder owes something."""
        found = self.run(payouts.get_many(self.tx, self.payouts)).values()
        failed = sorted(payout.id for payout in found if payout.state is payouts.PayoutState.FAILED)
        chosen = self.drawn(data, failed)
        answers = self.run(payouts.retry(self.tx, chosen, actor="person:test", book=self.market.book))
        refused = {one.code for one in answers if isinstance(one, Refusal)}
        assert refused <= {"holder_owes", "insufficient_funds", "payout_barred"}
        refunded = {one.payout_id for one in self.orders.values() if one.state is OrderState.REFUNDED}
        barred = {name for name, one in zip(chosen, answers, strict=True) if isinstance(one, payouts.PayoutBarred)}
        assert barred == refunded & set(chosen)

    @rule(who=WHO, is_forgiven=st.booleans())
    def end_debts(self, who: int, is_forgiven: bool) -> None:
        """Staff settle a holder's debts with what is there, or write them off."""
        query = DebtQuery(holder_id=self.people[who].id, is_open=True)
        names = [debt.id for debt in self.run(earnings.debts_page(self.tx, query))]
        if is_forgiven:
            owed = sum(debt.outstanding.minor for debt in self.run(earnings.debts_page(self.tx, query)))
            done = self.run(earnings.forgive(self.tx, names, actor="person:test", reason="old", at=AT))
            assert all(isinstance(one, Debt) for one in done)
            self.given[self.people[who].id].forgiven += owed
        else:
            self.run(earnings.settle(self.tx, names, actor="person:test", at=AT))

    @rule(who=WHO)
    def pay_by_a_schedule_of_their_own(self, who: int) -> None:
        """It has come round, and the next run asks for all that is there; what it was stays as it is afterwards."""
        wish = {self.people[who].id: (OwnSchedule(Every.DAY), AT - timedelta(hours=1))}
        self.run(holders.set_schedule(self.tx, wish, actor="person:test"))
        run = self.run(schedules.begin_now(self.tx, self.market.program, actor="person:test"))
        while (
            more := self.run(schedules.carry_on(self.tx, run.id, desk=self.market.desk, at_most=2))
        ) and more.is_more:
            pass
        made = self.run(payouts.page(self.tx, payouts.Query(program=self.market.program, limit=1_000)))
        self.payouts |= {payout.id for payout in made}

    @rule(who=WHO)
    def drop_the_schedule(self, who: int) -> None:
        """From now on each order is paid by itself again."""
        self.run(holders.drop_schedule(self.tx, [self.people[who].id], actor="person:test"))

    def drawn(self, data: st.DataObject, found: Sequence[T]) -> list[T]:
        """Up to three of them, by their places: a failure then reads as a short list of numbers."""
        places = st.lists(st.integers(0, len(found) - 1), unique=True, max_size=3)
        return [found[place] for place in data.draw(places)] if found else []

    @invariant()
    def each_holder_has_what_they_were_given(self) -> None:
        if not hasattr(self, "given"):
            return
        worth = Counter[UUID]()
        for balance in self.run(ledger.balances(self.tx, list(self.given))):
            worth[balance.holder_id] += balance.available + balance.reserved
        for payout in self.run(payouts.get_many(self.tx, self.payouts)).values():
            worth[payout.holder_id] += payout.amount.minor if payout.state is payouts.PayoutState.COMPLETED else 0
        for (holder_id, _), owed in self.owed().items():
            worth[holder_id] -= owed.minor
        assert {name: worth[name] for name in self.given} == {name: one.worth for name, one in self.given.items()}

    @invariant()
    def each_of_the_programs_rupees_is_explained(self) -> None:
        if not hasattr(self, "given"):
            return
        own = {
            one.kind.value: one.amount.minor
            for one in self.run(ledger.platform_balances(self.tx))
            if one.owner == self.market.program
        }
        found = self.run(payouts.get_many(self.tx, self.payouts)).values()
        paid = sum(one.amount.minor for one in found if one.state is payouts.PayoutState.COMPLETED)
        owed = sum(debt.minor for debt in self.owed().values())
        spent = sum(one.worth for one in self.given.values()) + self.fees
        expected = {"funding": -spent, "fees": self.fees, "debts": -owed, "clearing": paid}
        assert {kind: own.get(kind, 0) for kind in expected} == expected

    def owed(self) -> dict[tuple[UUID, str], Money]:
        return dict(self.run(earnings.owed(self.tx, [(name, "INR") for name in self.given])))

    def insist_on_every_law(self) -> None:
        """Once at the end: the auditor reads all there is."""
        found = self.run(auditor.complaints(self.connection))
        assert [said for said in found if not said.startswith(NOT_SENT)] == []

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            try:
                self.insist_on_every_law()
            finally:
                self.run(self.connection.execute("ROLLBACK"))
                self.run(self.connection.close())
        if hasattr(self, "runner"):
            self.runner.close()


def rupees(minor: int) -> Money:
    return Money(minor, "INR")


@pytest.mark.parametrize("examples", [pytest.param(10), pytest.param(300, marks=pytest.mark.fault_lab)])
def test_any_order_of_what_can_happen_leaves_every_rupee_explained(database_url: str, examples: int) -> None:
    Market.url = database_url
    chosen = settings(
        max_examples=examples, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Market, settings=chosen)
