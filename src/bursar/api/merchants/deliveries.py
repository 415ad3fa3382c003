"""What was delivered to a merchant's endpoints, try by try, and sending it again."""

from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar.api import reading
from bursar.api.entry import KeyRequest
from bursar.api.filters import moment
from bursar.api.merchants import examples
from bursar.api.merchants.endpoints import READ, WRITE, identified
from bursar.api.merchants.wire_webhooks import (
    DeliveryDetail,
    DeliveryQuery,
    DeliveryView,
    ReplayBody,
    Replayed,
    TryView,
)
from bursar.api.openapi import Doc
from bursar.api.paging import Page, page
from bursar.foundation.clock import timestamp
from bursar.house import House
from bursar.outbound import webhooks


@get(
    "/{endpoint_id:str}/deliveries",
    needs=READ,
    doc=Doc(
        summary="List webhook deliveries",
        query=DeliveryQuery,
        answers=Page[DeliveryView],
        shows=examples.page(examples.DELIVERY),
        refuses=(404,),
    ),
)
async def list_deliveries(endpoint_id: FromPath[str], request: KeyRequest, state: State) -> Page[DeliveryView]:
    """List what was or is being delivered to one of your endpoints, newest first."""
    house: House = state.house
    asked = reading.query(request, DeliveryQuery)
    async with house.database.transaction(readonly=True) as tx:
        found = await webhooks.deliveries(
            tx,
            identified(endpoint_id),
            holder_id=request.user.holder,
            state=asked.state or None,
            before=asked.before,
            limit=asked.limit + 1,
        )
    return page(found, limit=asked.limit, show=DeliveryView.of)


@get(
    "/{endpoint_id:str}/deliveries/{delivery_id:str}",
    needs=READ,
    doc=Doc(
        summary="Show a webhook delivery",
        answers=DeliveryDetail,
        shows=examples.DELIVERY | {"history": [examples.TRY]},
        refuses=(404,),
    ),
)
async def show_delivery(
    endpoint_id: FromPath[str], delivery_id: FromPath[str], request: KeyRequest, state: State
) -> DeliveryDetail:
    """Show one delivery with every try."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        found, tries = await webhooks.delivery(
            tx, _identified(delivery_id), endpoint_id=identified(endpoint_id), holder_id=request.user.holder
        )
    history = [TryView(each.number, timestamp(each.at), each.status, each.error, each.duration_ms) for each in tries]
    return DeliveryDetail(**msgspec.structs.asdict(DeliveryView.of(found)), history=history)


@post(
    "/{endpoint_id:str}/deliveries/{delivery_id:str}/replay",
    status_code=202,
    needs=WRITE,
    doc=Doc(
        summary="Send a message again",
        answers=DeliveryView,
        shows=examples.DELIVERY | {"state": "waiting", "tries": 0, "lastStatus": None, "finishedAt": None},
        refuses=(404, 409),
    ),
)
async def replay_delivery(
    endpoint_id: FromPath[str], delivery_id: FromPath[str], request: KeyRequest, state: State
) -> DeliveryView:
    """Send a message again: the same bytes under the same `webhook-id`, in a delivery of its own."""
    house: House = state.house
    async with house.database.transaction() as tx:
        begun = await webhooks.replay(
            tx,
            _identified(delivery_id),
            endpoint_id=identified(endpoint_id),
            holder_id=request.user.holder,
            at=house.clock.now(),
        )
    house.ringer.ring(webhooks.BELL)
    return DeliveryView.of(begun)


@post(
    "/{endpoint_id:str}/test",
    status_code=202,
    needs=WRITE,
    doc=Doc(
        summary="Send a test message",
        answers=DeliveryView,
        shows=examples.DELIVERY | {"event": "webhook.test", "payoutId": None, "state": "waiting", "tries": 0},
        refuses=(404, 409),
    ),
)
async def try_endpoint(endpoint_id: FromPath[str], request: KeyRequest, state: State) -> DeliveryView:
    """Send `webhook.test` to one of your endpoints, on the way that all messages take."""
    house: House = state.house
    caller = request.user
    async with house.database.transaction() as tx:
        terms = (await house.book.judge(tx, {caller.program}))[caller.program]
        begun = await webhooks.send_test(
            tx,
            identified(endpoint_id),
            holder_id=caller.holder,
            terms=terms.webhooks,
            at=house.clock.now(),
        )
    house.ringer.ring(webhooks.BELL)
    return DeliveryView.of(begun)


@post(
    "/{endpoint_id:str}/replay",
    status_code=202,
    needs=WRITE,
    doc=Doc(
        summary="Send everything since a moment again",
        takes=ReplayBody,
        examples={"Since a day": {"since": "2025-12-12"}},
        answers=Replayed,
        shows={"count": 17},
        refuses=(404, 409),
    ),
)
async def replay_since(endpoint_id: FromPath[str], request: KeyRequest, state: State) -> Replayed:
    """Send again every message since a moment, those among them that were written while the endpoint was disabled."""
    house: House = state.house
    since = moment((await reading.json(request, ReplayBody)).since, field="since")
    async with house.database.transaction() as tx:
        count = await webhooks.replay_since(
            tx,
            identified(endpoint_id),
            holder_id=request.user.holder,
            since=since,
            at=house.clock.now(),
        )
    house.ringer.ring(webhooks.BELL)
    return Replayed(count)


def _identified(text: str) -> UUID:
    return reading.identified(text, webhooks.NoSuchDelivery, of="delivery")


router = Router(
    path="/api/v1/webhook-endpoints",
    route_handlers=[list_deliveries, show_delivery, replay_delivery, try_endpoint, replay_since],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Webhooks"],
)
