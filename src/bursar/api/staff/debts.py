"""What holders owe, as staff see it, settle it and forgive it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from litestar import Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from msgspec import UNSET

from bursar import earnings, holders, identity
from bursar.api import reading
from bursar.api.entry import PersonRequest
from bursar.api.openapi import Doc
from bursar.api.paging import page
from bursar.api.staff import examples
from bursar.api.staff.payouts import holder_id_of
from bursar.api.staff.wire import Envelope, MustReasonBody, PageEnvelope, envelope
from bursar.api.staff.wire_debts import DEBT, DETAIL, DebtDetail, DebtsQuery, DebtView
from bursar.earnings import Debt, DebtQuery
from bursar.foundation.clock import timestamp
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.house import House

MANAGE: Final = identity.Permission.MANAGE_EARNINGS


@get(
    "/",
    needs=identity.Permission.VIEW,
    doc=Doc(
        summary="List debts",
        query=DebtsQuery,
        answers=PageEnvelope[DebtView],
        shows=examples.envelope([DEBT], "Debts found") | {"nextCursor": None, "hasMore": False},
        refuses=(404,),
    ),
)
async def list_debts(request: PersonRequest, state: State) -> PageEnvelope[DebtView]:
    """List what holders owe, newest first: what is left of refunds that came after the money had gone out."""
    house: House = state.house
    asked = reading.query(request, DebtsQuery)
    async with house.database.transaction(readonly=True) as tx:
        query = DebtQuery(
            program=asked.program or None,
            holder_id=await holder_id_of(tx, asked.holder or None, program=asked.program or None),
            is_open=None if asked.open is UNSET else asked.open,
            search=asked.search or None,
            before=asked.before,
            limit=asked.limit + 1,
        )
        views = await _views(tx, await earnings.debts_page(tx, query))
    shown = page(views, limit=asked.limit, show=lambda view: view)
    at = timestamp(house.clock.now())
    return PageEnvelope(shown.data, shown.next_cursor, shown.has_more, "Debts found", at)


@get(
    "/{debt_id:str}",
    needs=identity.Permission.VIEW,
    doc=Doc(
        summary="Show a debt",
        answers=Envelope[DebtDetail],
        shows=examples.envelope(DETAIL, "Debt found"),
        refuses=(404,),
    ),
)
async def show_debt(debt_id: FromPath[str], state: State) -> Envelope[DebtDetail]:
    """Show one debt with every step by which it came down."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        detail = await _detail(tx, await earnings.debt(tx, _identified(debt_id)))
    return envelope(detail, "Debt found", at=house.clock.now())


@post(
    "/{debt_id:str}/settle",
    status_code=200,
    needs=MANAGE,
    doc=Doc(
        summary="Settle a debt",
        answers=Envelope[DebtDetail],
        shows=examples.envelope(DETAIL, "Debt settled, as far as there was money"),
        refuses=(404, 409),
    ),
)
async def settle_debt(debt_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[DebtDetail]:
    """Settle a debt with what its holder has available, without waiting for their next payout."""
    house: House = state.house
    async with house.database.transaction() as tx:
        results = await earnings.settle(tx, [_identified(debt_id)], actor=request.user.actor, at=house.clock.now())
        detail = await _decided(tx, results)
    return envelope(detail, "Debt settled, as far as there was money", at=house.clock.now())


@post(
    "/{debt_id:str}/forgive",
    status_code=200,
    needs=MANAGE,
    request_max_body_size=reading.JSON_BYTES_MAX,
    doc=Doc(
        summary="Forgive a debt",
        takes=MustReasonBody,
        examples={"With a reason": {"reason": "The parcel was lost on our way"}},
        answers=Envelope[DebtDetail],
        shows=examples.envelope(DETAIL, "Debt forgiven"),
        refuses=(404, 409),
    ),
)
async def forgive_debt(debt_id: FromPath[str], request: PersonRequest, state: State) -> Envelope[DebtDetail]:
    """Write off what is left of a debt, for a reason; the program bears it."""
    house: House = state.house
    body = await reading.json(request, MustReasonBody)
    async with house.database.transaction() as tx:
        results = await earnings.forgive(
            tx, [_identified(debt_id)], actor=request.user.actor, reason=body.reason, at=house.clock.now()
        )
        detail = await _decided(tx, results)
    return envelope(detail, "Debt forgiven", at=house.clock.now())


def _identified(text: str) -> UUID:
    return reading.identified(text, earnings.NoSuchDebt, of="debt")


async def _decided(tx: Transaction, results: Sequence[Debt | Refusal]) -> DebtDetail:
    """The debt as the decision left it.

    Raises:
        Refusal: the decision was refused; the transaction is lost, and nothing was done.
    """
    [result] = results
    if isinstance(result, Refusal):
        raise result
    return await _detail(tx, result)


async def _detail(tx: Transaction, debt: Debt) -> DebtDetail:
    [view] = await _views(tx, [debt])
    parts = await earnings.parts_of_debts(tx, [debt.id])
    return DebtDetail.whole(view, parts.get(debt.id, ()))


async def _views(tx: Transaction, found: Sequence[Debt]) -> list[DebtView]:
    owners = await holders.find(tx, {debt.holder_id for debt in found})
    return [DebtView.of(debt, owners[debt.holder_id]) for debt in found]


router = Router(
    path="/api/admin/debts",
    route_handlers=[list_debts, show_debt, settle_debt, forgive_debt],
    tags=["Staff: debts"],
)
