"""All payouts of all programs, as staff look at them."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Stream

from bursar import approvals, earnings, holders, identity, monitoring, orders, payouts, programs
from bursar.api import exports, reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.paging import page
from bursar.api.providers.payouts import request_payout
from bursar.api.staff import examples
from bursar.api.staff.wire import Envelope, NumberedPageEnvelope, PayoutDetail, StaffPayoutView, envelope
from bursar.api.staff.wire_list import StaffPayoutQuery
from bursar.foundation import ids
from bursar.foundation.clock import timestamp
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.house import House

TAGS: Final = ("Staff: payouts",)
COLUMNS: Final = (
    "id", "program", "holder", "reference", "amount", "currency", "state", "reason", "gateway", "gatewayReference",
    "attempts", "createdAt", "updatedAt", "processedAt", "kind", "orderId", "netted",
)  # fmt: skip


@get(
    "/",
    needs=identity.Permission.VIEW,
    tags=TAGS,
    doc=Doc(
        summary="List all payouts",
        query=StaffPayoutQuery,
        answers=NumberedPageEnvelope[StaffPayoutView],
        shows=examples.envelope([examples.PAYOUT], "Payouts found") | {"nextCursor": None, "hasMore": False},
        answers_also={exports.MEDIA: exports.lines([COLUMNS])},
        refuses=(404,),
    ),
)
async def list_all_payouts(request: PersonRequest, state: State) -> Response[Any] | Stream:
    """List the payouts of all programs, newest first.

    With `page`, counted from 1, it is told how many there are in all; `cursor` goes on without counting, and misses
    nothing that comes in meanwhile. `pending` and `processing` stand for all states of which the marketplace says so.
    As CSV (`Accept: text/csv` or `format=csv`) the list is whole: `limit` and `cursor` are for JSON.
    """
    house: House = state.house
    asked = reading.query(request, StaffPayoutQuery)
    query = await _query(house, asked)

    async def read(before: UUID | None, limit: int) -> Sequence[StaffPayoutView]:
        async with house.database.transaction(readonly=True) as tx:
            return await _views(tx, await payouts.page(tx, replace(query, before=before, limit=limit)))

    if exports.is_wanted(request, asked.format):
        return await exports.answer(COLUMNS, read, row=_row, name="payouts")
    query = replace(query, offset=asked.offset)
    shown = page(await read(asked.before, asked.limit + 1), limit=asked.limit, show=lambda view: view)
    at = timestamp(house.clock.now())
    answer = NumberedPageEnvelope(shown.data, shown.next_cursor, shown.has_more, "Payouts found", at)
    if asked.page:
        async with house.database.transaction(readonly=True) as tx:
            answer.total = sum(count for count, _ in (await payouts.count(tx, query)).values())
        answer.page, answer.pages = asked.page, max(1, ceil(answer.total / asked.limit))
    return Response(answer)


@get(
    "/{payout_id:str}",
    needs=identity.Permission.VIEW,
    tags=TAGS,
    doc=Doc(
        summary="Show any payout",
        answers=Envelope[PayoutDetail],
        shows=examples.envelope(examples.DETAIL, "Payout found"),
        refuses=(404,),
    ),
)
async def show_any_payout(payout_id: FromPath[str], state: State) -> Envelope[PayoutDetail]:
    """Show one payout with everything that happened to it: checks, votes, moves, attempts, reports, money, messages."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        payout = await payouts.get(tx, identified(payout_id))
        [view] = await _views(tx, [payout])
        poll = (await approvals.polls(tx, [payout.id])).get(payout.id)
        stands_for = (await earnings.of_payouts(tx, [payout.id])).get(payout.id, ())
        entries = await monitoring.timeline(tx, payout)
    detail = PayoutDetail.whole(view, payout, poll=poll, stands_for=stands_for, entries=entries)
    return envelope(detail, "Payout found", at=house.clock.now())


def identified(text: str) -> UUID:
    """A payout's id as it was sent.

    Raises:
        NoSuchPayout: it is no id at all.
    """
    return reading.identified(text, payouts.NoSuchPayout, of="payout")


async def view_of(tx: Transaction, payout: payouts.Payout) -> StaffPayoutView:
    """One payout as staff see it."""
    [view] = await _views(tx, [payout])
    return view


async def _views(tx: Transaction, found: Sequence[payouts.Payout]) -> list[StaffPayoutView]:
    owners = await holders.find(tx, {payout.holder_id for payout in found})
    return [StaffPayoutView.of(payout, owners[payout.holder_id]) for payout in found]


async def holder_id_of(tx: Transaction, given: str | None, *, program: str | None) -> UUID | None:
    """The id of the holder that staff named, by it or by what the program's platform calls them; None for none.

    Raises:
        NoSuchHolder: there is none.
        Invalid: it is no id, and no program was named.
    """
    if given is None:
        return None
    if program is not None and (found := await holders.by_references(tx, [(program, given)])):
        return found[program, given].id
    if (by_id := ids.parse(given)) is not None:
        return by_id
    if program is None:
        raise Invalid(field="program", rule="present where a holder is not named by our id")
    raise holders.NoSuchHolder(program=program, reference=given)


async def _query(house: House, asked: StaffPayoutQuery) -> payouts.Query:
    program = asked.program or None
    query = payouts.Query(
        program=program,
        states=asked.states,
        search=asked.search or None,
        since=asked.begin,
        until=asked.end,
        reviewed=None if asked.flagged is msgspec.UNSET else asked.flagged,
        verdicts=frozenset(asked.verdict),
        kinds=frozenset(asked.kind),
    )
    if program is None and (asked.amount_min or asked.amount_max):
        raise Invalid(field="program", rule="present where an amount is; amounts are in its currency")
    async with house.database.transaction(readonly=True) as tx:
        query = replace(
            query,
            holder_id=await holder_id_of(tx, asked.holder or None, program=program),
            order_id=await _order_id_of(tx, asked.order or None, program=program),
        )
        if program is None:
            return query
        currency = (await programs.terms(tx, program)).currency
    return replace(query, amount_min=asked.least(currency), amount_max=asked.most(currency))


async def _order_id_of(tx: Transaction, given: str | None, *, program: str | None) -> UUID | None:
    """The same of an order."""
    if given is None:
        return None
    if program is not None:
        return (await orders.get(tx, given, program=program)).id
    if (by_id := ids.parse(given)) is not None:
        return by_id
    raise Invalid(field="program", rule="present where an order is not named by our id")


def _row(view: StaffPayoutView) -> exports.Row:
    cells = msgspec.to_builtins(view) | {"holder": view.holder.reference}
    return [cells[column] for column in COLUMNS]


# The framework wants all verbs of one path in one router; asking under this path is the providers'.
router = Router(path="/api/payouts", route_handlers=[list_all_payouts, show_any_payout, request_payout])
