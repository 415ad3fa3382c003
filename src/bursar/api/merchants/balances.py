"""What a merchant has, and how it came to that."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.datastructures import State
from litestar.response import Stream

from bursar import identity, ledger
from bursar.api import exports, lists, reading
from bursar.api.entry import KeyRequest
from bursar.api.filters import TimeQuery
from bursar.api.merchants import examples
from bursar.api.merchants.wire_balances import Balances, BalanceView, StatementLineView
from bursar.api.openapi import Doc
from bursar.api.paging import Page
from bursar.foundation.money import Money
from bursar.house import House

COLUMNS: Final = tuple(field.encode_name for field in msgspec.structs.fields(StatementLineView))


@get(
    "/balance",
    needs=identity.Scope.BALANCE_READ,
    doc=Doc(summary="Show the balance", answers=Balances, shows=examples.BALANCE),
)
async def show_balance(request: KeyRequest, state: State) -> Balances:
    """Show what you have. A payout locks its amount when it is asked for; it is deducted once it is paid."""
    house: House = state.house
    caller = request.user
    async with house.database.transaction(readonly=True) as tx:
        terms = await house.book.judge(tx, {caller.program})
        found = await ledger.balances(tx, [caller.holder])
    nothing = Money.zero(terms[caller.program].currency)
    views = [
        BalanceView.of(Money(each.available, each.currency), Money(each.reserved, each.currency)) for each in found
    ]
    return Balances(views or [BalanceView.of(nothing, nothing)])


@get(
    "/ledger",
    needs=identity.Scope.BALANCE_READ,
    doc=Doc(
        summary="Show the statement",
        query=TimeQuery,
        answers=Page[StatementLineView],
        shows=examples.page(examples.LINE),
        answers_also={exports.MEDIA: exports.lines([COLUMNS, list(examples.LINE.values())])},
    ),
)
async def list_ledger(request: KeyRequest, state: State) -> Response[Any] | Stream:
    """List every movement of your money, newest first, each with the figures after it.

    As CSV (`Accept: text/csv` or `format=csv`) the statement is whole: `limit` and `cursor` are for JSON.
    """
    house: House = state.house
    asked = reading.query(request, TimeQuery)
    since, until, holder_id = asked.begin, asked.end, request.user.holder

    async def read(before: UUID | None, limit: int) -> Sequence[ledger.Line]:
        async with house.database.transaction(readonly=True) as tx:
            return await ledger.statement(tx, holder_id, since=since, until=until, before=before, limit=limit)

    return await lists.answer(
        request, asked, read, show=StatementLineView.of, columns=COLUMNS, row=_row, name="statement"
    )


def _row(line: ledger.Line) -> exports.Row:
    return list(msgspec.to_builtins(StatementLineView.of(line)).values())


router = Router(path="/api/v1", route_handlers=[show_balance, list_ledger], tags=["Balance"])
