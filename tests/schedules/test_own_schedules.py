"""Own schedules: whoever chose days of their own is paid all that is there then, once, whatever happens on the way."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from schedules_house import in_runs

from balances_house import begun, carried_out, desk, rupees, writer, writers
from bursar import dispatch, holders, ledger, payouts, programs, schedules
from bursar.dispatch import Scope
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.holders import Every, OwnSchedule, Wish
from bursar.programs import OnHoliday
from bursar.schedules import LeftOut, OwnSchedulesNotOffered, Standing
from bursar.schedules.own import first_round
from ground import AT, ask, funding, merchant
from statements import statements_of

DAY = timedelta(days=1)
MONDAYS = OwnSchedule(Every.WEEK, 1)
STAFF = "person:00000000-0000-7000-8000-000000000001"


async def choosing(tx: Transaction, **changes: Any) -> programs.Terms:
    """A program whose holders may choose when they are paid."""
    return await in_runs(tx, applied=timedelta(0), **{"runs__own_schedules": True, **changes})


async def choose(tx: Transaction, *holder_ids: UUID, wish: OwnSchedule = MONDAYS) -> None:
    found = await holders.find(tx, holder_ids)
    await schedules.choose(tx, list(found.values()), wish, book=programs.Book(), actor=STAFF)


async def came_round(tx: Transaction, *holder_ids: UUID, ago: timedelta = timedelta(minutes=1)) -> None:
    """Their schedule came round so long ago, and no run has come to it since."""
    past = "UPDATE own_schedules SET next_at = now() - $2::interval WHERE holder_id = ANY($1)"
    await tx.run(past, list(holder_ids), ago)


async def due(tx: Transaction, terms: programs.Terms, *money: str) -> list[UUID]:
    """Holders with so much, whose own schedule has come round."""
    found = await writers(tx, terms, *money)
    await choose(tx, *found)
    await came_round(tx, *found)
    return found


async def kept(tx: Transaction, holder_id: UUID) -> holders.KeptSchedule:
    found = (await holders.preferences(tx, [holder_id]))[holder_id].schedule
    assert found is not None
    return found


async def asked_for(tx: Transaction, holder_id: UUID) -> list[Money]:
    return [one.amount for one in await payouts.page(tx, payouts.Query(holder_id=holder_id))]


def terms_in(zone: str, **calendar: Any) -> programs.Terms:
    """Terms that let holders choose, in a time zone and with holidays."""
    text = (
        "program: p\ntitle: P\nholder_kinds: [seller]\ncurrency: INR\nfunding: holder\nroute: {gateway: mockbank}\n"
        f"dispatch: {{mode: schedule, cron: EVERY_HOUR, time_zone: {zone}}}\nruns: {{own_schedules: true}}\n"
        "destinations: {types: [BANK]}\n"
    )
    if calendar:
        text += "schedule: {" + ", ".join(f"{name}: {value}" for name, value in calendar.items()) + "}\n"
    return programs.read(text, file="p.yaml")


def rounds_of(zone: str, wish: OwnSchedule, *, after: datetime, count: int, **calendar: Any) -> list[str]:
    """When a wish comes round, on a clock in UTC."""
    terms, found = terms_in(zone, **calendar), []
    for _ in range(count):
        after = first_round(terms, wish, after=after)
        found.append(f"{after:%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("zone", "wish", "after", "expected"),
    [
        ("Asia/Kolkata", OwnSchedule(Every.DAY), (2026, 1, 1, 3, 30), ["01-02 03:30", "01-03 03:30"]),
        ("Asia/Kolkata", OwnSchedule(Every.DAY, hour=0), (2026, 1, 1), ["01-01 18:30", "01-02 18:30"]),
        ("Asia/Kolkata", MONDAYS, (2026, 1, 1), ["01-05 03:30", "01-12 03:30"]),
        ("Asia/Kolkata", OwnSchedule(Every.WEEK, 0, 23), (2026, 1, 1), ["01-04 17:30", "01-11 17:30"]),
        ("UTC", OwnSchedule(Every.MONTH, 31), (2026, 1, 1), ["01-31 09:00", "02-28 09:00", "03-31 09:00"]),
        ("UTC", OwnSchedule(Every.MONTH, 29, 1), (2028, 1, 30), ["02-29 01:00", "03-29 01:00"]),
        # At two o'clock there is no two o'clock; later that year there are two.
        ("Europe/Berlin", OwnSchedule(Every.DAY, hour=2), (2026, 3, 28, 3), ["03-29 01:00", "03-30 00:00"]),
        ("Europe/Berlin", OwnSchedule(Every.DAY, hour=2), (2026, 10, 24, 3), ["10-25 00:00", "10-26 01:00"]),
    ],
    ids=[
        "daily", "at midnight", "on Mondays", "late on Sundays", "the last of the month", "the last of February",
        "the clock goes forward", "the clock goes back",
    ],
)  # fmt: skip
def test_a_schedule_comes_round_by_the_clock_of_the_program(
    zone: str, wish: OwnSchedule, after: tuple[int, ...], expected: list[str]
) -> None:
    assert rounds_of(zone, wish, after=datetime(*after, tzinfo=UTC), count=len(expected)) == expected  # type: ignore[misc, arg-type] # a tuple of what a datetime takes


def test_what_falls_on_a_holiday_moves_as_the_programs_own_runs_do() -> None:
    sundays = OwnSchedule(Every.WEEK, 0)
    after = datetime(2026, 1, 1, tzinfo=UTC)
    assert rounds_of("UTC", sundays, after=after, count=2, holidays="US") == ["01-05 09:00", "01-12 09:00"]
    with pytest.raises(Invalid) as refused:
        rounds_of("UTC", sundays, after=after, count=1, holidays="US", on_holiday=OnHoliday.SKIP)
    assert refused.value.facts["field"] == "day"


async def test_whoever_is_due_is_paid_all_that_is_there(tx: Transaction) -> None:
    terms = await choosing(tx)
    [paid, other] = await due(tx, terms, "250.75", "0.01")
    [later] = await writers(tx, terms, "70.00")
    await choose(tx, later)
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert [await asked_for(tx, one) for one in (paid, other, later)] == [[rupees("250.75")], [rupees("0.01")], []]
    assert (run.asked, run.count, run.money) == (2, 2, [rupees("250.76")])
    [payout] = await payouts.page(tx, payouts.Query(holder_id=paid))
    assert (payout.requester, payout.correlation_id) == (f"system:run:{run.id}", run.correlation_id)
    assert (payout.run_id, payout.kind) == (run.id, "merchant")


async def test_after_a_round_comes_the_next_one(tx: Transaction) -> None:
    terms = await choosing(tx)
    [holder] = await due(tx, terms, "50.00")
    before = await kept(tx, holder)
    await carried_out(tx, (await begun(tx, terms)).id)
    after = await kept(tx, holder)
    assert (after.last_at, after.last_reason) == (await tx.now(), None)
    assert after.next_at == first_round(terms, MONDAYS, after=await tx.now()) > before.next_at
    await ledger.credit(tx, [funding(holder, "60.00", program=terms.program)], at=AT)
    again = await carried_out(tx, (await begun(tx, terms)).id)
    assert (again.asked, await asked_for(tx, holder)) == (0, [rupees("50.00")])


async def test_rounds_that_no_run_came_to_are_one_payout(tx: Transaction) -> None:
    terms = await choosing(tx)
    [holder] = await due(tx, terms, "50.00")
    await came_round(tx, holder, ago=30 * DAY)
    for _ in range(2):
        await carried_out(tx, (await begun(tx, terms)).id)
    assert await asked_for(tx, holder) == [rupees("50.00")]


async def test_why_somebody_is_not_paid_is_counted_and_told(tx: Transaction) -> None:
    terms = await choosing(tx, limits__minimum=25.00)
    poor, empty, choosy, paused, held, stopped = await due(
        tx, terms, "24.99", "1.00", "50.00", "50.00", "50.00", "50.00"
    )
    homeless = await writer(tx, terms, "50.00", account=False)
    await choose(tx, homeless)
    await came_round(tx, homeless)
    await payouts.request(tx, [ask(empty, terms.program, amount="1.00")], desk=desk(), at=AT)
    await tx.run("UPDATE balances SET reserved = reserved + available, available = 0 WHERE holder_id = $1", empty)
    await holders.set_minimum(tx, [choosy], minimum=rupees("50.01"), actor="holder")
    await holders.pause(tx, [paused], since=await tx.now() - DAY, actor="holder")
    await holders.hold(tx, [held], why="under investigation", actor=STAFF)
    await dispatch.stop(tx, Scope.HOLDER, subject=str(stopped), reason="taken over", actor=STAFF)
    run = await carried_out(tx, (await begun(tx, terms)).id)
    expected: dict[UUID, str] = {
        poor: LeftOut.BELOW_MINIMUM, empty: LeftOut.NOTHING, choosy: Wish.OWN_MINIMUM, paused: Wish.PAUSED,
        held: Wish.HELD, stopped: LeftOut.STOPPED, homeless: LeftOut.NO_DESTINATION,
    }  # fmt: skip
    assert {one: (await kept(tx, one)).last_reason for one in expected} == expected
    assert run.left_out == dict.fromkeys(expected.values(), 1)
    assert (run.asked, run.count) == (0, 0)


async def test_a_payout_is_no_larger_than_the_terms_allow(tx: Transaction) -> None:
    terms = await choosing(tx, limits__maximum=500.00)
    [rich] = await due(tx, terms, "501.00")
    await carried_out(tx, (await begun(tx, terms)).id)
    assert await asked_for(tx, rich) == [rupees("500.00")]


async def test_where_the_terms_have_no_own_schedules_none_counts(tx: Transaction) -> None:
    terms = await choosing(tx)
    [holder] = await due(tx, terms, "50.00")
    terms = await in_runs(tx, terms.program, applied=timedelta(0))
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert (run.asked, run.asked_at, run.standing) == (0, None, Standing.HANDED_OVER)
    with pytest.raises(OwnSchedulesNotOffered):
        await choose(tx, holder)


async def test_what_was_asked_for_otherwise_leaves_as_ever(tx: Transaction) -> None:
    terms = await choosing(tx)
    asker = await merchant(tx, terms.program, money="30.00")
    await payouts.request(tx, [ask(asker, terms.program, amount="30.00")], desk=desk(), at=AT)
    await due(tx, terms, "50.00")
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert (run.asked, run.count, run.money) == (1, 2, [rupees("80.00")])


async def test_killed_between_stretches_it_asks_for_everybody_once(database: Database) -> None:
    async with database.transaction() as tx:
        terms = await choosing(tx)
        expected = await due(tx, terms, *["50.00"] * 5)
        run = await begun(tx, terms)
    async with database.transaction() as tx:
        await schedules.carry_on(tx, run.id, desk=desk(), at_most=2)
    with pytest.raises(RuntimeError, match="power"):
        async with database.transaction() as tx:
            await schedules.carry_on(tx, run.id, desk=desk(), at_most=2)
            raise RuntimeError("power cut")
    async with database.transaction() as tx:
        assert (await schedules.get(tx, run.id)).asked == 2
        done = await carried_out(tx, run.id)
        assert [await asked_for(tx, one) for one in expected] == [[rupees("50.00")]] * 5
        assert (done.asked, done.count) == (5, 5)


async def test_several_runs_at_once_ask_for_everybody_once(database: Database) -> None:
    async with database.transaction() as tx:
        terms = await choosing(tx)
        expected = await due(tx, terms, *["50.00"] * 5)
        runs = [await begun(tx, terms) for _ in range(3)]

    async def carry_out(run_id: UUID) -> None:
        while True:
            async with database.transaction() as tx:
                progress = await schedules.carry_on(tx, run_id, desk=desk(), at_most=2)
            if progress is None or not progress.is_more:
                return

    await asyncio.gather(*(carry_out(run.id) for run in runs))
    async with database.transaction(readonly=True) as tx:
        assert [await asked_for(tx, holder) for holder in expected] == [[rupees("50.00")]] * 5
        done = [await schedules.get(tx, run.id) for run in runs]
    assert (sum(run.asked for run in done), sum(run.count for run in done)) == (5, 5)


async def test_a_stretch_costs_the_same_for_two_holders_and_for_forty(tx: Transaction) -> None:
    terms = await choosing(tx)
    await due(tx, terms, *["50.00"] * 45)
    run = await begun(tx, terms)
    await schedules.carry_on(tx, run.id, desk=desk(), at_most=1)  # The driver learns the types.
    costs = []
    for at_most in (2, 40):
        async with statements_of(tx) as heard:
            await schedules.carry_on(tx, run.id, desk=desk(), at_most=at_most)
        costs.append(len(heard))
    assert costs[0] == costs[1] < 30


async def test_a_dry_run_shows_what_the_run_does(tx: Transaction) -> None:
    terms = await choosing(tx, runs__payouts_max=3)
    asker = await merchant(tx, terms.program, money="30.00")
    await payouts.request(tx, [ask(asker, terms.program, amount="30.00")], desk=desk(), at=AT)
    await due(tx, terms, "50.00", "60.00", "70.00", "80.00")
    homeless = await writer(tx, terms, "9.00", account=False)
    await choose(tx, homeless)
    await came_round(tx, homeless)
    plan = await schedules.plan(tx, terms.program, desk=desk())
    assert (plan.count, plan.amount, plan.waiting) == (4, rupees("260.00"), (1, (rupees("30.00"),)))
    assert plan.left_out == {LeftOut.NO_DESTINATION: (1, rupees("9.00"))}
    assert (plan.leaving, plan.payouts_max, plan.kept_waiting) == ((3, (rupees("140.00"),)), 3, 2)
    lines, after = await schedules.plan_page(tx, terms.program, desk=desk())
    assert ([line.reason for line in lines], after) == ([None] * 4 + [LeftOut.NO_DESTINATION], None)
    run = await carried_out(tx, (await begun(tx, terms)).id, at_most=10)
    assert (run.asked, run.left_out, run.count, run.money, run.kept_waiting) == (
        4, {LeftOut.NO_DESTINATION: 1}, 3, [rupees("140.00")], 2,
    )  # fmt: skip
