"""Payouts as merchants' systems ask for them and look at them."""

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State

from bursar import identity, payouts
from bursar.api import requests
from bursar.api.merchants.create import Replayed
from bursar.api.merchants.wire import PayoutBody, PayoutView
from bursar.foundation import ids
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Unauthorised
from bursar.house import House


async def caller(tx: Transaction, request: Request[Any, Any, Any], scope: identity.Scope) -> identity.Caller:
    """Who calls, if their key may do this.

    Raises:
        Unauthorised: no key, or not a usable one.
        Forbidden: the key lacks the scope, or is used from an address it is not for.
    """
    headers = request.scope["headers"]
    key_hash = identity.key_hash(requests.api_key(headers) or "")
    found = (await identity.callers(tx, [key_hash]))[0] if key_hash else None
    if found is None:
        raise Unauthorised("A valid API key is needed in the header X-API-KEY.")
    identity.authorise(found, scope, ip=requests.address(request.scope))
    return found


@post("/", status_code=201, summary="Ask for a payout")
async def create(request: Request[Any, Any, Any], state: State, data: PayoutBody) -> Response[bytes]:
    """Ask for a payout. In front of this stands ``fastlane``, which answers the same through the same ``Creation``."""
    headers = request.scope["headers"]
    answer = await state.creation.create(
        api_key=requests.api_key(headers),
        idempotency_key=requests.header(headers, b"x-idempotency-key", b"idempotency-key"),
        body=await request.body(),
        ip=requests.address(request.scope),
        request_id=requests.request_id(headers),
    )
    replayed = isinstance(answer, Replayed)
    told = answer.answer if replayed else answer
    extra = {"idempotent-replayed": "true"} if replayed else {}
    return Response(told.body, status_code=told.status, media_type="application/json", headers=extra)


@get("/{payout_id:str}", summary="Show one payout")
async def show(payout_id: str, request: Request[Any, Any, Any], state: State) -> PayoutView:
    """Show one of the caller's own payouts; somebody else's is not found."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        who = await caller(tx, request, identity.Scope.PAYOUTS_READ)
        wanted = ids.parse(payout_id)
        if wanted is None:
            raise payouts.NoSuchPayout(payout=payout_id[:40])
        return PayoutView.of(await payouts.get(tx, wanted, holder_id=who.holder_id))


router = Router(path="/api/v1/payouts", route_handlers=[create, show], tags=["Payouts"])
