"""Lists as CSV (RFC 4180), for people's spreadsheets: streamed page by page, and harmless to open.

A cell that begins like a formula is one to a spreadsheet, whoever wrote it. Such a cell gets an apostrophe in front,
which spreadsheets take for "this is text" (OWASP, CSV injection).
"""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, Literal, Protocol, TypeVar
from uuid import UUID

import msgspec
from litestar import Request
from litestar.response import Stream

MEDIA: Final = "text/csv"
PAGE: Final = 1_000  # Rows read at once; each page is its own short transaction.
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # The wide ones count too.

Format = Literal["json", "csv"]
Row = Sequence[str | int | None]


class Identified(Protocol):
    """Something with an id by which its list is sorted, newest first."""

    @property
    def id(self) -> UUID:
        """Its id."""
        ...


T = TypeVar("T", bound=Identified)

Read = Callable[[UUID | None, int], Awaitable[Sequence[T]]]
"""Reads the items of a list below an id (None: from the top), so many at most."""


def is_wanted(request: Request[Any, Any, Any], chosen: Format | msgspec.UnsetType) -> bool:
    """Whether the answer is to be CSV: asked for by name, or preferred by the ``Accept`` header."""
    return (chosen or request.accept.best_match(["application/json", MEDIA])) in {"csv", MEDIA}


async def answer(header: Sequence[str], read: "Read[T]", *, row: Callable[[T], Row], name: str) -> Stream:
    """A whole list as CSV, sent as its pages come; the first is read before the answer begins, so it may be refused."""
    pages = _pages(read)
    first = await anext(pages)
    disposition = f'attachment; filename="{name}.csv"'
    return Stream(_lines(header, first, pages, row), media_type=MEDIA, headers={"content-disposition": disposition})


def lines(rows: Sequence[Row]) -> str:
    """Rows as lines of CSV, with formulas defused."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


async def _pages(read: "Read[T]") -> AsyncIterator[Sequence[T]]:
    before: UUID | None = None
    while True:
        found = await read(before, PAGE)
        yield found
        if len(found) < PAGE:
            return
        before = found[-1].id


async def _lines(
    header: Sequence[str], first: Sequence[T], more: AsyncIterator[Sequence[T]], row: Callable[[T], Row]
) -> AsyncIterator[str]:
    yield lines([header, *map(row, first)])
    async for page in more:
        yield lines([row(item) for item in page])


def _harmless(cell: str | int | None) -> str | int:
    if isinstance(cell, str) and cell.startswith(_FORMULAS):
        return f"'{cell}"
    return "" if cell is None else cell
