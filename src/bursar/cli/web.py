"""``bursar web``: the API, in one process or in several that share a socket."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bursar.cli import frame, process, supervisor
from bursar.cli.roof import Roof
from bursar.foundation.loops import rest, side_by_side

if TYPE_CHECKING:
    from bursar.foundation.settings import Settings

LOOK_SECONDS: Final = 0.1

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
    """Serve the API, and do a worker's jobs beside it unless ENABLE_WORKERS is false.

    Several processes share one socket, and one that dies is started again; the first of them has the worker inside.
    SIGTERM lets requests under way finish, for 25 seconds at most.
    """
    wanted = _Wanted(host, port, processes, ready_file, inherited)
    frame.refusing(lambda: _web(Roof.over(context), wanted))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the command line says, where it says anything."""

    host: str | None
    port: int | None
    processes: int | None
    ready_file: Path | None
    inherited: int | None  # The descriptor of a socket that a supervisor has opened.


def _web(roof: Roof, wanted: _Wanted) -> None:
    chosen = process.altered(frame.settings(), host=wanted.host, port=wanted.port, web_processes=wanted.processes)
    settings = process.settled(roof, chosen)
    listening = roof.web().listen(settings) if wanted.inherited is None else socket.socket(fileno=wanted.inherited)
    with process.ready_file(wanted.ready_file, address=process.address(listening)) as ready:
        if wanted.inherited is None and settings.web_processes > 1:
            process.run(lambda stop: _several(settings, stop, listening=listening, ready=ready))
        else:
            process.run(
                lambda stop: process.serve(
                    roof, settings, stop, listening=listening, with_worker=settings.enable_workers, ready=ready
                ),
                follow_stdin=wanted.inherited is not None,
            )


async def _several(
    settings: "Settings", stop: asyncio.Event, *, listening: socket.socket, ready: Callable[[], None]
) -> None:
    with TemporaryDirectory(prefix="bursar-") as folder:
        files = [Path(folder) / str(number) for number in range(settings.web_processes)]
        children = [
            supervisor.Child(
                supervisor.ours("web", "--socket", str(listening.fileno()), "--ready-file", str(file)),
                environment={} if file is files[0] else {"ENABLE_WORKERS": "false"},
                sockets=(listening.fileno(),),
            )
            for file in files
        ]
        await side_by_side(stop, supervisor.keep(children, stop), _once_all_are_there(files, stop, ready))


async def _once_all_are_there(files: Sequence[Path], stop: asyncio.Event, then: Callable[[], None]) -> None:
    while not stop.is_set():
        if all(file.exists() for file in files):
            then()
            await stop.wait()
        await rest(stop, LOOK_SECONDS)
