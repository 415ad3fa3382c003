"""Payouts as scouts and sellers look at their own."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Stream

from bursar import earnings, orders, payouts
from bursar.api import exports, problems, reading
from bursar.api.entry import ActingForAll, HoldersRequest, Needs
from bursar.api.marketplace import examples
from bursar.api.marketplace.wire import (
    WORDS,
    MarketPayoutDetail,
    MarketPayoutView,
    MarketStatus,
    MyPayouts,
    MyPayoutsQuery,
    states_heard_as,
)
from bursar.api.openapi import Doc
from bursar.api.providers.waiting import waiting_for
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money, total
from bursar.holders import SCOUT, SELLER, Holder
from bursar.house import House

COLUMNS: Final = tuple(field.encode_name for field in msgspec.structs.fields(MarketPayoutView))


@get(
    "/",
    needs=Needs.HOLDERS,
    doc=Doc(
        summary="List my payouts",
        query=MyPayoutsQuery,
        answers=MyPayouts,
        shows=examples.MY_PAYOUTS,
        answers_also={exports.MEDIA: exports.lines([COLUMNS])},
    ),
)
async def list_my_payouts(request: HoldersRequest, state: State) -> Response[Any] | Stream:
    """List the payouts of all scouts and sellers for whom you act, newest first, and what they come to.

    As CSV (`Accept: text/csv` or `format=csv`) the list is whole: `limit` and `cursor` are for JSON.
    """
    house: House = state.house
    asked = reading.query(request, MyPayoutsQuery)
    mine = await _in_one_currency(house, request.user, asked.program or None)
    all_mine = payouts.Query(holder_ids=frozenset(mine))
    query = replace(all_mine, states=states_heard_as(asked.status), since=asked.begin, until=asked.end)

    async def read(before: UUID | None, limit: int) -> Sequence[_Line]:
        async with house.database.transaction(readonly=True) as tx:
            found = await payouts.page(tx, replace(query, before=before, limit=limit))
            return [_Line(view.payout_id, view) for view in await views(tx, found, mine)]

    if exports.is_wanted(request, asked.format):
        return await exports.answer(COLUMNS, read, row=lambda line: line.row, name="payouts")
    found = await read(asked.before, asked.limit + 1)
    async with house.database.transaction(readonly=True) as tx:
        found_in_all = sum(count for count, _ in (await payouts.count(tx, query)).values())
        sums = _sums(await payouts.count(tx, all_mine))
    return Response(MyPayouts.of([line.view for line in found], limit=asked.limit, total=found_in_all, sums=sums))


@get(
    "/{payout_id:str}",
    needs=Needs.HOLDERS,
    doc=Doc(summary="Show one of my payouts", answers=MarketPayoutDetail, shows=examples.DETAIL, refuses=(404,)),
)
async def show_my_payout(payout_id: FromPath[str], request: HoldersRequest, state: State) -> MarketPayoutDetail:
    """Show one payout with its history in plain words, and what it waits for; somebody else's is not found."""
    house: House = state.house
    wanted = reading.identified(payout_id, payouts.NoSuchPayout, of="payout")
    mine = _mine(request.user)
    async with house.database.transaction(readonly=True) as tx:
        payout = await payouts.get(tx, wanted)
        if payout.holder_id not in mine:
            raise payouts.NoSuchPayout(payout=payout_id)
        terms = (await house.book.judge(tx, {payout.program}))[payout.program]
        [view] = await views(tx, [payout], mine)
        return MarketPayoutDetail.whole(
            view,
            waiting=await waiting_for(tx, payout, terms),
            history=await payouts.history(tx, payout.id),
            stands_for=(await earnings.of_payouts(tx, [payout.id])).get(payout.id, ()),
        )


async def views(
    tx: Transaction, found: Collection[payouts.Payout], owners: Mapping[UUID, Holder]
) -> list[MarketPayoutView]:
    """Payouts as marketplaces see them; ``owners`` are the holders whose they are, or more."""
    ordered = {payout.order_id for payout in found if payout.order_id is not None}
    known = await orders.get_many(tx, ordered) if ordered else {}
    return [
        MarketPayoutView.of(
            payout, owners[payout.holder_id], order=known[payout.order_id].reference if payout.order_id else None
        )
        for payout in found
    ]


class _Line(msgspec.Struct):
    """One line of a list."""

    id: UUID
    view: MarketPayoutView

    @property
    def row(self) -> exports.Row:
        """The line as CSV."""
        told = msgspec.to_builtins(self.view)
        return [told[column] for column in COLUMNS]


def _mine(acting: ActingForAll, program: str | None = None) -> dict[UUID, Holder]:
    """The scouts and sellers for whom somebody acts, in a program or in all."""
    return {
        holder.id: holder
        for holder in acting.holders
        if holder.kind in {SCOUT, SELLER} and program in {None, holder.program}
    }


async def _in_one_currency(house: House, acting: ActingForAll, program: str | None) -> dict[UUID, Holder]:
    """The same, if what they are paid can be added up.

    Raises:
        Invalid: their programs pay in different currencies.
    """
    mine = _mine(acting, program)
    programs = {holder.program for holder in mine.values()}
    async with house.database.transaction(readonly=True) as tx:
        terms = await house.book.judge(tx, programs)
    if len({each.currency for each in terms.values()}) > 1:
        raise Invalid(field="program", rule=f"one of {', '.join(sorted(programs))}, which pay in different currencies")
    return mine


def _sums(counts: Mapping[payouts.PayoutState, tuple[int, Sequence[Money]]]) -> dict[MarketStatus, int]:
    """What the payouts that stand so come to, in minor units of their one currency."""
    amounts: dict[MarketStatus, list[Money]] = {word: [] for word in MarketStatus}
    for state, (_, found) in counts.items():
        amounts[WORDS[state]] += found
    return {word: total(found, found[0].currency).minor if found else 0 for word, found in amounts.items()}


router = Router(
    path="/api/payouts/my-payouts",
    route_handlers=[list_my_payouts, show_my_payout],
    tags=["Marketplace: payouts"],
    opt={"naming": problems.snake},
)
