"""Figures about payouts: grouped as asked for, by the program's days, and adding up to the list."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bursar import payouts, programs
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.payouts import Payout, PayoutState, Step, analytics
from bursar.payouts.analytics import Days, Dimension, Group
from ground import AT, KEYRING, ask, merchant, program

D = Dimension
INDIA = "Asia/Kolkata"
MONDAY = datetime(2026, 11, 16, 6, tzinfo=UTC)


class Desk:
    """One merchant's payouts, at moments that the test chooses."""

    def __init__(self, tx: Transaction, name: str) -> None:
        self.tx = tx
        self.program = name
        self.book = programs.Book()

    async def pay(
        self, amount: str, *verbs: str, at: datetime = MONDAY, seconds: float = 60.0, **wanted: Any
    ) -> Payout:
        """A payout that takes these steps, the last of them so many seconds after it was asked for."""
        holder = await merchant(self.tx, self.program)
        asked = ask(holder, self.program, amount=amount, **wanted)
        [made] = await payouts.request(self.tx, [asked], desk=payouts.Desk(self.book, KEYRING), at=at)
        assert isinstance(made, Payout), made
        for verb in verbs:
            [made] = await payouts.advance(self.tx, [Step(made.id, verb, "test", gateway="bank")], book=self.book)
            assert isinstance(made, Payout), made
        ended = at + timedelta(seconds=seconds)
        await self.tx.run(
            "UPDATE payouts SET processed_at = $2 WHERE id = $1 AND processed_at > '-infinity'", made.id, ended
        )
        return made

    async def analyse(self, days: Days, *by: Dimension) -> list[Group]:
        return await analytics.analyse(self.tx, days=days, by=by, program=self.program)


@pytest.fixture
async def desk(tx: Transaction) -> Desk:
    name = f"p{uuid4().hex[:12]}"
    await program(tx, name)
    return Desk(tx, name)


WEEK = Days(date(2026, 11, 16), date(2026, 11, 22))


async def test_what_became_of_payouts_is_counted(desk: Desk) -> None:
    await desk.pay("100.00", "send", "settle", seconds=10)
    await desk.pay("200.00", "send", "settle", seconds=30)
    await desk.pay("400.00", "send", "fail", seconds=50)
    await desk.pay("800.00", "send", "settle", "return")
    await desk.pay("50.00", "cancel")
    await desk.pay("25.00")
    [group] = await desk.analyse(WEEK)
    assert (group.count, group.amount.text, group.paid.text) == (6, "1575.00", "300.00")
    assert (group.completed, group.failed, group.success_rate) == (2, 2, 50.0)
    assert (group.average_seconds, group.p50_seconds, group.p95_seconds) == (30.0, 30.0, 48.0)
    assert (group.since, group.kind, group.status, group.gateway) == (None, None, None, None)


async def test_groups_add_up_to_the_list(desk: Desk) -> None:
    for place in range(6):
        verbs = (("send", "settle"), ("send", "fail"), ())[place % 3]
        await desk.pay("100.00", *verbs, at=MONDAY + timedelta(days=place % 2))
    groups = await desk.analyse(WEEK, D.DAY, D.KIND, D.STATUS, D.GATEWAY)
    listed = await payouts.page(desk.tx, payouts.Query(program=desk.program))
    assert sum(group.count for group in groups) == len(listed) == 6
    assert {(group.status, group.gateway, group.kind, group.since) for group in groups} == {
        (payout.state, payout.gateway, payout.kind, payout.created_at.date()) for payout in listed
    }


async def test_days_are_those_of_the_zone(desk: Desk) -> None:
    await desk.pay("1.00", at=datetime(2026, 11, 17, 18, 29, 59, 999_000, tzinfo=UTC))
    await desk.pay("2.00", at=datetime(2026, 11, 17, 18, 30, tzinfo=UTC))
    groups = await desk.analyse(Days(date(2026, 11, 17), date(2026, 11, 18), INDIA), D.DAY)
    assert [(group.since, group.amount.text) for group in groups] == [
        (date(2026, 11, 17), "1.00"),
        (date(2026, 11, 18), "2.00"),
    ]
    [only] = await desk.analyse(Days(date(2026, 11, 17), date(2026, 11, 17), INDIA))
    assert only.amount.text == "1.00"


@pytest.mark.parametrize(
    ("by", "expected"),
    [(D.WEEK, [date(2026, 11, 16), date(2026, 11, 23)]), (D.MONTH, [date(2026, 11, 1), date(2026, 12, 1)])],
)
async def test_weeks_begin_on_monday_and_months_on_their_first(by: Dimension, expected: list[date], desk: Desk) -> None:
    days = Days(date(2026, 11, 18), date(2026, 12, 31))
    for at in (MONDAY + timedelta(days=3), expected[1]):
        await desk.pay("1.00", at=datetime(at.year, at.month, at.day, 12, tzinfo=UTC))
    assert [group.since for group in await desk.analyse(days, by)] == expected


async def test_other_days_and_programs_are_left_out(desk: Desk) -> None:
    await desk.pay("1.00", at=MONDAY - timedelta(days=1))
    await desk.pay("1.00", at=MONDAY + timedelta(days=7))
    other = Desk(desk.tx, f"p{uuid4().hex[:12]}")
    await program(desk.tx, other.program)
    await other.pay("1.00")
    assert await desk.analyse(WEEK) == []


async def test_currencies_are_not_added_up(desk: Desk, tx: Transaction) -> None:
    await desk.pay("1.00")
    payout = await desk.pay("1.00")
    await tx.run("UPDATE payouts SET currency = 'USD' WHERE id = $1", payout.id)
    assert [group.amount.currency for group in await desk.analyse(WEEK)] == ["PKR", "USD"]


def test_days_are_bounded_and_in_order() -> None:
    day = date(2026, 1, 1)
    assert Days(day, day + timedelta(days=365))
    with pytest.raises(Invalid, match="at most 366 days"):
        Days(day, day + timedelta(days=366))
    with pytest.raises(Invalid, match="or a later day"):
        Days(day, day - timedelta(days=1))


@pytest.mark.parametrize(
    ("first", "last"),
    [(date.min, None), (None, date.min), (None, date.max), (date.max, None), (date(1969, 12, 31), date(1970, 1, 2))],
)
def test_days_at_the_edges_of_the_calendar_are_refused(first: date | None, last: date | None) -> None:
    with pytest.raises(Invalid, match="a day from 2000-01-01 to 2199-12-31"):
        Days.chosen(first, last, at=AT, time_zone="Asia/Kolkata")


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (None, None, (date(2026, 10, 19), date(2026, 11, 17))),
        (date(2026, 1, 1), None, (date(2026, 1, 1), date(2026, 1, 30))),
        (None, date(2026, 1, 30), (date(2026, 1, 1), date(2026, 1, 30))),
    ],
)
def test_what_is_left_out_is_thirty_days(first: date | None, last: date | None, expected: tuple[date, date]) -> None:
    at = datetime(2026, 11, 16, 20, tzinfo=UTC)  # The 17th already in India.
    days = Days.chosen(first, last, at=at, time_zone=INDIA)
    assert (days.first, days.last) == expected


def test_where_nothing_ended_there_is_no_rate() -> None:
    nothing = Money(0, "PKR")
    group = Group(None, None, PayoutState.SENT, None, 1, nothing, 0, 0, nothing, None, None, None)
    assert group.success_rate is None
