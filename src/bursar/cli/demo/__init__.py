"""``bursar demo``: everything at once with sample data, to be watched."""

import asyncio
import shutil
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from bursar.cli import everything, frame, process
from bursar.cli.roof import Roof
from bursar.foundation.errors import Conflict

if TYPE_CHECKING:
    from bursar.cli.demo.verdict import Verdict
    from bursar.foundation.settings import Settings

MARK: Final = "demo"  # A file that tells data of ours, which may be wiped, from anybody's else.
ROWS: Final = 200  # As many as the file has; more are made of the same with other references.
ROWS_MAX: Final = 50_000

app = typer.Typer(add_completion=False)

T = TypeVar("T")


class NotADemo(Conflict):
    """This folder holds something else than a demo's data."""

    code = "not_a_demo"


@app.command(epilog=frame.examples("bursar demo", "bursar demo --rows 2000 --port 8080", "bursar demo --once"))
def demo(
    context: typer.Context,
    *,
    once: Annotated[bool, typer.Option("--once", help="End when everything has come to rest, with a verdict.")] = False,
    data: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where to keep it. Without it: below your data folder.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Without it: PORT; with --once a free one.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=ROWS_MAX, help="How many payouts of the sample file.")] = ROWS,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the data of the last demo.")] = False,
) -> None:
    """Show everything at work: merchants with money, 200 payouts through the API, a bank, signed webhooks.

    It keeps its data apart from a real installation's, and begins anew each time. With --once it ends when every
    payout stands where the end of its account number says; the last line on standard output is then one JSON object,
    and the exit code is 1 if anything is not as it should be.
    """
    roof = Roof.over(context)
    chosen = frame.refusing(lambda: _chosen(data, 0 if once and port is None else port))
    frame.refusing(lambda: _make_room(chosen, keep=keep))
    found: list[Verdict] = []
    process.run(lambda stop: _demo(roof, chosen, stop, rows=rows, once=once, found=found))
    if once:
        _end_with(found)


def _chosen(data: Path | None, port: int | None) -> "Settings":
    """Settings for a demo: its own data, quiet logs, and webhooks to a receiver on this machine."""
    from pydantic import SecretStr

    from bursar.foundation import embedded, ids
    from bursar.foundation.clock import SystemClock

    given = everything.chosen(port=port, webhook_allow_loopback=True, log_level="error", environment="development")
    place = data or (given.bursar_data or embedded.default_data_dir()) / "demo"
    key = given.cron_api_key or SecretStr(ids.new(SystemClock().now()).hex)
    return process.altered(given, bursar_data=place.expanduser().resolve(), cron_api_key=key)


def _make_room(chosen: "Settings", *, keep: bool) -> None:
    """Wipe what the last demo left, unless it is to be kept.

    Raises:
        AlreadyUp: a demo runs there.
        NotADemo: there is something, and no demo has put it there.
    """
    from bursar.foundation import embedded
    from bursar.foundation.embedded.layout import make_data_folder

    data = chosen.bursar_data
    assert data is not None, "a demo knows where its data is"
    if data.is_dir() and any(data.iterdir()):
        if not (data / MARK).is_file():
            raise NotADemo(f"{data} holds something else than a demo's data; choose another folder with --data.")
        if not keep:
            with everything.claimed(data):
                embedded.stop(data, mode="immediate")
            shutil.rmtree(data)
    make_data_folder(data)
    (data / MARK).touch()


async def _demo(
    roof: Roof, chosen: "Settings", stop: asyncio.Event, *, rows: int, once: bool, found: "list[Verdict]"
) -> None:
    from bursar.cli.demo import play

    frame.note("Starting PostgreSQL, the sandbox bank, the API and the worker …")
    async with everything.up(roof, chosen, stop, with_sandbox=True) as running:
        async with play.prepared(running) as stage:
            verdict = await _unless(stop, stage.perform(rows))
            if verdict is not None:
                found.append(verdict)
                stage.applaud(verdict)
            if verdict is not None and not once:
                stage.invite(verdict)
                await stop.wait()


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The work's result; None when the end came first."""
    working, ending = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait([working, ending], return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if not working.done():
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return None
    return working.result()


def _end_with(found: "list[Verdict]") -> None:
    for verdict in found:
        typer.echo(verdict.line())
    if not (found and found[0].is_good):
        raise typer.Exit(1)
