"""Lists as CSV (RFC 4180), for people's spreadsheets: streamed page by page, and harmless to open.

A cell that begins like a formula is one to a spreadsheet, whoever wrote it. Such a cell gets an apostrophe in front,
which spreadsheets take for "this is text" (OWASP, CSV injection).
"""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Literal

from litestar import Request
from litestar.response import Stream

MEDIA: Final = "text/csv"
PAGE: Final = 1_000  # Rows read at once; each page is its own short transaction.
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # The wide ones count too.

Format = Literal["json", "csv"]
Row = Sequence[str | int | None]


def is_wanted(request: Request[Any, Any, Any], chosen: Format | None) -> bool:
    """Whether the answer is to be CSV: asked for by name, or preferred by the ``Accept`` header."""
    return (chosen or request.accept.best_match(["application/json", MEDIA])) in {"csv", MEDIA}


def answer(header: Sequence[str], pages: AsyncIterator[Sequence[Row]], *, name: str) -> Stream:
    """A CSV answer, sent as its pages come."""
    disposition = f'attachment; filename="{name}.csv"'
    return Stream(_lines(header, pages), media_type=MEDIA, headers={"content-disposition": disposition})


def lines(rows: Sequence[Row]) -> str:
    """Rows as lines of CSV, with formulas defused."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


async def _lines(header: Sequence[str], pages: AsyncIterator[Sequence[Row]]) -> AsyncIterator[str]:
    yield lines([header])
    async for page in pages:
        yield lines(page)


def _harmless(cell: str | int | None) -> str | int:
    if isinstance(cell, str) and cell.startswith(_FORMULAS):
        return f"'{cell}"
    return "" if cell is None else cell
