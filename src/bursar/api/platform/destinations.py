"""Where holders are paid to, as their platform or our staff enter it for them."""

from typing import Any

from litestar import Response, Router, delete, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import holders
from bursar.api import reading
from bursar.api.destinations import NewDestinationBody, announce, new_destination
from bursar.api.entry import Either, PlatformRequest
from bursar.api.openapi import Doc
from bursar.api.platform import examples, scope
from bursar.api.platform.wire import CheckedDestinationView
from bursar.api.providers.examples import METHODS
from bursar.foundation import ids
from bursar.house import House
from bursar.identity import Permission, Scope

_MAY_CHANGE = Either(Scope.HOLDERS_WRITE, Permission.MANAGE_HOLDERS)
_SHOWN: dict[str, Any] = examples.DETAIL["destinations"][0]


@post(
    "/",
    status_code=201,
    needs=_MAY_CHANGE,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Store a holder's destination",
        takes=NewDestinationBody,
        examples=METHODS,
        answers=CheckedDestinationView,
        shows=_SHOWN,
        answers_by_status={200: (CheckedDestinationView, _SHOWN)},
        refuses=(404, 409),
    ),
)
async def add_holder_destination(
    holder_id: FromPath[str], request: PlatformRequest, state: State
) -> Response[CheckedDestinationView]:
    """Store where a holder is paid to. One that is stored already is given back as it stands, with `200`.

    The payment provider is asked about it soon afterwards. One that takes another's place is paid to only after a
    while, and the holder is told of it.
    """
    house: House = state.house
    body = await reading.json(request, NewDestinationBody)
    actor = request.user.actor
    async with house.database.transaction() as tx:
        holder = await scope.holder(tx, request, holder_id)
        terms = (await house.book.judge(tx, {holder.program}))[holder.program]
        new = new_destination(holder, body, terms, added_by=actor)
        [added] = await holders.add_destinations(tx, [new], keyring=house.keyring, at=house.clock.now())
        stored = added.destination
        if body.make_default:
            stored = await holders.make_default(tx, stored.id, holder_id=holder.id, actor=actor)
        await announce(tx, [added], house=house)
    return Response(CheckedDestinationView.whole(stored), status_code=201 if added.is_new else 200)


@delete(
    "/{destination_id:str}",
    status_code=204,
    needs=_MAY_CHANGE,
    doc=Doc(summary="Remove a holder's destination", refuses=(404,)),
)
async def remove_holder_destination(
    holder_id: FromPath[str], destination_id: FromPath[str], request: PlatformRequest, state: State
) -> None:
    """Remove a stored destination. Payouts that were asked for before still go there; the default is not replaced."""
    house: House = state.house
    wanted = ids.parse(destination_id)
    async with house.database.transaction() as tx:
        holder = await scope.holder(tx, request, holder_id)
        asked = [wanted] if wanted else []
        if not await holders.remove_destinations(tx, asked, actor=request.user.actor, holder_id=holder.id):
            raise holders.NoSuchDestination


router = Router(
    path="/api/holders/{holder_id:str}/destinations",
    route_handlers=[add_holder_destination, remove_holder_destination],
    tags=["Holders"],
)
