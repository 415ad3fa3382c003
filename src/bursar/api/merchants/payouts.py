"""Payouts as merchants' systems ask for them, look at them and take them back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Stream

from bursar import identity, payouts
from bursar.api import exports, gathered, lists, own, reading, requests
from bursar.api.entry import KeyRequest
from bursar.api.merchants import examples
from bursar.api.merchants.create import BODY_BYTES_MAX, IDEMPOTENCY_HEADER
from bursar.api.merchants.wire import WORDS, CancelBody, MerchantPayoutQuery, PayoutBody, PayoutView, states_heard_as
from bursar.api.openapi import Doc, Header
from bursar.api.paging import Page
from bursar.house import House

IDEMPOTENCY: Final = Header(
    name=IDEMPOTENCY_HEADER,
    description="Your own key for this request, also taken as `Idempotency-Key`. Under the same key the same body gets "
    "the same answer, byte for byte, and the work is done once; another body is refused.",
    example="6f1e2c50-93d4-4a8e-a9f6-1f1f6f4a1b7d",
)
COLUMNS: Final = tuple(field.encode_name for field in msgspec.structs.fields(PayoutView))


@post(
    "/",
    status_code=201,
    needs=identity.Scope.PAYOUTS_WRITE,
    request_max_body_size=BODY_BYTES_MAX,
    doc=Doc(
        summary="Ask for a payout",
        headers=[IDEMPOTENCY],
        takes=PayoutBody,
        examples=examples.CREATE,
        answers=PayoutView,
        shows=examples.CREATED,
        refuses=(409, 422),
    ),
)
async def create_payout(request: KeyRequest, state: State) -> Response[bytes]:
    """Ask for a payout: its amount is locked at once, and it leaves as soon as a worker has it.

    Amounts that your program wants reviewed wait as `IN_REVIEW` until people have agreed.
    """
    # In front of this stands ``fastlane``, which answers the same through the same ``Creation``.
    headers = request.scope["headers"]
    answer = await state.creation.create(
        api_key=requests.api_key(headers),
        idempotency_key=requests.header(headers, b"x-idempotency-key", b"idempotency-key"),
        body=await reading.body(request),
        is_json=requests.is_json(headers),
        ip=requests.address(request.scope),
        request_id=requests.request_id(headers),
    )
    return gathered.response(answer)


@get(
    "/",
    needs=identity.Scope.PAYOUTS_READ,
    doc=Doc(
        summary="List payouts",
        query=MerchantPayoutQuery,
        answers=Page[PayoutView],
        shows=examples.page(examples.PAYOUT),
        answers_also={exports.MEDIA: exports.lines([COLUMNS, list(examples.PAYOUT.values())])},
    ),
)
async def list_payouts(request: KeyRequest, state: State) -> Response[Any] | Stream:
    """List your own payouts, newest first.

    As CSV (`Accept: text/csv` or `format=csv`) the list is whole: `limit` and `cursor` are for JSON.
    """
    house: House = state.house
    asked = reading.query(request, MerchantPayoutQuery)
    query = await _query(house, asked, request.user)

    async def read(before: UUID | None, limit: int) -> Sequence[payouts.Payout]:
        async with house.database.transaction(readonly=True) as tx:
            return await payouts.page(tx, replace(query, before=before, limit=limit))

    return await lists.answer(request, asked, read, show=PayoutView.of, columns=COLUMNS, row=_row, name="payouts")


@get(
    "/{payout_id:str}",
    needs=identity.Scope.PAYOUTS_READ,
    doc=Doc(summary="Show a payout", answers=PayoutView, shows=examples.PAYOUT, refuses=(404,)),
)
async def show_payout(payout_id: FromPath[str], request: KeyRequest, state: State) -> PayoutView:
    """Show one of your own payouts as it stands; somebody else's is not found."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        return PayoutView.of(await own.payout(tx, payout_id, holder_id=request.user.holder))


@post(
    "/{payout_id:str}/cancel",
    status_code=200,
    needs=identity.Scope.PAYOUTS_WRITE,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Take a payout back",
        takes=CancelBody,
        examples={"With a reason": {"reason": "Ordered twice"}},
        body_required=False,
        answers=PayoutView,
        shows=examples.CREATED | {"status": "CANCELLED", "reason": "Ordered twice"},
        refuses=(404, 409),
    ),
)
async def cancel_payout(payout_id: FromPath[str], request: KeyRequest, state: State) -> PayoutView:
    """Take a payout back as long as it has not been handed to a bank; its amount is available again."""
    house: House = state.house
    body = await reading.json(request, CancelBody, optional=True)
    async with house.database.transaction() as tx:
        found = await own.payout(tx, payout_id, holder_id=request.user.holder)
        taken = await own.take_back(tx, found, house, actor=request.user.actor, reason=body.reason, words=WORDS)
    return PayoutView.of(taken)


async def _query(house: House, asked: MerchantPayoutQuery, caller: identity.Caller) -> payouts.Query:
    async with house.database.transaction(readonly=True) as tx:
        currency = (await house.book.judge(tx, {caller.program}))[caller.program].currency
    return asked.of_holder(caller.holder, states_heard_as(asked.status), currency=currency)


def _row(payout: payouts.Payout) -> exports.Row:
    return list(msgspec.to_builtins(PayoutView.of(payout)).values())


router = Router(
    path="/api/v1/payouts",
    route_handlers=[create_payout, list_payouts, show_payout, cancel_payout],
    tags=["Payouts"],
)
