"""What holders owe is kept back of what they ask for, and a failed payout of somebody who owes is not retried."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from bursar import earnings, holders, ledger, payouts, programs
from bursar.earnings import NewDebt, PayoffState
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.ledger import InsufficientFunds
from bursar.payouts import HolderOwes, NotAllowed, Payout, PayoutState, Step
from ground import AT, KEYRING, ask, funding, merchant, program
from statements import statements_of


def money(text: str) -> Money:
    return Money.parse(text, "PKR")


@dataclass
class Owing:
    """A holder of a program with earnings, who has earned something and may owe something."""

    tx: Transaction
    program: str
    holder: UUID
    book: programs.Book

    @property
    def desk(self) -> payouts.Desk:
        return payouts.Desk(self.book, KEYRING)

    async def another(self) -> "Owing":
        return Owing(self.tx, self.program, await merchant(self.tx, self.program, money=None), self.book)

    async def has(self, amount: str) -> None:
        await ledger.credit(self.tx, [funding(self.holder, amount, program=self.program)], at=AT)

    async def owes(self, amount: str, *, reference: str = "refund:order-1") -> None:
        debt = NewDebt(self.holder, self.program, reference, money(amount), "test")
        await earnings.owe(self.tx, [debt], at=AT)

    async def ask(self, *amounts: str, **wanted: Any) -> list[Payout | Refusal]:
        """Ask together; what a trial has said before must come true."""
        asks = [ask(self.holder, self.program, amount=amount, **wanted) for amount in amounts]
        foreseen = await payouts.check(self.tx, asks, desk=self.desk, at=AT)
        made = await payouts.request(self.tx, asks, desk=self.desk, at=AT)
        assert [type(one) for one in foreseen] == [type(one) for one in made]
        return made

    async def born(self, amount: str, **wanted: Any) -> Payout:
        [made] = await self.ask(amount, **wanted)
        assert isinstance(made, Payout), made
        return made

    async def fail(self, payout: Payout) -> None:
        for verb in ("send", "fail"):
            [after] = await payouts.advance(self.tx, [Step(payout.id, verb, "test", gateway="bank")], book=self.book)
            assert isinstance(after, Payout), after

    async def retry(self, *wanted: Payout) -> list[Payout | Refusal]:
        return await payouts.retry(self.tx, [one.id for one in wanted], actor="test", book=self.book)

    async def owed(self) -> str:
        purse = (self.holder, "PKR")
        return (await earnings.owed(self.tx, [purse])).get(purse, Money.zero("PKR")).text

    async def balance(self) -> tuple[int, int]:
        [found] = await ledger.balances(self.tx, [self.holder])
        return found.available, found.reserved


async def someone(tx: Transaction, **changes: Any) -> Owing:
    terms = await program(tx, **{"credits": "earnings", **changes})
    return Owing(tx, terms.program, await merchant(tx, terms.program, money=None), programs.Book())


@pytest.fixture
async def holder(tx: Transaction) -> Owing:
    found = await someone(tx)
    await found.has("1000.00")
    return found


def outcomes(answers: list[Payout | Refusal]) -> list[object]:
    """Of each answer the amount and what was kept, or the refusal's code."""
    return [(one.amount.text, one.netted) if isinstance(one, Payout) else one.code for one in answers]


async def test_a_smaller_debt_is_kept_back_and_the_rest_is_paid(holder: Owing) -> None:
    await holder.owes("300.00")
    payout = await holder.born("1000.00")
    assert (payout.amount, payout.netted) == (money("700.00"), 30_000)
    assert await holder.owed() == "0.00"
    assert await holder.balance() == (0, 70_000)
    stored = await payouts.get(holder.tx, payout.id)
    assert (stored.amount, stored.netted, stored.digest) == (payout.amount, payout.netted, payout.digest)
    [first, *_] = await payouts.history(holder.tx, payout.id)
    assert first.facts == {"netted": "300.00"}
    moved = [(one.kind.value, one.amount.text) for one in await ledger.transfers_of(holder.tx, payout.id)]
    assert moved == [("recover", "300.00"), ("reserve", "700.00")]
    [(debt, part)] = (await earnings.parts_of_payouts(holder.tx, [payout.id]))[payout.id]
    assert (debt.reference, part.amount) == ("refund:order-1", money("300.00"))


async def test_all_debts_are_kept_back_at_once(holder: Owing) -> None:
    await holder.owes("300.00")
    await holder.owes("200.00", reference="refund:order-2")
    assert outcomes(await holder.ask("600.00")) == [("100.00", 50_000)]


@pytest.mark.parametrize("asked", ["300.00", "299.99", "0.01"])
async def test_a_debt_of_as_much_or_more_refuses_and_moves_nothing(holder: Owing, asked: str) -> None:
    await holder.owes("300.00")
    [refused] = await holder.ask(asked)
    assert isinstance(refused, HolderOwes)
    assert refused.facts == {"owed": "300.00", "asked": asked, "currency": "PKR"}
    assert (await holder.owed(), await holder.balance()) == ("300.00", (100_000, 0))


async def test_more_than_there_is_is_refused_whole(holder: Owing) -> None:
    """The rest would be covered, but what was asked for is not there."""
    await holder.owes("300.00")
    [refused] = await holder.ask("1000.01")
    assert isinstance(refused, InsufficientFunds)
    assert refused.facts["needed"] == "1000.01"
    assert (await holder.owed(), await holder.balance()) == ("300.00", (100_000, 0))


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        ("350.00", "not_allowed"),
        ("400.00", ("100.00", 30_000)),
        ("800.00", ("500.00", 30_000)),
        ("801.00", "not_allowed"),
    ],
)
async def test_the_limits_judge_what_is_left_to_pay(tx: Transaction, asked: str, outcome: object) -> None:
    holder = await someone(tx, limits__minimum=100.00, limits__maximum=500.00)
    await holder.has("1000.00")
    await holder.owes("300.00")
    assert outcomes(await holder.ask(asked)) == [outcome]
    assert await holder.owed() == ("300.00" if outcome == "not_allowed" else "0.00")


async def test_the_day_counts_what_is_left_to_pay(tx: Transaction) -> None:
    holder = await someone(tx, limits__per_day=500.00)
    await holder.has("2000.00")
    await holder.owes("300.00")
    assert outcomes(await holder.ask("700.00")) == [("400.00", 30_000)]
    assert outcomes(await holder.ask("101.00")) == ["not_allowed"]
    assert outcomes(await holder.ask("100.00")) == [("100.00", 0)]


async def test_a_batch_keeps_a_debt_back_once(holder: Owing) -> None:
    await holder.owes("300.00")
    asked = await holder.ask("200.00", "400.00", "200.00", "500.00", "1.00")
    assert outcomes(asked) == ["holder_owes", ("100.00", 30_000), ("200.00", 0), "insufficient_funds", ("1.00", 0)]
    assert await holder.balance() == (39_900, 30_100)


async def test_a_debt_that_is_not_kept_back_after_all_stands_in_the_way_of_the_others(tx: Transaction) -> None:
    """Its payout is over the limit; paying the smaller one beside it would leave the debt out."""
    holder = await someone(tx, limits__maximum=500.00)
    await holder.has("2000.00")
    await holder.owes("300.00")
    asked = await holder.ask("1000.00", "400.00", "100.00")
    assert outcomes(asked) == ["not_allowed", "holder_owes", "holder_owes"]
    assert isinstance(asked[0], NotAllowed)
    assert (await holder.owed(), await holder.balance()) == ("300.00", (200_000, 0))
    assert outcomes(await holder.ask("400.00")) == [("100.00", 30_000)]


async def test_one_holders_debt_is_not_anothers(holder: Owing) -> None:
    other = await holder.another()
    await other.has("1000.00")
    await holder.owes("300.00")
    asks = [ask(one.holder, one.program, amount="500.00") for one in (other, holder)]
    made = await payouts.request(holder.tx, asks, desk=holder.desk, at=AT)
    assert outcomes(made) == [("500.00", 0), ("200.00", 30_000)]


async def test_earnings_behind_what_is_kept_back_are_withheld_and_the_others_reserved(tx: Transaction) -> None:
    holder = await someone(tx)
    name = (await holders.find(tx, [holder.holder]))[holder.holder].reference
    news = [
        earnings.NewEarning(
            holder.program, name, f"order-{days}", money("100.00"), "test", earned_at=AT - timedelta(days=days)
        )
        for days in (3, 2, 1)
    ]
    await earnings.credit(tx, news, book=holder.book, at=AT)
    await holder.owes("150.00")
    payout = await holder.born("200.00")
    found = sorted(await earnings.page(tx, earnings.Query(holder_id=holder.holder)), key=lambda one: one.place)
    assert [(e.available.text, e.reserved.text, e.withheld.text) for e in found] == [
        ("0.00", "0.00", "100.00"),
        ("0.00", "50.00", "50.00"),
        ("100.00", "0.00", "0.00"),
    ]
    [(_, payoff)] = (await earnings.of_payouts(tx, [payout.id]))[payout.id]
    assert (payoff.amount, payoff.state) == (money("50.00"), PayoffState.RESERVED)


async def test_a_payout_that_fails_leaves_the_debt_settled(holder: Owing) -> None:
    await holder.owes("300.00")
    payout = await holder.born("1000.00")
    await holder.fail(payout)
    assert (await holder.owed(), await holder.balance()) == ("0.00", (70_000, 0))
    [again] = await holder.retry(payout)
    assert isinstance(again, Payout)
    assert again.amount == money("700.00")


async def test_a_failed_payout_is_not_retried_while_its_holder_owes(holder: Owing) -> None:
    other = await holder.another()
    await other.has("500.00")
    payout, theirs = await holder.born("1000.00"), await other.born("500.00")
    for one, made in ((holder, payout), (other, theirs)):
        await one.fail(made)
    await holder.owes("0.01")
    refused, retried, again = await holder.retry(payout, theirs, payout)
    assert isinstance(refused, HolderOwes)
    assert refused.facts == {"owed": "0.01", "asked": "1000.00", "currency": "PKR"}
    assert isinstance(retried, Payout)
    assert type(again) is HolderOwes
    assert (await payouts.get(holder.tx, payout.id)).state is PayoutState.FAILED


async def test_a_retry_that_is_out_of_place_says_so_first(holder: Owing) -> None:
    payout = await holder.born("1000.00")
    await holder.owes("1.00")
    [refused] = await holder.retry(payout)
    assert isinstance(refused, payouts.WrongState)


async def test_netting_costs_the_same_whatever_the_size_of_the_batch(tx: Transaction) -> None:
    counted = {}
    for size in (2, 1, 10, 100):  # The first one warms up.
        holder = await someone(tx)
        owing = [await holder.another() for _ in range(size)]
        for one in owing:
            await one.has("1000.00")
            await one.owes("300.00")
        asks = [ask(one.holder, one.program, amount="500.00") for one in owing]
        async with statements_of(tx) as heard:
            made = await payouts.request(tx, asks, desk=holder.desk, at=AT)
        assert outcomes(made) == [("200.00", 30_000)] * size
        counted[size] = len(heard)
    assert counted[1] == counted[10] == counted[100], counted


async def test_programs_without_earnings_ask_nothing_about_debts(database: Database) -> None:
    async with database.transaction() as tx:
        terms = await program(tx)
        holder = await merchant(tx, terms.program)
    book = programs.Book()
    async with database.transaction() as tx:
        async with statements_of(tx) as heard:
            asks = [ask(holder, terms.program)]
            [made] = await payouts.request(tx, asks, desk=payouts.Desk(book, KEYRING), at=AT)
            assert isinstance(made, Payout)
        assert [statement for statement in heard if "debts" in statement] == []
