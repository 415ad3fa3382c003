"""Who recruited whom: whose sales bring which scout a bounty."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import holders, orders
from bursar.cli import frame
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.orders import Recruit

EXAMPLES: Final = frame.examples(
    "bursar holders recruit s-17 s-18 --program marketplace --scout ravi",
    "bursar holders recruits ravi --program marketplace",
)

_HEADINGS: Final = {"seller": "Seller", "scout": "Scout", "since": "Since", "bounties": "Bounties", "by": "Said by"}

Program = Annotated[str, typer.Option(help="The program they belong to.")]


def recruit(
    sellers: Annotated[list[str], typer.Argument(metavar="SELLER...", help="What your platform calls the sellers.")],
    *,
    program: Program,
    scout: Annotated[str, typer.Option(metavar="REF", help="Who recruited them.")],
    json: frame.Json = False,
) -> None:
    """Say which scout recruited sellers. What they sell from now on brings that scout a bounty, as the terms say."""
    frame.run(_recruit(list(dict.fromkeys(sellers)), scout, program, json=json))


def recruits(
    scout: Annotated[str, typer.Argument(metavar="SCOUT", help="What your platform calls the scout.")],
    *,
    program: Program,
    after: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on after the seller with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=orders.RECRUITS_MAX, help="How many at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """Whom a scout recruited."""
    frame.run(_recruits(scout, program, after=after, limit=limit, json=json))


async def _recruit(sellers: Sequence[str], scout: str, program: str, *, json: bool) -> None:
    async with frame.database() as database, database.transaction() as tx:
        recruiter = await holders.by_reference(tx, program, scout)
        wanted = [
            Recruit(
                seller_id=(await holders.by_reference(tx, program, seller)).id,
                scout_id=recruiter.id,
                program=program,
                since=SystemClock().now(),
                recruited_by=frame.actor(),
            )
            for seller in sellers
        ]
        stands = await orders.recruit(tx, wanted)
        for one in stands:
            if isinstance(one, Refusal):
                raise one
        shown = await _rows(tx, [one for one in stands if isinstance(one, Recruit)])
    frame.show(shown, _HEADINGS, json=json)


async def _recruits(scout: str, program: str, *, after: UUID | None, limit: int, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        recruiter = await holders.by_reference(tx, program, scout)
        shown = await _rows(tx, await orders.recruits_of(tx, recruiter.id, after=after, limit=limit))
    frame.show(shown, _HEADINGS, json=json, empty="Nobody.")
    if len(shown) == limit and not json:
        frame.note(f"There may be more: --after {shown[-1]['seller_id']}")


async def _rows(tx: Transaction, found: Sequence[Recruit]) -> list[dict[str, Any]]:
    people = await holders.find(tx, {one.seller_id for one in found} | {one.scout_id for one in found})
    return [
        {
            "seller": people[one.seller_id].reference,
            "seller_id": one.seller_id,
            "scout": people[one.scout_id].reference,
            "program": one.program,
            "since": one.since,
            "bounties": one.bounties,
            "by": one.recruited_by,
        }
        for one in found
    ]
