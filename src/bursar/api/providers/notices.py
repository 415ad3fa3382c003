"""What a provider is told by e-mail and in browsers: what they want to be told, and what they were told."""

from typing import Any, Final

from litestar import Router, get, put
from litestar.datastructures import State

from bursar.api import reading
from bursar.api.entry import HolderRequest, Needs
from bursar.api.openapi import Doc
from bursar.api.paging import Page, PageQuery, page
from bursar.api.providers.wire_notices import NoticeView, Preferences, PreferencesBody
from bursar.house import House
from bursar.outbound import notices

_SHOWN: Final[dict[str, Any]] = {
    "data": [
        {"kind": "completed", "email": True, "push": False, "optional": True},
        {"kind": "destination_changed", "email": True, "push": True, "optional": False},
    ]
}
_NOTICE: Final[dict[str, Any]] = {
    "id": "01a1f850-5d42-7c08-a4d6-d16c0fa92a68",
    "kind": "completed",
    "channel": "email",
    "to": "a…@example.com",
    "payoutId": "01a1f84d-1635-77c0-b7a3-e475ba4809c3",
    "state": "sent",
    "reason": None,
    "tries": 1,
    "nextTryAt": None,
    "createdAt": "2025-12-12T11:13:51.708Z",
    "finishedAt": "2025-12-12T11:13:52.113Z",
}


@get(
    "/notice-preferences",
    needs=Needs.HOLDER,
    doc=Doc(summary="Show what you are told", answers=Preferences, shows=_SHOWN),
)
async def show_preferences(request: HolderRequest, state: State) -> Preferences:
    """Show what you are told, and how. What guards your money is not optional: you are always told."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        return Preferences.of(await notices.wishes(tx, request.user.holder.id))


@put(
    "/notice-preferences",
    needs=Needs.HOLDER,
    doc=Doc(
        summary="Choose what you are told",
        takes=PreferencesBody,
        examples={"No e-mails about completed payouts": {"preferences": [{"kind": "completed", "email": False}]}},
        answers=Preferences,
        shows=_SHOWN,
        refuses=(409,),
    ),
)
async def set_preferences(request: HolderRequest, state: State) -> Preferences:
    """Choose what you are told, and how; what is left out stays as it is.

    It counts for what happens from now on, and for everybody who acts for you.
    """
    house: House = state.house
    body = await reading.json(request, PreferencesBody)
    async with house.database.transaction() as tx:
        return Preferences.of(await notices.set_wishes(tx, request.user.holder.id, body.wishes()))


@get(
    "/notices",
    needs=Needs.HOLDER,
    doc=Doc(
        summary="List notices",
        query=PageQuery,
        answers=Page[NoticeView],
        shows={"data": [_NOTICE], "nextCursor": None, "hasMore": False},
    ),
)
async def list_notices(request: HolderRequest, state: State) -> Page[NoticeView]:
    """List what you were told, or were to be told, newest first, and what became of it."""
    house: House = state.house
    asked = reading.query(request, PageQuery)
    async with house.database.transaction(readonly=True) as tx:
        found = await notices.to_holder(tx, request.user.holder.id, before=asked.before, limit=asked.limit + 1)
    return page(found, limit=asked.limit, show=NoticeView.of)


router = Router(
    path="/api/provider",
    route_handlers=[show_preferences, set_preferences, list_notices],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Providers: notices"],
)
