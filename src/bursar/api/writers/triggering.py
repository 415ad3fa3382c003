"""Beginning a run for whoever says that it is time, and telling what it has come to.

A run of some payouts takes a second, so the caller is kept waiting for that long and told of its end, as the document
shows. One that takes longer is answered with where it stands by then, and where to look.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from bursar import holders, payouts, programs, schedules
from bursar.api import amounts
from bursar.api.writers.wire import RunAnswer, RunFigures, RunStatus, RunTotals, TriggerBody
from bursar.foundation import log
from bursar.foundation.clock import timestamp
from bursar.foundation.money import Money, total
from bursar.house import House
from bursar.schedules import Results, Run, Standing

WAIT_SECONDS: Final = 5.0  # For the end of a run. Schedulers give up after ten or more.
COME_AGAIN_SECONDS: Final = 5
LOOK_SECONDS: Final = (0.02, 0.25)  # Between looks at it: at first, and at most.

LEAVING: Final = frozenset(
    {payouts.PayoutState.APPROVED, payouts.PayoutState.SENDING, payouts.PayoutState.SENT, payouts.PayoutState.RETRYING}
)
"""States out of which a payout goes by itself; where people have to decide, a run does not wait for them."""

MESSAGES: Final[Mapping[RunStatus, str]] = {
    "success": "Automated payout processing completed",
    "running": "Automated payout processing is under way",
    "stopped": "Automated payout processing was stopped",
    "cancelled": "Automated payout processing was cancelled",
}


async def trigger(house: House, program: str, wanted: TriggerBody, *, actor: str) -> RunAnswer:
    """Have the run that is meant, begin it where nobody has, and wait a little for its end.

    Raises:
        NoSuchProgram: there is no such program.
        NotInRuns: its payouts do not wait for runs.
    """
    if wanted.dry_run:
        return await _rehearse(house, program)
    async with house.database.transaction() as tx:
        run = await schedules.begin_once(
            tx,
            program,
            actor=actor,
            force=wanted.force_run,
            overrides=_overrides(wanted),
            correlation_id=log.correlation_id(),
        )
        at = await tx.now()
    if run is None:
        return await _skip(house, program)
    if run.begun_at == at:  # Begun by this call; workers have been told of all others.
        await house.carrier.ring(schedules.PROCESS, schedules.Process(run.id))
    return await _until_over(house, run.id)


async def look(house: House, run_id: UUID) -> RunAnswer:
    """What a run has come to so far.

    Raises:
        NoSuchRun: there is none.
    """
    async with house.database.transaction(readonly=True) as tx:
        run = await schedules.get(tx, run_id)
        found = (await schedules.results(tx, [run_id]))[run_id]
        terms, at = await programs.terms(tx, run.program), await tx.now()
        owners = await holders.find(tx, {failure.holder_id for failure in found.errors})
    totals = RunTotals.of(run, found, currency=terms.currency, owners=owners, until=until(run, found, at=at))
    status = status_of(run, found)
    return RunAnswer(
        success=status in {"success", "running"},
        status=status,
        message=_message(status, run, found),
        data=RunFigures(**msgspec.structs.asdict(totals), next_scheduled_time=next_time(terms, at)),
        correlation_id=run.correlation_id or correlation_id(),
    )


def status_of(run: Run, found: Results) -> RunStatus:
    """How a run stands, in the document's words. It is over for its caller when nothing of it leaves by itself."""
    match run.standing:
        case Standing.STOPPED:
            return "stopped"
        case Standing.CANCELLED:
            return "cancelled"
    waiting = LEAVING - ({payouts.PayoutState.APPROVED} if run.finished_at else frozenset())
    is_leaving = run.handed_over_at is None or any(found.states.get(state) for state in waiting)
    return "running" if is_leaving and run.ended_at is None else "success"


def until(run: Run, found: Results, *, at: datetime) -> datetime:
    """The moment up to which a run has lasted: ``at`` while it lasts. What waits for people does not prolong it."""
    is_waited_for = found.waiting and status_of(run, found) == "success"
    return run.ended_at or (run.finished_at if is_waited_for else None) or at


def next_time(terms: programs.Terms, at: datetime) -> str | None:
    """When the program's next run begins by itself, as documents write it; None without one."""
    found = schedules.next_time(terms, after=at)
    return timestamp(found) if found else None


def correlation_id() -> str:
    """By what the request under way is found again on all that it causes."""
    return log.correlation_id() or log.new_correlation_id()


def look_again(path: str) -> dict[str, str]:
    """The headers of an answer about a run that is under way: where to look for its end, and when."""
    return {"location": path, "retry-after": str(COME_AGAIN_SECONDS)}


def _overrides(wanted: TriggerBody) -> schedules.Overrides:
    return schedules.Overrides(
        batch_size=None if wanted.batch_size is UNSET else wanted.batch_size,
        tries_max=None if wanted.max_retries is UNSET else wanted.max_retries + 1,  # The first one is no retry.
    )


async def _until_over(house: House, run_id: UUID) -> RunAnswer:
    pause, longest = LOOK_SECONDS
    loop = asyncio.get_running_loop()
    end = loop.time() + WAIT_SECONDS
    while await _is_under_way(house, run_id) and loop.time() < end:
        await asyncio.sleep(pause)
        pause = min(pause * 2, longest)
    return await look(house, run_id)


async def _is_under_way(house: House, run_id: UUID) -> bool:
    """Whether a run goes on; its payouts, of which there may be many, are not counted before all of them are there."""
    async with house.database.transaction(readonly=True) as tx:
        run = await schedules.get(tx, run_id)
        if run.standing is Standing.BEGUN:
            return True
        found = (await schedules.results(tx, [run_id]))[run_id]
    return status_of(run, found) == "running"


def _message(status: RunStatus, run: Run, found: Results) -> str:
    if status == "stopped":
        return f"{MESSAGES[status]}: {run.stopped_why}"
    if status == "success" and found.waiting:
        return f"{MESSAGES[status]}; payouts that wait for a time or for people: {found.waiting}"
    return MESSAGES[status]


async def _rehearse(house: House, program: str) -> RunAnswer:
    """Say what a run would come to, and change nothing."""
    async with house.database.transaction(readonly=True) as tx:
        terms = await programs.terms(tx, program)
        plan = await schedules.plan(tx, program, desk=house.desk)
    count, sums = plan.leaving
    amount = total(sums, terms.currency)
    return RunAnswer(
        success=True,
        status="dry_run",
        message=_foretold(plan, count, amount),
        data=RunFigures(
            program=program,
            currency=terms.currency,
            total_payouts=count,
            waiting_payouts=plan.in_review,
            total_amount=amounts.figure(amount),
            left_out={reason: count for reason, (count, _) in plan.left_out.items()},
            next_scheduled_time=next_time(terms, plan.at),
        ),
        correlation_id=correlation_id(),
    )


def _foretold(plan: schedules.Plan, count: int, amount: Money) -> str:
    """What would happen, and what would keep it from happening."""
    told = f"Dry run, nothing was done. Payouts that would leave: {count}, {amount} altogether"
    if plan.in_review:
        told += f"; once people have agreed: {plan.in_review} of them"
    if plan.kept_waiting:
        told += f"; left for the next run: {plan.kept_waiting}, since one takes no more than {plan.payouts_max}"
    if plan.blocker:
        told += f"; at present nothing leaves ({plan.blocker})"
    if plan.stops:
        told += f"; the failsafe would stop the run ({plan.stops})"
    return told


async def _skip(house: House, program: str) -> RunAnswer:
    """Say that it is not the time, and when it will be."""
    async with house.database.transaction(readonly=True) as tx:
        terms, at = await programs.terms(tx, program), await tx.now()
    following = next_time(terms, at)
    why = f"The next run is scheduled for {following}" if following else "No run is scheduled"
    return RunAnswer(
        success=True,
        status="skipped",
        message=f"{why}; nothing was done. Send forceRun to begin one now",
        data=RunFigures(
            program=program,
            currency=terms.currency,
            total_amount=amounts.figure(Money.zero(terms.currency)),
            next_scheduled_time=following,
        ),
        correlation_id=correlation_id(),
    )
