"""``bursar web``: the API, in one process or in several that share a socket."""

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from bursar.cli import frame, process, supervisor
from bursar.cli.roof import Roof

if TYPE_CHECKING:
    from bursar.foundation.settings import Settings

app = typer.Typer(add_completion=False)


@app.command(
    epilog=frame.examples(
        "bursar web", "ENABLE_WORKERS=false bursar web --processes 4", "bursar web --host 0.0.0.0 --port 80"
    )
)
def web(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on. Without it: HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Without it: PORT. 0 picks a free one.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, max=64, help="Without it: WEB_PROCESSES.")] = None,
    ready_file: process.ReadyFile = None,
    inherited: Annotated[int | None, typer.Option("--socket", hidden=True)] = None,
) -> None:
    """Serve the API, and do the worker's jobs too unless ENABLE_WORKERS is false.

    Several processes share one socket; one that dies is started again. SIGTERM lets requests under way finish, for 25
    seconds at most.
    """
    roof = Roof.over(context)
    frame.refusing(
        lambda: _web(
            roof, _chosen(host, port), processes=processes, inherited=inherited, announce=_Announce(ready_file)
        )
    )
