"""``bursar worker``: what happens by itself, and who does it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

import bursar
from bursar.cli import frame, process, supervisor
from bursar.cli.roof import Roof

app = typer.Typer(name="worker", add_completion=False)

COLUMNS: Final = {
    "host": "Host", "pid": "Process", "alive": "Alive", "carrier": "Carrier", "connections": "Connections",
    "done": "Done", "failed": "Failed", "running": "Running", "dropped": "Dropped", "started_at": "Since",
    "seen_at": "Last seen",
}  # fmt: skip

WAITING: Final = {
    "run": "for their program's next run", "due": "and should be leaving", "later": "for a time of their own",
}  # fmt: skip


@app.callback(
    invoke_without_command=True,
    epilog=frame.examples("bursar worker", "bursar worker --reload", "bursar worker status"),
)
def worker(
    context: typer.Context,
    *,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start anew when the code changes, for development.")
    ] = False,
    ready_file: process.ReadyFile = None,
    inherited: Annotated[bool, typer.Option("--follow-stdin", hidden=True)] = False,
) -> None:
    """Send payouts, ask gateways what became of them, apply reports, deliver webhooks.

    Any number may run, on any number of machines. SIGTERM stops claiming and finishes what is under way.
    """
    if context.invoked_subcommand is not None:
        return
    roof = Roof.over(context)
    if reload:
        child = supervisor.Child(supervisor.ours("worker", "--follow-stdin", *_passed_on(ready_file)))
        process.run(lambda stop: supervisor.keep([child], stop, changes=_changes(stop)))
    else:
        frame.refusing(lambda: _worker(roof, ready_file, follow_stdin=inherited))


@app.command(epilog=frame.examples("bursar worker status", "bursar worker status --json"))
def status(*, json: frame.Json = False) -> None:
    """Which workers there are, what they have done, and what waits. Ends with 1 if something waits and nobody works."""
    if frame.run(_status(json=json)):
        raise typer.Exit(1)


def _worker(roof: Roof, file: Path | None, *, follow_stdin: bool) -> None:
    settings = process.settled(roof, frame.settings())
    with process.ready_file(file) as ready:
        process.run(lambda stop: roof.worker().work(settings, stop, ready=ready), follow_stdin=follow_stdin)


async def _status(*, json: bool) -> bool:
    """Shows it; whether something waits and nobody works."""
    from bursar.foundation import queue
    from bursar.monitoring import workers

    async with frame.database() as database, database.transaction(readonly=True) as tx:
        known, waiting = await workers.known(tx), await workers.waiting(tx)
        dead = await queue.count_buried(tx)
    stuck = workers.is_stuck(known, waiting)
    if json:
        shown = [asdict(one) for one in known]
        frame.show_json(
            {"workers": shown, "waiting": [asdict(one) for one in waiting], "dead_letters": dead, "stuck": stuck}
        )
        return stuck
    frame.show([_row(one) for one in known], COLUMNS, empty="No worker was seen within a day.")
    rows: list[dict[str, Any]] = [asdict(one) | {"what": WAITING[one.what]} for one in waiting]
    frame.show(
        rows,
        {"what": "Payouts that wait", "count": "Count", "oldest_seconds": "Oldest, seconds"},
        empty="No payout waits.",
    )
    if dead:
        frame.say(f"{dead} messages were no jobs; they are in the table dead_letters.")
    if stuck:
        frame.note("Something waits, and no worker is alive.")
    return stuck


def _row(one: Any) -> dict[str, Any]:
    return {
        **asdict(one),
        "alive": one.is_alive,
        **{what: one.total(what) for what in ("done", "failed", "running")},
    }


def _passed_on(file: Path | None) -> tuple[str, ...]:
    return () if file is None else ("--ready-file", str(file))


async def _changes(stop: asyncio.Event) -> AsyncIterator[object]:
    """Something for each time that a file of ours changes."""
    from watchfiles import PythonFilter, awatch

    source = Path(bursar.__file__).parent
    async for change in awatch(source, watch_filter=PythonFilter(), stop_event=stop):
        yield change
