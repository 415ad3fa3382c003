"""Runs that a scheduler outside begins: at their time, once, whoever calls and however often."""

import asyncio
from datetime import timedelta

import pytest
from schedules_house import in_runs

from balances_house import begun, carried_out, paying_balances
from bursar import schedules
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Invalid
from bursar.schedules import NotInRuns, Run
from ground import program

BALANCES_AT_NO_TIME = {"dispatch__cron": "0 0 29 2 *"}


async def test_outside_its_schedule_there_is_none(tx: Transaction) -> None:
    terms = await paying_balances(tx, **BALANCES_AT_NO_TIME)
    assert await schedules.begin_once(tx, terms.program, actor="cron") is None
    assert await schedules.recent(tx, terms.program) == []


async def test_by_force_there_is_one_all_the_same(tx: Transaction) -> None:
    terms = await paying_balances(tx, **BALANCES_AT_NO_TIME)
    run = await schedules.begin_once(tx, terms.program, actor="cron", force=True, correlation_id="corr_1")
    assert run is not None
    assert (run.begun_by, run.correlation_id, run.cron) == ("cron", "corr_1", None)


async def test_within_the_hour_it_is_the_run_of_the_occurrence(tx: Transaction) -> None:
    terms = await in_runs(tx, applied=timedelta(hours=2))
    run = await schedules.begin_once(tx, terms.program, actor="cron")
    assert run is not None
    assert run.due_at == (await tx.now()).replace(minute=0, second=0, microsecond=0)
    await carried_out(tx, run.id)
    await schedules.finish(tx, terms.program)
    again = await schedules.begin_once(tx, terms.program, actor="cron")
    assert again is not None
    assert again.id == run.id, "its occurrence has had its run"


async def test_force_after_the_occurrences_run_is_another_run(tx: Transaction) -> None:
    terms = await in_runs(tx, applied=timedelta(hours=2))
    first = await schedules.begin_once(tx, terms.program, actor="cron", force=True)
    assert first is not None
    await carried_out(tx, first.id)
    await schedules.finish(tx, terms.program)
    second = await schedules.begin_once(tx, terms.program, actor="cron", force=True)
    assert second is not None
    assert (second.id != first.id, first.cron is None, second.cron) == (True, False, None)


async def test_one_that_is_under_way_is_the_one(tx: Transaction) -> None:
    terms = await paying_balances(tx, **BALANCES_AT_NO_TIME)
    run = await begun(tx, terms)
    found = await schedules.begin_once(tx, terms.program, actor="cron", force=True)
    assert found is not None
    assert found.id == run.id


async def test_two_calls_at_once_are_given_one_run(database: Database) -> None:
    async with database.transaction() as tx:
        terms = await paying_balances(tx, **BALANCES_AT_NO_TIME)

    async def call(number: int) -> Run:
        async with database.transaction() as tx:
            run = await schedules.begin_once(tx, terms.program, actor=f"cron:{number}", force=True)
            await asyncio.sleep(0.05)  # All of them have called before the first commits.
            assert run is not None
            return run

    runs = await asyncio.gather(*(call(number) for number in range(4)))
    assert len({run.id for run in runs}) == 1


async def test_a_program_that_pays_all_day_is_refused(tx: Transaction) -> None:
    with pytest.raises(NotInRuns):
        await schedules.begin_once(tx, (await program(tx)).program, actor="cron")


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"batch_size": 1001}, {"tries_max": 0}, {"tries_max": 21}])
def test_overrides_have_bounds(wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        schedules.Overrides(**wrong)
