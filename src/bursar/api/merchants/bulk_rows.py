"""Files of payouts, as JSON or CSV, read row by row: a row that cannot be read spoils no other."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from bursar.api import problems
from bursar.api.merchants.wire import PayoutBody
from bursar.foundation.errors import Invalid, Refusal

COLUMNS: Final = tuple(field.encode_name for field in msgspec.structs.fields(PayoutBody))
CELLS_SHOWN_MAX: Final = 10


class Wrapped(msgspec.Struct, forbid_unknown_fields=True):
    """The other form of a JSON file: the rows under a name."""

    payouts: list[msgspec.Raw]


class BadFile(Invalid):
    """The file cannot be read; no row of it was looked at."""

    code = "invalid_file"


Row = PayoutBody | Refusal
"""What a row asks for, or why it cannot be read."""


def from_json(content: bytes) -> list[Row]:
    """The rows of a JSON file: an array, or an object with the array under ``payouts``.

    Raises:
        BadFile: it is neither.
    """
    try:
        found = msgspec.json.decode(content, type=list[msgspec.Raw] | Wrapped)
    except msgspec.MsgspecError as unreadable:
        rule = "a JSON array of payouts, or an object with one under payouts"
        raise BadFile(field="body", rule=rule) from unreadable
    rows = found.payouts if isinstance(found, Wrapped) else found
    return [_row(bytes(raw)) for raw in rows]


def from_csv(content: bytes) -> list[Row]:
    """The rows of a CSV file (RFC 4180) in UTF-8, whose first line names the columns in any order.

    Raises:
        BadFile: not UTF-8, not CSV, or not exactly the columns that a payout has.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as foreign:
        raise BadFile(field="body", rule="CSV in UTF-8") from foreign
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [name.strip() for name in next(lines, [])]
        _insist_on_columns(columns)
        return list(_cells(columns, lines))
    except csv.Error as broken:
        raise BadFile(field="body", rule=f"well-formed CSV; line {lines.line_num} is not") from broken


def _insist_on_columns(columns: Sequence[str]) -> None:
    for name in columns:
        if name not in COLUMNS:
            raise BadFile(field=name[:40], rule=f"one of the columns {', '.join(COLUMNS)}")
        if columns.count(name) > 1:
            raise BadFile(field=name, rule="a column once")
    for name in COLUMNS:
        if name not in columns:
            raise BadFile(field=name, rule="a column of the first line")


def _cells(columns: Sequence[str], lines: Iterable[list[str]]) -> Iterator[Row]:
    """One row for each line that is not empty; its cells are read as the texts of a JSON object."""
    for cells in lines:
        if len(cells) == len(columns):
            yield _row(msgspec.json.encode(dict(zip(columns, cells, strict=True))))
        elif cells:
            yield BadFile(field="row", rule=f"{len(columns)} cells, not {len(cells)}")


def _row(raw: bytes) -> Row:
    try:
        return msgspec.json.decode(raw, type=PayoutBody)
    except msgspec.MsgspecError as unreadable:
        return problems.from_decoding(unreadable, of=PayoutBody)
    except Refusal as refusal:
        return refusal
