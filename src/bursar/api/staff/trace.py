"""Whichever id somebody has in hand, the whole story that it belongs to."""

from typing import Any, Final

from litestar import Router, get
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import identity, monitoring
from bursar.api.openapi import Doc
from bursar.api.staff import examples
from bursar.api.staff.wire import Envelope, envelope
from bursar.api.staff.wire_trace import StoryView
from bursar.house import House

_SHOWN: Final[dict[str, Any]] = {
    "asked": "corr_3f1c0a9be2d74c55a1f0",
    "matches": [
        {"what": "correlation", "id": "corr_3f1c0a9be2d74c55a1f0", "payoutId": examples.ID, "runId": None},
    ],
    "payouts": [
        {
            "id": examples.ID,
            "program": "merchants",
            "reference": "test-success",
            "amount": "1000.00",
            "currency": "PKR",
            "state": "completed",
            "reason": None,
            "gatewayReference": "7c21e0",
            "correlationId": "corr_3f1c0a9be2d74c55a1f0",
        }
    ],
    "hasMore": False,
    "correlationIds": ["corr_3f1c0a9be2d74c55a1f0"],
    "lines": [
        {
            "timestamp": examples.AT,
            "kind": "attempt",
            "text": "attempt 1: paid",
            "facts": {"attempt": 1, "gateway": "bank", "outcome": "paid"},
            "payoutId": examples.ID,
        }
    ],
}


@get(
    "/{name:str}",
    needs=identity.Permission.VIEW,
    doc=Doc(
        summary="Follow an id",
        answers=Envelope[StoryView],
        shows=examples.envelope(_SHOWN, "Story found"),
        refuses=(404,),
    ),
)
async def follow_id(name: FromPath[str], state: State) -> Envelope[StoryView]:
    """Tell the whole story that an id belongs to, whichever kind of id it is.

    A payout, run, batch, attempt, message, delivery, notice, earning, order, alert, break or reconciliation item; a
    correlation id or a request's id; what a gateway or the asker calls it; an idempotency key.
    """
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        story = await monitoring.trace(tx, name)
    return envelope(StoryView.of(story), "Story found", at=house.clock.now())


router = Router(path="/api/admin/trace", route_handlers=[follow_id], tags=["Staff: monitoring"])
