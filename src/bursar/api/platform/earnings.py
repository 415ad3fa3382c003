"""Earnings as the platform credits them and looks at them, with its program's key or as staff."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Stream

from bursar import earnings, holders, identity
from bursar.api import exports, lists, parts, reading
from bursar.api.earnings import COLUMNS as SHARED_COLUMNS
from bursar.api.earnings import cells, identified
from bursar.api.entry import Either, PlatformRequest
from bursar.api.openapi import JSON, Doc
from bursar.api.paging import Page
from bursar.api.platform import scope
from bursar.api.platform.wire_earnings import (
    BODIES,
    SHOWN,
    SHOWN_MANY,
    EarningBody,
    EarningsAnswer,
    PlatformEarningQuery,
    PlatformEarningView,
    ProgramQuery,
)
from bursar.earnings import Credited, Earning, NewEarning, Query
from bursar.foundation import log
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid, Refusal
from bursar.house import House

COLUMNS: Final = ("program", "holder", *SHARED_COLUMNS, "creditedBy")

CREDIT: Final = Either(identity.Scope.EARNINGS_WRITE, identity.Permission.MANAGE_EARNINGS)
LOOK: Final = Either(identity.Scope.EARNINGS_READ, identity.Permission.VIEW)

Item = EarningBody | Refusal
"""One thing to credit, or why it cannot be read."""

_log = log.get(__name__)
_encode = msgspec.json.Encoder().encode


@post(
    "/",
    status_code=201,
    needs=CREDIT,
    doc=Doc(
        summary="Credit an earning, or many",
        query=ProgramQuery,
        takes=EarningBody,
        takes_also=BODIES,
        answers=PlatformEarningView,
        shows=SHOWN,
        answers_by_status={200: (EarningsAnswer, SHOWN_MANY)},
        refuses=(404, 409),
    ),
)
async def credit_earnings(request: PlatformRequest, state: State) -> Response[bytes]:
    """Credit a holder with something that they have earned; the money is available to them at once.

    A reference counts once for each holder. The same content under it is answered with the earning that is there, and
    with the header `Idempotent-Replayed: true`; other content is refused. So a request that got no answer can be sent
    again as it is.

    An array credits many, each of which succeeds or fails on its own: it is answered with 200 and one result for each
    item, in their order. A key credits holders of its own program; staff say which `program`.
    """
    house: House = state.house
    program = scope.program(request, reading.query(request, ProgramQuery).program or None)
    if program is None:
        raise Invalid(field="program", rule="present; staff work for all programs")
    items, is_many = await reading.one_or_many(request, EarningBody)
    results = await _credit_all(house, items, program=program, actor=request.user.actor)
    if is_many:
        return Response(_encode(EarningsAnswer.of(results)), status_code=200, media_type=JSON)
    [result] = results
    if isinstance(result, Refusal):
        raise result
    async with house.database.transaction(readonly=True) as tx:
        [view] = await _views(tx, [result.earning])
    extra = {} if result.is_new else {"idempotent-replayed": "true"}
    return Response(_encode(view), status_code=201, media_type=JSON, headers=extra)


@get(
    "/",
    needs=LOOK,
    doc=Doc(
        summary="List earnings",
        query=PlatformEarningQuery,
        answers=Page[PlatformEarningView],
        shows={"data": [SHOWN], "nextCursor": None, "hasMore": False},
        answers_also={exports.MEDIA: exports.lines([COLUMNS])},
        refuses=(404,),
    ),
)
async def list_all_earnings(request: PlatformRequest, state: State) -> Response[Any] | Stream:
    """List earnings, newest first: those of a key's own program, or for staff of all of them.

    As CSV (`Accept: text/csv` or `format=csv`) the list is whole: `limit` and `cursor` are for JSON.
    """
    house: House = state.house
    asked = reading.query(request, PlatformEarningQuery)
    query = await _query(house, asked, scope.program(request, asked.program or None))

    async def read(before: UUID | None, limit: int) -> Sequence[PlatformEarningView]:
        async with house.database.transaction(readonly=True) as tx:
            return await _views(tx, await earnings.page(tx, replace(query, before=before, limit=limit)))

    return await lists.answer(request, asked, read, show=lambda view: view, columns=COLUMNS, row=_row, name="earnings")


@get(
    "/{earning_id:str}",
    needs=LOOK,
    doc=Doc(summary="Show an earning", answers=PlatformEarningView, shows=SHOWN, refuses=(404,)),
)
async def show_any_earning(earning_id: FromPath[str], request: PlatformRequest, state: State) -> PlatformEarningView:
    """Show one earning with the payouts that used it; one of another program than a key's is not found."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        earning = await earnings.get(tx, identified(earning_id), program=scope.program(request, None))
        [view] = await _views(tx, [earning])
    return view


async def _credit_all(house: House, items: Sequence[Item], *, program: str, actor: str) -> list[Credited | Refusal]:
    """Credit all items, part by part; whoever is cut short sends them again, since each counts once."""
    terms = await parts.insist_on_count(house, len(items), program=program, of="earnings")
    wanted = [_wanted(item, program, currency=terms.currency, actor=actor) for item in items]
    results = await _credit(house, wanted)
    credited = sum(1 for result in results if isinstance(result, Credited) and result.is_new)
    _log.info("earnings.credited", program=program, count=credited)
    return results


def _wanted(item: Item, program: str, *, currency: str, actor: str) -> NewEarning | Refusal:
    if isinstance(item, Refusal):
        return item
    try:
        return item.wanted(program, currency=currency, credited_by=actor)
    except Refusal as refusal:
        return refusal


async def _credit(house: House, wanted: Sequence[NewEarning | Refusal]) -> list[Credited | Refusal]:
    """Credit what is wanted, each on its own."""

    async def do(tx: Transaction, news: Sequence[NewEarning]) -> list[Credited | Refusal]:
        return await earnings.credit(tx, news, book=house.book, at=house.clock.now())

    return await parts.each(house, wanted, do)


async def _query(house: House, asked: PlatformEarningQuery, program: str | None) -> Query:
    query = Query(program=program, states=asked.states, search=asked.search or None, since=asked.begin, until=asked.end)
    if not asked.holder:
        return query
    if program is None:
        raise Invalid(field="program", rule="present where a holder is; what they are called is unique in a program")
    async with house.database.transaction(readonly=True) as tx:
        holder = await holders.by_reference(tx, program, asked.holder)
    return replace(query, holder_id=holder.id)


async def _views(tx: Transaction, found: Sequence[Earning]) -> list[PlatformEarningView]:
    owners = await holders.find(tx, {earning.holder_id for earning in found})
    ids = {earning.id for earning in found}
    used_by, withheld = await earnings.of_earnings(tx, ids), await earnings.withheld_of(tx, ids)
    return [
        PlatformEarningView.whole(
            each, used_by.get(each.id, ()), withheld.get(each.id, ()), holder=owners[each.holder_id]
        )
        for each in found
    ]


def _row(view: PlatformEarningView) -> exports.Row:
    return [view.program, view.holder.reference, *cells(view), view.credited_by]


router = Router(
    path="/api/earnings",
    route_handlers=[credit_earnings, list_all_earnings, show_any_earning],
    tags=["Earnings"],
)
