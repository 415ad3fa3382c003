"""Preparing what the server runs on: folders, passwords, the cluster, its configuration, role and database."""

import os
import secrets
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from bursar.foundation.embedded.errors import EmbeddedError
from bursar.foundation.embedded.layout import Layout
from bursar.foundation.embedded.osuser import OsUser, insist_on_reach, run
from bursar.foundation.embedded.programs import MAJOR_VERSION

DATABASE: Final = "bursar"  # Also the name of the role that owns it.
SUPERUSER: Final = "postgres"
ROOMY_BYTES: Final = 4 * 1024**3  # A machine with this much memory spares 256 MB for the server's cache.

PROMISES: Final = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings that, turned off, let a crash take back work that was already acknowledged."""

SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(PROMISES, "on"),
        "max_connections": "100",
        "max_wal_size": "2GB",
        "wal_compression": "on",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",  # Solid-state disks.
        "jit": "off",  # Our statements are short; compiling them costs more than it saves.
        "timezone": "UTC",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_directory": "../log",
        "log_filename": "postgresql-%a.log",  # A week of logs, each day overwriting the one a week before.
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_error_verbosity": "terse",  # The details of an error quote the row, and rows hold what no log may.
    }
)

LOGIN_RULES: Final = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
HEADER: Final = "# Written anew at each start. To change a setting for good, use ALTER SYSTEM: it wins.\n"


def make_home(layout: Layout, user: OsUser | None) -> None:
    """Create the server's own folders. Raises EmbeddedError if the server's OS user cannot get to them."""
    for folder in (layout.home, layout.log, layout.socket_dir()):
        _private_folder(folder, user)
    for folder in (layout.home, layout.socket_dir()):
        insist_on_reach(user, folder)


def prepare(
    layout: Layout, *, user: OsUser | None, programs: Path, settings: Mapping[str, str], server_lock: int
) -> None:
    """Make the cluster unless it exists, and write its configuration. Raises EmbeddedError.

    ``server_lock`` is the descriptor of the held lock. initdb inherits it, so that one whose starter was killed
    is waited for and cannot get in the way of the next.
    """
    if not layout.cluster.exists():
        for role in (SUPERUSER, DATABASE):
            _write(layout.password(role), secrets.token_urlsafe(32), owner=user)
        shutil.rmtree(layout.unfinished, ignore_errors=True)
        done = run(_initdb(layout, programs, sync=settings.get("fsync") != "off"), user=user, inherit=(server_lock,))
        if done.returncode != 0:
            raise EmbeddedError(f"initdb could not make {layout.cluster}:\n{done.stderr.strip()}")
        _adopt(layout, user)
    made_by = (layout.cluster / "PG_VERSION").read_text().strip()
    if made_by != MAJOR_VERSION:
        raise EmbeddedError(f"{layout.cluster} is of PostgreSQL {made_by}: bring it to {MAJOR_VERSION} with pg_upgrade")
    _write(layout.cluster / "bursar.conf", configuration(settings), owner=user)
    _write(layout.cluster / "pg_hba.conf", LOGIN_RULES, owner=user)


def configuration(settings: Mapping[str, str]) -> str:
    """The text of ``bursar.conf``: ours, with the caller's settings on top."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    buffers = "256MB" if memory >= ROOMY_BYTES else "128MB"
    chosen = {"shared_buffers": buffers, **SETTINGS, **settings}
    return HEADER + "".join(f"{name} = {_quoted(value)}\n" for name, value in chosen.items())


def ensure_database(layout: Layout, *, socket_dir: Path, port: int) -> None:
    """Create the role and the database that it owns, unless they exist. Raises EmbeddedError."""
    try:
        with _superuser(layout, socket_dir=socket_dir, port=port) as connection:
            _create_what_is_missing(connection, password(layout, DATABASE))
    except psycopg.Error as error:
        raise EmbeddedError(f"PostgreSQL in {layout.data} runs, but does not let us in: {error}") from error


def password(layout: Layout, role: str) -> str:
    """A role's password. Raises EmbeddedError if its file is gone."""
    try:
        return layout.password(role).read_text()
    except FileNotFoundError as missing:
        raise EmbeddedError(f"{missing.filename} is missing: restore it together with the rest of the folder") from None


def _initdb(layout: Layout, programs: Path, *, sync: bool) -> list[str | Path]:
    return [
        programs / "initdb",
        f"--pgdata={layout.unfinished}",
        f"--username={SUPERUSER}",
        f"--pwfile={layout.password(SUPERUSER)}",
        "--auth=scram-sha-256",
        "--data-checksums",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",  # The same order on every machine, whatever its C library.
        "--no-instructions",
        "--sync-method=fsync" if sync else "--no-sync",
    ]


def _adopt(layout: Layout, user: OsUser | None) -> None:
    """Give a finished cluster its name; until then a half-made one cannot be mistaken for it."""
    shipped = layout.unfinished / "postgresql.conf"
    _write(shipped, shipped.read_text() + "\ninclude_if_exists = 'bursar.conf'\n", owner=user)
    layout.unfinished.rename(layout.cluster)
    _sync_folder(layout.home)  # Else a power cut could bring the old name back, and with it an empty cluster.


def _superuser(layout: Layout, *, socket_dir: Path, port: int) -> Connection[TupleRow]:
    return psycopg.connect(
        host=str(socket_dir),
        port=port,
        user=SUPERUSER,
        password=password(layout, SUPERUSER),
        dbname="postgres",
        autocommit=True,  # CREATE DATABASE does not run inside a transaction.
    )


def _create_what_is_missing(connection: Connection[TupleRow], secret: str) -> None:
    name = sql.Identifier(DATABASE)
    # May create databases: a test wants one of its own, and a backup is tried out beside the database it is of.
    if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [DATABASE]).rowcount:
        # Hashed on our side, so that the password itself cannot appear in a log of statements.
        verifier = connection.pgconn.encrypt_password(secret.encode(), DATABASE.encode(), b"scram-sha-256").decode()
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(name, verifier))
    if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))


def _private_folder(folder: Path, user: OsUser | None) -> None:
    """A folder for the server's OS user alone. Raises EmbeddedError if someone else has made it."""
    owner = user.uid if user else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
        if user:
            os.chown(folder, user.uid, user.gid, follow_symlinks=False)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise EmbeddedError(f"{folder} must be a folder that belongs to OS user {owner} alone (mode 0700)")


def _write(path: Path, text: str, *, owner: OsUser | None) -> None:
    """Replace a file of the server's in one step, readable by its OS user only."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    # Must not exist: as root we never write through a link that someone else has laid.
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        if owner:
            os.fchown(descriptor, owner.uid, owner.gid)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    fresh.rename(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
