"""Who runs the server, and running programs as them.

An ordinary user runs it as themselves. For root it is the owner of an existing data folder, or else the first of
``OS_USERS`` that exists; if none does, the first is created. That user must be able to reach the data folder.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bursar.foundation.embedded.errors import EmbeddedError

OS_USERS: Final = ("bursar-pg", "postgres", "_postgres")  # Ours, the Linux packages', macOS's.
ROOT_DATA: Final = Path("/var/lib/bursar")  # Not below /root, which is closed to all others.
PROGRAM_SECONDS_MAX: Final = 300.0  # initdb takes half a second; minutes on a slow network disk.


@dataclass(frozen=True, slots=True)
class OsUser:
    """An OS user that root lends to the server."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        """Its name, or its number where it has none, as after a container was rebuilt."""
        with suppress(KeyError):
            return pwd.getpwuid(self.uid).pw_name
        return str(self.uid)


def os_user(folder: Path) -> OsUser | None:
    """Who runs the server that lives in a folder; None for ourselves. Raises EmbeddedError if nobody can."""
    if os.geteuid() != 0:
        _insist_on_a_name(os.geteuid())
        return None
    with suppress(FileNotFoundError):
        if (owner := folder.stat()).st_uid != 0:
            return OsUser(owner.st_uid, owner.st_gid)
    return _existing_user() or _create_user(OS_USERS[0])


def run(
    command: Sequence[str | Path], *, user: OsUser | None, inherit: tuple[int, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run a program as the server's OS user, passing on the descriptors to ``inherit``; does not check the result."""
    return subprocess.run(  # noqa: S603 - the programs are our own and no shell reads the arguments.
        command,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        pass_fds=inherit,
        cwd="/",  # Ours may be closed to that user.
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},  # Nothing of ours, above all no PGDATA or PGPORT.
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PROGRAM_SECONDS_MAX,
        check=False,
    )


def can_reach(user: OsUser | None, path: Path) -> bool:
    """Whether a folder can be entered, or a program executed, by that user."""
    return run(["/bin/sh", "-c", 'test -x "$1"', "sh", path], user=user).returncode == 0


def insist_on_reach(user: OsUser | None, folder: Path) -> None:
    """Raise EmbeddedError, naming the culprit, if the server's OS user cannot get to a folder."""
    if user is None or can_reach(user, folder):
        return
    closed = next(above for above in reversed([folder, *folder.parents]) if not can_reach(user, above))
    raise EmbeddedError(
        f"{closed} is closed to the OS user {user.name}, as which PostgreSQL runs when Bursar is started by root. "
        f"That user needs search permission on every folder above {folder}: allow it (chmod o+x {closed}), "
        f"keep the data elsewhere (such as {ROOT_DATA}), or start Bursar as an ordinary user."
    )


def _insist_on_a_name(uid: int) -> None:
    try:
        pwd.getpwuid(uid)
    except KeyError as missing:
        raise EmbeddedError(f"OS user {uid} has no entry in /etc/passwd: initdb needs one") from missing


def _existing_user() -> OsUser | None:
    for name in OS_USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return OsUser(entry.pw_uid, entry.pw_gid)
    return None


def _create_user(name: str) -> OsUser:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise EmbeddedError(f"PostgreSQL refuses to run as root: create an OS user {name}, or start as another user")
    made = run([useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name], user=None)
    user = _existing_user()  # Another process may have been first: what counts is that there is one.
    if user is None:
        raise EmbeddedError(f"cannot create the OS user {name} for PostgreSQL: {made.stderr.strip()}")
    return user
