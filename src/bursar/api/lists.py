"""Answering with a list: a page of it as JSON, or the whole of it as CSV."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from litestar import Request, Response
from litestar.response import Stream

from bursar.api import exports
from bursar.api.filters import TimeQuery
from bursar.api.paging import page

T = TypeVar("T", bound=exports.Identified)


async def answer(
    request: Request[Any, Any, Any],
    asked: TimeQuery,
    read: exports.Read[T],
    *,
    show: Callable[[T], object],
    columns: Sequence[str],
    row: Callable[[T], exports.Row],
    name: str,
) -> Response[Any] | Stream:
    """What was asked for, in the form that was asked for: ``show`` is an item as JSON, ``row`` as a line of CSV."""
    if exports.is_wanted(request, asked.format):
        return await exports.answer(columns, read, row=row, name=name)
    found = await read(asked.before, asked.limit + 1)
    return Response(page(found, limit=asked.limit, show=show))
