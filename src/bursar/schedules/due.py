"""Which runs are due: the occurrences that have passed since a program's last one, and what is done about them.

What counts at a moment is the schedule of the terms that counted then. So an occurrence that every worker slept through
is not lost when the terms change before one wakes; and none comes into being because they change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from bursar import programs
from bursar.foundation.db import Transaction
from bursar.programs import CatchUp
from bursar.schedules import store
from bursar.schedules.model import Beginning, Run, Standing
from bursar.schedules.occurrences import Occurrence, Schedule, following, latest, schedule_of

ACTOR: Final = "system:schedule"
LATE: Final = timedelta(minutes=10)
"""Catch-up ``skip``: an occurrence that is this long ago was missed. A restart of all workers takes less."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of time in which one schedule counted, the first moment not included."""

    schedule: Schedule
    after: datetime
    until: datetime


async def begin_due(
    tx: Transaction, known: Sequence[programs.Terms], *, book: programs.Book, at: datetime
) -> list[Run]:
    """Begin a run for each of these programs whose schedule has come round since its last scheduled one.

    What becomes of several that were missed is for the terms to say (``schedule.catch_up``). Somebody else may begin
    the same run at the same time; only theirs or ours counts, and what is returned is ours to make known. A constant
    number of statements.
    """
    asked = {terms.program: terms for terms in known if (schedule := schedule_of(terms)) and schedule.enabled}
    last = await store.last_scheduled(tx, asked)
    since = {program: last[program].due_at if program in last else None for program in asked}
    spells = await _spells(tx, since, book=book, at=at)
    due = []
    for program, terms in sorted(asked.items()):
        if (found := occurrence_due(spells[program], last=last.get(program), at=at)) is not None:
            due.append(_beginning(terms, found, at=at))
    return await store.insert(tx, due) if due else []


async def just_come_round(tx: Transaction, program: str, *, since: datetime, at: datetime) -> Occurrence | None:
    """The last occurrence later than ``since``, whether or not its run has begun; None without one."""
    spells = await _spells(tx, {program: since}, book=programs.Book(), at=at)
    return _latest(spells[program])


def occurrence_due(spells: Sequence[Spell], *, last: Run | None, at: datetime) -> Occurrence | None:
    """The occurrence that a run is to be begun for, out of what has counted since the last one; None without one.

    The terms that count now say how missed ones are made up for, whichever terms those are of.
    """
    if not spells:
        return None
    match spells[-1].schedule.catch_up:
        case CatchUp.ONE:
            return _latest(spells)
        case CatchUp.SKIP:
            return _latest([Spell(one.schedule, max(one.after, at - LATE), one.until) for one in spells])
        case CatchUp.ALL:
            # One after the other: what a run pays depends on what the one before it has left.
            is_busy = last is not None and last.standing is Standing.BEGUN
            return None if is_busy else _first(spells)


async def _spells(
    tx: Transaction, since: Mapping[str, datetime | None], *, book: programs.Book, at: datetime
) -> dict[str, list[Spell]]:
    """What has counted in each program since that moment, or since it began; oldest first."""
    versions = await programs.in_force(tx, since)
    terms = await book.at_versions(tx, [(v.program, v.version) for several in versions.values() for v in several])
    found: dict[str, list[Spell]] = {}
    for program, several in versions.items():
        begun = [min(at, max(version.applied_at, since[program] or version.applied_at)) for version in several]
        schedules = [schedule_of(terms[version.program, version.version]) for version in several]
        found[program] = _unbroken(schedules, [*begun, at])
    return found


def _unbroken(schedules: Sequence[Schedule | None], bounds: Sequence[datetime]) -> list[Spell]:
    """The schedules that counted one after the other since the last time there was none.

    Whoever switches a schedule off gives up what it has missed: nothing may begin by surprise when it is on again.
    """
    spells: list[Spell] = []
    for schedule, (after, until) in zip(schedules, pairwise(bounds), strict=True):
        if schedule is None or not schedule.enabled:
            spells.clear()
        elif after < until:
            spells.append(Spell(schedule, after, until))
    return spells


def _latest(spells: Sequence[Spell]) -> Occurrence | None:
    for spell in reversed(spells):
        if (found := latest(spell.schedule, after=spell.after, until=spell.until)) is not None:
            return found
    return None


def _first(spells: Sequence[Spell]) -> Occurrence | None:
    for spell in spells:
        found = following(spell.schedule, after=spell.after)
        if found is not None and found.at <= spell.until:
            return found
    return None


def _beginning(terms: programs.Terms, occurrence: Occurrence, *, at: datetime) -> Beginning:
    return Beginning(
        program=terms.program,
        pays=terms.runs.pays,
        due_at=occurrence.at,
        begun_by=ACTOR,
        at=at,
        occurrence=occurrence.name,
        cron=str(occurrence.schedule),
        time_zone=occurrence.schedule.time_zone,
        payouts_max=terms.runs.payouts_max,
    )
