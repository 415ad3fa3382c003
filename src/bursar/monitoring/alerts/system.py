"""What is wrong with the system itself, apart from any figure: found in the other rooms, by what they say of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from bursar import dispatch, payouts, schedules
from bursar.foundation.db import Transaction
from bursar.monitoring import reconciliation, workers
from bursar.monitoring.alerts.model import AlertType, Finding, Severity
from bursar.programs import Terms

READER_LATE_SECONDS: Final = 600.0  # A bulk of work is read within minutes; whoever takes longer is held up.
READER_GONE_SECONDS: Final = 3_600.0
GONE_SHOWN: Final = timedelta(hours=1)  # A machine that was taken away for good is not missed for longer.


async def faults(tx: Transaction, known: Sequence[Terms]) -> list[Finding]:
    """Everything that is wrong at this moment; twelve statements, whatever there is."""
    at = await tx.now()
    found = [
        *_gateways(await dispatch.conditions(tx, {terms.route.gateway for terms in known})),
        *_runs(await schedules.stopped(tx)),
        *_readers(await payouts.feeds_behind(tx)),
        *_differences(await reconciliation.open_items(tx)),
    ]
    if (recovery := await dispatch.recovery.current(tx)) is not None:
        found.append(_recovery(recovery))
    everybody = await workers.known(tx)
    found += _workers([one for one in everybody if one.is_alive or one.seen_at > at - GONE_SHOWN])
    waiting = await payouts.oldest_in_review(tx, [terms.program for terms in known])
    for terms in known:
        limit = timedelta(hours=terms.review.expires_after_hours)
        if terms.program in waiting and waiting[terms.program] < at - limit:
            found.append(_overdue(terms))
    return found


def nobody_works(everybody: Collection[workers.Worker], *, queued: int) -> Iterator[Finding]:
    """That payouts wait and no worker is there. Only who looks from outside can find that: a worker is one itself."""
    if queued and not any(worker.is_alive for worker in everybody):
        message = f"No worker is there. Payouts that are free to leave: {queued}."
        yield _error("workers", Severity.CRITICAL, message, queued=queued)


def _gateways(conditions: Sequence[dispatch.Condition]) -> Iterator[Finding]:
    for one in conditions:
        if one.circuit != "closed":
            yield _error(
                f"gateway:{one.gateway}",
                Severity.CRITICAL if one.bank is None else Severity.WARNING,
                _not_used(one),
                circuit=one.circuit,
                reason=one.reason,
                since=one.since,
                probes=one.probes,
                probe_at=one.probe_at,
            )
        for low in one.low:
            message = f"Our account at {one.gateway} holds too little {low.currency}; payouts wait for it to be funded."
            held = None if low.held is None else low.held.text
            yield _error(f"float:{one.gateway}:{low.currency}", Severity.WARNING, message, held=held)
        if one.breaks:
            message = f"Disputed payments through {one.gateway} that wait for two people: {one.breaks}."
            yield _error(f"breaks:{one.gateway}", Severity.WARNING, message, breaks=one.breaks)


def _not_used(one: dispatch.Condition) -> str:
    if one.bank is not None:
        return f"A gateway cannot pay to banks whose codes begin with {one.bank}; payouts there wait ({one.gateway})."
    return f"The gateway {one.gateway} does not answer as it should; nothing is sent through it."


def _runs(stopped: Sequence[schedules.Run]) -> Iterator[Finding]:
    for run in stopped:
        message = (
            f"The run {run.id} has been stopped ({run.stopped_why}); nothing of it leaves before a person says so."
        )
        facts = {"run": str(run.id), "stopped_by": run.stopped_by, "reason": run.stopped_why}
        yield Finding(run.program, AlertType.SYSTEM_ERROR, f"run:{run.id}", Severity.CRITICAL, message, facts)


def _readers(behind: Mapping[str, float]) -> Iterator[Finding]:
    for reader, seconds in behind.items():
        if seconds > READER_LATE_SECONDS:
            severity = Severity.CRITICAL if seconds > READER_GONE_SECONDS else Severity.WARNING
            message = f"What happened {seconds / 60:.0f} minutes ago has not been read for {reader} yet."
            yield _error(f"reader:{reader}", severity, message, seconds=round(seconds))


def _differences(found: Sequence[reconciliation.Open]) -> Iterator[Finding]:
    if found:
        count, kinds = sum(one.count for one in found), sorted({one.kind.value for one in found})
        message = f"Differences with gateways or statements that wait for two people: {count}."
        yield _error("reconciliation", Severity.WARNING, message, count=count, kinds=kinds)


def _workers(recent: Sequence[workers.Worker]) -> Iterator[Finding]:
    """Workers that have gone without a goodbye, unless another one has begun on their machine since."""
    for gone in recent:
        is_missed = not gone.is_alive and gone.stopped_at is None
        is_replaced = any(w.is_alive and w.host == gone.host and w.started_at > gone.seen_at for w in recent)
        if is_missed and not is_replaced:
            message = f"A worker on {gone.host} (process {gone.pid}) has not been seen since {gone.seen_at:%H:%M} UTC."
            yield _error(f"worker:{gone.id}", Severity.WARNING, message, host=gone.host, pid=gone.pid)


def _recovery(recovery: dispatch.recovery.Recovery) -> Finding:
    message = f"Nothing is sent before payments since {recovery.known_until:%d %B %H:%M} UTC are reconciled."
    return _error("recovery", Severity.CRITICAL, message, reason=recovery.reason, begun_by=recovery.begun_by)


def _overdue(terms: Terms) -> Finding:
    hours = terms.review.expires_after_hours
    message = f"Payouts have waited for their review for more than {hours} hours."
    facts = {"limit_hours": hours}
    return Finding(terms.program, AlertType.SYSTEM_ERROR, "reviews", Severity.WARNING, message, facts)


def _error(subject: str, severity: Severity, message: str, **facts: object) -> Finding:
    return Finding(None, AlertType.SYSTEM_ERROR, subject, severity, message, facts)
