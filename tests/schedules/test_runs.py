"""Runs: one for each occurrence whoever begins it, one for all that were missed, and each counted once."""

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from schedules_house import in_runs, waiting

from balances_house import desk
from bursar import payouts, programs, schedules
from bursar.foundation.db import Database, Transaction
from bursar.foundation.money import Money
from bursar.schedules import NotInRuns, Run, Standing
from bursar.schedules.errors import NoSuchRun
from bursar.schedules.store import take_turn
from ground import program


async def last_full_hour(tx: Transaction) -> datetime:
    return (await tx.now()).replace(minute=0, second=0, microsecond=0)


async def begin_due(tx: Transaction, terms: programs.Terms) -> list[Run]:
    return await schedules.begin_due(tx, [terms], book=programs.Book(), at=await tx.now())


async def test_an_occurrence_begins_one_run(tx: Transaction) -> None:
    terms = await in_runs(tx, applied=timedelta(minutes=61))
    [run] = await begin_due(tx, terms)
    assert run.due_at == await last_full_hour(tx)
    assert run.occurrence == run.due_at.astimezone(ZoneInfo("Africa/Lagos")).strftime("%Y-%m-%dT%H:%M")
    assert (run.begun_by, run.standing) == ("system:schedule", Standing.BEGUN)
    assert await begin_due(tx, terms) == []


async def test_a_sleep_over_many_occurrences_ends_with_one_run(tx: Transaction) -> None:
    terms = await in_runs(tx, applied=timedelta(days=3))
    assert len(await begin_due(tx, terms)) == 1
    assert len(await schedules.recent(tx, terms.program)) == 1


async def test_occurrences_before_the_terms_do_not_count(tx: Transaction) -> None:
    terms = await in_runs(tx, applied=timedelta(0))
    assert await begin_due(tx, terms) == []


async def test_a_changed_schedule_begins_with_the_terms_that_change_it(tx: Transaction) -> None:
    before = await in_runs(tx, applied=timedelta(minutes=61))
    await begin_due(tx, before)
    after = await in_runs(tx, before.program, applied=timedelta(0), dispatch__cron="* * * * *")
    assert await begin_due(tx, after) == []


async def test_a_program_that_pays_all_day_has_no_runs(tx: Transaction) -> None:
    terms = await program(tx)
    assert await begin_due(tx, terms) == []
    with pytest.raises(NotInRuns):
        await schedules.begin_now(tx, terms.program, actor="cli:test")


async def test_five_schedulers_at_once_begin_one_run(database: Database) -> None:
    async with database.transaction() as tx:
        terms = await in_runs(tx, applied=timedelta(minutes=61))

    async def scheduler() -> list[Run]:
        async with database.transaction() as tx:
            begun = await begin_due(tx, terms)
            await asyncio.sleep(0.05)  # All of them have looked before the first commits.
            return begun

    begun = await asyncio.gather(*(scheduler() for _ in range(5)))
    assert sorted(len(runs) for runs in begun) == [0, 0, 0, 0, 1]


async def test_a_run_hands_over_in_parts_and_counts_each_payout_once(tx: Transaction) -> None:
    terms = await in_runs(tx, applied=timedelta(0))
    await waiting(tx, terms, count=5)
    run = await schedules.begin_now(tx, terms.program, actor="cli:test")
    handed = []
    while part := await schedules.carry_on(tx, run.id, desk=desk(), at_most=2):
        handed.append(part.handed_over)
    assert handed == [2, 2, 1]
    run = await schedules.get(tx, run.id)
    assert (run.count, run.money, run.standing) == (5, [Money(500_000, "PKR")], Standing.HANDED_OVER)
    assert await schedules.carry_on(tx, run.id, desk=desk()) is None, "asked for once more, it does nothing"


async def test_a_run_is_finished_when_nothing_is_due_any_more(tx: Transaction) -> None:
    terms = await in_runs(tx, applied=timedelta(0))
    await waiting(tx, terms, count=1)
    run = await schedules.begin_now(tx, terms.program, actor="cli:test")
    assert await schedules.finish(tx) == [], "nothing is handed over yet"
    await schedules.carry_on(tx, run.id, desk=desk())
    assert await schedules.finish(tx) == [], "one is due"
    taken, _ = await payouts.take_waiting(tx, terms.program, limit=9, except_holders=[])
    await payouts.wait_longer(tx, taken, reason="over_limit", seconds=60)
    assert [one.id for one in await schedules.finish(tx)] == [run.id]
    assert (await schedules.get(tx, run.id)).standing is Standing.FINISHED


async def test_a_run_without_payouts_comes_to_its_end_as_well(tx: Transaction) -> None:
    terms = await in_runs(tx, applied=timedelta(0))
    run = await schedules.begin_now(tx, terms.program, actor="cli:test")
    handed = await schedules.carry_on(tx, run.id, desk=desk())
    assert handed is not None
    assert (handed.run.standing, handed.handed_over) == (Standing.HANDED_OVER, 0)
    assert [one.id for one in await schedules.finish(tx)] == [run.id]


async def test_a_run_that_is_not_there(tx: Transaction) -> None:
    assert await schedules.carry_on(tx, uuid4(), desk=desk()) is None
    with pytest.raises(NoSuchRun):
        await schedules.get(tx, uuid4())


async def test_one_turn_at_a_time(database: Database) -> None:
    name = f"turn-{uuid4()}"

    async def turn(every_seconds: float) -> bool:
        async with database.transaction() as tx:
            return await take_turn(tx, name, every_seconds=every_seconds)

    assert await turn(60)
    assert [await turn(60) for _ in range(3)] == [False, False, False]
    assert await turn(0), "a turn comes round again"
