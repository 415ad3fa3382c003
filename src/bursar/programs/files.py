"""Program files on disk: any, and the ones that come with Bursar."""

from collections.abc import Mapping
from pathlib import Path

from bursar.programs.errors import BadTerms, Problem
from bursar.programs.source import SOURCE_BYTES_MAX


def load(path: Path, *, file: str | None = None) -> str:
    """The text of a program file, never more than one can be; its problems call it ``file``, or by its own name.

    Raises:
        BadTerms: it is larger, not UTF-8, or cannot be opened.
    """
    file = file or path.name
    try:
        with path.open("rb") as opened:
            raw = opened.read(SOURCE_BYTES_MAX + 1)
    except OSError as error:
        raise BadTerms([Problem(file, 1, "", f"cannot be opened: {error.strerror}")]) from error
    if len(raw) > SOURCE_BYTES_MAX:
        raise BadTerms([Problem(file, 1, "", f"must not be larger than {SOURCE_BYTES_MAX // 1024} KiB")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadTerms([Problem(file, line, "", "must be UTF-8 text")]) from error


def ready() -> Mapping[str, Path]:
    """The ready-made program files by the names of their programs, in alphabetical order."""
    return {file.stem: file for file in sorted(directory().glob("*.yaml"))}


def directory() -> Path:
    """Where they lie: inside the package when installed, at the top of the repository in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_programs"
    return installed if installed.is_dir() else package.parents[1] / "programs"
