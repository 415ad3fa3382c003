"""What a provider has earned, and which payouts it went to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from litestar import Response, Router, get
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Stream

from bursar import earnings
from bursar.api import exports, lists, reading
from bursar.api.earnings import COLUMNS, EXAMPLE, EarningQuery, EarningView, cells, identified
from bursar.api.entry import HolderRequest, Needs
from bursar.api.openapi import Doc
from bursar.api.paging import Page
from bursar.earnings import Query
from bursar.foundation.db import Transaction
from bursar.house import House


@get(
    "/",
    needs=Needs.HOLDER,
    doc=Doc(
        summary="List earnings",
        query=EarningQuery,
        answers=Page[EarningView],
        shows={"data": [EXAMPLE], "nextCursor": None, "hasMore": False},
        answers_also={exports.MEDIA: exports.lines([COLUMNS])},
    ),
)
async def list_own_earnings(request: HolderRequest, state: State) -> Response[Any] | Stream:
    """List what you have earned, newest first, each with the payouts that used it.

    A payout takes your oldest earnings first, the last one in part where that is enough.
    As CSV (`Accept: text/csv` or `format=csv`) the list is whole: `limit` and `cursor` are for JSON.
    """
    house: House = state.house
    asked = reading.query(request, EarningQuery)
    query = Query(
        holder_id=request.user.holder.id,
        states=asked.states,
        search=asked.search or None,
        since=asked.begin,
        until=asked.end,
    )

    async def read(before: UUID | None, limit: int) -> Sequence[EarningView]:
        async with house.database.transaction(readonly=True) as tx:
            return await _views(tx, await earnings.page(tx, replace(query, before=before, limit=limit)))

    return await lists.answer(request, asked, read, show=lambda view: view, columns=COLUMNS, row=cells, name="earnings")


@get(
    "/{earning_id:str}",
    needs=Needs.HOLDER,
    doc=Doc(summary="Show an earning", answers=EarningView, shows=EXAMPLE, refuses=(404,)),
)
async def show_own_earning(earning_id: FromPath[str], request: HolderRequest, state: State) -> EarningView:
    """Show one of your earnings with the payouts that used it; somebody else's is not found."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        earning = await earnings.get(tx, identified(earning_id), holder_id=request.user.holder.id)
        [view] = await _views(tx, [earning])
    return view


async def _views(tx: Transaction, found: Sequence[earnings.Earning]) -> list[EarningView]:
    ids = {earning.id for earning in found}
    used_by, withheld = await earnings.of_earnings(tx, ids), await earnings.withheld_of(tx, ids)
    return [EarningView.of(each, used_by.get(each.id, ()), withheld.get(each.id, ())) for each in found]


router = Router(
    path="/api/provider/earnings", route_handlers=[list_own_earnings, show_own_earning], tags=["Providers: money"]
)
