"""``bursar runs``: what schedules have begun, and a run by hand."""

from dataclasses import asdict
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import schedules
from bursar.cli import frame
from bursar.schedules import Run

app = typer.Typer(name="runs", help="Runs: the passes over programs that pay out at set times.", no_args_is_help=True)

COLUMNS: Final = {
    "id": "Run", "program": "Program", "for": "For", "standing": "Standing", "count": "Payouts", "money": "Money",
    "begun_by": "Begun by",
}  # fmt: skip


@app.command("list", epilog=frame.examples("bursar runs list", "bursar runs list --program providers --limit 5 --json"))
def list_runs(
    *,
    program: Annotated[str | None, typer.Option(help="Only of this program.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=schedules.RUNS_MAX, help="So many at most.")] = 20,
    json: frame.Json = False,
) -> None:
    """The latest runs, newest first."""
    frame.run(_list(program, limit, json=json))


@app.command(epilog=frame.examples("bursar runs show 019a9f3e-0000-7000-8000-000000000000"))
def show(run: Annotated[UUID, typer.Argument(help="The run's id.")], *, json: frame.Json = False) -> None:
    """One run: what it was for, and what it has handed over."""
    frame.run(_show(run, json=json))


@app.command(epilog=frame.examples("bursar runs start providers"))
def start(program: Annotated[str, typer.Argument(help="The program.")], *, json: frame.Json = False) -> None:
    """Begin a run now: what is approved and waits for the next run leaves at once. A worker carries it out."""
    frame.run(_start(program, json=json))


async def _list(program: str | None, limit: int, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        runs = await schedules.recent(tx, program, limit=limit)
    frame.show([_row(run) for run in runs], COLUMNS, json=json, empty="No run yet.")


async def _show(run_id: UUID, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        row = _row(await schedules.get(tx, run_id))
    if json:
        frame.show_json(row)
    else:
        frame.show(
            [{"name": name.replace("_", " "), "value": value} for name, value in row.items()], {"name": "", "value": ""}
        )


async def _start(program: str, *, json: bool) -> None:
    from functools import partial

    from bursar.foundation import db, queue

    chosen = frame.settings()
    async with frame.database(chosen) as database:
        async with database.transaction() as tx:
            run = await schedules.begin_now(tx, program, actor=frame.actor())
        carrier = queue.open_carrier(chosen, database, partial(db.connect_alone, chosen))
        await carrier.ring(schedules.PROCESS, schedules.Process(run.id))
        await carrier.close()
    if json:
        frame.show_json(_row(run))
    else:
        frame.say(f"Run {run.id} of {program} has begun; a worker hands its payouts over.")


def _row(run: Run) -> dict[str, Any]:
    shown = run.occurrence if run.time_zone else "by hand"
    return {
        **{name: value for name, value in asdict(run).items() if name != "amounts"},
        "for": f"{shown} {run.time_zone}" if run.time_zone else shown,
        "standing": run.standing.value,
        "money": run.money,
    }
