"""``bursar worker``: what happens by itself."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

import bursar
from bursar.cli import frame, process, supervisor
from bursar.cli.roof import Roof

app = typer.Typer(add_completion=False)


@app.command(epilog=frame.examples("bursar worker", "bursar worker --reload"))
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
    roof = Roof.over(context)
    if reload:
        child = supervisor.Child(supervisor.ours("worker", "--follow-stdin", *_passed_on(ready_file)))
        process.run(lambda stop: supervisor.keep([child], stop, changes=_changes(stop)))
    else:
        frame.refusing(lambda: _worker(roof, ready_file, follow_stdin=inherited))


def _worker(roof: Roof, file: Path | None, *, follow_stdin: bool) -> None:
    settings = process.settled(roof, frame.settings())
    with process.ready_file(file) as ready:
        process.run(lambda stop: roof.worker().work(settings, stop, ready=ready), follow_stdin=follow_stdin)


def _passed_on(file: Path | None) -> tuple[str, ...]:
    return () if file is None else ("--ready-file", str(file))


async def _changes(stop: asyncio.Event) -> AsyncIterator[object]:
    """Something for each time that a file of ours changes."""
    from watchfiles import PythonFilter, awatch

    source = Path(bursar.__file__).parent
    async for change in awatch(source, watch_filter=PythonFilter(), stop_event=stop):
        yield change
