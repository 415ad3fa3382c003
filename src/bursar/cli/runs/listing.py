"""Looking at runs: which there were, how far one is, and what failed in it."""

from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import schedules
from bursar.cli import frame, process
from bursar.cli.runs import following
from bursar.schedules import Failure, Results, Run

COLUMNS: Final = {
    "id": "Run", "program": "Program", "for": "For", "standing": "Standing", "count": "Payouts", "money": "Money",
    "begun_by": "Begun by",
}  # fmt: skip
FAILURE_COLUMNS: Final = {
    "payout_id": "Payout", "reference": "Reference", "amount": "Amount", "reason": "Why", "at": "Since",
}  # fmt: skip

EXAMPLES: Final = frame.examples("bursar runs list", "bursar runs list --program providers --limit 5 --json")
SHOW_EXAMPLES: Final = frame.examples(
    "bursar runs show 019a9f3e-0000-7000-8000-000000000000", "bursar runs show 019a9f3e-… --follow"
)
FAILURES_EXAMPLES: Final = frame.examples("bursar runs failures 019a9f3e-0000-7000-8000-000000000000 --json")

RunId = Annotated[UUID, typer.Argument(metavar="RUN", help="The run's id.")]
Follow = Annotated[bool, typer.Option("--follow", help="Watch it with a bar until all of its payouts have ended.")]


def list_runs(
    *,
    program: Annotated[str | None, typer.Option(help="Only of this program.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=schedules.RUNS_MAX, help="So many at most.")] = 20,
    json: frame.Json = False,
) -> None:
    """The latest runs, newest first."""
    frame.run(_list(program, limit, json=json))


def show(run: RunId, *, follow: Follow = False, json: frame.Json = False) -> None:
    """One run: what it was for, what it has asked for and handed over, and what became of its payouts."""
    if follow:
        process.run(lambda stop: following.follow(run, stop))
    frame.run(print_run(run, json=json))


def failures(
    run: RunId,
    *,
    before: Annotated[UUID | None, typer.Option(metavar="PAYOUT", help="Go on after this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """The payouts of a run that failed or came back, and why; the latest asked for first."""
    frame.run(_failures(run, before, limit, json=json))


async def print_run(run_id: UUID, *, json: bool) -> None:
    """Say how a run stands, and what became of its payouts."""
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        run = await schedules.get(tx, run_id)
        results = (await schedules.results(tx, [run_id]))[run_id]
    row = detail(run, results)
    if json:
        frame.show_json(row)
        return
    lines = [{"name": name.replace("_", " "), "value": value} for name, value in row.items() if name != "errors"]
    frame.show(lines, {"name": "", "value": ""})
    if results.errors:
        frame.show([failure_row(one) for one in results.errors], FAILURE_COLUMNS)


def row_of(run: Run) -> dict[str, Any]:
    """A run as a line of a list."""
    shown = run.occurrence if run.time_zone else "by hand"
    return {
        "id": run.id,
        "program": run.program,
        "for": f"{shown} {run.time_zone}" if run.time_zone else shown,
        "standing": run.standing.value,
        "pays": run.pays.value,
        "due_at": run.due_at,
        "begun_by": run.begun_by,
        "begun_at": run.begun_at,
        "count": run.count,
        "money": run.money,
        "stopped_why": run.stopped_why,
        "stopped_by": run.stopped_by,
        "handed_over_at": run.handed_over_at,
        "finished_at": run.finished_at,
        "ended_at": run.ended_at,
        "correlation_id": run.correlation_id,
    }


def detail(run: Run, results: Results) -> dict[str, Any]:
    """A run with everything that is known about it."""
    return {
        **row_of(run),
        "payouts_max": run.payouts_max,
        "kept_waiting": run.kept_waiting,
        "asked": run.asked,
        "left_out": dict(run.left_out),
        "total": results.total,
        "succeeded": results.succeeded,
        "failed": results.failed,
        "waiting": results.waiting,
        "called_off": results.called_off,
        "amounts": list(results.amounts),
        "paid": list(results.paid),
        "errors": [failure_row(one) for one in results.errors],
    }


def failure_row(failure: Failure) -> dict[str, Any]:
    """One failure as a line of a list."""
    return {
        "payout_id": failure.payout_id,
        "holder_id": failure.holder_id,
        "reference": failure.reference,
        "amount": failure.amount,
        "reason": failure.reason,
        "at": failure.at,
    }


async def _list(program: str | None, limit: int, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        runs = await schedules.recent(tx, program, limit=limit)
    frame.show([row_of(run) for run in runs], COLUMNS, json=json, empty="No run yet.")


async def _failures(run_id: UUID, before: UUID | None, limit: int, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        await schedules.get(tx, run_id)
        found = await schedules.failures(tx, run_id, limit=limit, before=before)
    frame.show([failure_row(one) for one in found], FAILURE_COLUMNS, json=json, empty="None has failed.")
