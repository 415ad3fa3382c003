"""What staff decide about payouts: approve, reject, cancel, try again, send now."""

from collections.abc import Sequence
from typing import Final

from litestar import Router, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import approvals, dispatch, identity, payouts
from bursar.api import reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.staff import examples
from bursar.api.staff.payouts import identified, view_of
from bursar.api.staff.wire import Envelope, MustReasonBody, ReasonBody, StaffPayoutView, envelope
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.house import House

P: Final = identity.Permission


def _doc(summary: str, *, state: str, message: str, reason: type = ReasonBody) -> Doc:
    """All decisions are asked for and answered alike."""
    return Doc(
        summary=summary,
        takes=reason,
        examples={"With a reason": {"reason": "Checked with the merchant"}},
        body_required=reason is MustReasonBody,
        answers=Envelope[StaffPayoutView],
        shows=examples.envelope(examples.PAYOUT | {"state": state}, message),
        refuses=(404, 409),
    )


@post(
    "/{payout_id:str}/approve",
    status_code=200,
    needs=P.APPROVE_PAYOUTS,
    doc=_doc("Approve a payout", state="approved", message="Payout approved"),
)
async def approve_payout(payout_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[StaffPayoutView]:
    """Agree that a payout in review may leave.

    Nobody can agree to what they asked for themselves, to what pays a holder for whom they act, or twice.
    """
    house: House = state.house
    body = await reading.json(request, ReasonBody, optional=True)
    async with house.database.transaction() as tx:
        results = await payouts.approve(
            tx, [identified(payout_id)], person=request.user.id, book=house.book, reason=body.reason
        )
        view = await _decided(tx, results)
        missing = await _approvals_missing(tx, view)
    if missing:
        message = f"Approval recorded; {missing} more needed"
    else:
        message = "Payout approved"
        house.ringer.ring(dispatch.BELL)
    return envelope(view, message, at=house.clock.now())


@post(
    "/{payout_id:str}/reject",
    status_code=200,
    needs=P.REJECT_PAYOUTS,
    doc=_doc("Reject a payout", state="rejected", message="Payout rejected", reason=MustReasonBody),
)
async def reject_payout(payout_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[StaffPayoutView]:
    """Turn a payout in review down; one word is enough, and its money is available again."""
    house: House = state.house
    body = await reading.json(request, MustReasonBody)
    async with house.database.transaction() as tx:
        results = await payouts.reject(
            tx, [identified(payout_id)], person=request.user.id, book=house.book, reason=body.reason
        )
        view = await _decided(tx, results)
    return envelope(view, "Payout rejected", at=house.clock.now())


@post(
    "/{payout_id:str}/cancel",
    status_code=200,
    needs=P.CANCEL_PAYOUTS,
    doc=_doc("Cancel a payout", state="cancelled", message="Payout cancelled"),
)
async def cancel_any_payout(
    payout_id: FromPath[str], request: PersonRequest, state: State
) -> Envelope[StaffPayoutView]:
    """Withdraw a payout that has not been handed to a gateway; its money is available again."""
    house: House = state.house
    body = await reading.json(request, ReasonBody, optional=True)
    async with house.database.transaction() as tx:
        results = await payouts.cancel(
            tx, [identified(payout_id)], actor=request.user.actor, book=house.book, reason=body.reason
        )
        view = await _decided(tx, results)
    return envelope(view, "Payout cancelled", at=house.clock.now())


@post(
    "/{payout_id:str}/retry",
    status_code=200,
    needs=P.RETRY_PAYOUTS,
    doc=_doc("Send a failed payout again", state="approved", message="Payout will be sent again"),
)
async def retry_payout(payout_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[StaffPayoutView]:
    """Send a failed payout again; its money is reserved anew, which may be refused."""
    house: House = state.house
    body = await reading.json(request, ReasonBody, optional=True)
    async with house.database.transaction() as tx:
        results = await payouts.retry(
            tx, [identified(payout_id)], actor=request.user.actor, book=house.book, reason=body.reason
        )
        view = await _decided(tx, results)
    house.ringer.ring(dispatch.BELL)
    return envelope(view, "Payout will be sent again", at=house.clock.now())


@post(
    ["/{payout_id:str}/process", "/process/{payout_id:str}"],
    status_code=200,
    needs=P.RETRY_PAYOUTS,
    doc=Doc(
        summary="Send a payout now",
        answers=Envelope[StaffPayoutView],
        shows=examples.envelope(examples.PAYOUT | {"state": "approved"}, "Payout will be sent now"),
        refuses=(404, 409),
    ),
)
async def process_payout(payout_id: FromPath[str], state: State) -> Envelope[StaffPayoutView]:
    """Send an approved payout, or one that waits for its next attempt, without waiting for its time.

    What stops it otherwise (a kill switch, say) goes on to stop it.
    """
    house: House = state.house
    async with house.database.transaction() as tx:
        view = await _decided(tx, await payouts.hurry(tx, [identified(payout_id)]))
    house.ringer.ring(dispatch.BELL)
    return envelope(view, "Payout will be sent now", at=house.clock.now())


async def _decided(tx: Transaction, results: Sequence[payouts.Payout | Refusal]) -> StaffPayoutView:
    """The payout as the decision left it.

    Raises:
        Refusal: the decision was refused; the transaction is lost, and nothing was done.
    """
    [result] = results
    if isinstance(result, Refusal):
        raise result
    return await view_of(tx, result)


async def _approvals_missing(tx: Transaction, view: StaffPayoutView) -> int:
    """How many more people have to agree; none once the payout has left its review."""
    if view.state is not payouts.PayoutState.IN_REVIEW:
        return 0
    poll = (await approvals.polls(tx, [view.id]))[view.id]
    return poll.request.needed - len(poll.votes)


router = Router(
    path="/api/payouts",
    route_handlers=[approve_payout, reject_payout, cancel_any_payout, retry_payout, process_payout],
    request_max_body_size=reading.JSON_BYTES_MAX,
    tags=["Staff: payouts"],
)
