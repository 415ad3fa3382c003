"""Lists of earnings, and how one comes from an earning to its payouts."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from earnings_house import EarningsHouse, open_house

from bursar import earnings
from bursar.earnings import EarningState, NoSuchEarning, PayoffState, Query, TakeBack
from bursar.foundation.db import Transaction
from ground import AT

S = EarningState


@pytest.fixture
async def house(tx: Transaction) -> EarningsHouse:
    return await open_house(tx)


async def listed(house: EarningsHouse, **wanted: Any) -> list[str]:
    """The amounts of the earnings that a query finds."""
    found = await earnings.page(house.tx, Query(holder_id=house.holder, **wanted))
    return [earning.amount.text for earning in found]


async def test_pages_go_on_where_the_last_one_ended(house: EarningsHouse) -> None:
    await house.earn(*(f"{n}.00" for n in range(1, 6)))
    first = await earnings.page(house.tx, Query(holder_id=house.holder, limit=2))
    second = await earnings.page(house.tx, Query(holder_id=house.holder, limit=9, before=first[-1].id))
    assert [e.amount.text for e in (*first, *second)] == ["5.00", "4.00", "3.00", "2.00", "1.00"]


async def test_a_list_can_be_of_one_state(house: EarningsHouse) -> None:
    await house.earn("1.00", "2.00", "3.00", "4.00")
    paid, _ = await house.ask("1.00", "3.50")
    await house.take(paid, "send", "settle")
    taken = house.new("0.50")
    await house.credit(taken, at=AT + timedelta(seconds=1))
    wish = TakeBack(house.holder, house.program, taken.reference, taken.amount, reference="refund")
    await earnings.take_back(house.tx, [wish], at=AT)
    assert {state: await listed(house, states=frozenset({state})) for state in S} == {
        S.PAID_OUT: ["1.00"],
        S.RESERVED: ["2.00"],
        S.AVAILABLE: ["4.00", "3.00"],
        S.WITHHELD: ["0.50"],
    }
    every = await earnings.page(house.tx, Query(holder_id=house.holder))
    assert [e.state for e in every] == [S.WITHHELD, S.AVAILABLE, S.AVAILABLE, S.RESERVED, S.PAID_OUT]


async def test_a_list_can_be_of_some_time_when_things_were_earned(house: EarningsHouse) -> None:
    await house.credit(*(house.new(f"{days}.00", days=days) for days in (1, 2, 3)))
    assert await listed(house, since=AT - timedelta(days=2)) == ["2.00", "1.00"]
    assert await listed(house, until=AT - timedelta(days=2)) == ["3.00"]


async def test_a_search_looks_for_the_beginning_of_a_reference_or_an_id(house: EarningsHouse) -> None:
    [credited] = await house.earn("1.00", reference="Ord_7%-a")
    await house.earn("2.00", reference="Ordx7%-b")
    assert await listed(house, search="ord_7") == ["1.00"]
    assert await listed(house, search=str(credited.id)) == ["1.00"]
    assert await listed(house, search="7") == []


async def test_a_list_can_be_of_a_whole_program(house: EarningsHouse) -> None:
    other = await open_house(house.tx)
    await house.earn("1.00")
    await other.earn("2.00")
    found = await earnings.page(house.tx, Query(program=house.program))
    assert [earning.amount.text for earning in found] == ["1.00"]


async def test_somebody_elses_earning_is_not_there(house: EarningsHouse) -> None:
    [earning] = await house.earn("1.00")
    assert await earnings.get(house.tx, earning.id, holder_id=house.holder) == earning
    for wrong in ((earning.id, uuid4()), (uuid4(), house.holder)):
        with pytest.raises(NoSuchEarning):
            await earnings.get(house.tx, wrong[0], holder_id=wrong[1])


async def test_an_earning_says_which_payouts_took_how_much_of_it(house: EarningsHouse) -> None:
    [earning] = await house.earn("10.00")
    first, second = await house.ask("4.00", "3.00")
    await house.take(first, "cancel")
    payoffs = (await earnings.of_earnings(house.tx, [earning.id]))[earning.id]
    assert {(p.payout_id, p.amount.text, p.state) for p in payoffs} == {
        (first.id, "4.00", PayoffState.RELEASED),
        (second.id, "3.00", PayoffState.RESERVED),
    }
