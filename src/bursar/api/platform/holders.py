"""Holders, as platforms and staff make them known, vouch for them and find them."""

from typing import Final

from litestar import Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import holders, programs
from bursar.api import reading
from bursar.api.entry import Either, PlatformRequest
from bursar.api.openapi import Doc
from bursar.api.paging import Page, page
from bursar.api.platform import examples, scope
from bursar.api.platform.wire import (
    HolderBody,
    HolderQuery,
    HoldersBody,
    PlatformHolderDetail,
    PlatformHolderView,
    Registered,
    VerifyBody,
)
from bursar.foundation.errors import Invalid
from bursar.holders import NewHolder
from bursar.house import House
from bursar.identity import Permission, Scope

BODY_BYTES_MAX: Final = 1024 * 1024  # A thousand holders with long names.
_MAY_CHANGE: Final = Either(Scope.HOLDERS_WRITE, Permission.MANAGE_HOLDERS)
_MAY_LOOK: Final = Either(Scope.HOLDERS_READ, Permission.VIEW)


@post(
    "/",
    status_code=200,
    needs=_MAY_CHANGE,
    request_max_body_size=BODY_BYTES_MAX,
    doc=Doc(
        summary="Register holders",
        takes=HoldersBody,
        examples=examples.REGISTER,
        answers=Registered,
        shows={"data": [examples.HOLDER]},
        refuses=(404,),
    ),
)
async def register_holders(request: PlatformRequest, state: State) -> Registered:
    """Make holders known, or bring known ones up to date; a thousand at once, all of them or none.

    Sending the same again changes nothing. Whoever is known by a reference keeps it and their kind.
    """
    house: House = state.house
    body = await reading.json(request, HoldersBody)
    program = scope.program(request, body.program or None)
    if program is None:
        raise Invalid(field="program", rule="present")
    at = house.clock.now()
    async with house.database.transaction() as tx:
        terms = (await house.book.judge(tx, {program}))[program]
        registered = await holders.register(tx, [_newcomer(each, terms) for each in body.holders], at=at)
        for verified in (True, False):
            asked = {h.id for h, b in zip(registered, body.holders, strict=True) if b.verified is verified}
            await holders.verify(tx, asked, verified=verified, actor=request.user.actor, at=at)
        known = await holders.find(tx, {holder.id for holder in registered})
    return Registered([PlatformHolderView.of(known[holder.id]) for holder in registered])


@get(
    "/",
    needs=_MAY_LOOK,
    doc=Doc(summary="List holders", query=HolderQuery, answers=Page[PlatformHolderView], shows=examples.PAGE),
)
async def list_holders(request: PlatformRequest, state: State) -> Page[PlatformHolderView]:
    """List holders, newest first; with a key, those of its program."""
    house: House = state.house
    asked = reading.query(request, HolderQuery)
    program = scope.program(request, asked.program or None)
    async with house.database.transaction(readonly=True) as tx:
        found = await holders.list_page(
            tx, program=program, search=asked.search or None, after=asked.before, limit=asked.limit + 1
        )
    return page(found, limit=asked.limit, show=PlatformHolderView.of)


@get(
    "/{holder_id:str}",
    needs=_MAY_LOOK,
    doc=Doc(summary="Show a holder", answers=PlatformHolderDetail, shows=examples.DETAIL, refuses=(404,)),
)
async def show_holder(holder_id: FromPath[str], request: PlatformRequest, state: State) -> PlatformHolderDetail:
    """Show one holder, and where they want to be paid, as far as people may see that."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        holder = await scope.holder(tx, request, holder_id)
        stored = await holders.destinations_of(tx, [holder.id])
    return PlatformHolderDetail.whole(holder, stored[holder.id])


@post(
    "/{holder_id:str}/verify",
    status_code=200,
    needs=_MAY_CHANGE,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Vouch for a holder",
        takes=VerifyBody,
        examples={"From now on": {"verified": True}, "No longer": {"verified": False}},
        body_required=False,
        answers=PlatformHolderView,
        shows=examples.HOLDER,
        refuses=(404,),
    ),
)
async def verify_holder(holder_id: FromPath[str], request: PlatformRequest, state: State) -> PlatformHolderView:
    """Say that you know who this holder is, or take that back. The journal keeps who said so, and when."""
    house: House = state.house
    body = await reading.json(request, VerifyBody, optional=True)
    async with house.database.transaction() as tx:
        holder = await scope.holder(tx, request, holder_id)
        found = await holders.verify(
            tx, [holder.id], verified=body.verified, actor=request.user.actor, at=house.clock.now()
        )
    return PlatformHolderView.of(found[holder.id])


def _newcomer(body: HolderBody, terms: programs.Terms) -> NewHolder:
    """Somebody as the program may have them.

    Raises:
        Invalid: it has no holders of this kind.
    """
    kind = body.kind or terms.holder_kinds[0]
    if kind not in terms.holder_kinds:
        raise Invalid(field="kind", rule=f"one of {', '.join(terms.holder_kinds)}", given=kind)
    return NewHolder(terms.program, kind, body.reference, body.name, body.email or None)


router = Router(
    path="/api/holders", route_handlers=[register_holders, list_holders, show_holder, verify_holder], tags=["Holders"]
)
