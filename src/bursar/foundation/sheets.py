"""Rows as CSV (RFC 4180) for people's spreadsheets, harmless to open.

A cell that begins like a formula is one to a spreadsheet, whoever wrote it. Such a cell gets an apostrophe in front,
which spreadsheets take for "this is text" (OWASP, CSV injection). A number that is given as one stays one.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # The wide ones count too.

Cell = str | int | Decimal | None
Row = Sequence[Cell]


def lines(rows: Iterable[Row]) -> str:
    """Rows as lines of CSV, with formulas defused."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula; None is an empty one."""
    if isinstance(cell, str) and cell.startswith(_FORMULAS):
        return f"'{cell}"
    return "" if cell is None else cell
