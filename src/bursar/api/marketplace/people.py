"""Scouts and sellers: what there is of theirs, asking for it, what scouts are credited, and whom they recruited."""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import Response, Router, get, post, put
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import earnings, ledger, orders, payouts
from bursar.api import gathered, parts, problems, reading, requests
from bursar.api.entry import Either, PlatformRequest, Shared, SharedRequest
from bursar.api.gathered import IDEMPOTENCY_HEADER
from bursar.api.marketplace import examples, whose
from bursar.api.marketplace.requesting import Wanted
from bursar.api.marketplace.wire import (
    EarnerView,
    MarketPayoutView,
    PayoutRequestBody,
    ProgramOfQuery,
)
from bursar.api.marketplace.wire_people import (
    BOUNTIES,
    CREDITED_MANY,
    BountiesAnswer,
    BountyBody,
    BountyView,
    RecruiterBody,
    RecruiterView,
)
from bursar.api.openapi import JSON, Doc, Header
from bursar.earnings import Credited, NewEarning
from bursar.foundation import idempotency
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money, total
from bursar.holders import SCOUT, SELLER, Holder
from bursar.house import House
from bursar.identity import Permission, Scope
from bursar.orders import Recruit

IDEMPOTENCY: Final = Header(
    name=IDEMPOTENCY_HEADER,
    description="Your own key for this request; it may be left out. Under the same key the same request gets the same "
    "answer, byte for byte, and the work is done once; another one is refused.",
    example="6f1e2c50-93d4-4a8e-a9f6-1f1f6f4a1b7d",
    required=False,
)
CREDIT: Final = Either(Scope.EARNINGS_WRITE, Permission.MANAGE_EARNINGS)

_encode = msgspec.json.Encoder().encode


@get(
    ["/scouts/{name:str}", "/sellers/{name:str}"],
    needs=Shared(Scope.EARNINGS_READ, Permission.VIEW),
    doc=Doc(
        summary="Show what a scout or a seller has earned",
        query=ProgramOfQuery,
        answers=EarnerView,
        shows=examples.EARNER,
        refuses=(404,),
    ),
)
async def show_earner(name: FromPath[str], request: SharedRequest, state: State) -> EarnerView:
    """Show a scout or a seller, and what is theirs; by your own name for them or our id.

    Whoever acts for them sees them, and nobody else's.
    """
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        holder = await _earner(tx, request, name, house)
        currency = (await house.book.judge(tx, {holder.program}))[holder.program].currency
        purse = (holder.id, currency)
        balances = {each.currency: each for each in await ledger.balances(tx, [holder.id])}
        owed = await earnings.owed(tx, [purse])
        counts = await payouts.count_by_state(tx, holder_id=holder.id)
    mine = balances.get(currency)
    _, paid = counts.get(payouts.PayoutState.COMPLETED, (0, []))
    return EarnerView.of(
        holder,
        available=Money(mine.available if mine else 0, currency),
        reserved=Money(mine.reserved if mine else 0, currency),
        paid=total((amount for amount in paid if amount.currency == currency), currency),
        debt=owed.get(purse, Money.zero(currency)),
    )


@post(
    ["/scouts/{name:str}/request-payout", "/sellers/{name:str}/request-payout"],
    status_code=201,
    needs=Shared(Scope.PAYOUTS_REQUEST, Permission.REQUEST_PAYOUTS),
    doc=Doc(
        summary="Ask for what a scout or a seller has earned",
        query=ProgramOfQuery,
        headers=[IDEMPOTENCY],
        takes=PayoutRequestBody,
        examples={"So much": {"amount_paise": 1000}, "All of it": {}},
        body_required=False,
        answers=MarketPayoutView,
        shows=examples.REQUESTED,
        refuses=(404, 409, 422),
    ),
)
async def request_earnings(name: FromPath[str], request: SharedRequest, state: State) -> Response[bytes]:
    """Ask for a payout of what was earned, to the default destination; without an amount, of all that is available.

    The amount is reserved at once, and leaves with the next run. What is owed is kept back of it, as `netted_paise`.
    Whoever acts for a scout or a seller may ask, and so may the platform and staff, for anybody.
    """
    house: House = state.house
    body = await reading.json(request, PayoutRequestBody, optional=True)
    async with house.database.transaction(readonly=True) as tx:
        holder = await _earner(tx, request, name, house)
    headers = request.scope["headers"]
    wanted = Wanted(
        holder=holder,
        amount=None if body.amount_paise is msgspec.UNSET else body.amount_paise,
        actor=request.user.actor,
        person=whose.person(request),
        key=_key(request, b"%b %b" % (holder.id.bytes, await reading.body(request))),
        request_id=requests.request_id(headers),
    )
    return gathered.response(await state.earnings_requesting.request(wanted))


@post(
    "/scouts/{name:str}/bounties",
    status_code=201,
    needs=CREDIT,
    doc=Doc(
        summary="Credit a scout with a bounty, or with many",
        query=ProgramOfQuery,
        takes=BountyBody,
        takes_also=BOUNTIES,
        answers=BountyView,
        shows=examples.CREDITED,
        answers_by_status={200: (BountiesAnswer, CREDITED_MANY)},
        refuses=(404, 409),
    ),
)
async def credit_bounties(name: FromPath[str], request: PlatformRequest, state: State) -> Response[bytes]:
    """Credit a scout with what they have earned; the money is available to them at once.

    A reference counts once, so a request that got no answer can be sent again as it is. An array credits many, each of
    which succeeds or fails on its own. Bounties of many scouts at once go to `POST /api/earnings`; the bounty for a
    recruited seller's sale is credited by itself when the order is completed.
    """
    house: House = state.house
    items, is_many = await reading.one_or_many(request, BountyBody)
    program = whose.asked_program(request, house)
    terms = await parts.insist_on_count(house, len(items), program=program, of="bounties")
    async with house.database.transaction(readonly=True) as tx:
        scout = await whose.holder(tx, request, name, kind=SCOUT, program=program)
    wanted = [_bounty(item, scout, currency=terms.currency, actor=request.user.actor) for item in items]

    async def credit(tx: Transaction, news: Sequence[NewEarning]) -> list[Credited | Refusal]:
        return await earnings.credit(tx, news, book=house.book, at=house.clock.now())

    results = await parts.each(house, wanted, credit)
    if is_many:
        return Response(_encode(BountiesAnswer.of(results)), status_code=200, media_type=JSON)
    [result] = results
    if isinstance(result, Refusal):
        raise result
    return Response(_encode(BountyView.of(result, scout)), status_code=201, media_type=JSON)


@put(
    "/sellers/{name:str}/recruiter",
    needs=Either(Scope.HOLDERS_WRITE, Permission.MANAGE_HOLDERS),
    doc=Doc(
        summary="Say who recruited a seller",
        query=ProgramOfQuery,
        takes=RecruiterBody,
        examples={"A scout": {"scout_id": "scout-1"}},
        answers=RecruiterView,
        shows=examples.RECRUITER,
        refuses=(404,),
    ),
)
async def set_recruiter(name: FromPath[str], request: PlatformRequest, state: State) -> RecruiterView:
    """Say which scout recruited a seller: they get the bounty for each sale of the seller's from then on.

    Saying the same again changes nothing; another scout takes the first one's place.
    """
    house: House = state.house
    body = await reading.json(request, RecruiterBody)
    program = whose.asked_program(request, house)
    async with house.database.transaction() as tx:
        seller = await whose.holder(tx, request, name, kind=SELLER, program=program)
        scout = await whose.holder(tx, request, body.scout_id, kind=SCOUT, program=program)
        wanted = Recruit(seller.id, scout.id, program, since=house.clock.now(), recruited_by=request.user.actor)
        [result] = await orders.recruit(tx, [wanted])
        if isinstance(result, Refusal):
            raise result
    return RecruiterView.of(result, seller=seller, scout=scout)


async def _earner(tx: Transaction, request: SharedRequest, name: str, house: House) -> Holder:
    """The scout or the seller that the path names."""
    kind = SCOUT if request.scope["path"].startswith("/api/scouts/") else SELLER
    return await whose.holder(tx, request, name, kind=kind, program=whose.asked_program(request, house))


def _key(request: SharedRequest, content: bytes) -> idempotency.Key | None:
    """The request's idempotency key, if it brought one, for what it asks."""
    given = requests.header(request.scope["headers"], b"idempotency-key", b"x-idempotency-key")
    return (
        idempotency.key(whose.asker(request), given, content, header=IDEMPOTENCY_HEADER) if given is not None else None
    )


def _bounty(item: BountyBody | Refusal, scout: Holder, *, currency: str, actor: str) -> NewEarning | Refusal:
    if isinstance(item, Refusal):
        return item
    try:
        return item.wanted(scout, currency=currency, credited_by=actor)
    except Refusal as refusal:
        return refusal


router = Router(
    path="/api",
    route_handlers=[show_earner, request_earnings, credit_bounties, set_recruiter],
    tags=["Marketplace: scouts and sellers"],
    opt={"naming": problems.snake},
)
