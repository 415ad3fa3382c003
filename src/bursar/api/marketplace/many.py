"""Many orders in one request, each of which succeeds or fails on its own."""

from collections.abc import Sequence
from typing import Final

from litestar import Router, post
from litestar.datastructures import State

from bursar import dispatch, orders
from bursar.api import parts, problems, reading
from bursar.api.entry import PlatformRequest, SharedRequest
from bursar.api.marketplace import examples, whose
from bursar.api.marketplace.orders import COMPLETE, CREATE, create
from bursar.api.marketplace.wire import ProgramOfQuery
from bursar.api.marketplace.wire_orders import BODIES, CompleteBody, CompletedAnswer, CreatedAnswer, OrderBody
from bursar.api.openapi import Doc
from bursar.foundation import log
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.house import House
from bursar.orders import Completion, Step

BULK_BYTES_MAX: Final = 8 * 1024 * 1024  # Ten thousand orders with long names.

_log = log.get(__name__)


@post(
    "/bulk",
    status_code=200,
    needs=CREATE,
    doc=Doc(
        summary="Create many orders",
        query=ProgramOfQuery,
        takes_also=BODIES,
        answers=CreatedAnswer,
        shows={
            "rows": 2,
            "created": 1,
            "created_before": 1,
            "refused": 0,
            "results": [
                {"row": 1, "order_id": "order-17", "id": examples.ID},
                {"row": 2, "order_id": "order-18", "id": examples.ID, "replayed": True},
            ],
        },
        refuses=(404,),
    ),
)
async def create_orders(request: PlatformRequest, state: State) -> CreatedAnswer:
    """Create many orders, each of which succeeds or fails on its own; one result for each item, in their order.

    If you got no answer, send the request again: each order counts once.
    """
    house: House = state.house
    items, is_many = await reading.one_or_many(request, OrderBody)
    if not is_many:
        raise problems.Unreadable(field="body", rule="an array of orders")
    results = await create(house, items, program=whose.asked_program(request, house), actor=request.user.actor)
    return CreatedAnswer.of(results)


@post(
    "/complete",
    status_code=200,
    needs=COMPLETE,
    doc=Doc(
        summary="Complete many orders",
        query=ProgramOfQuery,
        takes=CompleteBody,
        examples={"Two": {"order_ids": ["order-17", "order-18"]}},
        answers=CompletedAnswer,
        shows={
            "completed": 1,
            "completed_before": 0,
            "refused": 1,
            "results": [
                {"order_id": "order-17", "status": "completed", "payout_id": examples.ID},
                {"order_id": "order-18", "error": examples.NO_SUCH_ORDER},
            ],
        },
    ),
)
async def complete_orders(request: SharedRequest, state: State) -> CompletedAnswer:
    """Complete many orders, each of which succeeds or fails on its own; one result for each, in their order."""
    house: House = state.house
    body = await reading.json(request, CompleteBody)
    who = whose.known(request, house)
    wanted = [_step(order, who) for order in body.order_ids]

    async def complete(tx: Transaction, steps: Sequence[Step]) -> list[Completion | Refusal]:
        return await orders.complete(tx, steps, desk=house.desk, at=house.clock.now())

    results = await parts.each(house, wanted, complete)
    house.ringer.ring(dispatch.BELL)
    answer = CompletedAnswer.of(body.order_ids, results)
    _log.info("orders.completed", program=who.program, count=answer.completed)
    return answer


def _step(order: str, who: whose.Known) -> Step | Refusal:
    if not whose.is_name(order):
        return orders.NoSuchOrder(order=order)
    return who.step(order, correlation_id=log.correlation_id())


router = Router(
    path="/api/orders",
    route_handlers=[create_orders, complete_orders],
    request_max_body_size=BULK_BYTES_MAX,
    tags=["Marketplace: orders"],
    opt={"naming": problems.snake},
)
