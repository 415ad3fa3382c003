"""What holders and the platform have, and how a holder's balance came about."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import holders, ledger
from bursar.cli import frame
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.holders import Holder

BALANCES_EXAMPLES: Final = frame.examples(
    "bursar ledger balances", "bursar ledger balances --program merchants --holder acme --json"
)
STATEMENT_EXAMPLES: Final = frame.examples(
    "bursar ledger statement --program merchants --holder acme --since 2026-11-01"
)
MOMENTS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
STATEMENT_LINES_MAX: Final = 1_000

Since = Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Recorded then or later, in UTC.")]
Until = Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Recorded before that, in UTC.")]

_HOLDERS: Final = {
    "program": "Program",
    "holder": "Holder",
    "name": "Name",
    "available": "Available",
    "reserved": "Reserved",
}
_PLATFORM: Final = {"kind": "Account", "owner": "Of", "amount": "Balance"}
_LINES: Final = {
    "at": "When",
    "kind": "What",
    "amount": "Amount",
    "available": "Available",
    "reserved": "Reserved",
    "about": "About",
}


def balances(
    *,
    program: Annotated[str | None, typer.Option(help="Only holders of this program.")] = None,
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="REF", help="Only this holder; needs --program.")
    ] = None,
    after: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on after the holder with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=holders.PAGE_MAX, help="How many holders at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """What each holder has, newest holder first; without --program also what the platform's own accounts hold."""
    if holder is not None and program is None:
        raise typer.BadParameter("a reference means something in its program only; add --program")
    frame.run(_balances(program, holder, after=after, limit=limit, json=json))


def statement(
    *,
    program: Annotated[str, typer.Option(help="The holder's program.")],
    holder: Annotated[str, typer.Option(metavar="REF", help="The holder's reference in that program.")],
    since: Since = None,
    until: Until = None,
    before: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on before the line with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=STATEMENT_LINES_MAX, help="How many lines at most.")] = 100,
    json: frame.Json = False,
) -> None:
    """One holder's statement, newest line first: what moved, and both figures after it."""
    frame.run(_statement(program, holder, since=utc(since), until=utc(until), before=before, limit=limit, json=json))


def utc(moment: datetime | None) -> datetime | None:
    """A moment as the command line gives it, which is in UTC."""
    return moment.replace(tzinfo=UTC) if moment is not None else None


async def _balances(program: str | None, reference: str | None, *, after: UUID | None, limit: int, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        if program is not None and reference is not None:
            found = [await holders.by_reference(tx, program, reference)]
        else:
            found = await holders.list_page(tx, program=program, after=after, limit=limit)
        rows = await _rows(tx, found)
        accounts = await ledger.platform_balances(tx) if program is None else []
    platform = [{"kind": a.kind.value, "owner": a.owner, "amount": a.amount} for a in accounts]
    if json:
        frame.show_json({"holders": rows, "platform": platform})
        return
    frame.show(rows, _HOLDERS, empty="No holder has had money yet.")
    if platform:
        frame.show(platform, _PLATFORM)


async def _rows(tx: Transaction, found: Sequence[Holder]) -> list[dict[str, Any]]:
    of = {holder.id: holder for holder in found}
    rows = [
        {
            "id": balance.holder_id,
            "program": of[balance.holder_id].program,
            "holder": of[balance.holder_id].reference,
            "name": of[balance.holder_id].name,
            "available": Money(balance.available, balance.currency),
            "reserved": Money(balance.reserved, balance.currency),
        }
        for balance in await ledger.balances(tx, of)
    ]
    return sorted(rows, key=lambda row: row["id"], reverse=True)


async def _statement(
    program: str,
    reference: str,
    *,
    since: datetime | None,
    until: datetime | None,
    before: UUID | None,
    limit: int,
    json: bool,
) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        holder = await holders.by_reference(tx, program, reference)
        lines = await ledger.statement(tx, holder.id, since=since, until=until, before=before, limit=limit)
    rows = [
        {
            "id": line.id,
            "at": line.at,
            "kind": line.kind.value,
            "amount": line.amount,
            "available": line.available,
            "reserved": line.reserved,
            "payout": line.payout_id,
            "reference": line.reference,
            "about": line.reference or line.payout_id,
        }
        for line in lines
    ]
    frame.show(rows, _LINES, json=json, empty="Nothing has moved.")
