"""What happened to a merchant's payouts: the same news that its webhooks carry, to be asked for."""

from litestar import Router, get
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import identity, payouts
from bursar.api import own, reading
from bursar.api.entry import KeyRequest
from bursar.api.merchants import examples
from bursar.api.merchants.wire import WORDS
from bursar.api.merchants.wire_webhooks import EventView, History
from bursar.api.openapi import Doc
from bursar.api.paging import NumberPageQuery, Page, mark
from bursar.house import House


@get(
    "/events",
    needs=identity.Scope.PAYOUTS_READ,
    doc=Doc(
        summary="List events",
        query=NumberPageQuery,
        answers=Page[EventView],
        shows=examples.page(examples.EVENT, mark="AAAAAAAAAQQ"),
    ),
)
async def list_events(request: KeyRequest, state: State) -> Page[EventView]:
    """List every change of a status over all of your payouts, newest first.

    A page may hold fewer than `limit` and still have more after it.
    """
    house: House = state.house
    asked = reading.query(request, NumberPageQuery)
    async with house.database.transaction(readonly=True) as tx:
        found = await payouts.holder_events(tx, request.user.holder, before=asked.before, limit=asked.limit + 1)
    shown = found[: asked.limit]
    has_more = len(found) > asked.limit
    next_cursor = mark(shown[-1][0]) if has_more else None
    return Page([EventView.of(moved) for _, moved in shown if is_news(moved)], next_cursor, has_more)


@get(
    "/payouts/{payout_id:str}/events",
    needs=identity.Scope.PAYOUTS_READ,
    doc=Doc(
        summary="Show a payout's history",
        answers=History,
        shows={"data": [examples.EVENT | {"status": "PROCESSING", "sequence": 3}, examples.EVENT]},
        refuses=(404,),
    ),
)
async def show_history(payout_id: FromPath[str], request: KeyRequest, state: State) -> History:
    """Show how one of your own payouts came to stand where it stands, from `PENDING` on."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        payout = await own.payout(tx, payout_id, holder_id=request.user.holder)
        moves = await payouts.history(tx, payout.id)
    return History([EventView.of(moved) for moved in moves if moved.from_state is None or is_news(moved)])


def is_news(moved: payouts.Moved) -> bool:
    """Whether a move changes the merchant's word; the first one is in the answer to the request."""
    return moved.from_state is not None and WORDS[moved.from_state] is not WORDS[moved.to_state]


router = Router(path="/api/v1", route_handlers=[list_events, show_history], tags=["Events"])
