"""Everything in one process: an embedded PostgreSQL, the sandbox bank, the API and the worker."""

import asyncio
import fcntl
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bursar.cli import frame, process
from bursar.foundation import log
from bursar.foundation.errors import Conflict

if TYPE_CHECKING:
    from bursar.cli.roof import Roof
    from bursar.foundation.settings import Settings

LOCK_FILE: Final = "up.lock"
ACTOR: Final = "system:up"

Data = Annotated[
    Path | None,
    typer.Option(
        file_okay=False, help="Where everything is kept. Without it: BURSAR_DATA, or this user's data folder."
    ),
]


class AlreadyUp(Conflict):
    """Another process is running everything on this data already."""

    code = "already_up"


@dataclass(frozen=True, slots=True)
class Running:
    """Everything, up: where it is reached, and the settings it runs with."""

    address: str
    settings: "Settings"


def chosen(**options: object) -> "Settings":
    """The settings with what the command line says instead, on a database of our own, and logs for people to read.

    Raises:
        BadSettings: one of them is wrong.
    """
    given = frame.settings()
    if given.database_url is not None:
        frame.warn("DATABASE_URL is for web and worker; this command runs a PostgreSQL of its own")
    if "log_format" not in given.model_fields_set and sys.stderr.isatty():
        options["log_format"] = "console"
    data = options.pop("data", None)
    return process.altered(given, bursar_data=data, **options).model_copy(update={"database_url": None})


@asynccontextmanager
async def up(roof: "Roof", chosen: "Settings", stop: asyncio.Event, *, with_sandbox: bool) -> AsyncIterator[Running]:
    """Start everything and end it in the opposite order; ``stop`` is set in the end, or earlier when a part fails.

    Raises:
        NoDatabase, NotConfigured, NoSandbox, CannotListen: a part cannot be had.
        AlreadyUp: another process does this with the same data.
    """
    settings = await asyncio.to_thread(frame.settled, roof, chosen)
    log.configure(level=settings.log_level, json=settings.log_format == "json")
    async with AsyncExitStack() as parts:
        assert settings.bursar_data is not None, "settling an embedded installation says where it is"
        parts.enter_context(claimed(settings.bursar_data))
        parts.enter_context(_postgres_stopped_in_the_end(settings.bursar_data))
        listening = parts.enter_context(roof.web().listen(settings))
        address = process.address(listening)
        if with_sandbox:
            settings = await parts.enter_async_context(roof.sandbox(settings, reports_to=address))
        await _apply_what_is_missing(settings)
        begun = asyncio.Event()
        serving = process.serve(roof, settings, stop, listening=listening, with_worker=True, ready=begun.set)
        await parts.enter_async_context(_under_way(asyncio.create_task(serving), begun, stop))
        yield Running(address, settings)


@contextmanager
def claimed(data: Path) -> Iterator[None]:
    """Have some data to ourselves. The claim ends with this process, however that ends.

    Raises:
        AlreadyUp: somebody else has it. Two sandbox banks on one set of books would contradict each other.
    """
    descriptor = os.open(data / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, data)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, data: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as taken:
        raise AlreadyUp(f"Another process is running everything on {data} already.") from taken


@contextmanager
def _postgres_stopped_in_the_end(data: Path) -> Iterator[None]:
    from bursar.foundation import embedded

    try:
        yield
    finally:
        embedded.stop(data)


async def _apply_what_is_missing(settings: "Settings") -> None:
    """Apply the ready-made files of programs that are not there yet."""
    from bursar import programs
    from bursar.foundation.clock import SystemClock

    async with frame.database(settings) as database, database.transaction() as tx:
        known = {terms.program for terms in await programs.all(tx)}
        for name, file in programs.ready().items():
            if name not in known:
                text = programs.load(file)
                await programs.apply(tx, text, actor=ACTOR, note="as it came", at=SystemClock().now(), file=file.name)


@asynccontextmanager
async def _under_way(serving: "asyncio.Task[None]", begun: asyncio.Event, stop: asyncio.Event) -> AsyncIterator[None]:
    """From when all has begun until all has finished.

    Raises:
        Exception: what a part failed with, before the beginning or after it.
    """
    beginning = asyncio.create_task(begun.wait())
    try:
        await asyncio.wait([serving, beginning], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        yield
    finally:
        beginning.cancel()
        stop.set()
        await asyncio.wait([serving])
    serving.result()
