"""Statements of holders: for themselves, signed in or by their own key, and for their platform and our staff."""

import asyncio
from typing import Any, Final

from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import holders, identity
from bursar.api import exports, reading
from bursar.api.entry import Either, HolderRequest, KeyRequest, Needs, PlatformRequest
from bursar.api.openapi import JSON, Doc
from bursar.api.platform import scope
from bursar.api.statements.wire import PERIODS, STATEMENT, Periods, PeriodView, StatementFormatQuery, StatementView
from bursar.foundation.db import Transaction
from bursar.holders import Holder
from bursar.house import House
from bursar.outbound import statements

PDF: Final = "application/pdf"
_FORMS: Final = {JSON: "json", exports.MEDIA: "csv", PDF: "pdf"}
_MAY_LOOK: Final = Either(identity.Scope.EARNINGS_READ, identity.Permission.VIEW)
_LIST: Final = Doc(summary="List statements", answers=Periods, shows=PERIODS, refuses=(404,))
_SHOW: Final = Doc(
    summary="Show a statement",
    query=StatementFormatQuery,
    answers=StatementView,
    shows=STATEMENT,
    answers_also={exports.MEDIA: exports.lines([statements.COLUMNS]), PDF: "%PDF-1.3 …"},
    refuses=(404, 409),
)


@get("/", needs=Needs.HOLDER, doc=_LIST)
async def list_my_statements(request: HolderRequest, state: State) -> Periods:
    """List the years and months of which you can have a statement: all since anything first moved."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        return await _periods(tx, house, request.user.holder)


@get("/{period:str}", needs=Needs.HOLDER, doc=_SHOW)
async def show_my_statement(period: FromPath[str], request: HolderRequest, state: State) -> Response[Any]:
    """Show what you had, got and were paid in a year (`2026`) or a month (`2026-11`), as JSON, CSV or PDF.

    A program's year may begin in another month than January: India's year 2026 ends in March 2027.
    """
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        found = await _statement(tx, house, request.user.holder, period)
    return await _answer(request, found)


@get("/", needs=identity.Scope.BALANCE_READ, doc=_LIST)
async def list_own_statements(request: KeyRequest, state: State) -> Periods:
    """List the years and months of which there is a statement: all since anything first moved."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        return await _periods(tx, house, await _calling(tx, request))


@get("/{period:str}", needs=identity.Scope.BALANCE_READ, doc=_SHOW)
async def show_own_statement(period: FromPath[str], request: KeyRequest, state: State) -> Response[Any]:
    """Show what you had, got and were paid in a year (`2026`) or a month (`2026-11`), as JSON, CSV or PDF."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        found = await _statement(tx, house, await _calling(tx, request), period)
    return await _answer(request, found)


@get("/", needs=_MAY_LOOK, doc=_LIST)
async def list_statements_of_holder(holder_id: FromPath[str], request: PlatformRequest, state: State) -> Periods:
    """List the years and months of which a holder can have a statement; with a key, a holder of its program."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        return await _periods(tx, house, await scope.holder(tx, request, holder_id))


@get("/{period:str}", needs=_MAY_LOOK, doc=_SHOW)
async def show_statement_of_holder(
    holder_id: FromPath[str], period: FromPath[str], request: PlatformRequest, state: State
) -> Response[Any]:
    """Show a holder's statement as they see it themselves; with a key, of a holder of its program."""
    house: House = state.house
    async with house.database.transaction(readonly=True) as tx:
        found = await _statement(tx, house, await scope.holder(tx, request, holder_id), period)
    return await _answer(request, found)


async def _calling(tx: Transaction, request: KeyRequest) -> Holder:
    return (await holders.find(tx, [request.user.holder]))[request.user.holder]


async def _periods(tx: Transaction, house: House, holder: Holder) -> Periods:
    terms = (await house.book.judge(tx, {holder.program}))[holder.program]
    return Periods([PeriodView.of(each) for each in await statements.overview(tx, holder, terms=terms)])


async def _statement(tx: Transaction, house: House, holder: Holder, period: str) -> statements.Statement:
    terms = (await house.book.judge(tx, {holder.program}))[holder.program]
    return await statements.statement(tx, holder, period=period, terms=terms)


async def _answer(request: Request[Any, Any, Any], found: statements.Statement) -> Response[Any]:
    """The statement in the form that was asked for by name, or else by the ``Accept`` header."""
    chosen = reading.query(request, StatementFormatQuery).format
    match chosen or _FORMS[request.accept.best_match(list(_FORMS)) or JSON]:
        case "csv":
            return _file(statements.to_csv(found), found, media=exports.MEDIA, ending="csv")
        case "pdf":
            # A thousand pages take seconds, during which others are to be answered.
            drawn = await asyncio.to_thread(statements.to_pdf, found)
            return _file(drawn, found, media=PDF, ending="pdf")
        case _:
            return Response(StatementView.of(found))


def _file(content: bytes, found: statements.Statement, *, media: str, ending: str) -> Response[Any]:
    disposition = f'attachment; filename="statement-{found.period.name}.{ending}"'
    return Response(content, media_type=media, headers={"content-disposition": disposition})


my_router = Router(
    path="/api/payouts/my-statements",
    route_handlers=[list_my_statements, show_my_statement],
    tags=["Statements"],
)
key_router = Router(
    path="/api/v1/statements",
    route_handlers=[list_own_statements, show_own_statement],
    tags=["Statements"],
)
holder_router = Router(
    path="/api/admin/holders/{holder_id:str}/statements",
    route_handlers=[list_statements_of_holder, show_statement_of_holder],
    tags=["Statements"],
)
