"""What every command stands in: a way to the database, one way to show things, one way to refuse.

What a command found goes to standard output, as a table for people or, with ``--json``, as pure JSON for programs.
Everything else (refusals, warnings, progress) goes to standard error. Exit codes: 0 done, 1 refused, 2 wrong usage.
"""

import asyncio
import getpass
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeVar
from urllib.parse import urlsplit

import msgspec
import typer

from bursar.foundation.errors import Invalid, Refusal, Unavailable
from bursar.foundation.money import Money

if TYPE_CHECKING:
    # Only commands that use the database need these; without them the others start in a quarter of the time.
    from rich.console import Console, RenderableType
    from rich.table import Table

    from bursar.cli.roof import Roof
    from bursar.foundation.db import Database
    from bursar.foundation.settings import Settings

POOL_MAX: Final = 2  # A command does one thing at a time; the second connection is for listening.
PATIENT_MS: Final = 3_600_000  # An export is read at the pace of whoever reads it, perhaps of a person.
PIPE_WIDTH: Final = 200  # Columns of a table that nobody's terminal limits.

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]
"""The option that every command with a result has."""

T = TypeVar("T")


class NoDatabase(Unavailable):
    """The database is not to be had."""

    code = "no_database"


class NotMigrated(Unavailable):
    """This database has no tables of Bursar's, or not all of them: the migrations have to be applied first."""

    code = "not_migrated"


class BadSettings(Invalid):
    """A setting is wrong."""

    code = "invalid_settings"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do a command's work to the end; a refusal ends the command with its sentence and exit code 1."""
    return refusing(lambda: asyncio.run(work))


def refusing(work: Callable[[], T]) -> T:
    """Do something; a refusal ends the command with its sentence and exit code 1."""
    try:
        return work()
    except Refusal as refusal:
        fail(refusal)


def fail(refusal: Refusal) -> NoReturn:
    """Say on standard error why something is not done, with the refusal's code, and end with exit code 1."""
    typer.echo(f"error[{refusal.code}]: {_printable(refusal.message)}", err=True)
    raise typer.Exit(1) from refusal


def say(text: str) -> None:
    """Say something on standard output, for people."""
    typer.echo(_printable(text))


def note(sentence: str) -> None:
    """Say something on standard error that belongs to the work and not to its result."""
    typer.echo(_printable(sentence), err=True)


def warn(sentence: object) -> None:
    """Say something on standard error that stops nothing."""
    typer.echo(f"warning: {_printable(str(sentence))}", err=True)


def actor() -> str:
    """Who is at the keyboard, as records name them: ``cli:amina``."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # A container whose user has no name.
        return "cli"


def settings() -> "Settings":
    """This installation's settings.

    Raises:
        BadSettings: one of them is wrong; the value itself is not repeated, for it may be a secret.
    """
    from pydantic import ValidationError

    from bursar.foundation.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        names = [".".join(str(part) for part in fault["loc"]).upper() for fault in faults]
        sentences = [f"{name}: {fault['msg']}".removeprefix(": ") for name, fault in zip(names, faults, strict=True)]
        raise BadSettings("; ".join(sentences)) from None


def settled(roof: "Roof", chosen: "Settings | None" = None) -> "Settings":
    """This installation's settings with the database's address and the keys, ready for a process to work with.

    Raises:
        NoDatabase: the embedded server cannot be started.
        NotConfigured: a key is missing.
        BadSettings: a setting is wrong.
    """
    chosen = chosen or settings()
    _hush()
    if chosen.database_url is None:
        own_database(chosen)
    return roof.settle(chosen)


@asynccontextmanager
async def database(chosen: "Settings | None" = None, *, patient: bool = False) -> AsyncIterator["Database"]:
    """This installation's database: that of ``DATABASE_URL``, or else Bursar's own embedded one.

    The embedded server is started when it does not run, keeps running afterwards, and always has all its tables.
    A ``patient`` one lets a statement take an hour, for reading everything there is.

    Raises:
        NoDatabase: it cannot be reached or started.
        NotMigrated: it lacks a table or column that is needed.
        BadSettings: a setting is wrong.
    """
    import asyncpg

    if chosen is None:
        chosen = settings()
        _hush()
    url = chosen.database_url or await asyncio.to_thread(own_database, chosen)
    limits = {"database_statement_timeout_ms": PATIENT_MS, "database_idle_timeout_ms": PATIENT_MS} if patient else {}
    opened = await _connect(chosen.model_copy(update={"database_url": url, **limits}))
    try:
        yield opened
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as missing:
        raise NotMigrated from missing
    finally:
        await opened.close()


async def ring(database: "Database", bell: str) -> None:
    """Tell the workers that something waits for them, so that it need not wait for their next look."""
    from bursar.foundation.doorbell import Ringer

    ringer = Ringer(database)
    ringer.ring(bell)
    await ringer.drain()


def show(
    rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], *, json: bool = False, empty: str = "Nothing."
) -> None:
    """Print a list of things: as a table, or as a JSON list with everything that the rows hold.

    ``columns`` gives each shown field its heading; figures stand on the right. ``empty`` is said when there are none.
    On a terminal too narrow for whole words beside each other, each thing is a block of lines.
    """
    if json:
        show_json([dict(row) for row in rows])
    elif rows:
        drawn, console = table(rows, columns), _console()
        fits = drawn.__rich_measure__(console, console.options).minimum <= console.width
        draw(drawn if fits else _blocks(rows, columns))
    else:
        say(empty)


def show_aside(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str]) -> None:
    """Print a table on standard error, beside the work and not as its result."""
    draw(table(rows, columns), aside=True)


def table(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str]) -> "Table":
    """Rows as a table with a heading for each shown field; figures stand on the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(columns.values()))
    for field, heading in columns.items():
        figures = all(isinstance(row[field], int | float | Money) for row in rows)
        drawn.add_column(Text(heading), justify="right" if figures else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_printable(said(row[field]))) for field in columns))
    return drawn


def draw(drawn: "RenderableType", *, aside: bool = False) -> None:
    """Print something that was drawn, as wide as the terminal; where nobody's terminal limits it, wide."""
    _console(aside=aside).print(drawn)


def show_json(value: object) -> None:
    """Print one JSON value: amounts exact, in major units beside their currency, and times in UTC."""
    typer.echo(msgspec.json.format(msgspec.json.encode(_plain(value))).decode())


def examples(*lines: str) -> str:
    """What stands below a command's help."""
    return "\n".join(["Examples:", *(f"  {line}" for line in lines)]).replace("[", r"\[")


@contextmanager
def progress(title: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that is moved on by calling what this gives; silent when nobody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*parts, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda steps: bar.advance(task, steps)


@contextmanager
def meter(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error that is set by calling what this gives: some words, so many of so many; 0 of 0: unknown.

    Off a terminal, a line for each change of the words.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        said_before: list[str] = []
        yield lambda words, _, __: _say_once(f"{title}: {words}", said_before)
        return
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*parts, console=console) as bar:
        task = bar.add_task(title, total=None)
        yield lambda words, done, total: bar.update(
            task, description=f"{title}: {words}", completed=done, total=total or None
        )


@contextmanager
def live(columns: Mapping[str, str]) -> Iterator[Callable[[Sequence[Mapping[str, object]]], None]]:
    """A table that is drawn anew by calling what this gives; off a terminal, a line for each row that has changed.

    Rows are told apart by their ``id``.
    """
    from rich.console import Console
    from rich.live import Live

    if not Console().is_terminal:
        said_before: dict[object, str] = {}
        yield lambda rows: _say_news(rows, columns, said_before)
        return
    with Live(auto_refresh=False) as drawn:
        yield lambda rows: drawn.update(table(rows, columns), refresh=True)


def said(value: object) -> str:  # noqa: PLR0911 - one line for each kind of value
    """A value as people read it: ``1,000.00 PKR``, ``2026-11-20 09:00:00 UTC``, ``held: 2``, ``—`` for nothing."""
    match value:
        case None | () | []:
            return "—"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,g}" if not value.is_integer() else f"{value:.0f}"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        case tuple() | list():
            return ", ".join(said(item) for item in value)
        case Mapping():
            return ", ".join(f"{name}: {said(item)}" for name, item in value.items()) or "—"
        case _:
            return str(value)


def to_the_millisecond(at: datetime) -> str:
    """A moment for lists in which much happens in one second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} UTC"


def own_database(chosen: "Settings") -> str:
    """Start the embedded server, unless it runs, and give it all its tables; where it is reached.

    Raises:
        NoDatabase: it cannot be started.
    """
    from bursar.foundation import embedded, migrations

    data = chosen.bursar_data or embedded.default_data_dir()
    try:
        url = embedded.start(data).url()
        migrations.migrate(url)
    except (embedded.EmbeddedError, migrations.MigrationError) as error:
        raise NoDatabase(f"The embedded database in {data} cannot be used: {error}") from error
    return url


def _hush() -> None:
    """Logs go to standard error, and warnings only: what a command did, it says itself. Processes choose anew."""
    from bursar.foundation import log

    log.configure(level="warning", json=False)


async def _connect(chosen: "Settings") -> "Database":
    import asyncpg

    from bursar.foundation import db

    try:
        return await db.connect(chosen, pool_max=POOL_MAX)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise NoDatabase(f"Cannot connect to {_address(chosen.database_url or '')}: {error}") from error


def _address(url: str) -> str:
    """Where a database is, without the password and whatever else is nobody's business."""
    try:
        parts = urlsplit(url)
        return f"the database {parts.path.strip('/') or '?'} at {parts.hostname or '?'}:{parts.port or 5432}"
    except ValueError:
        return "the database of DATABASE_URL"


def _console(*, aside: bool = False) -> "Console":
    from rich.console import Console

    console = Console(stderr=aside)
    return console if console.is_terminal else Console(stderr=aside, width=PIPE_WIDTH)


def _blocks(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    drawn = Table.grid(padding=(0, 3, 0, 1))
    for row in rows:
        drawn.add_row()
        for field, heading in columns.items():
            drawn.add_row(Text(heading, style="dim"), Text(_printable(said(row[field])), overflow="fold"))
    return drawn


def _say_news(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], said_before: dict[object, str]) -> None:
    for row in rows:
        line = "  ".join(said(row[field]) for field in columns)
        if said_before.get(row["id"]) != line:
            said_before[row["id"]] = line
            say(line)


def _plain(value: object) -> object:  # noqa: PLR0911 - one line for each kind of value
    """A value as JSON takes it; an amount becomes its exact text in major units, beside its currency."""
    match value:
        case Money():
            return {"amount": value.text, "currency": value.currency}
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case datetime():
            return value.astimezone(UTC)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value


def _say_once(line: str, said_before: list[str]) -> None:
    if said_before != [line]:
        said_before[:] = [line]
        note(line)


def _printable(text: str) -> str:
    """Without characters that would steer the terminal; whoever typed them somewhere is not to be trusted with it."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
