"""A CSV file of earnings, read a few rows at a time: a row that cannot be read spoils no other."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from bursar.earnings import NewEarning
from bursar.foundation.errors import Invalid, Refusal
from bursar.foundation.money import Money
from bursar.programs import Terms

NEEDED: Final = ("holder", "reference", "amount")
COLUMNS: Final = (*NEEDED, "description", "earned_at")
_SHOWN: Final = 40  # Characters of what somebody wrote, in a refusal.
_FOREIGN: Final = re.compile(r"[\ud800-\udfff]")


class BadEarningsFile(Invalid):
    """The file cannot be read."""

    code = "invalid_earnings_file"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line on which it ends, and what it wants to be credited, or why that cannot be read."""

    line: int
    wanted: NewEarning | Refusal


def count_lines(file: Path) -> int:
    """How many lines a file has, for a bar that shows how far its reading is.

    Raises:
        BadEarningsFile: it cannot be opened.
    """
    with _opened(file) as opened:
        return sum(1 for _ in opened.buffer)


def read(file: Path, terms: Terms, *, credited_by: str) -> Iterator[Row]:
    """The rows of a CSV file (RFC 4180) in UTF-8, whose first line names the columns in any order.

    Raises:
        BadEarningsFile: it cannot be opened, a column is missing or unknown, or some line is no CSV, so that nobody can
            say where the rows after it begin.
    """
    with _opened(file) as opened:
        lines = csv.reader(opened, strict=True)
        try:
            columns = [name.strip() for name in next(lines, [])]
            _insist_on_columns(columns)
            for cells in lines:
                if cells:
                    yield Row(lines.line_num, _wanted(columns, cells, terms, credited_by=credited_by))
        except csv.Error as broken:
            raise BadEarningsFile(field="the file", rule=f"well-formed CSV; line {lines.line_num} is not") from broken


def _opened(file: Path) -> TextIO:
    """The file as text; bytes that are no UTF-8 are kept as lone surrogates, by which their row is known."""
    try:
        return file.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise BadEarningsFile(f"{file} cannot be opened: {error.strerror}.") from error


def _insist_on_columns(columns: Sequence[str]) -> None:
    for name in columns:
        if name not in COLUMNS or columns.count(name) > 1:
            rule = f"a list of the columns {', '.join(COLUMNS)}, each at most once"
            raise BadEarningsFile(field="the first line", rule=rule)
    for name in NEEDED:
        if name not in columns:
            raise BadEarningsFile(field=name, rule="a column of the first line")


def _wanted(columns: Sequence[str], cells: Sequence[str], terms: Terms, *, credited_by: str) -> NewEarning | Refusal:
    if len(cells) != len(columns):
        return Invalid(field="row", rule=f"{len(columns)} cells, not {len(cells)}")
    for name, cell in zip(columns, cells, strict=True):
        if _FOREIGN.search(cell):
            return Invalid(field=name, rule="a text in UTF-8")
    try:
        return _earning(dict(zip(columns, cells, strict=True)), terms, credited_by=credited_by)
    except Refusal as refusal:
        return refusal


def _earning(row: Mapping[str, str], terms: Terms, *, credited_by: str) -> NewEarning:
    return NewEarning(
        program=terms.program,
        holder=row["holder"],
        reference=row["reference"],
        amount=Money.parse(row["amount"], terms.currency),
        description=row.get("description", ""),
        earned_at=_moment(row["earned_at"]) if row.get("earned_at") else None,
        credited_by=credited_by,
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as unreadable:
        rule = "a day or a moment in ISO 8601, such as 2026-11-20 or 2026-11-20T09:00:00Z"
        raise Invalid(field="earned_at", rule=rule, given=text[:_SHOWN]) from unreadable
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
