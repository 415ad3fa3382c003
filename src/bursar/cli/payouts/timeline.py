"""Showing one payout: where it stands and why, and everything that happened to it."""

from typing import Annotated, Final
from uuid import UUID

import typer

from bursar import monitoring, payouts
from bursar.cli import frame
from bursar.cli.payouts import listing

EXAMPLES: Final = frame.examples("bursar payouts show 0193f0c1-…", "bursar payouts show 0193f0c1-… --json")
HEADER: Final = {
    "id": "Payout",
    "program": "Program",
    "holder": "Holder",
    "reference": "Reference",
    "kind": "For",
    "order": "Order",
    "amount": "Amount",
    "netted": "Kept for a debt",
    "destination": "To",
    "state": "State",
    "waiting": "Waits for",
    "reason": "Reason",
    "gateway": "Gateway",
    "gateway_reference": "Gateway's reference",
    "tries": "Attempts",
    "created_at": "Created",
    "processed_at": "Came to rest",
}
HEADINGS: Final = {"at": "When", "kind": "What", "text": "Details"}


def show(
    payout: Annotated[UUID, typer.Argument(metavar="ID", help="The payout's id.")], *, json: frame.Json = False
) -> None:
    """Show one payout: where it stands and why, and everything that happened to it in one line of time."""
    frame.run(_show(payout, json=json))


async def _show(payout_id: UUID, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        payout = await payouts.get(tx, payout_id)
        [row] = await listing.rows(tx, [payout])
        entries = await monitoring.timeline(tx, payout)
    if json:
        frame.show_json({"payout": row, "timeline": entries})
        return
    header = [{"field": heading, "value": row[field]} for field, heading in HEADER.items() if row[field] is not None]
    frame.show(header, {"field": "", "value": ""})
    frame.show([{"at": frame.to_the_millisecond(e.at), "kind": e.kind, "text": e.text} for e in entries], HEADINGS)
