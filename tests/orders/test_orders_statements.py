"""Statements of sellers and scouts equal the ledger, the list of payouts and each other, whatever has happened."""

from datetime import timedelta
from itertools import pairwise

import pytest
from orders_house import Marketplace, open_market

from bursar import ledger, payouts
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money, total
from bursar.holders import Holder
from bursar.outbound import statements
from bursar.outbound.statements import Entry, Overview, Statement
from bursar.payouts import PayoutState
from statements import statements_of


class Office:
    """Draws up statements, and looks at what they have to equal."""

    def __init__(self, market: Marketplace) -> None:
        self.market = market

    async def statement(self, holder: Holder, period: str = "2026") -> Statement:
        terms = (await self.market.book.judge(self.market.tx, {self.market.program}))[self.market.program]
        return await statements.statement(self.market.tx, holder, period=period, terms=terms)

    async def periods(self, holder: Holder) -> list[Overview]:
        terms = (await self.market.book.judge(self.market.tx, {self.market.program}))[self.market.program]
        return await statements.overview(self.market.tx, holder, terms=terms)

    async def this_year(self, holder: Holder) -> Statement:
        [year, *_] = await self.periods(holder)
        return await self.statement(holder, year.period.name)

    async def in_the_ledger(self, holder: Holder) -> Money:
        balances = await ledger.balances(self.market.tx, [holder.id])
        return total((Money(each.available + each.reserved, each.currency) for each in balances), "INR")

    async def paid_by_list(self, holder: Holder) -> Money:
        wanted = payouts.Query(holder_id=holder.id, states=frozenset({PayoutState.COMPLETED}))
        return total((payout.amount for payout in await payouts.page(self.market.tx, wanted)), "INR")

    async def recorded_earlier(self, holder: Holder, days: int) -> None:
        """Let all that has moved so far have been recorded so many days ago."""
        tx = self.market.tx
        await tx.run("SET LOCAL session_replication_role = replica")
        await tx.run(
            "UPDATE transfers SET recorded_at = recorded_at - $2::interval WHERE holder_id = $1",
            holder.id, timedelta(days=days),
        )  # fmt: skip
        await tx.run("SET LOCAL session_replication_role = origin")


@pytest.fixture
async def office(tx: Transaction) -> Office:
    return Office(await open_market(tx))


async def amount(statement: Statement, *entries: Entry) -> str:
    return total((statement.totals[entry] for entry in entries if entry in statement.totals), "INR").text


async def test_a_statement_equals_the_ledger_and_the_list(office: Office) -> None:
    market = office.market
    scout = await market.scout()
    seller = await market.seller(by=scout)
    paid, failed, waiting = [await market.sold(seller, price) for price in ("1000.00", "300.00", "50.00")]
    await market.take(paid.payout, "send", "settle")
    await market.take(failed.payout, "send", "fail")
    assert waiting.payout is not None
    found = await office.this_year(seller)
    assert found.closing.balance == await office.in_the_ledger(seller) == Money(35000, "INR")
    assert found.totals[Entry.PAYOUT] == await office.paid_by_list(seller)
    assert (await amount(found, Entry.SALE), await amount(found, Entry.PAYOUT)) == ("1350.00", "1000.00")
    [bounty, *_] = (await office.this_year(scout)).lines
    assert (bounty.entry, bounty.reference.partition(":")[0]) == (Entry.BOUNTY, "bounty")


async def test_a_failed_payout_is_no_line(office: Office) -> None:
    seller = await office.market.seller()
    sold = await office.market.sold(seller, "300.00", fee="0")
    await office.market.take(sold.payout, "send", "fail", "retry", "send", "fail")
    assert [line.entry for line in (await office.this_year(seller)).lines] == [Entry.SALE]


async def test_a_payout_that_came_back_is_told_both_ways(office: Office) -> None:
    seller = await office.market.seller()
    sold = await office.market.sold(seller, "300.00")
    await office.market.take(sold.payout, "send", "settle", "return")
    found = await office.this_year(seller)
    assert await amount(found, Entry.PAYOUT) == await amount(found, Entry.RETURN) == "300.00"
    assert found.closing.balance == await office.in_the_ledger(seller) == Money(30000, "INR")
    assert await office.paid_by_list(seller) == Money(0, "INR")


async def test_a_refund_after_the_payout_is_owed_and_then_recovered(office: Office) -> None:
    market = office.market
    seller = await market.seller()
    first = await market.sold(seller, "1000.00")
    await market.take(first.payout, "send", "settle")
    await market.refund(first.order)
    found = await office.this_year(seller)
    assert found.closing.owed.text == await market.owes(seller) == "1000.00"
    await market.sold(seller, "1500.00")
    found = await office.this_year(seller)
    assert found.closing.owed.text == await market.owes(seller) == "0.00"
    assert found.closing.balance == await office.in_the_ledger(seller) == Money(50000, "INR")
    assert {Entry.DEBT, Entry.RECOVERED, Entry.FEE, Entry.FEE_BACK} <= found.totals.keys()


async def test_a_refund_before_the_payout_takes_back(office: Office) -> None:
    market = office.market
    seller = await market.seller()
    await market.refund((await market.sold(seller, "200.00")).order)
    found = await office.this_year(seller)
    assert (await amount(found, Entry.TAKEN_BACK), found.closing.balance.minor) == ("200.00", 0)


async def test_a_period_opens_with_what_the_one_before_closed_with(office: Office) -> None:
    market = office.market
    seller = await market.seller()
    await market.take((await market.sold(seller, "1000.00")).payout, "send", "settle")
    await market.sold(seller, "77.00")
    await office.recorded_earlier(seller, days=70)
    await market.sold(seller, "500.00")
    found = await office.periods(seller)
    months = [each for each in reversed(found) if not each.period.is_year]
    assert len(months) in {3, 4}
    assert all(one.closing == later.opening for one, later in pairwise(months))
    for each in found:
        statement = await office.statement(seller, each.period.name)
        assert (statement.opening, statement.closing) == (each.opening, each.closing)
        assert (statement.as_of is None) is each.is_over
    assert months[-1].closing.balance == await office.in_the_ledger(seller) == Money(57700, "INR")
    assert not months[-1].is_over


async def test_a_line_says_what_it_is_about(office: Office) -> None:
    market = office.market
    seller = await market.seller(paid_to="000111222333")
    sold = await market.sold(seller, "100.00", item="Clay lamp")
    await market.take(sold.payout, "send", "settle")
    lines = {line.entry: line for line in (await office.this_year(seller)).lines}
    assert lines[Entry.SALE].reference == sold.order.source
    assert lines[Entry.SALE].description == "Clay lamp"
    assert lines[Entry.PAYOUT].description.endswith("••••2333")
    assert lines[Entry.PAYOUT].payout_id == sold.order.payout_id


async def test_whoever_had_nothing_has_no_periods_but_an_empty_statement(office: Office) -> None:
    seller = await office.market.seller()
    assert await office.periods(seller) == []
    assert (await office.statement(seller)).is_empty


@pytest.mark.parametrize("period", ["2190", "2190-01", "soon"])
async def test_there_is_no_statement_of_the_future(period: str, office: Office) -> None:
    with pytest.raises(statements.NoSuchPeriod):
        await office.statement(await office.market.seller(), period)


async def test_a_statement_costs_the_same_for_one_line_and_for_many(office: Office) -> None:
    market = office.market
    seller = await market.seller()
    await market.take((await market.sold(seller)).payout, "send", "settle")
    await office.this_year(seller)
    async with statements_of(market.tx) as few:
        await office.this_year(seller)
    for _ in range(5):
        await market.take((await market.sold(seller)).payout, "send", "settle")
    async with statements_of(market.tx) as many:
        await office.this_year(seller)
    assert len(many) == len(few)
