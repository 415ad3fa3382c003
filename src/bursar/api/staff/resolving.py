"""Ending an unknown outcome: two people say what became of a payout when no gateway ever told."""

from litestar import Router, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import approvals, dispatch, identity, payouts
from bursar.api import reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.staff import examples
from bursar.api.staff.payouts import identified, view_of
from bursar.api.staff.wire import Envelope, StaffPayoutView, envelope
from bursar.api.staff.wire_reconciliation import ResolveBody
from bursar.house import House


@post(
    "/{payout_id:str}/resolve",
    status_code=200,
    needs=identity.Permission.APPROVE_PAYOUTS,
    doc=Doc(
        summary="Say what became of a payout",
        takes=ResolveBody,
        examples={"It was paid": {"paid": True, "reason": "It is on the statement of the 19th"}},
        answers=Envelope[StaffPayoutView],
        shows=examples.envelope(examples.PAYOUT | {"state": "completed"}, "Payout resolved"),
        refuses=(404, 409),
    ),
)
async def resolve_payout(payout_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[StaffPayoutView]:
    """Say whether a payout whose outcome nobody knows was paid.

    Nothing moves until two different people have said the same; then it is completed, or fails and its money is
    available again. Look at the gateway's statement first: what is called not paid may be paid again. Where some of the
    money has left, as a transfer whose payout is missing, take it back there before you call it not paid.
    """
    house: House = state.house
    body = await reading.json(request, ResolveBody)
    known = identified(payout_id)
    async with house.database.transaction() as tx:
        standing = await dispatch.resolve(
            tx, known, person=request.user.id, paid=body.paid, reason=body.reason, scribe=dispatch.Scribe(house.book)
        )
        view = await view_of(tx, await payouts.get(tx, known))
    if standing is approvals.Standing.APPROVED:
        message = "Payout resolved"
    else:
        first = "" if body.paid else ". First take back at the gateway whatever of it has left"
        message = f"Recorded; one more has to say the same{first}"
    return envelope(view, message, at=house.clock.now())


router = Router(
    path="/api/payouts",
    route_handlers=[resolve_payout],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Staff: payouts"],
)
