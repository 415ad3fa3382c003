"""Which earnings there are, and which payouts used one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import earnings, holders
from bursar.cli import frame
from bursar.cli.ledger.books import MOMENTS, utc
from bursar.earnings import Earning, EarningState, Payoff, Query, Withholding
from bursar.foundation.db import Transaction

EXAMPLES: Final = frame.examples(
    "bursar earnings list --program providers --holder ada --status available",
    "bursar earnings list --search order-10 --json",
)

_HEADINGS: Final = {
    "earned_at": "Earned",
    "id": "Id",
    "holder": "Holder",
    "reference": "Reference",
    "amount": "Amount",
    "available": "Available",
    "reserved": "Reserved",
    "paid": "Paid",
    "withheld": "Withheld",
    "status": "Status",
}
_PAYOUTS: Final = {
    "reserved_at": "Since",
    "payout": "Payout",
    "amount": "Amount",
    "status": "Status",
    "changed_at": "Changed",
}
_WITHHELD: Final = {
    "at": "Since",
    "amount": "Amount",
    "why": "Withheld, because it was",
    "reference": "For",
    "payout": "Payout",
}


def list_earnings(
    *,
    program: Annotated[str | None, typer.Option(help="Only earnings in this program.")] = None,
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="REF", help="Only this holder's; needs --program.")
    ] = None,
    status: Annotated[list[EarningState] | None, typer.Option(help="Only in this state; repeatable.")] = None,
    search: Annotated[str | None, typer.Option(help="Beginning of a reference or an id.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Earned then or later, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Earned before that, in UTC.")] = None,
    after: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on after the earning with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=earnings.PAGE_MAX, help="How many at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """Which earnings there are, newest first."""
    if holder is not None and program is None:
        raise typer.BadParameter("a reference means something in its program only; add --program")
    query = Query(
        program=program,
        states=frozenset(status or ()),
        search=search,
        since=utc(since),
        until=utc(until),
        before=after,
        limit=limit,
    )
    frame.run(_list(query, holder, json=json))


def show_earning(
    earning: Annotated[UUID, typer.Argument(metavar="ID", help="The earning's id.")], *, json: frame.Json = False
) -> None:
    """Show one earning, every payout that used it, and what was taken back of it or kept for a debt."""
    frame.run(_show(earning, json=json))


async def _list(query: Query, holder: str | None, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        if holder is not None and query.program is not None:
            owner = await holders.by_reference(tx, query.program, holder)
            query = replace(query, holder_id=owner.id)
        shown = await _rows(tx, await earnings.page(tx, query))
    frame.show(shown, _HEADINGS, json=json, empty="No earnings.")
    if len(shown) == query.limit and not json:
        frame.note(f"There may be more: --after {shown[-1]['id']}")


async def _show(earning_id: UUID, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        [row] = await _rows(tx, [await earnings.get(tx, earning_id)])
        used_by = (await earnings.of_earnings(tx, [earning_id])).get(earning_id, ())
        withheld = (await earnings.withheld_of(tx, [earning_id])).get(earning_id, ())
    parts, kept = [_part(payoff) for payoff in used_by], [_kept(withholding) for withholding in withheld]
    if json:
        frame.show_json({**row, "payouts": parts, "withholdings": kept})
        return
    frame.show([row], _HEADINGS)
    if row["description"]:
        frame.say(row["description"])
    frame.show(parts, _PAYOUTS, empty="No payout has used it.")
    if kept:
        frame.show(kept, _WITHHELD)


async def _rows(tx: Transaction, found: Sequence[Earning]) -> list[dict[str, Any]]:
    owners = await holders.find(tx, {earning.holder_id for earning in found})
    return [
        {
            "id": earning.id,
            "program": earning.program,
            "holder": owners[earning.holder_id].reference,
            "reference": earning.reference,
            "description": earning.description,
            "amount": earning.amount,
            "available": earning.available,
            "reserved": earning.reserved,
            "paid": earning.paid,
            "suspended": earning.suspended,
            "withheld": earning.withheld,
            "status": earning.state.value,
            "earned_at": earning.earned_at,
            "created_at": earning.created_at,
            "credited_by": earning.credited_by,
        }
        for earning in found
    ]


def _part(payoff: Payoff) -> dict[str, Any]:
    return {
        "payout": payoff.payout_id,
        "reservation": payoff.reservation,
        "amount": payoff.amount,
        "status": payoff.state.value,
        "reserved_at": payoff.reserved_at,
        "changed_at": payoff.changed_at,
    }


def _kept(withholding: Withholding) -> dict[str, Any]:
    return {
        "at": withholding.at,
        "amount": withholding.amount,
        "why": withholding.why.value.replace("_", " "),
        "reference": withholding.reference,
        "payout": withholding.payout_id,
    }
