"""Stopping runs: by the failsafe of their terms or by a person, who lets them go on or cancels what has not left.

A stopped run is a kill switch in dispatch, with the run as its subject: it counts for the very next claim. What has
left is kept as it is, and asked about as ever.
"""

from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

from bursar import dispatch, payouts, programs
from bursar.dispatch import Scope
from bursar.foundation import journal
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money, totals
from bursar.payouts import PayoutState, can
from bursar.schedules import store
from bursar.schedules.errors import NoSuchRun, RunIsOver, RunNotStopped
from bursar.schedules.model import Run, Standing
from bursar.schedules.outcomes import FAILED

FAILSAFE: Final = "system:failsafe"
TOO_MANY_FAILURES: Final = "failure_rate"
TOO_MUCH_MONEY: Final = "amount"

_CANCELLED: Final = "run_cancelled"


async def stop(tx: Transaction, run_id: UUID, *, actor: str, why: str) -> Run:
    """Stop a run at once. One person may; a run that is stopped already keeps its first reason.

    Raises:
        NoSuchRun: there is none.
        RunIsOver: nothing of it is left to stop.
    """
    run = await _locked(tx, run_id)
    if run.standing is Standing.STOPPED:
        return run
    _insist_on_life(run)
    return await stop_held(tx, run, actor=actor, why=why)


async def stop_held(tx: Transaction, run: Run, *, actor: str, why: str) -> Run:
    """Stop a run whose row is locked."""
    await dispatch.stop(tx, Scope.RUN, subject=str(run.id), reason=why, actor=actor)
    await journal.note(tx, "run.stopped", actor=actor, subject=run.program, run=str(run.id), reason=why)
    return await store.stop(tx, run.id, why=why, actor=actor)


async def resume(tx: Transaction, run_id: UUID, *, actor: str) -> Run:
    """Let a stopped run go on; ring for it after the commit. Ask ``leaving`` first, and show it.

    The failsafe goes on watching: failures count from now on, and what it has asked for by now has been seen.

    Raises:
        NoSuchRun: there is none.
        RunNotStopped: it is not stopped.
    """
    run = await _locked(tx, run_id)
    if run.standing is not Standing.STOPPED:
        raise RunNotStopped(run=str(run_id))
    await dispatch.go(tx, Scope.RUN, subject=str(run_id), actor=actor)
    await journal.note(tx, "run.resumed", actor=actor, subject=run.program, run=str(run_id))
    return await store.resume(tx, run_id)


async def cancel(tx: Transaction, run_id: UUID, *, actor: str) -> Run:
    """Cancel what has not left of a run; ring for it after the commit. It is stopped at once, workers do the rest.

    Raises:
        NoSuchRun: there is none.
        RunIsOver: nothing of it is left to cancel.
    """
    run = await _locked(tx, run_id)
    _insist_on_life(run)
    if run.standing is not Standing.STOPPED:
        await stop_held(tx, run, actor=actor, why=_CANCELLED)
    await journal.note(tx, "run.cancelled", actor=actor, subject=run.program, run=str(run_id))
    return await store.cancel(tx, run_id, actor=actor)


async def cancel_some(tx: Transaction, run: Run, *, book: programs.Book, at_most: int) -> int:
    """Cancel the next payouts of a locked run that is cancelled; how many. After the last ones it is finished."""
    actor = run.cancelled_by
    assert actor is not None, "somebody has cancelled it"
    count = await payouts.cancel_rest(tx, run.id, actor=actor, reason=_CANCELLED, limit=at_most, book=book)
    if count < at_most:
        await dispatch.go(tx, Scope.RUN, subject=str(run.id), actor=actor)
        await store.finish(tx, [run.id])
    else:
        await store.touch(tx, run.id)
    return count


async def leaving(tx: Transaction, run_id: UUID) -> tuple[int, list[Money]]:
    """How many payouts would leave if a run went on, and what they add up to; without what it has yet to ask for.

    Raises:
        NoSuchRun: there is none.
    """
    run = await store.get(tx, run_id)
    if run is None:
        raise NoSuchRun(run=str(run_id))
    counted = [(await payouts.count_by_run(tx, [run_id]))[run_id]]
    if run.handed_over_at is None and run.pays is programs.Pays.REQUESTS:
        counted.append(await _waiting(tx, run))
    free = [figures for states in counted for state, figures in states.items() if can(state, "send")]
    return sum(count for count, _ in free), list(totals(one for _, amounts in free for one in amounts))


async def stopped_ids(tx: Transaction) -> Collection[UUID]:
    """The ids of all runs of which nothing may leave."""
    return (await dispatch.standing(tx)).runs


async def too_much(tx: Transaction, run: Run, terms: programs.Terms) -> bool:
    """Whether a run that is about to hand its payouts over is of more money than its terms let go unseen.

    Seen is what a person let go on; not what the run asked for after that.
    """
    is_seen = run.resumed_at is not None and (run.asked_at is None or run.asked_at <= run.resumed_at)
    if terms.runs.amount_max is None or is_seen:
        return False
    waiting = await _waiting(tx, run)
    return exceeds((one for _, amounts in waiting.values() for one in amounts), terms)


def exceeds(amounts: Iterable[Money], terms: programs.Terms) -> bool:
    """Whether a run of these is of more than its terms let go unseen; anything in another currency than theirs is."""
    most = terms.runs.amount_max
    if not terms.runs.failsafe or most is None:
        return False
    return any(one.currency != most.currency or not most.covers(one) for one in totals(amounts) if one.minor)


async def too_many(tx: Transaction, run: Run, terms: programs.Terms) -> bool:
    """Whether more of a run's payouts have failed than its terms allow.

    As long as few have, one look into an index says so; then all that moved since it last began are counted.
    """
    limits = terms.runs
    if not limits.failsafe:
        return False
    least = limits.failures_min
    if await payouts.count_failures(tx, run.id, most=least, since=run.resumed_at) < least:
        return False
    figures = (await payouts.count_by_run(tx, [run.id], since=run.resumed_at))[run.id]
    failed = _count(figures, FAILED)
    return 100 * failed > limits.failure_rate_max * (failed + _count(figures, {PayoutState.COMPLETED}))


async def _waiting(tx: Transaction, run: Run) -> payouts.Figures:
    """What waits for a run, as far as it has room."""
    most = None if run.payouts_max is None else run.payouts_max - run.count
    return await payouts.count_for_run(tx, run.program, except_runs=await store.others(tx, run), most=most)


def _count(figures: payouts.Figures, states: Collection[PayoutState]) -> int:
    return sum(count for state, (count, _) in figures.items() if state in states)


async def _locked(tx: Transaction, run_id: UUID) -> Run:
    run = await store.lock(tx, run_id)
    if run is None:
        raise NoSuchRun(run=str(run_id))
    return run


def _insist_on_life(run: Run) -> None:
    if run.finished_at is not None or run.cancelled_at is not None:
        raise RunIsOver(run=str(run.id), standing=run.standing.value)
