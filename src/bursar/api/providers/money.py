"""What a provider has, who they are here, and where they want to be paid."""

from litestar import Response, Router, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import holders, identity, ledger, payouts
from bursar.api import reading
from bursar.api.destinations import NewDestinationBody, announce, new_destination
from bursar.api.entry import HolderRequest, Needs, PersonRequest
from bursar.api.openapi import Doc
from bursar.api.providers import examples
from bursar.api.providers.wire import WORDS, ProviderStatus
from bursar.api.providers.wire_money import (
    Destinations,
    DestinationView,
    MeView,
    PendingView,
    ProviderBalanceView,
)
from bursar.foundation import ids
from bursar.foundation.money import Money, total
from bursar.house import House


@get("/me", needs=Needs.SESSION, doc=Doc(summary="Show for whom you act", answers=MeView, shows=examples.ME))
async def show_whom_for(request: PersonRequest, state: State) -> MeView:
    """Show who is signed in, and the holders for whom they act.

    Whoever acts for several says for which one in the header `X-HOLDER-ID` of all other requests.
    """
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        found = await holders.find(tx, await identity.holders_of(tx, request.user.id))
    return MeView.of(request.user, sorted(found.values(), key=lambda holder: (holder.program, holder.reference)))


@get(
    "/balance",
    needs=Needs.HOLDER,
    doc=Doc(summary="Show the balance", answers=ProviderBalanceView, shows=examples.BALANCE),
)
async def show_own_balance(request: HolderRequest, state: State) -> ProviderBalanceView:
    """Show what there is to be paid out, and what is on its way."""
    house: House = state.house
    holder = request.user.holder
    async with house.database.transaction(readonly=True) as tx:
        currency = (await house.book.judge(tx, {holder.program}))[holder.program].currency
        found = {each.currency: each for each in await ledger.balances(tx, [holder.id])}
        counts = await payouts.count_by_state(tx, holder_id=holder.id)
    mine = found.get(currency)
    return ProviderBalanceView.of(
        Money(mine.available if mine else 0, currency),
        Money(mine.reserved if mine else 0, currency),
        pending=_pending(counts, currency),
    )


@get(
    "/destinations",
    needs=Needs.HOLDER,
    doc=Doc(summary="List stored destinations", answers=Destinations, shows={"data": [examples.DESTINATION]}),
)
async def list_destinations(request: HolderRequest, state: State) -> Destinations:
    """List where you have said that your money is to go, newest first."""
    house: House = state.house
    holder_id = request.user.holder.id
    async with house.database.transaction(readonly=True) as tx:
        stored = await holders.destinations_of(tx, [holder_id])
    return Destinations([DestinationView.of(each) for each in stored[holder_id]])


@post(
    "/destinations",
    status_code=201,
    needs=Needs.HOLDER,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Store a destination",
        takes=NewDestinationBody,
        examples=examples.METHODS,
        answers=DestinationView,
        shows=examples.DESTINATION,
        answers_by_status={200: (DestinationView, examples.DESTINATION)},
        refuses=(409,),
    ),
)
async def add_destination(request: HolderRequest, state: State) -> Response[DestinationView]:
    """Store where you want to be paid. One that is stored already is given back as it stands, with `200`.

    The payment provider is asked about it soon afterwards. One that takes another's place is paid to only after a
    while, and you are told of it under every address that you had lately: whoever breaks in cannot make haste.
    """
    house: House = state.house
    acting = request.user
    body = await reading.json(request, NewDestinationBody)
    async with house.database.transaction() as tx:
        terms = (await house.book.judge(tx, {acting.holder.program}))[acting.holder.program]
        new = new_destination(acting.holder, body, terms, added_by=acting.actor)
        [added] = await holders.add_destinations(tx, [new], keyring=house.keyring, at=house.clock.now())
        stored = added.destination
        if body.make_default:
            stored = await holders.make_default(tx, stored.id, holder_id=acting.holder.id, actor=acting.actor)
        await announce(tx, [added], house=house)
    return Response(DestinationView.of(stored), status_code=201 if added.is_new else 200)


@post(
    "/destinations/{destination_id:str}/default",
    status_code=200,
    needs=Needs.HOLDER,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Make a destination the default", answers=DestinationView, shows=examples.DESTINATION, refuses=(404,)
    ),
)
async def choose_default(destination_id: FromPath[str], request: HolderRequest, state: State) -> DestinationView:
    """Be paid to this one from now on, when a request names none."""
    house: House = state.house
    acting = request.user
    wanted = ids.parse(destination_id)
    if wanted is None:
        raise holders.NoSuchDestination
    async with house.database.transaction() as tx:
        stored = await holders.make_default(tx, wanted, holder_id=acting.holder.id, actor=acting.actor)
    return DestinationView.of(stored)


@delete(
    "/destinations/{destination_id:str}",
    status_code=204,
    needs=Needs.HOLDER,
    doc=Doc(summary="Remove a destination", refuses=(404,)),
)
async def remove_destination(destination_id: FromPath[str], request: HolderRequest, state: State) -> None:
    """Remove a stored destination. Payouts that were asked for before still go there; the default is not replaced."""
    house: House = state.house
    acting = request.user
    wanted = ids.parse(destination_id)
    async with house.database.transaction() as tx:
        asked = [wanted] if wanted else []
        if not await holders.remove_destinations(tx, asked, actor=acting.actor, holder_id=acting.holder.id):
            raise holders.NoSuchDestination


def _pending(counts: dict[payouts.PayoutState, tuple[int, list[Money]]], currency: str) -> list[PendingView]:
    """Payouts that have not come to rest, by the provider's words for where they stand."""
    open_ones = {state: counted for state, counted in counts.items() if state not in payouts.RESTING}
    found: dict[ProviderStatus, PendingView] = {}
    for word in dict.fromkeys(WORDS[state] for state in open_ones):
        counted = [counted for state, counted in open_ones.items() if WORDS[state] is word]
        sums = (amount for _, amounts in counted for amount in amounts if amount.currency == currency)
        found[word] = PendingView(word, sum(count for count, _ in counted), total(sums, currency).text)
    return [found[word] for word in ProviderStatus if word in found]


router = Router(
    path="/api/provider",
    route_handlers=[
        show_whom_for,
        show_own_balance,
        list_destinations,
        add_destination,
        choose_default,
        remove_destination,
    ],
    tags=["Providers: money"],
)
