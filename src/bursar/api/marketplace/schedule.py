"""When scouts and sellers want to be paid, as they say it themselves: daily, weekly or monthly."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Router, delete, get, put
from litestar.datastructures import State

from bursar import holders, schedules
from bursar.api import problems, reading
from bursar.api.entry import HolderRequest, Needs
from bursar.api.marketplace.wire import Paise
from bursar.api.openapi import Doc
from bursar.api.own_schedules import ScheduleBody
from bursar.foundation.clock import timestamp
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.holders import Every, Preferences
from bursar.house import House
from bursar.programs import Terms

_SHOWN: Final[dict[str, Any]] = {
    "offered": True,
    "frequency": "weekly",
    "day": 1,
    "hour": 9,
    "time_zone": "Asia/Kolkata",
    "minimum_paise": 100_000,
    "next_at": "2026-01-12T03:30:00.000Z",
    "last_at": "2026-01-05T03:30:01.204Z",
    "last_reason": None,
}
_NONE: Final[dict[str, Any]] = _SHOWN | {"frequency": None, "day": None, "hour": None, "next_at": None, "last_at": None}


class MyScheduleBody(ScheduleBody, forbid_unknown_fields=True, kw_only=True):
    """When you want to be paid, and how much it has to be by then; without a minimum, the program's own counts."""

    minimum_paise: Paise | None = None


class MyScheduleView(msgspec.Struct, kw_only=True):
    """When you are paid. Without a `frequency` you are paid for what you ask for, and for each completed order.

    `last_reason` says why nothing was paid when it last came round; `null` where a payout was asked for. `offered`:
    whether there are schedules of one's own here. Times are UTC; `hour` is on the clock of `time_zone`.
    """

    offered: bool
    frequency: Every | None
    day: int | None
    hour: int | None
    time_zone: str | None
    minimum_paise: int | None
    next_at: str | None
    last_at: str | None
    last_reason: Annotated[str | None, msgspec.Meta(examples=["nothing_to_pay", "own_minimum"])]

    @classmethod
    def of(cls, said: Preferences, terms: Terms) -> "MyScheduleView":
        """Show what was said; a schedule where there are none any more does not count."""
        offered = terms.runs.own_schedules
        kept = said.schedule if offered else None
        return cls(
            offered=offered,
            frequency=kept.wish.every if kept else None,
            day=kept.wish.day if kept else None,
            hour=kept.wish.hour if kept else None,
            time_zone=terms.dispatch.time_zone,
            minimum_paise=said.minimum.minor if said.minimum else None,
            next_at=timestamp(kept.next_at) if kept else None,
            last_at=timestamp(kept.last_at) if kept and kept.last_at else None,
            last_reason=kept.last_reason if kept else None,
        )


@get(
    "/",
    needs=Needs.HOLDER,
    doc=Doc(summary="Show when you are paid", answers=MyScheduleView, shows=_SHOWN),
)
async def show_my_schedule(request: HolderRequest, state: State) -> MyScheduleView:
    """Show when you are paid by a schedule of your own, if you have one, and what came of it the last time."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        return await _view(tx, request, house)


@put(
    "/",
    needs=Needs.HOLDER,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Choose when you are paid",
        takes=MyScheduleBody,
        examples={
            "On Mondays": {"frequency": "weekly", "day": 1, "hour": 9},
            "At the end of the month, from 1,000 rupees": {"frequency": "monthly", "day": 31, "minimum_paise": 100_000},
        },
        answers=MyScheduleView,
        shows=_SHOWN,
        refuses=(409,),
    ),
)
async def choose_my_schedule(request: HolderRequest, state: State) -> MyScheduleView:
    """Be paid everything that is there on days of your own choice, and nothing for single orders in between.

    You are paid with the first run from that hour on. What you ask for yourself is paid as ever.
    """
    house: House = state.house
    holder, actor = request.user.holder, request.user.actor
    body = await reading.json(request, MyScheduleBody)
    async with house.database.transaction() as tx:
        await schedules.choose(tx, [holder], body.wish(), book=house.book, actor=actor)
        currency = (await house.book.judge(tx, {holder.program}))[holder.program].currency
        least = None if body.minimum_paise is None else Money(body.minimum_paise, currency)
        await holders.set_minimum(tx, [holder.id], minimum=least, actor=actor)
        return await _view(tx, request, house)


@delete(
    "/",
    status_code=200,
    needs=Needs.HOLDER,
    doc=Doc(summary="Have no schedule of your own", answers=MyScheduleView, shows=_NONE),
)
async def drop_my_schedule(request: HolderRequest, state: State) -> MyScheduleView:
    """Be paid for what you ask for and for each completed order again. A minimum of your own is taken back as well."""
    house: House = state.house
    holder, actor = request.user.holder, request.user.actor
    async with house.database.transaction() as tx:
        await holders.drop_schedule(tx, [holder.id], actor=actor)
        await holders.set_minimum(tx, [holder.id], minimum=None, actor=actor)
        return await _view(tx, request, house)


async def _view(tx: Transaction, request: HolderRequest, house: House) -> MyScheduleView:
    holder = request.user.holder
    terms = (await house.book.judge(tx, {holder.program}))[holder.program]
    return MyScheduleView.of((await holders.preferences(tx, [holder.id]))[holder.id], terms)


router = Router(
    path="/api/payouts/my-schedule",
    route_handlers=[show_my_schedule, choose_my_schedule, drop_my_schedule],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Marketplace: payouts"],
    opt={"naming": problems.snake},
)
