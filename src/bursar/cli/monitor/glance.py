"""One look at everything, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from bursar import dispatch, monitoring, payouts, programs, schedules
from bursar.foundation.db import Database, Transaction
from bursar.foundation.pulse import Pulse
from bursar.monitoring import Health, reconciliation, tallies, workers
from bursar.schedules import Results, Run

RUNS: Final = 10  # The latest; those of them that are not over are shown.


@dataclass(frozen=True, slots=True)
class Glance:
    """How everything stands at one moment; ``runs`` are those under way, with what has become of them so far."""

    program: str | None
    health: Health
    runs: Sequence[tuple[Run, Results | None]]
    next_runs: Mapping[str, datetime]
    gateways: Sequence[dispatch.Condition]
    stopped: Sequence[dispatch.Switch]
    waiting: Sequence[workers.Waiting]
    workers: Sequence[workers.Worker]
    differences: Sequence[reconciliation.Open]

    @property
    def is_critical(self) -> bool:
        """Whether somebody is needed now."""
        return self.health.status is monitoring.Status.CRITICAL

    def plain(self) -> dict[str, Any]:
        """All of it for programs; times in seconds, rates in percent."""
        return {
            "at": self.health.at,
            "program": self.program,
            "status": self.health.status,
            "reasons": [{"severity": one.severity, "message": one.message} for one in self.health.reasons],
            "alerts": [asdict(one) for one in self.health.active_alerts],
            "metrics": figures(self.health.metrics),
            "runs": [_run(run, results) for run, results in self.runs],
            "next_runs": self.next_runs,
            "gateways": [asdict(one) for one in self.gateways],
            "stopped": [asdict(one) for one in self.stopped],
            "waiting": [asdict(one) for one in self.waiting],
            "workers": [asdict(one) for one in self.workers],
            "differences": [asdict(one) for one in self.differences],
        }


async def look(database: Database, program: str | None) -> Glance:
    """How everything stands; of one program where it is named.

    What has just happened is counted first, by the workers' own reader: without a worker nobody else would.

    Raises:
        NoSuchProgram: there is no such program.
    """
    async with database.transaction() as tx:
        await tallies.read_on(tx)
    async with database.transaction(readonly=True) as tx:
        known = [await programs.terms(tx, program)] if program is not None else await programs.all(tx)
        load = await monitoring.load(tx, pulse=Pulse(), pools=(), program=program)
        return Glance(
            program=program,
            health=await monitoring.health(tx, program, load=load),
            runs=await _under_way(tx, program),
            next_runs=await _next_runs(tx, known),
            gateways=await dispatch.conditions(tx, {terms.route.gateway for terms in known}),
            stopped=await dispatch.switches(tx),
            waiting=await workers.waiting(tx),
            workers=[worker for worker in load.workers if worker.is_alive],
            differences=await reconciliation.open_items(tx),
        )


def figures(metrics: monitoring.Metrics) -> dict[str, Any]:
    """What the writers document tracks, of one window and as it stands now."""
    return {
        "since": metrics.since,
        "until": metrics.until,
        "succeeded": metrics.succeeded,
        "failed": metrics.failed,
        "success_rate": metrics.success_rate,
        "failure_rate": metrics.failure_rate,
        "retry_rate": metrics.retry_rate,
        "average_seconds": metrics.average_seconds,
        "p50_seconds": metrics.p50_seconds,
        "p95_seconds": metrics.p95_seconds,
        "p99_seconds": metrics.p99_seconds,
        "requested": metrics.requested,
        "paid": metrics.paid,
        "pending": metrics.pending,
        "pending_money": metrics.pending_money,
        "oldest_open_seconds": metrics.oldest_open_seconds,
        "states": {state.value: metrics.count(state) for state in payouts.PayoutState},
    }


async def _under_way(tx: Transaction, program: str | None) -> list[tuple[Run, Results | None]]:
    runs = [run for run in await schedules.recent(tx, program, limit=RUNS) if run.ended_at is None]
    found = await schedules.results(tx, [run.id for run in runs]) if runs else {}
    return [(run, found.get(run.id)) for run in runs]


async def _next_runs(tx: Transaction, known: Sequence[programs.Terms]) -> dict[str, datetime]:
    at = await tx.now()
    in_runs = [terms for terms in known if terms.dispatch.mode is programs.Mode.SCHEDULE]
    moments = {terms.program: schedules.next_time(terms, after=at) for terms in in_runs}
    return {program: moment for program, moment in moments.items() if moment is not None}


def _run(run: Run, results: Results | None) -> dict[str, Any]:
    shown = {"id": run.id, "program": run.program, "standing": run.standing, "asked": run.asked, "count": run.count}
    if results is None:
        return shown
    return shown | {
        "total": results.total,
        "succeeded": results.succeeded,
        "failed": results.failed,
        "waiting": results.waiting,
        "amounts": results.amounts,
    }
