"""``bursar up``: everything at once, for the first try."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bursar.cli import everything, frame, process
from bursar.cli.roof import Roof

if TYPE_CHECKING:
    from bursar.foundation.settings import Settings

app = typer.Typer(add_completion=False)


@app.command(
    epilog=frame.examples("bursar up", "bursar up --data ~/bursar-trial --port 8080", "bursar up --no-sandbox")
)
def up(
    context: typer.Context,
    *,
    data: everything.Data = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Without it: HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Without it: PORT. 0 picks a free one.")] = None,
    sandbox: Annotated[bool, typer.Option(help="Run the sandbox bank on this machine, and pay through it.")] = True,
    ready_file: process.ReadyFile = None,
) -> None:
    """Run everything at once: PostgreSQL, the sandbox bank, the API and the worker.

    The database is made on the first call and stays. Programs that are not there yet are applied as they come with
    Bursar. Ctrl-C finishes what is under way and ends all of it.
    """
    roof = Roof.over(context)
    chosen = frame.refusing(lambda: everything.chosen(data=data, host=host, port=port))
    process.run(lambda stop: _up(roof, chosen, stop, with_sandbox=sandbox, file=ready_file))


async def _up(roof: Roof, chosen: "Settings", stop: asyncio.Event, *, with_sandbox: bool, file: Path | None) -> None:
    async with everything.up(roof, chosen, stop, with_sandbox=with_sandbox) as running:
        with process.ready_file(file, address=running.address) as ready:
            if stop.is_set():  # Somebody has changed their mind meanwhile.
                return
            ready()
            frame.say(f"Bursar is ready: {running.address}  (API documentation: {running.address}/docs)")
            frame.say(f"Its data is in {running.settings.bursar_data}. Ctrl-C ends it.")
            await stop.wait()
