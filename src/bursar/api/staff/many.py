"""What staff decide about many payouts at once, each of which is done or refused on its own."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from litestar import Router, post
from litestar.datastructures import State

from bursar import dispatch, identity, payouts
from bursar.api import parts, reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.staff import examples
from bursar.api.staff.wire import Envelope, envelope
from bursar.api.staff.wire_many import SHOWN, ManyBody, ManyView, ProcessBody
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.house import House
from bursar.payouts import Payout

WAITING_MAX: Final = 10_000  # As many of a program as one request sends on, in some seconds.
P: Final = identity.Permission

Results = dict[UUID, Payout | Refusal]
Verb = Callable[[Transaction, Sequence[UUID]], Awaitable[list[Payout | Refusal]]]


def _doc(summary: str, message: str, *, takes: type = ManyBody, example: dict[str, Any]) -> Doc:
    """All are asked for and answered alike."""
    return Doc(
        summary=summary,
        takes=takes,
        examples={"These": example},
        answers=Envelope[ManyView],
        shows=examples.envelope(SHOWN, message),
        refuses=(404,) if takes is ProcessBody else (),
    )


@post(
    "/process",
    status_code=200,
    needs=P.RETRY_PAYOUTS,
    doc=_doc("Send many payouts now", "Payouts will be sent now", takes=ProcessBody, example={"ids": [examples.ID]}),
)
async def process_payouts(request: PersonRequest, state: State) -> Envelope[ManyView]:
    """Send payouts without waiting for their time: those that are named, or all of a program that wait to leave.

    Of a program they are the ten thousand that were asked for first; while `hasMore`, ask again. What stops a payout
    otherwise goes on to stop it.
    """
    house: House = state.house
    body = await reading.json(request, ProcessBody)
    ids, has_more = (body.ids, False) if body.ids else await _waiting(house, str(body.program))
    view = ManyView.of(await _each(house, ids, payouts.hurry), has_more=has_more)
    house.ringer.ring(dispatch.BELL)
    return envelope(view, "Payouts will be sent now", at=house.clock.now())


@post(
    "/retry",
    status_code=200,
    needs=P.RETRY_PAYOUTS,
    doc=_doc("Send many failed payouts again", "Payouts will be sent again", example={"ids": [examples.ID]}),
)
async def retry_payouts(request: PersonRequest, state: State) -> Envelope[ManyView]:
    """Send failed payouts again; their money is reserved anew, which may be refused."""
    house: House = state.house
    body = await reading.json(request, ManyBody)

    async def retry(tx: Transaction, ids: Sequence[UUID]) -> list[Payout | Refusal]:
        return await payouts.retry(tx, ids, actor=request.user.actor, book=house.book, reason=body.reason)

    view = ManyView.of(await _each(house, body.ids, retry))
    house.ringer.ring(dispatch.BELL)
    return envelope(view, "Payouts will be sent again", at=house.clock.now())


@post(
    "/cancel",
    status_code=200,
    needs=P.CANCEL_PAYOUTS,
    doc=_doc("Cancel many payouts", "Payouts cancelled", example={"ids": [examples.ID], "reason": "Asked for twice"}),
)
async def cancel_payouts(request: PersonRequest, state: State) -> Envelope[ManyView]:
    """Withdraw payouts that have not been handed to a gateway; their money is available again."""
    house: House = state.house
    body = await reading.json(request, ManyBody)

    async def cancel(tx: Transaction, ids: Sequence[UUID]) -> list[Payout | Refusal]:
        return await payouts.cancel(tx, ids, actor=request.user.actor, book=house.book, reason=body.reason)

    view = ManyView.of(await _each(house, body.ids, cancel))
    return envelope(view, "Payouts cancelled", at=house.clock.now())


async def _each(house: House, ids: Sequence[UUID], do: Verb) -> Results:
    """By payout: what became of it. Whoever names one twice means it once."""
    once = list(dict.fromkeys(ids))
    return dict(zip(once, await parts.each(house, once, do), strict=True))


async def _waiting(house: House, program: str) -> tuple[list[UUID], bool]:
    """The payouts of a program that wait to leave, and whether there are more.

    Raises:
        NoSuchProgram: there is no such program.
    """
    async with house.database.transaction(readonly=True) as tx:
        await house.book.judge(tx, {program})
        ids = await payouts.ids_waiting(tx, program, limit=WAITING_MAX + 1)
    return ids[:WAITING_MAX], len(ids) > WAITING_MAX


router = Router(
    path="/api/payouts",
    route_handlers=[process_payouts, retry_payouts, cancel_payouts],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Staff: payouts"],
)
