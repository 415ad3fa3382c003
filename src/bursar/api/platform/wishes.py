"""What holders, and staff about them, say to the runs: a minimum, a pause, a schedule of their own, a hold."""

from typing import Final

from litestar import Router, delete, get, patch, put
from litestar.datastructures import State
from litestar.params import FromPath
from msgspec import UNSET

from bursar import holders, schedules
from bursar.api import reading
from bursar.api.entry import Either, PlatformRequest
from bursar.api.filters import moment
from bursar.api.openapi import Doc
from bursar.api.platform import examples, scope
from bursar.api.platform.wire_wishes import HoldBody, WishesBody, WishesView
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.holders import Holder
from bursar.house import House
from bursar.identity import Permission, Scope

PATH: Final = "/{holder_id:str}/payout-preferences"
_MAY_CHANGE: Final = Either(Scope.HOLDERS_WRITE, Permission.MANAGE_HOLDERS)
_MAY_LOOK: Final = Either(Scope.HOLDERS_READ, Permission.VIEW)


@get(
    PATH,
    needs=_MAY_LOOK,
    doc=Doc(
        summary="Show a holder's payout preferences",
        answers=WishesView,
        shows=examples.PREFERENCES,
        refuses=(404,),
    ),
)
async def show_preferences(holder_id: FromPath[str], request: PlatformRequest, state: State) -> WishesView:
    """Show what was said about a holder to the runs."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        holder = await scope.holder(tx, request, holder_id)
        return await _view(tx, holder)


@patch(
    PATH,
    needs=_MAY_CHANGE,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Change a holder's payout preferences",
        takes=WishesBody,
        examples=examples.WISHES,
        answers=WishesView,
        shows=examples.PREFERENCES,
        refuses=(404, 409),
    ),
)
async def change_preferences(holder_id: FromPath[str], request: PlatformRequest, state: State) -> WishesView:
    """Say how a holder wants to be paid by runs: from a minimum of their own, on days of their own, not for a while.

    It counts for every run that begins afterwards. The program's own minimum always counts too. Whoever has a schedule
    is paid the whole balance when it comes round, and nothing for single orders in between.
    """
    house: House = state.house
    body = await reading.json(request, WishesBody)
    async with house.database.transaction() as tx:
        holder = await scope.holder(tx, request, holder_id)
        currency = (await house.book.judge(tx, {holder.program}))[holder.program].currency
        if body.minimum is not UNSET:
            least = Money.parse(body.minimum, currency, field="minimum") if body.minimum else None
            await holders.set_minimum(tx, [holder.id], minimum=least, actor=request.user.actor)
        await _pause(tx, holder, body, actor=request.user.actor)
        if body.schedule is None:
            await holders.drop_schedule(tx, [holder.id], actor=request.user.actor)
        elif body.schedule is not UNSET:
            await schedules.choose(tx, [holder], body.schedule.wish(), book=house.book, actor=request.user.actor)
        return await _view(tx, holder)


@put(
    f"{PATH}/hold",
    needs=Permission.MANAGE_HOLDERS,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Hold a holder's payouts by runs",
        takes=HoldBody,
        examples={"For a reason": {"reason": "Under investigation"}},
        answers=WishesView,
        shows=examples.PREFERENCES | {"held": True, "heldReason": "Under investigation"},
        refuses=(404,),
    ),
)
async def hold_holder(holder_id: FromPath[str], request: PlatformRequest, state: State) -> WishesView:
    """Have runs leave a holder out. What was asked for already goes on; a kill switch stops that."""
    house: House = state.house
    body = await reading.json(request, HoldBody)
    async with house.database.transaction() as tx:
        holder = await scope.holder(tx, request, holder_id)
        await holders.hold(tx, [holder.id], why=body.reason, actor=request.user.actor)
        return await _view(tx, holder)


@delete(
    f"{PATH}/hold",
    status_code=200,
    needs=Permission.MANAGE_HOLDERS,
    doc=Doc(
        summary="Let runs pay a holder again",
        answers=WishesView,
        shows=examples.PREFERENCES,
        refuses=(404,),
    ),
)
async def release_holder(holder_id: FromPath[str], request: PlatformRequest, state: State) -> WishesView:
    """Hold a holder no longer."""
    house: House = state.house
    async with house.database.transaction() as tx:
        holder = await scope.holder(tx, request, holder_id)
        await holders.release(tx, [holder.id], actor=request.user.actor)
        return await _view(tx, holder)


async def _pause(tx: Transaction, holder: Holder, body: WishesBody, *, actor: str) -> None:
    """Begin, move or end a pause, as far as the body speaks of it.

    Raises:
        Invalid: an end without a beginning, or before it.
    """
    if body.paused_from is UNSET and body.paused_until is UNSET:
        return
    since = moment(body.paused_from, field="pausedFrom") if body.paused_from else None
    until = moment(body.paused_until, field="pausedUntil") if body.paused_until else None
    if body.paused_from is UNSET:
        since = (await holders.preferences(tx, [holder.id]))[holder.id].paused_from or await tx.now()
    if since is None:
        if until is not None:
            raise Invalid(field="pausedUntil", rule="left out where pausedFrom is null")
        await holders.resume(tx, [holder.id], actor=actor)
    else:
        await holders.pause(tx, [holder.id], since=since, until=until, actor=actor)


async def _view(tx: Transaction, holder: Holder) -> WishesView:
    return WishesView.of((await holders.preferences(tx, [holder.id]))[holder.id])


router = Router(
    path="/api/holders",
    route_handlers=[show_preferences, change_preferences, hold_holder, release_holder],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Holders"],
)
