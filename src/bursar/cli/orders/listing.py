"""Which orders there are, and what became of one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import holders, orders
from bursar.cli import frame
from bursar.cli.ledger.books import MOMENTS, utc
from bursar.foundation.db import Transaction
from bursar.orders import Order, OrderState, Query

EXAMPLES: Final = frame.examples(
    "bursar orders list --program marketplace --seller s-17 --status completed",
    "bursar orders list --search o-10 --json",
)

Program = Annotated[str, typer.Option(help="The program that the orders belong to.")]

HEADINGS: Final = {
    "created_at": "Created",
    "reference": "Order",
    "seller": "Seller",
    "item": "Item",
    "price": "Price",
    "fee": "Fee",
    "status": "Status",
    "payout": "Payout",
    "id": "Id",
}
_WHOLE: Final = {
    **HEADINGS,
    "program": "Program",
    "buyer": "Buyer",
    "created_by": "Created by",
    "completed_at": "Completed",
    "completed_by": "Completed by",
    "scout": "Scout",
    "bounty": "Bounty",
    "recovered": "Kept for a debt",
    "put_off": "No payout because",
    "ended_at": "Ended",
    "reason": "Reason",
    "taken_back": "Taken back",
    "owed": "Owed since",
}


def list_orders(
    *,
    program: Annotated[str | None, typer.Option(help="Only orders in this program.")] = None,
    seller: Annotated[
        str | None, typer.Option("--seller", metavar="REF", help="Only this seller's; needs --program.")
    ] = None,
    status: Annotated[list[OrderState] | None, typer.Option(help="Only in this state; repeatable.")] = None,
    search: Annotated[str | None, typer.Option(help="Beginning of a reference or an id.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Created then or later, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=MOMENTS, help="Created before that, in UTC.")] = None,
    after: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on after the order with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=orders.PAGE_MAX, help="How many at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """Which orders there are, newest first."""
    if seller is not None and program is None:
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
    frame.run(_list(query, seller, json=json))


def show_order(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="What your platform calls it, or our id.")],
    *,
    program: Program,
    json: frame.Json = False,
) -> None:
    """Show one order: where it stands, and what became of its money."""
    frame.run(_show(order, program, json=json))


async def rows(tx: Transaction, found: Sequence[Order]) -> list[dict[str, Any]]:
    """Orders as lines of a table, with their sellers and scouts as the platform calls them. One statement."""
    people = {order.seller_id for order in found} | {order.scout_id for order in found if order.scout_id}
    known = await holders.find(tx, people)
    return [
        {
            "id": order.id,
            "program": order.program,
            "reference": order.reference,
            "seller": known[order.seller_id].reference,
            "buyer": order.buyer,
            "item": order.item,
            "price": order.price,
            "fee": order.fee,
            "status": order.state,
            "created_by": order.created_by,
            "created_at": order.created_at,
            "completed_at": order.completed_at,
            "completed_by": order.completed_by,
            "scout": known[order.scout_id].reference if order.scout_id else None,
            "bounty": order.bounty,
            "payout": order.payout_id,
            "recovered": order.recovered,
            "put_off": order.put_off.why if order.put_off else None,
            "ended_at": order.ended_at,
            "reason": order.reason,
            "taken_back": order.taken_back,
            "owed": order.owed,
        }
        for order in found
    ]


async def _list(query: Query, seller: str | None, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        if seller is not None and query.program is not None:
            owner = await holders.by_reference(tx, query.program, seller)
            query = replace(query, seller_ids=frozenset([owner.id]))
        shown = await rows(tx, await orders.page(tx, query))
    frame.show(shown, HEADINGS, json=json, empty="No orders.")
    if len(shown) == query.limit and not json:
        frame.note(f"There may be more: --after {shown[-1]['id']}")


async def _show(order: str, program: str, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        [row] = await rows(tx, [await orders.get(tx, order, program=program)])
    if json:
        frame.show_json(row)
        return
    told = [{"field": heading, "value": row[field]} for field, heading in _WHOLE.items() if row[field] is not None]
    frame.show(told, {"field": "", "value": ""})
