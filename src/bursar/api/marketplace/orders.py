"""Orders, as the platform creates them, completes them and takes them back, and as sellers see theirs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, Router, get, patch, post
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Stream

from bursar import holders, orders
from bursar.api import exports, gathered, parts, problems, reading, requests
from bursar.api.entry import Either, PlatformRequest, Shared, SharedRequest
from bursar.api.marketplace import examples, whose
from bursar.api.marketplace.completing import Wanted
from bursar.api.marketplace.people import IDEMPOTENCY
from bursar.api.marketplace.wire import ProgramOfQuery
from bursar.api.marketplace.wire_orders import (
    CompletionView,
    OrderBody,
    OrderQuery,
    OrdersPage,
    OrderView,
    WhyBody,
)
from bursar.api.openapi import JSON, Doc
from bursar.foundation import log
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.house import House
from bursar.identity import Permission, Scope
from bursar.orders import Created, NewOrder, Order, Query, Step

CREATE: Final = Either(Scope.ORDERS_WRITE, Permission.MANAGE_ORDERS)
COMPLETE: Final = Shared(Scope.ORDERS_WRITE, Permission.MANAGE_ORDERS)
LOOK: Final = Shared(Scope.ORDERS_READ, Permission.VIEW)
COLUMNS: Final = tuple(
    field.encode_name for field in msgspec.structs.fields(OrderView) if field.name != "payout_refused"
)

_log = log.get(__name__)
_encode = msgspec.json.Encoder().encode


@post(
    "/",
    status_code=201,
    needs=CREATE,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Create an order",
        query=ProgramOfQuery,
        takes=OrderBody,
        examples={
            "With the fee of the terms": examples.ORDER_WANTED,
            "With a fee of its own": examples.ORDER_WANTED | {"order_id": "order-18", "fee_paise": 0},
        },
        answers=OrderView,
        shows=examples.ORDER,
        refuses=(404, 409),
    ),
)
async def create_order(request: PlatformRequest, state: State) -> Response[bytes]:
    """Create an order of a seller's; no money moves before it is completed.

    `order_id` is your own name, and counts once: the same content under it is answered with the order that is there,
    and with the header `Idempotent-Replayed: true`; other content is refused.
    """
    house: House = state.house
    body = await reading.json(request, OrderBody)
    [result] = await create(house, [body], program=whose.asked_program(request, house), actor=request.user.actor)
    if isinstance(result, Refusal):
        raise result
    async with house.database.transaction(readonly=True) as tx:
        [view] = await _views(tx, [result.order])
    extra = {} if result.is_new else {"idempotent-replayed": "true"}
    return Response(_encode(view), status_code=201, media_type=JSON, headers=extra)


@get(
    "/",
    needs=LOOK,
    doc=Doc(
        summary="List orders",
        query=OrderQuery,
        answers=OrdersPage,
        shows=examples.ORDERS_PAGE,
        answers_also={exports.MEDIA: exports.lines([COLUMNS])},
        refuses=(404,),
    ),
)
async def list_orders(request: SharedRequest, state: State) -> Response[Any] | Stream:
    """List the orders of a program, newest first; whoever acts for sellers sees theirs.

    As CSV (`Accept: text/csv` or `format=csv`) the list is whole: `limit` and `cursor` are for JSON.
    """
    house: House = state.house
    asked = reading.query(request, OrderQuery)
    query = await _query(request, asked, house)

    async def read(before: UUID | None, limit: int) -> Sequence[OrderView]:
        async with house.database.transaction(readonly=True) as tx:
            return await _views(tx, await orders.page(tx, replace(query, before=before, limit=limit)))

    if exports.is_wanted(request, asked.format):
        return await exports.answer(COLUMNS, read, row=_row, name="orders")
    return Response(OrdersPage.of(await read(asked.before, asked.limit + 1), limit=asked.limit))


@get(
    "/{order:str}",
    needs=LOOK,
    doc=Doc(summary="Show an order", query=ProgramOfQuery, answers=OrderView, shows=examples.SOLD, refuses=(404,)),
)
async def show_order(order: FromPath[str], request: SharedRequest, state: State) -> OrderView:
    """Show one order, by your own name for it or our id; another seller's is not found."""
    house: House = state.house
    program = whose.asked_program(request, house)
    async with house.database.transaction(readonly=True) as tx:
        found = await orders.get(tx, _named(order), program=program, sellers=whose.acts_for(request))
        [view] = await _views(tx, [found])
    return view


@patch(
    "/{order:str}/complete",
    needs=COMPLETE,
    doc=Doc(
        summary="Complete an order",
        query=ProgramOfQuery,
        headers=[IDEMPOTENCY],
        answers=CompletionView,
        shows=examples.COMPLETION,
        refuses=(400, 404, 409, 422),
    ),
)
async def complete_order(order: FromPath[str], request: SharedRequest, state: State) -> Response[bytes]:
    """Complete an order: its seller has earned the price, and a payout of it is asked for at once.

    Your fee and the bounty of the scout who recruited the seller are booked in the same moment. Completing again is
    answered with what came of it, so it pays once. Where no payout can be asked for, `payout_refused` says why, and the
    money is on the seller's balance. Sellers may complete their own orders if the program's terms let them.
    """
    house: House = state.house
    headers = request.scope["headers"]
    wanted = Wanted(
        by=whose.known(request, house),
        order=order,
        idempotency_key=requests.header(headers, b"idempotency-key", b"x-idempotency-key"),
        request_id=requests.request_id(headers),
    )
    return gathered.response(await state.completing.complete(wanted))


@patch(
    "/{order:str}/cancel",
    needs=CREATE,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Cancel an order",
        query=ProgramOfQuery,
        takes=WhyBody,
        examples={"With a reason": {"reason": "Sold out"}},
        body_required=False,
        answers=OrderView,
        shows=examples.CANCELLED,
        refuses=(404, 409),
    ),
)
async def cancel_order(order: FromPath[str], request: PlatformRequest, state: State) -> OrderView:
    """Cancel an order that is open; cancelling again is answered the same. A completed one is refunded instead."""
    house: House = state.house
    step = await _reasoned(order, request, house)
    async with house.database.transaction() as tx:
        [result] = await orders.cancel(tx, [step], at=house.clock.now())
        return await _decided(tx, result)


@post(
    "/{order:str}/refund",
    status_code=200,
    needs=CREATE,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Refund an order",
        query=ProgramOfQuery,
        takes=WhyBody,
        examples={"With a reason": {"reason": "Sent back"}},
        body_required=False,
        answers=OrderView,
        shows=examples.REFUNDED,
        refuses=(404, 409),
    ),
)
async def refund_order(order: FromPath[str], request: PlatformRequest, state: State) -> OrderView:
    """Take back what a completed order brought; refunding again is answered the same.

    A payout that has not left is cancelled, and the price is taken back. Once it has left, the seller owes the price,
    and their next payouts are less by it. Your fee and the scout's bounty are taken back in the same way.
    """
    house: House = state.house
    step = await _reasoned(order, request, house)
    async with house.database.transaction() as tx:
        [result] = await orders.refund(tx, [step], book=house.book, at=house.clock.now())
        return await _decided(tx, result)


async def create(
    house: House, items: Sequence[OrderBody | Refusal], *, program: str, actor: str
) -> list[Created | Refusal]:
    """Create what is wanted, each on its own."""
    terms = await parts.insist_on_count(house, len(items), program=program, of="orders")
    wanted = [
        item if isinstance(item, Refusal) else item.wanted(program, currency=terms.currency, created_by=actor)
        for item in items
    ]

    async def do(tx: Transaction, news: Sequence[NewOrder]) -> list[Created | Refusal]:
        return await orders.create(tx, news, book=house.book, at=house.clock.now())

    results = await parts.each(house, wanted, do)
    created = sum(1 for result in results if isinstance(result, Created) and result.is_new)
    _log.info("orders.created", program=program, count=created)
    return results


async def _query(request: SharedRequest, asked: OrderQuery, house: House) -> Query:
    program = whose.program(request, asked.program or None, house)
    query = Query(
        program=program,
        seller_ids=whose.acts_for(request),
        states=frozenset(asked.status),
        search=asked.search or None,
        since=asked.begin,
        until=asked.end,
    )
    if not asked.seller:
        return query
    async with house.database.transaction(readonly=True) as tx:
        seller = await whose.holder(tx, request, asked.seller, kind=holders.SELLER, program=program)
    return replace(query, seller_ids=frozenset({seller.id}))


async def _reasoned(order: str, request: PlatformRequest, house: House) -> Step:
    """A step with one order, and the reason that the body gives."""
    body = await reading.json(request, WhyBody, optional=True)
    who = whose.known(request, house)
    reason = None if body.reason is msgspec.UNSET else body.reason
    return who.step(_named(order), correlation_id=log.correlation_id(), reason=reason)


async def _decided(tx: Transaction, result: Order | Refusal) -> OrderView:
    """The order as the decision left it.

    Raises:
        Refusal: the decision was refused; the transaction is lost, and nothing was done.
    """
    if isinstance(result, Refusal):
        raise result
    [view] = await _views(tx, [result])
    return view


async def _views(tx: Transaction, found: Sequence[Order]) -> list[OrderView]:
    sellers = await holders.find(tx, {order.seller_id for order in found})
    return [OrderView.of(order, sellers[order.seller_id]) for order in found]


def _named(order: str) -> str:
    """An order's name as a path brought it.

    Raises:
        NoSuchOrder: nothing could be called so.
    """
    if not whose.is_name(order):
        raise orders.NoSuchOrder(order=order[:40])
    return order


def _row(view: OrderView) -> exports.Row:
    told = msgspec.to_builtins(view)
    return [told[column] for column in COLUMNS]


router = Router(
    path="/api/orders",
    route_handlers=[
        create_order,
        list_orders,
        show_order,
        complete_order,
        cancel_order,
        refund_order,
    ],
    tags=["Marketplace: orders"],
    opt={"naming": problems.snake},
)
