"""Two at once over one order: the database decides who comes first, and either way nobody is paid twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import pytest
from orders_house import BANK, PLATFORM, Marketplace, open_market, rupees, within

import auditor
from bursar import earnings, payouts
from bursar.earnings import NewEarning
from bursar.foundation.db import Database
from bursar.foundation.errors import Refusal
from bursar.holders import Holder
from bursar.orders import Completion, Order, OrderState
from bursar.payouts import Ask, Payout, PayoutState
from ground import AT, own_database

Deed = Callable[[Marketplace], Awaitable[Any]]
"""What somebody does in a transaction of their own."""

NOT_SENT = ("nobody_is_forgotten", "attempts_are_numbered")


@pytest.fixture(scope="module")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database of these tests' own."""
    with own_database(server_url, template) as url:
        yield url


@pytest.fixture(autouse=True)
async def every_law_holds(database_url: str) -> AsyncIterator[None]:
    """Whatever came first."""
    yield
    connection = await asyncpg.connect(database_url)
    found = await auditor.complaints(connection)
    await connection.close()
    assert [said for said in found if not said.startswith(NOT_SENT)] == []


async def at_once(database: Database, market: Marketplace, first: Deed, second: Deed) -> tuple[Any, Any]:
    """What came of two deeds, of which the second begins when the first is done and has not committed."""
    is_done, may_commit = asyncio.Event(), asyncio.Event()

    async def before() -> Any:
        async with database.transaction() as tx:
            answer = await first(within(market, tx))
            is_done.set()
            await may_commit.wait()
        return answer

    async def after() -> Any:
        async with database.transaction() as tx:
            return await second(within(market, tx))

    async with asyncio.TaskGroup() as group:
        one = group.create_task(before())
        await is_done.wait()
        other = group.create_task(after())
        await _until_it_waits(database, other)
        may_commit.set()
    return one.result(), other.result()


async def _until_it_waits(database: Database, waiting: "asyncio.Task[Any]") -> None:
    """Until the second stands before a lock of the first's; or is done, having needed none."""
    question = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while not waiting.done():
        async with database.transaction(readonly=True) as tx:
            if await tx.value(question):
                return
        await asyncio.sleep(0.01)


async def opened(database: Database, *, sold: bool = True) -> tuple[Marketplace, Holder, Order, Payout | None]:
    """A seller's order of 10.00, completed unless told otherwise, and its payout."""
    async with database.transaction() as tx:
        market = await open_market(tx)
        seller = await market.seller(by=await market.scout())
        order = await market.order(seller, "10.00")
        if not sold:
            return market, seller, order, None
        done = await market.complete(order)
    return market, seller, done.order, done.payout


async def stands(database: Database, market: Marketplace, order: Order, seller: Holder) -> tuple[Order, str, str]:
    """The order as it stands in the end, what its seller has available, and what they owe."""
    async with database.transaction() as tx:
        there = within(market, tx)
        [done] = await there.try_refund(order)
        assert isinstance(done, Order), done
        return done, (await there.balance(seller))[0], await there.owes(seller)


async def test_completing_twice_at_once_pays_once(database: Database) -> None:
    market, _, order, _ = await opened(database, sold=False)
    first, second = await at_once(database, market, *[lambda there: there.complete(order)] * 2)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.payout.id == second.payout.id


@pytest.mark.parametrize("verb", ["send", "settle"])
async def test_a_refund_after_sending_makes_a_debt_of_the_whole_price(database: Database, verb: str) -> None:
    market, seller, order, payout = await opened(database)
    if verb == "settle":
        async with database.transaction() as tx:
            await within(market, tx).take(payout, "send")
    deeds = (lambda there: there.take(payout, verb), lambda there: there.refund(order))
    _, refunded = await at_once(database, market, *deeds)
    assert (refunded.owed.text, refunded.taken_back.text) == ("10.00", "0.00")
    assert (await stands(database, market, order, seller))[1:] == ("0.00", "10.00")


async def test_what_a_refund_has_cancelled_is_not_sent(database: Database) -> None:
    market, seller, order, payout = await opened(database)
    assert payout is not None

    async def send(there: Marketplace) -> Payout | Refusal:
        steps = [payouts.Step(payout.id, "send", "test", gateway="bank")]
        return (await payouts.advance(there.tx, steps, book=there.book))[0]

    refunded, sent = await at_once(database, market, lambda there: there.refund(order), send)
    assert isinstance(sent, payouts.WrongState)
    assert refunded.taken_back.text == "10.00"
    assert (await stands(database, market, order, seller))[1:] == ("0.00", "0.00")


async def test_an_order_is_refunded_only_once_it_is_completed(database: Database) -> None:
    """Whoever refunds while it is being completed waits, and finds it completed."""
    market, seller, order, _ = await opened(database, sold=False)
    deeds = (lambda there: there.complete(order), lambda there: there.refund(order))
    done, refunded = await at_once(database, market, *deeds)
    assert isinstance(done, Completion)
    assert refunded.state is OrderState.REFUNDED
    assert (await stands(database, market, order, seller))[1:] == ("0.00", "0.00")


async def test_completing_while_it_is_refunded_brings_nothing_back(database: Database) -> None:
    market, seller, order, _ = await opened(database)

    async def complete(there: Marketplace) -> object:
        return (await there.try_complete(order))[0]

    _, again = await at_once(database, market, lambda there: there.refund(order), complete)
    assert isinstance(again, Refusal)
    assert again.code == "wrong_order_state"
    assert (await stands(database, market, order, seller))[1:] == ("0.00", "0.00")


async def test_two_requests_for_the_same_earnings_are_paid_once(database: Database) -> None:
    market, seller, _, payout = await opened(database)
    async with database.transaction() as tx:
        await within(market, tx).take(payout, "cancel")
    wish = Ask(seller.id, market.program, "wish", rupees("10.00"), BANK, PLATFORM)

    async def request(there: Marketplace) -> Payout | Refusal:
        return (await payouts.request(there.tx, [wish], desk=there.desk, at=AT))[0]

    first, second = await at_once(database, market, request, request)
    assert isinstance(first, Payout)
    assert isinstance(second, Refusal)
    assert second.code == "insufficient_funds"


@pytest.mark.parametrize("by_hand_first", [True, False], ids=["by hand first", "completed first"])
async def test_a_price_is_credited_by_its_order_or_by_hand_and_never_by_both(
    database: Database, by_hand_first: bool
) -> None:
    market, seller, order, _ = await opened(database, sold=False)

    async def by_hand(there: Marketplace) -> object:
        new = NewEarning(there.program, seller.reference, order.source, order.price, PLATFORM)
        return (await earnings.credit(there.tx, [new], book=there.book, at=AT))[0]

    async def complete(there: Marketplace) -> object:
        return (await there.try_complete(order))[0]

    deeds: list[Deed] = [by_hand, complete] if by_hand_first else [complete, by_hand]
    first, second = await at_once(database, market, *deeds)
    assert not isinstance(first, Refusal)
    assert isinstance(second, Refusal)


@pytest.mark.parametrize("refund_first", [True, False], ids=["refunded first", "retried first"])
async def test_a_failed_payout_is_retried_or_its_order_refunded_and_never_both_from_one_price(
    database: Database, refund_first: bool
) -> None:
    market, seller, order, payout = await opened(database)
    assert payout is not None
    async with database.transaction() as tx:
        await within(market, tx).take(payout, "send", "fail")

    async def retry(there: Marketplace) -> Payout | Refusal:
        return (await payouts.retry(there.tx, [payout.id], actor="person:test", book=there.book))[0]

    async def refund(there: Marketplace) -> Order:
        return await there.refund(order)

    deeds: list[Deed] = [refund, retry] if refund_first else [retry, refund]
    answers = await at_once(database, market, *deeds)
    retried = answers[1 if refund_first else 0]
    if refund_first:
        assert isinstance(retried, payouts.PayoutBarred)
    else:
        assert retried.state is PayoutState.APPROVED
        async with database.transaction(readonly=True) as tx:
            after = await payouts.get(tx, payout.id)
        assert after.state is PayoutState.CANCELLED, "the refund has taken it back before it left"
    assert (await stands(database, market, order, seller))[1:] == ("0.00", "0.00")
