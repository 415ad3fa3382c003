"""The life of a server: start or attach, stop, look, and a throw-away one for tests."""

import os
import shlex
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal
from urllib.parse import quote

from bursar.foundation.embedded import cluster, postmaster
from bursar.foundation.embedded.errors import EmbeddedError
from bursar.foundation.embedded.layout import POLL_SECONDS, Layout, held, is_free, make_data_folder
from bursar.foundation.embedded.osuser import ROOT_DATA, os_user, run
from bursar.foundation.embedded.programs import Installation, shipped

SOCKET_PORT: Final = 5432  # Only part of the socket's file name; its folder is ours alone.
START_SECONDS_MAX: Final = 300.0  # Replaying 2 GB of log after a crash takes minutes on a slow disk.
START_TRIES: Final = 3  # A server found alive may have been dying, and is gone when we connect.
RETRY_SECONDS: Final = 0.2
STOP_SECONDS_MAX: Final = 120.0  # A clean end first writes out what is still only in memory.
UNSEEN_SECONDS_MAX: Final = 15.0  # The children of a killed server are gone well before.

Mode = Literal["fast", "immediate", "smart"]
STOP_SIGNALS: Final[Mapping[Mode, signal.Signals]] = MappingProxyType(
    {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "smart": signal.SIGTERM}
)
AS_SHIPPED: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a start waits, in seconds: to be the only one and for the server, and for one that hides from it."""

    start: float = START_SECONDS_MAX
    unseen: float = UNSEEN_SECONDS_MAX


PATIENT: Final = Patience()


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server. ``port`` is its TCP port on 127.0.0.1, or None when it has its socket only."""

    data: Path
    port: int | None
    socket_dir: Path
    pid: int

    def url(self, database: str = cluster.DATABASE, *, role: str = cluster.DATABASE) -> str:
        """Where to connect, password included; libpq, asyncpg and SQLAlchemy accept it.

        ``role`` is ``bursar``, or ``postgres`` for what only the superuser may do.
        """
        login = f"postgresql://{role}:{cluster.password(Layout.at(self.data), role)}"
        if self.port is not None:
            return f"{login}@127.0.0.1:{self.port}/{quote(database, safe='')}"
        return f"{login}@/{quote(database, safe='')}?host={self.socket_dir}&port={SOCKET_PORT}"


def start(
    data: Path,
    *,
    tcp_port: int | None = None,
    settings: Mapping[str, str] = AS_SHIPPED,
    installation: Installation | None = None,
    patience: Patience = PATIENT,
) -> EmbeddedServer:
    """Start the server of a data folder, or attach to it if it runs; make whatever is missing.

    ``settings`` go on top of ours and do not reach a server that runs already, nor does an ``installation`` other than
    the one that comes with Bursar. Raises EmbeddedError, also for settings under which a crash loses acknowledged work.
    """
    for name in cluster.PROMISES:
        if settings.get(name, "on").lower() in {"off", "false", "no", "0", "local"}:
            raise EmbeddedError(f"{name} = {settings[name]} loses data in a crash; only a temporary server may have it")
    return _start(Layout.at(data), _Manner(tcp_port, settings, installation, patience))


def stop(data: Path, *, mode: Mode = "fast") -> bool:
    """Stop the server of a data folder; False if none runs. Raises EmbeddedError if it does not stop in time.

    ``fast`` ends all sessions and shuts down cleanly, ``smart`` waits for them to end, ``immediate`` is a crash.
    """
    layout = Layout.at(data)
    if not layout.home.is_dir():
        return False
    with held(layout.start_lock, wait_s=START_SECONDS_MAX):
        found = postmaster.find(layout)
        if found is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(found.pid, STOP_SIGNALS[mode])
        _await_end(layout)
        if found.socket_dir.parent != layout.home:
            with suppress(OSError):  # An empty folder elsewhere harms nobody.
                found.socket_dir.rmdir()
        return True


def status(data: Path) -> EmbeddedServer | None:
    """The server of a data folder, or None if none is ready for connections."""
    layout = Layout.at(data)
    found = postmaster.find(layout)
    return _server(layout, found) if found and found.is_ready else None


@contextmanager
def temporary(*, tcp_port: int | None = None, settings: Mapping[str, str] = AS_SHIPPED) -> Iterator[EmbeddedServer]:
    """A server to throw away, stopped and deleted in the end. With ``{"fsync": "off"}`` it starts a little faster."""
    folder = Path(tempfile.mkdtemp(prefix="bursar-"))
    try:
        if os.geteuid() == 0:
            folder.chmod(0o711)
        yield _start(Layout.at(folder), _Manner(tcp_port, settings))
    finally:
        stop(folder, mode="immediate")
        shutil.rmtree(folder, ignore_errors=True)


def default_data_dir() -> Path:
    """Where the data lies unless told otherwise: below XDG_DATA_HOME or ~/.local/share, for root /var/lib/bursar."""
    if (xdg := Path(os.environ.get("XDG_DATA_HOME", ""))).is_absolute():
        return xdg / "bursar"
    return ROOT_DATA if os.geteuid() == 0 else Path.home() / ".local" / "share" / "bursar"


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a server is started where none runs."""

    tcp_port: int | None
    settings: Mapping[str, str]
    installation: Installation | None = None
    patience: Patience = PATIENT


def _start(layout: Layout, manner: _Manner) -> EmbeddedServer:
    make_data_folder(layout.data)
    with held(layout.start_lock, wait_s=manner.patience.start):
        for tries_left in reversed(range(START_TRIES)):
            found = _running(layout, manner)
            try:
                cluster.ensure_database(layout, socket_dir=found.socket_dir, port=found.port)
                break
            except EmbeddedError:
                if not tries_left:
                    raise
                time.sleep(RETRY_SECONDS)
        return _server(layout, found)


def _running(layout: Layout, manner: _Manner) -> postmaster.Postmaster:
    found = _settle(layout, manner.patience)
    if found is None:
        _launch(layout, manner)
        found = _settle(layout, manner.patience)
    if found is None:
        raise EmbeddedError(f"PostgreSQL did not start in {layout.data}:\n{layout.log_tail()}")
    port = manner.tcp_port
    if port is not None and not (found.has_tcp and found.port == port):
        raise EmbeddedError(f"{layout.data}: already running without TCP port {port}; stop that server first")
    return found


def _settle(layout: Layout, patience: Patience) -> postmaster.Postmaster | None:
    """Wait until the server is ready or gone. Raises EmbeddedError if it is neither for too long."""
    began = last_seen = time.monotonic()
    while (now := time.monotonic()) - began < patience.start:
        found = postmaster.find(layout)
        if found is None and is_free(layout.server_lock):
            return None
        if found is not None:
            last_seen = now
            if found.is_ready:
                return found
        if now - last_seen > patience.unseen:
            raise EmbeddedError(f"{layout.data} is held by a server that is not to be seen here: another container's?")
        time.sleep(POLL_SECONDS)
    raise EmbeddedError(f"PostgreSQL is not ready after {patience.start:g} s:\n{layout.log_tail()}")


def _launch(layout: Layout, manner: _Manner) -> None:
    """Prepare the folder and let pg_ctl start the server in a session of its own; does not wait."""
    user = os_user(layout.home)
    programs = (manner.installation or shipped()).programs_for(user)
    cluster.make_home(layout, user)
    with held(layout.server_lock, wait_s=manner.patience.unseen) as lock:
        cluster.prepare(layout, user=user, programs=programs, settings=manner.settings, server_lock=lock)
        postmaster.forget_the_dead(layout)
        layout.startup_log.unlink(missing_ok=True)
        # The server and its children inherit the lock: it tells they live even where their numbers mean nothing.
        done = run(_pg_ctl(layout, programs, tcp_port=manner.tcp_port), user=user, inherit=(lock,))
    if done.returncode != 0:
        raise EmbeddedError(f"pg_ctl could not start PostgreSQL in {layout.data}: {done.stderr.strip()}")


def _pg_ctl(layout: Layout, programs: Path, *, tcp_port: int | None) -> list[str | Path]:
    # On the command line, where no configuration file can override them: we must find the server again.
    options = {
        "port": str(tcp_port or SOCKET_PORT),
        "listen_addresses": "127.0.0.1" if tcp_port else "",
        "unix_socket_directories": str(layout.socket_dir()),
    }
    arguments = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())
    command: list[str | Path] = [programs / "pg_ctl", "start", "--no-wait", "--silent", "-D", layout.cluster]
    return [*command, "-l", layout.startup_log, "-o", arguments]


def _server(layout: Layout, found: postmaster.Postmaster) -> EmbeddedServer:
    return EmbeddedServer(layout.data, found.port if found.has_tcp else None, found.socket_dir, found.pid)


def _await_end(layout: Layout) -> None:
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while postmaster.find(layout) is not None or not is_free(layout.server_lock):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"PostgreSQL in {layout.data} did not stop within {STOP_SECONDS_MAX:g} s")
        time.sleep(POLL_SECONDS)
