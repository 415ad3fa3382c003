"""The database's shape: plain SQL files, applied in order by Alembic, each in its own transaction.

A migration is a pair of files with one name, ``versions/0002_what.py`` and ``sql/0002_what.sql``; ``draft("what")``
lays out both. Everything happens in the schema ``bursar``, which is made if missing.

There is no downgrade. A script that takes a column away also takes away what was written into it, and here that
is who was paid; nobody has tried it on the day it is needed. A change that must be taken back is taken back by the
code, which is why a migration only ever makes room (expand). The release after it moves the data over (migrate),
and what is no longer used goes one release later still (contract). So each release runs on the schema of the one
before it and of the one after it, and machines can be updated, or set back by one release, one at a time.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

SCHEMA: Final = "bursar"
VERSION_TABLE: Final = "schema_version"
WAIT_SECONDS: Final = 60.0  # How long the second of two migrators waits; ours take well under a minute.
POLL_SECONDS: Final = 0.1
CONNECT_SECONDS_MAX: Final = 10
MIGRATOR_KEY: Final = 0x62757273_61720001  # Spells "bursar", then 1; any number nobody else would lock.
PACKAGE: Final = Path(__file__).resolve().parents[1]

# Alembic keeps the migration it is running in module globals, so one process can run one at a time.
_alembic_is_busy = threading.Lock()


class MigrationError(Exception):
    """A migration cannot be found or failed; the database holds the last one that succeeded, and nothing of this."""


class MigrationBlocked(MigrationError):
    """Someone else held a lock for too long; nothing is broken, so try again."""


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a run did: the version before and after it (None for an empty database), and what it applied."""

    before: str | None
    after: str | None
    applied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where a database stands, where this release wants it, and what lies in between, first to last."""

    current: str | None
    head: str | None
    pending: tuple[str, ...]


def migrate(
    database_url: str,
    *,
    place: Path | None = None,
    target: str = "head",
    lock_timeout_s: float = 5,
    wait_s: float = WAIT_SECONDS,
) -> MigrationReport:
    """Bring a database up to ``target``. Safe to run twice, and from several processes at once: one does the work.

    The migrations are those in the folder ``place``, or else this release's; so it is in the functions below, too.
    A statement waits ``lock_timeout_s`` seconds at most for a table that others use, since all who come after it
    wait behind it; another migrator is waited for up to ``wait_s`` seconds. The URL must lead to PostgreSQL
    itself or to a pooler in session mode. Raises MigrationBlocked and MigrationError.
    """
    scripts, engine = _Scripts(place or directory()), _engine(database_url)
    with _alembic_is_busy, _sole_migrator(engine, wait_s=wait_s), engine.connect() as connection:
        before = _current(connection)
        wanted = scripts.upto(target, current=before)
        if wanted:
            _apply(connection, scripts, wanted, lock_timeout_s=lock_timeout_s)
        return MigrationReport(before, _current(connection), wanted)


def status(database_url: str, *, place: Path | None = None) -> MigrationStatus:
    """Where a database stands; changes nothing. Raises MigrationError."""
    with _engine(database_url).connect() as connection:
        current = _current(connection)
    scripts = _Scripts(place or directory())
    revisions = scripts.revisions()
    return MigrationStatus(current, revisions[-1] if revisions else None, scripts.pending(current))


def is_current(database_url: str, *, place: Path | None = None) -> bool:
    """Whether nothing is pending; so it is for a database newer than this release, on which it still runs."""
    return not status(database_url, place=place).pending


def draft(what: str, *, place: Path | None = None) -> tuple[Path, Path]:
    """Lay out the next migration in the checkout, for example ``draft("holder notes")``: its script and its SQL."""
    scripts = _Scripts(place or directory())
    revisions = scripts.revisions()
    number = int(revisions[-1]) + 1 if revisions else 1
    made = command.revision(scripts.config(), message=what, rev_id=f"{number:04}")
    assert isinstance(made, Script), "one revision is asked for"
    script = Path(made.path)
    script_sql = _sql_of(script)
    script_sql.write_text(f"-- {what.capitalize()}: why, and which release may contract it.\n", encoding="utf-8")
    return script, script_sql


def apply_sql(script: str) -> None:
    """Run the SQL file that belongs to a version script; for use in its ``upgrade``."""
    text = _sql_of(Path(script)).read_text(encoding="utf-8")
    # Without parameters the driver leaves % alone and sends all statements of the file in one go.
    op.get_bind().exec_driver_sql(text, execution_options={"no_parameters": True})


def directory(package: Path = PACKAGE) -> Path:
    """This release's migrations: inside the package when installed, at the top of the repository in a checkout."""
    for place in (package / "_migrations", package.parents[1] / "migrations"):
        if (place / "env.py").is_file():
            return place
    raise MigrationError(f"there are no migrations in {package} nor at the top of its repository")


@dataclass(frozen=True, slots=True)
class _Scripts:
    """The migrations in one folder."""

    place: Path

    def config(self) -> Config:
        """What Alembic needs to know to find them."""
        config = Config()
        config.set_main_option("script_location", str(self.place).replace("%", "%%"))
        return config

    def revisions(self) -> tuple[str, ...]:
        """All of them, first to last."""
        scripts = ScriptDirectory.from_config(self.config())
        if len(heads := scripts.get_heads()) > 1:
            raise MigrationError(f"the migrations {', '.join(heads)} follow the same one: give one the next number")
        return tuple(reversed([script.revision for script in scripts.walk_revisions()]))

    def pending(self, current: str | None) -> tuple[str, ...]:
        """Those that a database at ``current`` lacks."""
        revisions = self.revisions()
        if current is None:
            return revisions
        if current in revisions:
            return revisions[revisions.index(current) + 1 :]
        if revisions and current > revisions[-1]:
            return ()  # A newer release was here; it has left us everything that we use.
        raise MigrationError(f"the database is at {current}, which is not among this release's migrations")

    def upto(self, target: str, *, current: str | None) -> tuple[str, ...]:
        """Those that lie between ``current`` and ``target``."""
        pending = self.pending(current)
        if target == "head":
            return pending
        if target not in self.revisions():
            raise MigrationError(f"there is no migration {target}")
        return pending[: pending.index(target) + 1] if target in pending else ()


def _sql_of(script: Path) -> Path:
    return script.resolve().parents[1] / "sql" / f"{script.stem}.sql"


def _engine(database_url: str) -> Engine:
    # libpq reads the URL itself, so sockets, several hosts and TLS options work as they do for psql.
    plain = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", database_url)

    def connect() -> psycopg.Connection:
        try:
            return psycopg.connect(plain, connect_timeout=CONNECT_SECONDS_MAX, application_name="bursar migrations")
        except psycopg.Error as error:
            raise MigrationError(f"cannot connect to the database: {error}") from error

    return create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)


@contextmanager
def _sole_migrator(engine: Engine, *, wait_s: float) -> Iterator[None]:
    """Be the only one migrating this database; the lock ends with its connection, however we end."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        deadline = time.monotonic() + wait_s
        # Asked again and again rather than waited for: a waiting statement holds a snapshot, and an index
        # that the other one builds concurrently would wait for that in turn.
        while not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({MIGRATOR_KEY})").scalar_one():
            if time.monotonic() > deadline:
                raise MigrationBlocked(f"another process is still migrating this database after {wait_s:g} s")
            time.sleep(POLL_SECONDS)
        yield


def _current(connection: Connection) -> str | None:
    options = {"version_table": VERSION_TABLE, "version_table_schema": SCHEMA}
    with connection.begin():
        return MigrationContext.configure(connection, opts=options).get_current_revision()


def _apply(connection: Connection, scripts: _Scripts, wanted: tuple[str, ...], *, lock_timeout_s: float) -> None:
    config = scripts.config()
    config.attributes["connection"] = connection
    try:
        _prepare_session(connection, lock_timeout_s=lock_timeout_s)
        command.upgrade(config, wanted[-1])
    except DBAPIError as error:
        connection.rollback()
        reached = _current(connection)
        failed = wanted[wanted.index(reached) + 1] if reached in wanted else wanted[0]
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise MigrationBlocked(
                f"migration {failed} did not get a lock within {lock_timeout_s:g} s, because a transaction is using "
                f"a table that it changes; nothing of {failed} was applied, so end that transaction and try again"
            ) from error
        raise MigrationError(f"migration {failed} failed, and nothing of it was applied: {error.orig}") from error


def _prepare_session(connection: Connection, *, lock_timeout_s: float) -> None:
    with connection.begin():
        # Looked up first: IF NOT EXISTS asks for the right to create schemas even where there is nothing to create.
        if not connection.exec_driver_sql(f"SELECT to_regnamespace('{SCHEMA}')").scalar_one():
            connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
        connection.exec_driver_sql(f"SET search_path = {SCHEMA}")
        connection.exec_driver_sql(f"SET lock_timeout = {round(lock_timeout_s * 1000)}")
        connection.exec_driver_sql("SET statement_timeout = 0")  # A role's limit is meant for requests, not for this.
