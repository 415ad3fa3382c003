"""A CSV file of things that somebody wants, read a few rows at a time: a row that cannot be read spoils no other."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TextIO, TypeVar

from bursar.foundation.errors import Invalid, Refusal

_FOREIGN: Final = re.compile(r"[\ud800-\udfff]")

Wanted = TypeVar("Wanted")


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a file has to have and may have, and the refusal of a file that cannot be read."""

    needed: Sequence[str]
    others: Sequence[str]
    fault: type[Invalid]

    @property
    def all(self) -> Sequence[str]:
        """Those that it may have."""
        return (*self.needed, *self.others)


@dataclass(frozen=True, slots=True)
class Row(Generic[Wanted]):
    """One row: the line on which it ends, and what is wanted there, or why that cannot be read."""

    line: int
    wanted: Wanted | Refusal


def count_lines(file: Path, columns: Columns) -> int:
    """How many lines a file has, for a bar that shows how far its reading is.

    Raises:
        Invalid: it cannot be opened; the file's own refusal.
    """
    with _opened(file, columns) as opened:
        return sum(1 for _ in opened.buffer)


def read(file: Path, columns: Columns, build: Callable[[Mapping[str, str]], Wanted]) -> Iterator[Row[Wanted]]:
    """The rows of a CSV file (RFC 4180) in UTF-8, whose first line names the columns in any order.

    ``build`` makes of a row's cells by column what is wanted there, or raises a refusal.

    Raises:
        Invalid: it cannot be opened, a column is missing or unknown, or some line is no CSV, so that nobody can say
            where the rows after it begin; the file's own refusal.
    """
    with _opened(file, columns) as opened:
        lines = csv.reader(opened, strict=True)
        try:
            names = [name.strip() for name in next(lines, [])]
            _insist_on(names, columns)
            for cells in lines:
                if cells:
                    yield Row(lines.line_num, _wanted(names, cells, build))
        except csv.Error as broken:
            raise columns.fault(field="the file", rule=f"well-formed CSV; line {lines.line_num} is not") from broken


def _opened(file: Path, columns: Columns) -> TextIO:
    """The file as text; bytes that are no UTF-8 are kept as lone surrogates, by which their row is known."""
    try:
        return file.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise columns.fault(f"{file} cannot be opened: {error.strerror}.") from error


def _insist_on(names: Sequence[str], columns: Columns) -> None:
    for name in names:
        if name not in columns.all or names.count(name) > 1:
            rule = f"a list of the columns {', '.join(columns.all)}, each at most once"
            raise columns.fault(field="the first line", rule=rule)
    for name in columns.needed:
        if name not in names:
            raise columns.fault(field=name, rule="a column of the first line")


def _wanted(
    names: Sequence[str], cells: Sequence[str], build: Callable[[Mapping[str, str]], Wanted]
) -> Wanted | Refusal:
    if len(cells) != len(names):
        return Invalid(field="row", rule=f"{len(names)} cells, not {len(cells)}")
    for name, cell in zip(names, cells, strict=True):
        if _FOREIGN.search(cell):
            return Invalid(field=name, rule="a text in UTF-8")
    try:
        return build(dict(zip(names, cells, strict=True)))
    except Refusal as refusal:
        return refusal
