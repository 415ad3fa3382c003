"""What an order is worth, and how it may live."""

from contextlib import nullcontext
from itertools import product

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from orders_house import open_market, rupees

from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.orders import LIFE, REFERENCE_LENGTH_MAX, NewOrder, OrderState, Step
from bursar.orders.model import bounty_of, fee_of
from bursar.programs.model import Orders


@pytest.mark.parametrize(
    ("price", "percent", "share"),
    [
        (1000, 10.0, 100),
        (5, 10.0, 0),  # 0.5 goes to the even one.
        (15, 10.0, 2),
        (25, 10.0, 2),
        (999, 2.9, 29),  # As written in decimal; the float nearest to 2.9 is a little less.
        (10**15, 100.0, 10**15),
        (1000, 0.0, 0),
    ],
)
def test_a_share_is_rounded_to_whole_minor_units_and_halves_to_the_even_one(
    price: int, percent: float, share: int
) -> None:
    assert Money(price, "INR").share(percent) == Money(share, "INR")


@given(minor=st.integers(0, 10**15), percent=st.integers(0, 10_000))
def test_a_share_and_the_rest_of_it_miss_no_more_than_the_rounding(minor: int, percent: int) -> None:
    whole = Money(minor, "INR")
    both = whole.share(percent / 100) + whole.share((10_000 - percent) / 100)
    assert abs(both.minor - minor) <= 1


def test_fees_and_bounties_are_a_share_and_a_fixed_part_together() -> None:
    terms = Orders(fee_percent=10, fee_fixed=rupees("5.00"), bounty_percent=5, bounty_fixed=rupees("1.00"))
    assert fee_of(rupees("100.00"), terms) == rupees("15.00")
    assert bounty_of(rupees("100.00"), terms, bounties=10_000) == rupees("6.00")
    few = Orders(bounty_percent=5, bounty_sales_max=2)
    assert [bounty_of(rupees("100.00"), few, bounties=count).text for count in range(4)] == [
        "5.00", "5.00", "0.00", "0.00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "text"),
    [("reference", ""), ("reference", "x" * (REFERENCE_LENGTH_MAX + 1)), ("item", "a\nb"), ("buyer", " Asha")],
    ids=["no reference", "long reference", "two lines", "a space before it"],
)
def test_what_is_no_line_is_refused_with_its_field(field: str, text: str) -> None:
    given = {"program": "m", "reference": "o-1", "seller": "s", "item": "Lamp", "created_by": "key:test"}
    with pytest.raises(Invalid) as refused:
        NewOrder(**{"price": rupees("1.00"), **given, field: text})
    assert refused.value.facts["field"] == field


def test_a_reason_is_a_line() -> None:
    with pytest.raises(Invalid):
        Step("m", "o-1", "key:test", reason="a\nb")


async def test_the_database_allows_the_steps_of_the_table_and_no_others(tx: Transaction) -> None:
    market = await open_market(tx)
    order = await market.order(await market.seller(), "1.00")
    allowed = {(source.value, target.value) for source, target in LIFE.values()}
    for source, target in product(OrderState, OrderState):
        await tx.run("SAVEPOINT before")
        await tx.run("SET LOCAL session_replication_role = replica")
        await tx.run(MOVE, order.id, source.value)
        await tx.run("SET LOCAL session_replication_role = origin")
        may = source is target or (source.value, target.value) in allowed
        with nullcontext() if may else pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await tx.run(MOVE, order.id, target.value)
        await tx.run("ROLLBACK TO SAVEPOINT before")


MOVE = """
    UPDATE orders SET
        state = $2,
        completed_at = CASE WHEN $2 IN ('completed', 'refunded') THEN now() END,
        completed_by = CASE WHEN $2 IN ('completed', 'refunded') THEN 'key:test' END,
        ended_at = CASE WHEN $2 IN ('cancelled', 'refunded') THEN now() END,
        taken_back = CASE WHEN $2 = 'refunded' THEN price ELSE 0 END
    WHERE id = $1
"""
"""Another state, with what the other rules want of it."""
