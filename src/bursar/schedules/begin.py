"""Runs that somebody begins: by hand, or because a scheduler outside says that it is time."""

from datetime import timedelta
from typing import Final

from bursar import programs
from bursar.foundation import journal
from bursar.foundation.db import Transaction
from bursar.schedules import store
from bursar.schedules.due import just_come_round
from bursar.schedules.errors import NotInRuns
from bursar.schedules.model import Beginning, Overrides, Run, Standing
from bursar.schedules.occurrences import Occurrence

IN_TIME: Final = timedelta(hours=1)  # How late a scheduler outside may call for an occurrence.
NO_OVERRIDES: Final = Overrides()

_GOING: Final = frozenset({Standing.BEGUN, Standing.HANDED_OVER})


async def begin_now(
    tx: Transaction,
    program: str,
    *,
    actor: str,
    overrides: Overrides | None = None,
    correlation_id: str | None = None,
) -> Run:
    """Begin a run that no schedule asks for; ring for it after the commit.

    Raises:
        NoSuchProgram: there is no such program.
        NotInRuns: its payouts do not wait for runs.
    """
    terms = await terms_in_runs(tx, program)
    run = await _begin(tx, terms, actor=actor, overrides=overrides, correlation_id=correlation_id)
    assert run is not None, "nobody else begins a run that has no occurrence"
    return run


async def begin_once(
    tx: Transaction,
    program: str,
    *,
    actor: str,
    force: bool = False,
    overrides: Overrides | None = None,
    correlation_id: str | None = None,
) -> Run | None:
    """The run that somebody who calls now means; ring for it after the commit. None: it is not the time for one.

    That is the run under way, if there is one; else the one for the occurrence that came round within the last hour,
    begun by this call unless it has been begun before; else, by ``force``, a new one. Calls at the same time wait for
    each other, so that all of them are given the same run; overrides count for the one that begins it.

    Raises:
        NoSuchProgram: there is no such program.
        NotInRuns: its payouts do not wait for runs.
    """
    terms = await terms_in_runs(tx, program)
    await store.queue_up(tx, f"runs.begin {program}")
    under_way = [run for run in await store.unfinished(tx, program) if run.standing in _GOING]
    if under_way:
        return under_way[-1]
    occurrence = await _occurrence(tx, terms)
    begun = await store.for_occurrence(tx, program, occurrence) if occurrence is not None else None
    if begun is not None and not force:
        return begun
    if occurrence is None and not force:
        return None
    made = await _begin(
        tx, terms, actor=actor, overrides=overrides, correlation_id=correlation_id,
        occurrence=occurrence if begun is None else None,
    )  # fmt: skip
    if made is None:  # A worker has begun it at this very moment.
        assert occurrence is not None, "nobody else begins a run that has no occurrence"
        return await store.for_occurrence(tx, program, occurrence)
    return made


async def terms_in_runs(tx: Transaction, program: str) -> programs.Terms:
    """The terms of a program that pays in runs.

    Raises:
        NoSuchProgram: there is no such program.
        NotInRuns: its payouts do not wait for runs.
    """
    terms = await programs.terms(tx, program)
    if terms.dispatch.mode is not programs.Mode.SCHEDULE:
        raise NotInRuns(program=program)
    return terms


async def _occurrence(tx: Transaction, terms: programs.Terms) -> Occurrence | None:
    """The occurrence that has just come round."""
    at = await tx.now()
    return await just_come_round(tx, terms.program, since=at - IN_TIME, at=at)


async def _begin(
    tx: Transaction,
    terms: programs.Terms,
    *,
    actor: str,
    overrides: Overrides | None,
    correlation_id: str | None,
    occurrence: Occurrence | None = None,
) -> Run | None:
    """Begin a run, for an occurrence or by hand; None: somebody else has begun the one for this occurrence."""
    at = await tx.now()
    beginning = Beginning(
        program=terms.program,
        pays=terms.runs.pays,
        due_at=occurrence.at if occurrence else at,
        begun_by=actor,
        at=at,
        occurrence=occurrence.name if occurrence else "",
        cron=str(occurrence.schedule) if occurrence else None,
        time_zone=occurrence.schedule.time_zone if occurrence else None,
        correlation_id=correlation_id or "",
        overrides=overrides or NO_OVERRIDES,
        payouts_max=terms.runs.payouts_max,
    )
    made = await store.insert(tx, [beginning])
    if not made:
        return None
    await journal.note(tx, "run.begun", actor=actor, subject=terms.program, run=str(made[0].id))
    return made[0]
