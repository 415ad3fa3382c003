"""``bursar schedule``: when programs pay in runs, as far ahead as one likes to look."""

import calendar
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from bursar import programs, schedules
from bursar.cli import frame
from bursar.foundation.db import Transaction
from bursar.schedules import Occurrence

app = typer.Typer(
    name="schedule", help="When programs pay in runs, and what comes of that in a year.", no_args_is_help=True
)

MONTHS_MAX: Final = 120
SHOWN_MAX: Final = 10_000  # Occurrences in one answer: a year of a schedule that comes round each hour.
PRINTED_MAX: Final = 400  # Of one program, for people: a year of a daily one.

PROGRAMS: Final = {
    "program": "Program", "schedule": "Schedule", "enabled": "On", "catch_up": "Missed ones", "holidays": "Holidays",
    "last": "Last", "next": "Next",
}  # fmt: skip
OCCURRENCES: Final = {"program": "Program", "local": "On the clock there", "at": "At", "remark": ""}

Program = Annotated[str | None, typer.Option(help="Only of this program.")]


@app.command("list", epilog=frame.examples("bursar schedule list", "bursar schedule list --json"))
def list_schedules(*, json: frame.Json = False) -> None:
    """The programs that pay in runs: when, what becomes of missed runs, the last one and the next."""
    frame.run(_list(json=json))


@app.command("next", epilog=frame.examples("bursar schedule next", "bursar schedule next --program writers --count 5"))
def next_runs(
    *,
    program: Program = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="So many of each program.")] = 1,
    json: frame.Json = False,
) -> None:
    """The next runs of each program."""
    frame.run(_next(program, count, json=json))


@app.command(epilog=frame.examples("bursar schedule preview --months 12", "bursar schedule preview --program writers"))
def preview(
    *,
    program: Program = None,
    months: Annotated[int, typer.Option(min=1, max=MONTHS_MAX, help="So far ahead.")] = 12,
    json: frame.Json = False,
) -> None:
    """Every run of the coming months, and which of them a holiday or a change of the clock moves."""
    frame.run(_preview(program, months, json=json))


async def _list(*, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        at, rows = await tx.now(), []
        for terms in await _scheduled(tx, None):
            last = await schedules.recent(tx, terms.program, limit=1)
            rows.append(_row(terms, last=last[0].due_at if last else None, at=at))
    frame.show(rows, PROGRAMS, json=json, empty="No program pays in runs.")


async def _next(program: str | None, count: int, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        at, known = await tx.now(), await _scheduled(tx, program)
    rows = [row for terms in known for row in islice(_coming(terms, after=at, until=None), count)]
    frame.show(rows, OCCURRENCES, json=json, empty="No program has a run ahead of it.")


async def _preview(program: str | None, months: int, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        at, known = await tx.now(), await _scheduled(tx, program)
    until = _later(at, months=months)
    rows = [row for terms in known for row in islice(_coming(terms, after=at, until=until), SHOWN_MAX)]
    shown = sorted(rows, key=lambda row: row["at"])[:SHOWN_MAX]
    printed = shown if json else _first_of_each(shown)
    frame.show(printed, OCCURRENCES, json=json, empty="No program has a run in this time.")
    if len(printed) < len(shown):
        frame.note(f"Of each program the first {PRINTED_MAX}; --json has {len(shown):,}.")
    elif len(rows) >= SHOWN_MAX:
        frame.note(f"These are the first {SHOWN_MAX:,}; ask for fewer months, or for one program.")


def _first_of_each(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    counted: Counter[str] = Counter()
    first = []
    for row in rows:
        counted[row["program"]] += 1
        if counted[row["program"]] <= PRINTED_MAX:
            first.append(row)
    return first


async def _scheduled(tx: Transaction, program: str | None) -> Sequence[programs.Terms]:
    """The programs that pay in runs, or this one.

    Raises:
        NoSuchProgram: there is no such program.
        NotInRuns: it pays all day.
    """
    if program is None:
        return [terms for terms in await programs.all(tx) if schedules.schedule_of(terms) is not None]
    terms = await programs.terms(tx, program)
    if schedules.schedule_of(terms) is None:
        raise schedules.NotInRuns(program=program)
    return [terms]


def _row(terms: programs.Terms, *, last: datetime | None, at: datetime) -> dict[str, Any]:
    schedule = schedules.schedule_of(terms)
    assert schedule is not None, "only such programs are asked about"
    return {
        "program": terms.program,
        "schedule": schedules.in_words(terms),
        "crons": schedule.crons,
        "time_zone": schedule.time_zone,
        "enabled": schedule.enabled,
        "catch_up": schedule.catch_up.value,
        "holidays": f"{schedule.holidays}: {schedule.on_holiday}" if schedule.holidays else None,
        "last": last,
        "next": schedules.next_time(terms, after=at),
    }


def _coming(terms: programs.Terms, *, after: datetime, until: datetime | None) -> Iterator[dict[str, Any]]:
    """The occurrences of a program as rows; ``until`` None: without end."""
    schedule = schedules.schedule_of(terms)
    assert schedule is not None, "only such programs are asked about"
    for one in schedules.between(schedule, after=after, until=until or datetime.max.replace(tzinfo=UTC)):
        yield {
            "program": terms.program,
            "local": f"{one.at.astimezone(ZoneInfo(schedule.time_zone)):%a %Y-%m-%d %H:%M %Z}",
            "at": one.at,
            "time_zone": schedule.time_zone,
            "meant": one.meant.isoformat(timespec="minutes"),
            "remark": _remark(one),
        }


def _remark(one: Occurrence) -> str:
    """What is unusual about it."""
    if one.meant.date() != one.wall.date():
        return f"instead of {one.meant:%a %Y-%m-%d}"
    if one.meant != one.wall:
        return f"the clock jumps over {one.meant:%H:%M}"
    return "the clock shows it twice; this is the first time" if one.comes_twice else ""


def _later(at: datetime, *, months: int) -> datetime:
    """The same day and time so many months later; the month's last day where it has no such day."""
    years, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))
