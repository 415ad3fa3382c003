"""Five schedulers side by side through a year in eight time zones, against a scanner that looks at every minute."""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from scanner import Rule, scan

from bursar import programs, schedules
from bursar.foundation.db import Database
from bursar.schedules import Run
from ground import terms_text

SCHEDULERS = 5
BEGIN, END = datetime(2028, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)  # A leap year.
SUNDAY = 6


def sundays(*times: time) -> Rule:
    return Rule(times, lambda day: day.weekday() == SUNDAY)


def monthly(day_of_month: int, at: time) -> Rule:
    """On that day, or on the last one of a month that lacks it."""
    return Rule(
        [at],
        lambda day: day.day == day_of_month or (day.day < day_of_month and (day + timedelta(days=1)).day == 1),
    )


PROGRAMS: dict[str, tuple[dict[str, Any], Rule]] = {
    "UTC": ({"frequency": "monthly", "day_of_month": 31}, monthly(31, time(9))),
    "Europe/Berlin": ({"frequency": "daily", "hour": 2, "minute": 30}, Rule([time(2, 30)])),
    "America/New_York": ({"frequency": "weekly", "day_of_week": 0, "hour": 1, "minute": 30}, sundays(time(1, 30))),
    "America/St_Johns": ({"cron": "30 2 * * SUN"}, sundays(time(2, 30))),
    "America/Santiago": ({"cron": "30 0 * * SUN"}, sundays(time(0, 30))),
    "Asia/Kolkata": ({"cron": "0 9 1,15 * *"}, Rule([time(9)], lambda day: day.day in {1, 15})),
    "Asia/Kathmandu": ({"frequency": "monthly", "day_of_month": 30, "hour": 0, "minute": 15}, monthly(30, time(0, 15))),
    "Australia/Lord_Howe": (
        {"cron": "15,45 1,2 * * SUN"},  # Its clock goes back at 2:00 by half an hour, and forward likewise.
        sundays(time(1, 15), time(1, 45), time(2, 15), time(2, 45)),
    ),
}
SLEEPS = [  # Nobody is there.
    (datetime(2028, 2, 20, tzinfo=UTC), datetime(2028, 3, 3, tzinfo=UTC)),
    (datetime(2028, 3, 25, 23, tzinfo=UTC), datetime(2028, 3, 26, 4, tzinfo=UTC)),  # While Berlin's clock jumps.
    (datetime(2028, 6, 10, tzinfo=UTC), datetime(2028, 7, 20, tzinfo=UTC)),
]


def name_of(zone: str) -> str:
    return zone.lower().replace("/", "-")


def terms_of(zone: str) -> str:
    said, _ = PROGRAMS[zone]
    runs = {"dispatch__mode": "schedule", "dispatch__every_seconds": None, "dispatch__time_zone": zone}
    calendar = {f"schedule__{name}": value for name, value in said.items() if name != "cron"}
    return terms_text(program=name_of(zone), **runs, dispatch__cron=said.get("cron"), **calendar)


@cache
def expected() -> list[tuple[str, datetime]]:
    """What the scanner sees; of what was slept through, the last of each sleep."""
    found = []
    for zone, (_, rule) in PROGRAMS.items():
        moments = scan(zone, rule, after=BEGIN, until=END)
        slept = [[one for one in moments if start < one < end] for start, end in SLEEPS]
        lost = {one for several in slept for one in several[:-1]}
        found += [(name_of(zone), one) for one in moments if one not in lost]
    return sorted(found)


def looks(known: list[programs.Terms]) -> Iterator[datetime]:
    """The moments at which all schedulers look: whenever the next run is said to be, unless they sleep."""
    at: datetime | None = BEGIN
    while at is not None and at <= END:
        yield at
        at = min(filter(None, (schedules.next_time(terms, after=at) for terms in known)), default=None)
        at = next((end for start, end in SLEEPS if at is not None and start < at < end), at)


async def test_each_occurrence_of_a_year_has_one_run_whoever_looks(database: Database) -> None:
    async with database.transaction() as tx:
        for zone in PROGRAMS:
            await programs.apply(tx, terms_of(zone), actor="person:tester", at=BEGIN)
        known = [await programs.terms(tx, name_of(zone)) for zone in PROGRAMS]
    books, chance = [programs.Book() for _ in range(SCHEDULERS)], random.Random(4)

    async def scheduler(book: programs.Book, *, at: datetime, late: float) -> list[Run]:
        async with database.transaction() as tx:
            return await schedules.begin_due(tx, known, book=book, at=at + timedelta(seconds=late))

    begun: list[Run] = []
    for at in looks(known):
        there = chance.sample(books, chance.randint(1, SCHEDULERS))  # Some are slow and come after the next look.
        parts = await asyncio.gather(*(scheduler(book, at=at, late=chance.random()) for book in there))
        begun += [run for part in parts for run in part]

    assert sorted((run.program, run.due_at) for run in begun) == expected()
    assert len({run.id for run in begun}) == len(begun), "nobody was told of another's run"
    async with database.transaction(readonly=True) as tx:
        rows = await tx.many("SELECT program, due_at FROM runs WHERE program = ANY($1)", [one.program for one in known])
    assert sorted((row["program"], row["due_at"]) for row in rows) == expected()


def test_the_year_has_its_traps() -> None:
    """What makes the comparison worth anything: missing days, clocks that jump, and clocks that show a time twice."""
    by_program: dict[str, list[datetime]] = {}
    for name, at in expected():
        by_program.setdefault(name, []).append(at)
    berlin = by_program["europe-berlin"]
    assert datetime(2028, 3, 26, 1, tzinfo=UTC) in berlin, "at 3:00 there, where 2:30 never was"
    assert {later - earlier for earlier, later in pairwise(berlin)} >= {timedelta(hours=24), timedelta(hours=25)}
    assert datetime(2028, 3, 29, 18, 30, tzinfo=UTC) in by_program["asia-kathmandu"], "a quarter past midnight there"
    assert datetime(2028, 2, 28, 18, 30, tzinfo=UTC) in by_program["asia-kathmandu"], "for want of a 30th"
