"""What can be done with runs: begin those that are due or one by hand, hand payouts over, call a run finished."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar import payouts, programs
from bursar.foundation import ids, journal
from bursar.foundation.db import Transaction
from bursar.schedules import store
from bursar.schedules.errors import NotInRuns
from bursar.schedules.model import Run, Standing, latest, wall_time

ACTOR: Final = "system:schedule"
CHUNK: Final = 5_000  # Payouts handed over in one transaction, so that none of them lasts long.


async def begin_due(tx: Transaction, known: Sequence[programs.Terms]) -> list[Run]:
    """Begin a run for each of these programs whose schedule has come round since its last one.

    However many occurrences were missed, one run makes up for all: it is the last of them. Somebody else may begin the
    same one at the same time; only theirs or ours counts, and what is returned is ours to make known.
    """
    at = await tx.now()
    scheduled = [terms for terms in known if terms.dispatch.mode is programs.Mode.SCHEDULE]
    before = await store.last_scheduled(tx, [terms.program for terms in scheduled])
    due = []
    for terms in scheduled:
        cron, zone = schedule_of(terms)
        after = await _since(tx, terms, before.get(terms.program))
        moment = latest(cron, zone, after=after, until=at) if after < at else None
        if moment is not None:
            due.append((ids.new(at), terms.program, wall_time(moment, zone), cron, zone, moment, ACTOR))
    return await store.insert(tx, due) if due else []


async def begin_now(tx: Transaction, program: str, *, actor: str) -> Run:
    """Begin a run that no schedule asks for; ring for it after the commit.

    Raises:
        NoSuchProgram: there is no such program.
        NotInRuns: its payouts do not wait for runs.
    """
    terms = await programs.terms(tx, program)
    if terms.dispatch.mode is not programs.Mode.SCHEDULE:
        raise NotInRuns(program=program)
    at = await tx.now()
    run_id = ids.new(at)
    [run] = await store.insert(tx, [(run_id, program, f"by hand: {run_id}", None, None, at, actor)])
    await journal.note(tx, "run.begun", actor=actor, subject=program, run=str(run_id))
    return run


async def hand_over(tx: Transaction, run_id: UUID, *, at_most: int = CHUNK) -> tuple[Run, int] | None:
    """Let the next payouts of a run's program leave; the run as it stands then, and how many they were.

    None when the run had nothing left to hand over, or does not exist. Safe to do twice, and at the same time: what
    one has handed over, the other finds gone.
    """
    run = await store.lock(tx, run_id)
    if run is None or run.standing is not Standing.BEGUN:
        return None
    count, money = await payouts.hand_over(tx, run.program, limit=at_most)
    amounts = _added(run.amounts, {one.currency: one.minor for one in money})
    is_all = count < at_most
    return await store.note_handed_over(tx, run_id, count=run.count + count, amounts=amounts, is_all=is_all), count


async def finish(tx: Transaction) -> list[Run]:
    """Call those runs finished that have handed everything over, and of whose program nothing is due any more."""
    handed_over = [run for run in await store.unfinished(tx) if run.handed_over_at is not None]
    if not handed_over:
        return []
    busy = await payouts.with_due(tx, {run.program for run in handed_over})
    done = [run for run in handed_over if run.program not in busy]
    await store.finish(tx, [run.id for run in done])
    return done


def schedule_of(terms: programs.Terms) -> tuple[str, str]:
    """The cron expression and the time zone of a program that pays in runs."""
    cron, zone = terms.dispatch.cron, terms.dispatch.time_zone
    assert cron is not None, "no program file may leave it out in this mode"
    assert zone is not None, "no program file may leave it out in this mode"
    return cron, zone


async def _since(tx: Transaction, terms: programs.Terms, last: Run | None) -> datetime:
    """From when on occurrences count: a schedule that was changed, or is new, begins with the terms that say so."""
    if last is not None and (last.cron, last.time_zone) == schedule_of(terms):
        return last.due_at
    applied_at = (await programs.versions(tx, terms.program))[0].applied_at
    return applied_at if last is None else max(applied_at, last.due_at)


def _added(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {currency: left.get(currency, 0) + right.get(currency, 0) for currency in left.keys() | right.keys()}
