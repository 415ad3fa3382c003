"""Backtest: decisions of the past under draft terms, with what was known then; counted, added up, and in pages."""

from datetime import timedelta
from typing import Any

import pytest
from judging_house import Old, live_through
from payouts_house import PayoutsHouse, open_house

from bursar import holders, payouts, programs
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.payouts import Backtest, Difference, Span
from bursar.payouts.judging import backtest
from ground import AT, merchant, terms_text
from statements import statements_of

D = Difference
DAY = timedelta(days=1)


@pytest.fixture
async def house(tx: Transaction) -> PayoutsHouse:
    return await open_house(tx, money="100000000.00")


async def replayed(house: PayoutsHouse, *, since: Any = AT - DAY, until: Any = AT + DAY, **changes: Any) -> Backtest:
    """Everything in a span, under the house's terms with these changes."""
    draft = programs.read(terms_text(program=house.program, **changes), file="draft.yaml")
    result, place = Backtest(), None
    while True:
        place = await payouts.replay(house.tx, Span(house.program, since, until), draft, into=result, after=place)
        if place is None:
            return result


def counted(result: Backtest) -> dict[str, tuple[int, str]]:
    """The differences that occurred: how many, and how much."""
    return {
        difference.value: (tally.count, tally.money["PKR"].text)
        for difference, tally in result.differences.items()
        if tally.count
    }


def ruled(result: Backtest) -> dict[tuple[str, str], int]:
    return {(difference.value, rule): tally.count for (difference, rule), tally in result.rules.items()}


async def test_the_same_terms_decide_the_same(house: PayoutsHouse) -> None:
    for amount in ("100.00", "99999.99", "100000.00", "150000.00"):
        await house.born(amount=amount)
    result = await replayed(house)
    assert counted(result) == {"still_approved": (2, "100099.99"), "still_held": (2, "250000.00")}
    assert ruled(result) == {}


async def test_other_thresholds_hold_and_let_go(house: PayoutsHouse) -> None:
    for amount in ("100.00", "60000.00", "150000.00"):
        await house.born(amount=amount)
    stricter = await replayed(house, review__amount_at=50000.00)
    assert counted(stricter) == {
        "still_approved": (1, "100.00"),
        "still_held": (1, "150000.00"),
        "newly_held": (1, "60000.00"),
    }
    assert ruled(stricter) == {("newly_held", "amount_over_review_threshold"): 1}
    looser = await replayed(house, review__amount_at=None)
    assert counted(looser)["newly_approved"] == (1, "150000.00")
    assert ruled(looser) == {("newly_approved", "amount_over_review_threshold"): 1}


async def test_what_could_not_even_be_asked_for_is_counted_apart(house: PayoutsHouse) -> None:
    await house.born(amount="60000.00")
    assert counted(await replayed(house, limits__maximum=50000.00)) == {"newly_refused": (1, "60000.00")}


async def test_a_draft_in_another_currency_refuses_everything(house: PayoutsHouse) -> None:
    await house.born(amount="60000.00")
    assert counted(await replayed(house, currency="USD")) == {"newly_refused": (1, "60000.00")}


async def test_a_payout_that_two_rules_hold_counts_once_and_under_both(house: PayoutsHouse) -> None:
    await house.born()
    result = await replayed(house, risk__verified=True, risk__successes_min=1)
    assert counted(result) == {"newly_held": (1, "1000.00")}
    assert ruled(result) == {("newly_held", "holder_not_verified"): 1, ("newly_held", "few_completed_payouts"): 1}
    tally = result.rules[D.NEWLY_HELD, "holder_not_verified"]
    assert tally.money == {"PKR": Money(100_000, "PKR")}


async def test_it_is_judged_by_what_was_known_then(house: PayoutsHouse) -> None:
    """Three payouts, of which each was completed a day later: only the last one was asked for with a past."""
    past = [
        Old(house.holder, AT + days * DAY, ended="settle", ended_at=AT + (days + 1) * DAY, account=f"123450000{days}")
        for days in range(3)
    ]
    await live_through(house.tx, house.program, past)
    await holders.verify(house.tx, [house.holder], verified=True, actor="person:anna", at=AT + DAY - timedelta(hours=1))
    until = AT + 9 * DAY
    by_past = await replayed(house, until=until, risk__successes_min=1)
    assert (by_past.differences[D.NEWLY_HELD].count, by_past.differences[D.STILL_APPROVED].count) == (2, 1)
    by_holder = await replayed(house, until=until, risk__verified=True)
    assert by_holder.differences[D.NEWLY_HELD].count == 1


async def test_only_the_span_and_the_program_are_replayed(house: PayoutsHouse) -> None:
    other = await open_house(house.tx)
    await other.born()
    past = [Old(house.holder, AT + hours * timedelta(hours=1)) for hours in range(10)]
    await live_through(house.tx, house.program, past)
    result = await replayed(house, since=AT + timedelta(hours=2), until=AT + timedelta(hours=5))
    assert result.count == 3


async def test_it_goes_page_by_page_at_a_constant_price(house: PayoutsHouse) -> None:
    """So a million payouts cost a million's time, and the memory of a page."""
    owners = [await merchant(house.tx, house.program) for _ in range(5)]
    past = [
        Old(owners[place % 5], AT + place * timedelta(seconds=1)) for place in range(backtest.PAGE * 2 + 17)
    ]  # fmt: skip
    await live_through(house.tx, house.program, past)
    draft = programs.read(terms_text(program=house.program, risk__per_day_max=100), file="draft.yaml")
    span, result, place, prices = Span(house.program, AT, AT + DAY), Backtest(), None, []
    for page in range(1, 4):
        async with statements_of(house.tx) as statements:
            place = await payouts.replay(house.tx, span, draft, into=result, after=place)
        prices.append(len(statements))
        assert result.count == min(page * backtest.PAGE, len(past))
    assert place is None
    assert len(set(prices[1:])) == 1
    assert counted(result) == {"still_approved": (500, "500000.00"), "newly_held": (517, "517000.00")}
