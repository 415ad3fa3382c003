"""Lists as CSV, for people's spreadsheets: streamed page by page, and harmless to open (see ``foundation.sheets``)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, Literal, Protocol, TypeVar
from uuid import UUID

import msgspec
from litestar import Request
from litestar.response import Stream

from bursar.foundation.sheets import Row, lines

__all__ = ["MEDIA", "PAGE", "Format", "Identified", "Read", "Row", "answer", "is_wanted", "lines"]

MEDIA: Final = "text/csv"
PAGE: Final = 1_000  # Rows read at once; each page is its own short transaction.

Format = Literal["json", "csv"]


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
