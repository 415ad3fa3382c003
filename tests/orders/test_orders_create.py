"""An order is created once for each name, with the fee of the day, and moves no money."""

from dataclasses import replace

import pytest
from orders_house import PLATFORM, Marketplace, codes, open_market, rupees

from bursar import orders
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.orders import Created, OrderState, Query
from ground import AT, program


@pytest.fixture
async def market(tx: Transaction) -> Marketplace:
    return await open_market(tx)


async def test_a_new_order_is_open_and_its_fee_is_what_the_terms_say(market: Marketplace) -> None:
    seller = await market.seller()
    order = await market.order(seller, "250.00", buyer="user 7")
    assert (order.state, order.seller_id, order.buyer) == (OrderState.OPEN, seller.id, "user 7")
    assert (order.price, order.fee, order.created_by, order.created_at) == (
        rupees("250.00"), rupees("25.00"), PLATFORM, AT,
    )  # fmt: skip
    assert (await market.balance(seller), await market.accounts()) == (("0.00", "0.00"), {})
    assert await orders.get(market.tx, order.reference, program=market.program) == order


async def test_a_fee_that_is_given_counts_instead_and_may_be_nothing(market: Marketplace) -> None:
    seller = await market.seller()
    assert (await market.order(seller, fee="3.00")).fee == rupees("3.00")
    free = await market.sold(seller, fee="0")
    assert free.order.fee.minor == 0
    assert "fees" not in await market.accounts()


async def test_the_same_order_again_changes_nothing_and_another_one_is_refused(market: Marketplace) -> None:
    seller = await market.seller()
    new = market.new(seller, "100.00", reference="o", fee="5.00")
    other = market.new(seller, "100.01", reference="o")
    without_fee = market.new(seller, "100.00", reference="o")
    first, again, refused = await market.create(new, new, other)
    assert isinstance(first, Created)
    assert isinstance(again, Created)
    assert (first.is_new, again.is_new, again.order) == (True, False, first.order)
    assert codes([refused, *await market.create(other)]) == ["order_reference_reused"] * 2
    [later] = await market.create(without_fee)
    assert later == again


async def test_two_programs_may_use_the_same_name(market: Marketplace, tx: Transaction) -> None:
    other = await open_market(tx)
    mine = await market.order(await market.seller(), reference="o")
    theirs = await other.order(await other.seller(), reference="o")
    assert mine.id != theirs.id
    assert await orders.get(tx, "o", program=other.program) == theirs


async def test_each_order_that_breaks_a_rule_is_refused_with_its_field(market: Marketplace, tx: Transaction) -> None:
    seller, scout = await market.seller(), await market.scout()
    deposits = await program(tx)
    news = [
        market.new(scout),
        replace(market.new(seller), seller="nobody"),
        replace(market.new(seller), price=Money(100, "USD")),
        replace(market.new(seller), price=Money(0, "INR")),
        market.new(seller, fee=Money(-1, "INR")),
        market.new(seller, program=deposits.program),
        market.new(seller),
    ]
    *refused, good = await market.create(*news)
    assert codes(refused) == ["order_not_created"] * 6
    assert [one.facts["field"] for one in refused] == [  # type: ignore[union-attr]
        "seller", "seller", "currency", "price", "fee", "program",
    ]  # fmt: skip
    assert isinstance(good, Created)


async def test_a_page_shows_the_newest_first_and_goes_on_where_the_last_one_ended(market: Marketplace) -> None:
    seller, other = await market.seller(), await market.seller()
    mine = [await market.order(seller) for _ in range(3)]
    theirs = await market.order(other, reference="special-1")
    await orders.cancel(market.tx, [market.step(mine[1])], at=AT)

    async def found(**wanted: object) -> list[str]:
        query = Query(program=market.program, **wanted)  # type: ignore[arg-type]
        return [order.reference for order in await orders.page(market.tx, query)]

    newest = [theirs.reference, *(order.reference for order in reversed(mine))]
    assert set(await found()) == set(newest)
    assert await found(seller_ids=frozenset([other.id])) == ["special-1"]
    assert await found(seller_ids=frozenset()) == []
    assert await found(states=frozenset([OrderState.CANCELLED])) == [mine[1].reference]
    assert await found(search="special") == ["special-1"]
    assert await found(until=AT) == []
    first = await found(limit=3)
    last = (await orders.get(market.tx, first[-1], program=market.program)).id
    assert [*first, *await found(before=last)] == await found()


async def test_an_order_of_somebody_else_is_not_to_be_had(market: Marketplace) -> None:
    seller, other = await market.seller(), await market.seller()
    order = await market.order(seller)
    with pytest.raises(orders.NoSuchOrder):
        await orders.get(market.tx, order.reference, program=market.program, sellers=frozenset([other.id]))
    with pytest.raises(orders.NoSuchOrder):
        await orders.get(market.tx, "nothing", program=market.program)
    assert await orders.get_many(market.tx, [order.id, other.id]) == {order.id: order}
