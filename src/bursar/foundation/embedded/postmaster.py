"""The running server, as its pid file and the OS show it."""

import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bursar.foundation.embedded.errors import EmbeddedError
from bursar.foundation.embedded.layout import Layout

STATE_LINE: Final = 8  # The pid file's last line; until it is written, the server is still starting.


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A live server process and what its pid file says, which early in its life is nothing but the number."""

    pid: int
    port: int = 0
    socket_dir: Path = Path()
    has_tcp: bool = False
    is_ready: bool = False


def find(layout: Layout) -> Postmaster | None:
    """The server of a data folder, if it lives; a number that now belongs to another process does not count."""
    lines = _lines(layout.pid_file)
    if not lines or f"-D {layout.cluster}" not in _command_line(int(lines[0])):
        return None
    if len(lines) < STATE_LINE:
        return Postmaster(int(lines[0]))
    pid, _, _, port, socket_dir, address, _, state = lines[:STATE_LINE]
    return Postmaster(int(pid), int(port), Path(socket_dir), bool(address.strip()), state.strip() == "ready")


def forget_the_dead(layout: Layout) -> None:
    """Delete the lock files that a crashed server left, unless their number is that of a living PostgreSQL.

    PostgreSQL does so itself where the number is nobody's, but takes any process of its user for a server: one that
    got the number after the restart of a container, or the dead server itself until its parent has noticed.
    To be called with the server lock held only.
    """
    for file in (layout.pid_file, *layout.socket_dir().glob(".s.PGSQL.*.lock")):
        lines = _lines(file)
        if lines and "postgres" not in _command_line(abs(int(lines[0]))):  # Below zero: PostgreSQL's single-user mode.
            file.unlink(missing_ok=True)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except FileNotFoundError:
        return []
    except PermissionError as closed:
        raise EmbeddedError(f"{file} belongs to another OS user: look as that user, or as root") from closed


def _command_line(pid: int) -> str:
    """The program and arguments of a process, or nothing if there is none."""
    if Path("/proc/self/cmdline").exists():
        with suppress(FileNotFoundError, ProcessLookupError):
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        return ""
    command = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a number only.
