"""What every process of Bursar does around its work: end when it is told to, and say when it is ready."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from bursar.cli import frame
from bursar.foundation import log
from bursar.foundation.loops import side_by_side

if TYPE_CHECKING:
    from bursar.cli.roof import Roof
    from bursar.foundation.settings import Settings

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""A process's work; it ends soon after its event is set."""

ReadyFile = Annotated[
    Path | None,
    typer.Option(help="Write this file once ready, and remove it at the end; for health checks.", dir_okay=False),
]


def run(work: Work, *, follow_stdin: bool = False) -> None:
    """Do a process's work until it is over, or SIGINT or SIGTERM ask for its end; a second signal ends it at once.

    With ``follow_stdin`` the end of standard input, a pipe, asks for the end as well: whoever holds it has gone.
    """
    import uvloop

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _end, stop, number)
        if follow_stdin:
            loop.add_reader(sys.stdin.fileno(), _read_on, stop)
        await work(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        frame.refusing(lambda: runner.run(main()))


async def serve(
    roof: "Roof",
    settings: "Settings",
    stop: asyncio.Event,
    *,
    listening: socket.socket,
    with_worker: bool,
    ready: Callable[[], None],
) -> None:
    """Answer requests, and do a worker's jobs beside that if asked to; ``ready`` is called once all of it has begun."""
    begun = after(1 + with_worker, ready)
    works: list[Coroutine[Any, Any, None]] = [roof.web().serve(settings, stop, listening=listening, ready=begun)]
    if with_worker:
        works.append(roof.worker().work(settings, stop, ready=begun))
    await side_by_side(stop, *works)


def after(calls: int, then: Callable[[], None]) -> Callable[[], None]:
    """Something to call; the call of this number does ``then``."""
    left = iter(range(calls - 1, -1, -1))

    def called() -> None:
        if next(left) == 0:
            then()

    return called


@contextmanager
def ready_file(path: Path | None, **facts: str) -> Iterator[Callable[[], None]]:
    """Gives something to call once the process is ready, which writes the file; in the end the file is gone."""

    def write() -> None:
        gc.freeze()  # What stands now stays for good: looking for rubbish in it took a third of a run's time.
        if path is not None:
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            fresh.write_bytes(msgspec.json.encode({"pid": os.getpid(), **facts}) + b"\n")
            fresh.replace(path)  # Whoever waits for it finds it whole.

    try:
        yield write
    finally:
        if path is not None:
            path.unlink(missing_ok=True)


def altered(settings: "Settings", **options: object) -> "Settings":
    """The settings with what the command line says instead; an option that is None says nothing."""
    return settings.model_copy(update={name: value for name, value in options.items() if value is not None})


def settled(roof: "Roof", chosen: "Settings") -> "Settings":
    """Settings ready for a process to work with, on a database that has every table this release needs.

    Raises:
        NoDatabase: it cannot be reached or started.
        NotMigrated: a migration is missing, and the database is not our own.
        NotConfigured: a key is missing.
    """
    from bursar.foundation import migrations

    settings = frame.settled(roof, chosen)
    log.configure(level=settings.log_level, json=settings.log_format == "json")
    assert settings.database_url is not None, "settled settings have an address"
    try:
        is_current = migrations.is_current(settings.database_url)
    except migrations.MigrationError as error:
        raise frame.NoDatabase(" ".join(str(error).split())) from error
    if not is_current:
        raise frame.NotMigrated("The database is not up to date; run: bursar db migrate")
    return settings


def address(listening: socket.socket) -> str:
    """How clients on this machine reach what listens here."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared with, not listened on
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _end(stop: asyncio.Event, number: signal.Signals) -> None:
    asyncio.get_running_loop().remove_signal_handler(number)  # The next one does what it does to any process.
    stop.set()


def _read_on(stop: asyncio.Event) -> None:
    """Drop what comes in, and notice when nothing can come any more."""
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()
