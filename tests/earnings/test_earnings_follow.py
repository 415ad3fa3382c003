"""Earnings follow their holders' money: the oldest first, in part where that is enough, and back to where they were."""

from datetime import timedelta

import pytest
from earnings_house import EarningsHouse, of_another_holder, open_house

from bursar import earnings, payouts, programs
from bursar.earnings import PayoffState, Query
from bursar.foundation.db import Transaction
from bursar.payouts import Payout
from ground import AT, KEYRING, ask, terms_text

P = PayoffState


@pytest.fixture
async def house(tx: Transaction) -> EarningsHouse:
    return await open_house(tx)


async def test_a_payout_takes_the_oldest_first_and_the_last_in_part(house: EarningsHouse) -> None:
    [new] = await house.earn("100.00", days=1)
    [old] = await house.earn("100.00", days=3)
    [middle] = await house.earn("100.00", days=2)
    [payout] = await house.ask("150.00")
    assert await house.taken(payout) == [
        (old.reference, "100.00", P.RESERVED),
        (middle.reference, "50.00", P.RESERVED),
    ]
    assert await house.figures() == [
        ("0.00", "100.00", "0.00", "reserved"),
        ("50.00", "50.00", "0.00", "available"),
        ("100.00", "0.00", "0.00", "available"),
    ]
    assert await earnings.of_earnings(house.tx, [new.id]) == {}


async def test_earnings_of_one_moment_are_taken_in_the_order_in_which_they_came(house: EarningsHouse) -> None:
    made = await house.earn(*["10.00"] * 5)
    [payout] = await house.ask("30.00")
    assert [reference for reference, _, _ in await house.taken(payout)] == [e.reference for e in made[:3]]


async def test_a_late_earning_with_an_early_time_takes_its_place(house: EarningsHouse) -> None:
    await house.earn("10.00", days=1)
    [late] = await house.earn("10.00", days=5)
    [payout] = await house.ask("10.00")
    assert await house.taken(payout) == [(late.reference, "10.00", P.RESERVED)]


async def test_an_earning_is_paid_out_when_all_of_it_has_reached_the_holder(house: EarningsHouse) -> None:
    await house.earn("100.00")
    first, second = await house.ask("60.00", "40.00")
    await house.take(first, "send", "settle")
    assert await house.figures() == [("0.00", "40.00", "60.00", "reserved")]
    await house.take(second, "send", "settle")
    assert await house.figures() == [("0.00", "0.00", "100.00", "paid_out")]


@pytest.mark.parametrize("way", [["cancel"], ["send", "fail"]])
async def test_what_comes_to_nothing_puts_earnings_back_in_their_old_places(
    house: EarningsHouse, way: list[str]
) -> None:
    [old] = await house.earn("100.00", days=3)
    [new] = await house.earn("100.00", days=1)
    first, second = await house.ask("100.00", "50.00")
    await house.take(first, *way)
    assert await house.taken(first) == [(old.reference, "100.00", P.RELEASED)]
    [third] = await house.ask("120.00")
    assert await house.taken(third) == [(old.reference, "100.00", P.RESERVED), (new.reference, "20.00", P.RESERVED)]
    assert await house.taken(second) == [(new.reference, "50.00", P.RESERVED)]


async def test_a_payout_that_comes_back_makes_its_earnings_available_again(house: EarningsHouse) -> None:
    [earning] = await house.earn("100.00")
    [payout] = await house.ask("70.00")
    await house.take(payout, "send", "settle", "return")
    assert await house.taken(payout) == [(earning.reference, "70.00", P.RETURNED)]
    assert await house.figures() == [("100.00", "0.00", "0.00", "available")]
    assert await house.balance() == (10_000, 0)


async def test_what_returns_to_suspense_is_neither_available_nor_paid_out(tx: Transaction) -> None:
    house = await open_house(tx, returns_to="suspense")
    [earning] = await house.earn("100.00")
    [payout] = await house.ask("100.00")
    await house.take(payout, "send", "settle", "return")
    assert await house.taken(payout) == [(earning.reference, "100.00", P.SUSPENDED)]
    [found] = await earnings.page(tx, Query(holder_id=house.holder))
    assert (found.suspended.text, found.available.text, found.paid.text) == ("100.00", "0.00", "0.00")
    assert found.state == "reserved"


async def test_a_retry_takes_what_is_oldest_then(house: EarningsHouse) -> None:
    [first] = await house.earn("100.00", days=1)
    [payout] = await house.ask("100.00")
    await house.take(payout, "send", "fail")
    [older] = await house.earn("30.00", days=2)
    await house.take(payout, "retry")
    assert await house.taken(payout) == [
        (first.reference, "100.00", P.RELEASED),
        (older.reference, "30.00", P.RESERVED),
        (first.reference, "70.00", P.RESERVED),
    ]


async def test_money_that_nobody_earned_has_no_earning(house: EarningsHouse) -> None:
    """Earnings go first; the rest of the payout stands for nothing, and comes and goes without a trace here."""
    await house.fund("500.00")
    [earning] = await house.earn("100.00")
    first, second = await house.ask("300.00", "200.00")
    assert await house.taken(first) == [(earning.reference, "100.00", P.RESERVED)]
    assert await house.taken(second) == []
    await house.advance((first, "send"), (second, "send"))
    await house.advance((first, "settle"), (second, "fail"))
    assert await house.figures() == [("0.00", "0.00", "100.00", "paid_out")]
    assert await house.balance() == (30_000, 0)


async def test_a_batch_of_steps_moves_each_earning_as_its_own_payout_goes(house: EarningsHouse) -> None:
    await house.earn("10.00", "20.00", "30.00")
    made = await house.ask("10.00", "20.00", "30.00")
    await house.advance(*((payout, "send") for payout in made))
    await house.advance(*zip(made, ["settle", "fail", "settle"], strict=True))
    assert [state for *_, state in await house.figures()] == ["paid_out", "available", "paid_out"]


async def test_a_payout_may_settle_and_come_back_in_one_batch(house: EarningsHouse) -> None:
    await house.earn("10.00")
    [payout] = await house.ask("10.00")
    await house.take(payout, "send")
    await house.advance((payout, "settle"), (payout, "return"))
    assert await house.figures() == [("10.00", "0.00", "0.00", "available")]


async def test_a_refused_ask_takes_nothing(house: EarningsHouse) -> None:
    await house.earn("10.00")
    desk = payouts.Desk(house.book, KEYRING)
    asks = [ask(house.holder, house.program, amount=amount) for amount in ("20.00", "10.00")]
    refused, made = await payouts.request(house.tx, asks, desk=desk, at=AT)
    assert not isinstance(refused, Payout)
    assert isinstance(made, Payout)
    assert len(await house.taken(made)) == 1


async def test_holders_have_queues_of_their_own(house: EarningsHouse) -> None:
    await house.earn("10.00")
    other = await of_another_holder(house)
    [theirs] = await other.earn("10.00", days=9)
    [payout] = await house.ask("10.00")
    assert theirs.reference not in [reference for reference, _, _ in await house.taken(payout)]
    assert await other.figures() == [("10.00", "0.00", "0.00", "available")]


async def test_a_long_queue_is_read_only_as_far_as_it_is_used(house: EarningsHouse) -> None:
    await house.earn(*["1.00"] * 500)
    [payout] = await house.ask("3.50")
    assert [amount for _, amount, _ in await house.taken(payout)] == ["1.00", "1.00", "1.00", "0.50"]


async def test_a_payout_from_before_its_program_had_earnings_takes_some_when_it_is_retried(tx: Transaction) -> None:
    house = await open_house(tx, credits="deposits")
    await house.fund("100.00")
    [payout] = await house.ask("100.00")
    await house.take(payout, "send", "fail")
    text = terms_text(program=house.program, credits="earnings")
    await programs.apply(tx, text, actor="test", at=AT + timedelta(hours=1))
    [earning] = await house.earn("40.00")
    await house.take(payout, "retry")
    assert await house.taken(payout) == [(earning.reference, "40.00", P.RESERVED)]
    await house.take(payout, "send", "settle")
    assert await house.figures() == [("0.00", "0.00", "40.00", "paid_out")]
