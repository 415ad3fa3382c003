"""What lies where in a data folder, and who may hold it at the moment.

For example ``~/.local/share/bursar``:

    start.lock              held while one process starts or stops the server
    postgres/               0700, belongs to the OS user that runs the server
        cluster/            what PostgreSQL calls PGDATA; ``bursar.conf`` in it is written anew at each start
        server.lock         held by initdb and by every process of the server, for as long as they live
        postgres.password   the superuser's, 0600
        bursar.password     of the role that owns the database, 0600
        log/                one file per weekday, and what was said before logging began
        socket/             the only way in, unless a TCP port was asked for
"""

import fcntl
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bursar.foundation.embedded.errors import EmbeddedError

SOCKET_PATH_BYTES_MAX: Final = 100  # The systems' limits are 103 (macOS) and 107 (Linux).
POLL_SECONDS: Final = 0.01
LOG_TAIL_LINES: Final = 12  # Enough for PostgreSQL to say why it stopped.


@dataclass(frozen=True, slots=True)
class Layout:
    """The names inside one data folder."""

    data: Path

    @classmethod
    def at(cls, data: Path) -> "Layout":
        """The layout of a data folder, which need not exist. Raises EmbeddedError for a path no shell can quote."""
        resolved = data.expanduser().resolve()
        if re.search(r'["$`\\\n]', str(resolved)):  # pg_ctl hands the path to a shell, between double quotes.
            raise EmbeddedError(f"{resolved}: the path of a data folder may not hold quotes, $, ` or \\")
        return cls(resolved)

    @property
    def home(self) -> Path:
        """All that belongs to the server's OS user."""
        return self.data / "postgres"

    @property
    def cluster(self) -> Path:
        """PGDATA."""
        return self.home / "cluster"

    @property
    def unfinished(self) -> Path:
        """A cluster that initdb is still working on."""
        return self.home / "cluster.new"

    @property
    def pid_file(self) -> Path:
        """Written by PostgreSQL itself."""
        return self.cluster / "postmaster.pid"

    @property
    def start_lock(self) -> Path:
        """Held while one process starts or stops the server."""
        return self.data / "start.lock"

    @property
    def server_lock(self) -> Path:
        """Held by initdb and all processes of the server while they live; other containers see it, too."""
        return self.home / "server.lock"

    @property
    def log(self) -> Path:
        """The folder of the server's logs."""
        return self.home / "log"

    @property
    def startup_log(self) -> Path:
        """What the server said before its own logging began."""
        return self.log / "startup.log"

    def password(self, role: str) -> Path:
        """The file that holds a role's password."""
        return self.home / f"{role}.password"

    def socket_dir(self) -> Path:
        """Where the socket goes: inside, or under the temporary folder if its path is too long or too odd."""
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        folders = (tempfile.gettempdir(), "/tmp")  # noqa: S108 - whoever got there first is refused, see make_home
        outside = [Path(folder) / f"bursar-{digest}" for folder in folders]
        return next((place for place in (self.home / "socket", *outside) if _suits_a_socket(place)), outside[-1])

    def log_tail(self) -> str:
        """The last lines the server wrote, to explain why it is not there."""
        with suppress(OSError):
            latest = sorted(self.log.iterdir(), key=lambda file: file.stat().st_mtime)[-2:]
            lines = [line for file in latest for line in file.read_text(errors="replace").splitlines()]
            return "\n".join(lines[-LOG_TAIL_LINES:])
        return f"(no log in {self.log})"


def _suits_a_socket(folder: Path) -> bool:
    path = str(folder / ".s.PGSQL.65535")
    # A comma would end the path in PostgreSQL's list of folders, and drivers split on it as well.
    return len(path) <= SOCKET_PATH_BYTES_MAX and re.fullmatch(r"[\w./-]+", path, re.ASCII) is not None


def make_data_folder(data: Path) -> None:
    """Create the folder and its parents: private; as root searchable, for the OS user that runs the server."""
    for folder in reversed([data, *data.parents]):
        with suppress(FileExistsError):
            folder.mkdir()
            if os.geteuid() == 0:
                folder.chmod(0o711 if folder == data else 0o755)
            elif folder == data:
                folder.chmod(0o700)


@contextmanager
def held(lock: Path, *, wait_s: float) -> Iterator[int]:
    """Hold a lock file and yield its descriptor. Raises EmbeddedError after ``wait_s`` seconds.

    It is closed but never unlocked at the end: a process that inherited the descriptor keeps holding it.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except PermissionError as closed:
        raise EmbeddedError(f"{lock} belongs to another OS user: start Bursar as that user, or as root") from closed
    try:
        deadline = time.monotonic() + wait_s
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{lock} is still held by another process after {wait_s:g} s")
            time.sleep(POLL_SECONDS)
        yield descriptor
    finally:
        os.close(descriptor)


def is_free(lock: Path) -> bool:
    """Whether nobody holds a lock file, or it does not exist."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        return _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
