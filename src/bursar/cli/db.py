"""``bursar db``: bring the database up to date, or see how far it is."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, TypeVar

import typer

from bursar.cli import frame
from bursar.foundation.errors import Unavailable

if TYPE_CHECKING:
    from bursar.foundation.migrations import MigrationStatus

app = typer.Typer(
    name="db",
    help="The database of DATABASE_URL, or Bursar's own: its tables, brought up to date by migrations.",
    no_args_is_help=True,
)

NOTHING: Final = "nothing"

T = TypeVar("T")


class MigrationFailed(Unavailable):
    """A migration could not be applied; nothing of it was."""

    code = "migration_failed"


@app.command(epilog=frame.examples("bursar db migrate", "DATABASE_URL=postgresql://… bursar db migrate --json"))
def migrate(*, json: frame.Json = False) -> None:
    """Apply every migration that is missing. Safe to run twice, and from several places at once."""
    from bursar.foundation import migrations

    report = frame.refusing(lambda: _trying(lambda: migrations.migrate(_url())))
    if json:
        frame.show_json(asdict(report))
    elif report.applied:
        frame.say(f"Applied {', '.join(report.applied)}; the database is now at {report.after}.")
    else:
        frame.say(f"Nothing to do; the database is at {report.after}.")


@app.command()
def status(*, json: frame.Json = False) -> None:
    """Show where the database stands and what is missing. Exit code 1 when something is."""
    found = frame.refusing(lambda: _trying(_status))
    if json:
        frame.show_json(asdict(found))
    else:
        missing = ", ".join(found.pending) or NOTHING
        frame.say(
            f"The database is at {found.current or NOTHING}; this release needs {found.head}; missing: {missing}."
        )
    if found.pending:
        raise typer.Exit(1)


def _status() -> "MigrationStatus":
    from bursar.foundation import migrations

    return migrations.status(_url())


def _url() -> str:
    """Where the database is; our own is started, and its tables left as they are."""
    from bursar.foundation import embedded

    chosen = frame.settings()
    if chosen.database_url is not None:
        return chosen.database_url
    return embedded.start(chosen.bursar_data or embedded.default_data_dir()).url()


def _trying(work: Callable[[], T]) -> T:
    from bursar.foundation.embedded import EmbeddedError
    from bursar.foundation.migrations import MigrationError

    try:
        return work()
    except EmbeddedError as error:
        raise frame.NoDatabase(str(error)) from error
    except MigrationError as error:
        raise MigrationFailed(str(error)) from error
