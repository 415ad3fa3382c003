"""Which runs are due after a sleep, after a change of the terms, and by whose schedule. The test owns the time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bursar import programs, schedules
from bursar.foundation.db import Transaction
from bursar.schedules import Run
from bursar.schedules.due import LATE
from ground import terms_text
from statements import statements_of

SECOND = timedelta(seconds=1)


def on(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment in March 2026, in UTC."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


class World:
    """One program that pays at nine every day in UTC, and a scheduler that looks when it is told to."""

    def __init__(self, tx: Transaction, program: str = "daily") -> None:
        self.tx = tx
        self.program = program

    async def apply(self, *, at: datetime, **changes: Any) -> None:
        runs = {"dispatch__mode": "schedule", "dispatch__every_seconds": None, "dispatch__cron": "0 9 * * *"}
        text = terms_text(program=self.program, **{**runs, "dispatch__time_zone": "UTC", **changes})
        await programs.apply(self.tx, text, actor="person:tester", at=at)

    async def amend(self, changes: dict[str, programs.Given], *, at: datetime) -> None:
        await programs.amend(self.tx, self.program, changes, actor="person:tester", at=at)

    async def look(self, *, at: datetime) -> list[Run]:
        known = await programs.all(self.tx)
        return await schedules.begin_due(self.tx, known, book=programs.Book(), at=at)

    async def due(self, *, at: datetime) -> list[datetime]:
        return [run.due_at for run in await self.look(at=at)]

    async def hand_over(self) -> None:
        await self.tx.run("UPDATE runs SET handed_over_at = now()")


@pytest.fixture
def world(tx: Transaction) -> World:
    return World(tx)


async def test_what_everybody_slept_through_is_made_up_for_once(world: World) -> None:
    await world.apply(at=on(1))
    assert await world.due(at=on(4, 12)) == [on(4, 9)]
    assert await world.due(at=on(4, 12)) == []
    assert await world.due(at=on(5, 9)) == [on(5, 9)]


async def test_what_was_slept_through_is_not_lost_when_the_schedule_changes_before_anybody_wakes(world: World) -> None:
    await world.apply(at=on(1))
    assert await world.due(at=on(1, 9)) == [on(1, 9)]
    await world.amend({"dispatch.cron": "0 12 * * *"}, at=on(2, 10))
    assert await world.due(at=on(2, 11)) == [on(2, 9)], "nine was promised by the terms that counted then"
    assert await world.due(at=on(2, 12)) == [on(2, 12)]


async def test_a_later_occurrence_of_the_new_schedule_makes_up_for_the_old_ones_too(world: World) -> None:
    await world.apply(at=on(1))
    await world.amend({"dispatch.cron": "0 12 * * *"}, at=on(2, 10))
    assert await world.due(at=on(2, 13)) == [on(2, 12)]


async def test_a_run_says_by_which_schedule_it_was_due(world: World) -> None:
    await world.apply(at=on(1))
    await world.amend({"dispatch.cron": "0 12 * * *", "dispatch.time_zone": "Asia/Kolkata"}, at=on(1, 10))
    [run] = await world.look(at=on(1, 11))
    assert (run.cron, run.time_zone, run.occurrence) == ("0 9 * * *", "UTC", "2026-03-01T09:00")
    [run] = await world.look(at=on(2, 11))
    assert (run.cron, run.time_zone, run.occurrence) == ("0 12 * * *", "Asia/Kolkata", "2026-03-02T12:00")
    assert run.due_at == on(2, 6, 30)


async def test_a_change_brings_no_occurrence_into_being_that_was_never_announced(world: World) -> None:
    await world.apply(at=on(1))
    assert await world.due(at=on(1, 9)) == [on(1, 9)]
    await world.amend({"dispatch.cron": "0 10 * * *"}, at=on(1, 11))
    assert await world.due(at=on(1, 12)) == []
    assert await world.due(at=on(2, 10)) == [on(2, 10)]


async def test_other_changes_of_the_terms_leave_the_schedule_as_it_was(world: World) -> None:
    await world.apply(at=on(1))
    for day in range(2, 6):
        await world.amend({"dispatch.batch_size": day}, at=on(day, 12))
    assert await world.due(at=on(5, 13)) == [on(5, 9)]


async def test_all_versions_before_the_first_run_count(world: World) -> None:
    await world.apply(at=on(1, 8))
    await world.amend({"dispatch.batch_size": 20}, at=on(1, 10))
    assert await world.due(at=on(1, 11)) == [on(1, 9)]


async def test_the_same_wall_time_in_another_zone_is_another_occurrence(world: World) -> None:
    await world.apply(at=on(1))
    assert await world.due(at=on(2, 9)) == [on(2, 9)]
    await world.amend({"dispatch.time_zone": "America/New_York"}, at=on(2, 10))
    [run] = await world.look(at=on(2, 15))
    assert (run.due_at, run.occurrence) == (on(2, 14), "2026-03-02T09:00")


@pytest.mark.parametrize(
    "off", [{"schedule.enabled": False}, {"dispatch.mode": "continuous", "dispatch.every_seconds": 5}]
)
async def test_whoever_switches_a_schedule_off_gives_up_what_it_missed(
    world: World, off: dict[str, programs.Given]
) -> None:
    await world.apply(at=on(1))
    assert await world.due(at=on(1, 9)) == [on(1, 9)]
    if "dispatch.mode" in off:
        off = off | {"dispatch.cron": None, "dispatch.time_zone": None}
    await world.amend(off, at=on(2, 10))
    assert await world.due(at=on(2, 11)) == []
    await world.apply(at=on(9, 8))
    assert await world.due(at=on(9, 8, 30)) == [], "nothing begins by surprise"
    assert await world.due(at=on(9, 9)) == [on(9, 9)]


async def test_skip_leaves_out_what_was_missed(world: World) -> None:
    await world.apply(at=on(1), schedule__catch_up="skip")
    assert await world.due(at=on(2, 9) + LATE + SECOND) == []
    assert await world.due(at=on(3, 9)) == [on(3, 9)]


async def test_skip_forgives_as_much_as_a_restart_takes(world: World) -> None:
    await world.apply(at=on(1), schedule__catch_up="skip")
    assert await world.due(at=on(2, 9) + LATE - SECOND) == [on(2, 9)]


async def test_all_gives_each_missed_occurrence_a_run_one_after_the_other(world: World) -> None:
    await world.apply(at=on(1), schedule__catch_up="all")
    assert await world.due(at=on(3, 12)) == [on(1, 9)]
    assert await world.due(at=on(3, 12)) == [], "the first is still under way"
    await world.hand_over()
    assert await world.due(at=on(3, 12)) == [on(2, 9)]
    await world.hand_over()
    assert await world.due(at=on(3, 12)) == [on(3, 9)]
    await world.hand_over()
    assert await world.due(at=on(3, 12)) == []


async def test_all_follows_the_schedules_as_they_changed(world: World) -> None:
    await world.apply(at=on(1), schedule__catch_up="all")
    await world.amend({"dispatch.cron": "0 12 * * *"}, at=on(2, 10))
    found = []
    while due := await world.due(at=on(3, 13)):
        found += due
        await world.hand_over()
    assert found == [on(1, 9), on(2, 9), on(2, 12), on(3, 12)]


async def test_terms_that_count_now_say_how_older_ones_are_made_up_for(world: World) -> None:
    await world.apply(at=on(1))
    await world.amend({"schedule.catch_up": "skip"}, at=on(2, 10))
    assert await world.due(at=on(2, 11)) == []


async def test_a_run_by_hand_is_none_of_the_schedule(world: World) -> None:
    await world.apply(at=on(1))
    await schedules.begin_now(world.tx, world.program, actor="cli:test")
    assert await world.due(at=on(1, 9)) == [on(1, 9)]


async def test_each_program_keeps_its_own_schedule(world: World) -> None:
    await world.apply(at=on(1))
    weekly = World(world.tx, "weekly")
    calendar = {"schedule__frequency": "weekly", "schedule__day_of_week": 1, "schedule__hour": 10}
    await weekly.apply(at=on(1), dispatch__cron=None, **calendar)
    found = {run.program: (run.due_at, run.cron) for run in await world.look(at=on(2, 11))}
    assert found == {"daily": (on(2, 9), "0 9 * * *"), "weekly": (on(2, 10), "0 10 * * 1")}


async def test_however_many_programs_there_are_the_statements_are_the_same(world: World) -> None:
    async def statements(programs_: int, *, at: datetime) -> int:
        for number in range(programs_):
            await World(world.tx, f"p{number}").apply(at=on(1))
        await world.look(at=on(1, 8))
        known = await programs.all(world.tx)
        async with statements_of(world.tx) as heard:
            begun = await schedules.begin_due(world.tx, known, book=programs.Book(), at=at)
        assert len(begun) == programs_
        return len(heard)

    await statements(1, at=on(1, 9))  # Warms up the driver.
    assert await statements(1, at=on(2, 9)) == await statements(12, at=on(3, 9))
