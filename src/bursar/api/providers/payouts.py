"""Payouts as providers ask for them, look at them and take them back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import Stream

from bursar import earnings, holders, payouts
from bursar.api import exports, gathered, lists, own, reading, requests
from bursar.api.entry import HolderRequest, Needs
from bursar.api.gathered import IDEMPOTENCY_HEADER
from bursar.api.openapi import Doc, Header
from bursar.api.paging import Page
from bursar.api.providers import examples
from bursar.api.providers.waiting import waiting_for
from bursar.api.providers.wire import (
    WORDS,
    ProviderPayoutDetail,
    ProviderPayoutQuery,
    ProviderPayoutView,
    RequestBody,
    TakeBackBody,
    states_heard_as,
)
from bursar.foundation.db import Transaction
from bursar.house import House

BODY_BYTES_MAX: Final = 16 * 1024
TAGS: Final = ("Providers: payouts",)
COLUMNS: Final = (
    "id", "status", "flagged", "reference", "amount", "currency", "bankCode", "accountNumber", "accountTitle", "reason",
    "retryAt", "createdAt", "updatedAt", "processedAt",
)  # fmt: skip
IDEMPOTENCY: Final = Header(
    name=IDEMPOTENCY_HEADER,
    description="Your own key for this request, also taken as `X-IDEMPOTENCY-KEY`; it may be left out. Under the same "
    "key the same body gets the same answer, byte for byte, and the work is done once; another body is refused.",
    example="6f1e2c50-93d4-4a8e-a9f6-1f1f6f4a1b7d",
    required=False,
)


@post(
    "/",  # Also served as ``POST /api/payouts``, the path in the document's picture.
    status_code=201,
    needs=Needs.HOLDER,
    tags=TAGS,
    request_max_body_size=BODY_BYTES_MAX,
    doc=Doc(
        summary="Ask for a payout",
        headers=[IDEMPOTENCY],
        takes=RequestBody,
        examples=examples.REQUEST,
        answers=ProviderPayoutView,
        shows=examples.REQUESTED,
        refuses=(404, 409, 422),
    ),
)
async def request_payout(request: HolderRequest, state: State) -> Response[bytes]:
    """Ask for a payout: its amount is reserved at once, and it leaves once it is approved.

    What is unusual about it is looked at by our staff first. `400` with `available` and `requested` says that the
    balance does not cover it.
    """
    headers = request.scope["headers"]
    answer = await state.requesting.request(
        request.user,
        await reading.json(request, RequestBody),
        raw=await reading.body(request),
        idempotency_key=requests.header(headers, b"idempotency-key", b"x-idempotency-key"),
        request_id=requests.request_id(headers),
    )
    return gathered.response(answer)


@get(
    "/",
    needs=Needs.HOLDER,
    doc=Doc(
        summary="List payouts",
        query=ProviderPayoutQuery,
        answers=Page[ProviderPayoutView],
        shows=examples.page(examples.PAYOUT),
        answers_also={exports.MEDIA: exports.lines([COLUMNS])},
    ),
)
async def list_own_payouts(request: HolderRequest, state: State) -> Response[Any] | Stream:
    """List the payouts of the holder for whom you act, newest first.

    As CSV (`Accept: text/csv` or `format=csv`) the list is whole: `limit` and `cursor` are for JSON.
    """
    house: House = state.house
    asked = reading.query(request, ProviderPayoutQuery)
    query = await _query(house, asked, request.user.holder)

    async def read(before: UUID | None, limit: int) -> Sequence[payouts.Payout]:
        async with house.database.transaction(readonly=True) as tx:
            return await payouts.page(tx, replace(query, before=before, limit=limit))

    return await lists.answer(
        request, asked, read, show=ProviderPayoutView.of, columns=COLUMNS, row=_row, name="payouts"
    )


@get(
    "/{payout_id:str}",
    needs=Needs.HOLDER,
    doc=Doc(summary="Show a payout", answers=ProviderPayoutDetail, shows=examples.DETAIL, refuses=(404,)),
)
async def show_own_payout(payout_id: FromPath[str], request: HolderRequest, state: State) -> ProviderPayoutDetail:
    """Show one payout with its history in plain words, and what it waits for; somebody else's is not found."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        return await _detail(tx, await own.payout(tx, payout_id, holder_id=request.user.holder.id), house)


@post(
    "/{payout_id:str}/cancel",
    status_code=200,
    needs=Needs.HOLDER,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Take a payout back",
        takes=TakeBackBody,
        examples={"With a reason": {"reason": "Wrong account"}},
        body_required=False,
        answers=ProviderPayoutDetail,
        shows=examples.CANCELLED,
        refuses=(404, 409),
    ),
)
async def cancel_own_payout(payout_id: FromPath[str], request: HolderRequest, state: State) -> ProviderPayoutDetail:
    """Take a payout back as long as it has not been handed to the payment provider; its amount is available again."""
    house: House = state.house
    body = await reading.json(request, TakeBackBody, optional=True)
    async with house.database.transaction() as tx:
        found = await own.payout(tx, payout_id, holder_id=request.user.holder.id)
        taken = await own.take_back(tx, found, house, actor=request.user.actor, reason=body.reason, words=WORDS)
        return await _detail(tx, taken, house)


async def _detail(tx: Transaction, payout: payouts.Payout, house: House) -> ProviderPayoutDetail:
    terms = (await house.book.judge(tx, {payout.program}))[payout.program]
    waiting = await waiting_for(tx, payout, terms)
    history = await payouts.history(tx, payout.id)
    stands_for = (await earnings.of_payouts(tx, [payout.id])).get(payout.id, ())
    return ProviderPayoutDetail.whole(payout, waiting=waiting, history=history, stands_for=stands_for)


async def _query(house: House, asked: ProviderPayoutQuery, holder: holders.Holder) -> payouts.Query:
    async with house.database.transaction(readonly=True) as tx:
        currency = (await house.book.judge(tx, {holder.program}))[holder.program].currency
    return asked.of_holder(holder.id, states_heard_as(asked.status), currency=currency)


def _row(payout: payouts.Payout) -> exports.Row:
    shown = msgspec.to_builtins(ProviderPayoutView.of(payout))
    method = dict(shown["method"])
    named = method.get("account") or method.get("address")
    method = {"bankCode": "", "accountNumber": named, **method}
    cells = shown | method | {"flagged": "yes" if shown["flagged"] else "no"}
    return [cells[column] for column in COLUMNS]


router = Router(
    path="/api/provider/payouts",
    route_handlers=[request_payout, list_own_payouts, show_own_payout, cancel_own_payout],
    tags=TAGS,
)
