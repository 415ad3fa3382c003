"""Following payouts as they move."""

import asyncio
import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import payouts
from bursar.cli import frame, process
from bursar.cli.payouts import listing
from bursar.foundation.db import Database
from bursar.foundation.loops import rest
from bursar.payouts import RESTING, Query

EXAMPLES: Final = frame.examples(
    "bursar payouts watch --program merchants",
    "bursar payouts watch 0193f0c1-… --timeout 30 --json",
)
LOOK_SECONDS: Final = 0.5

Ids = Annotated[
    list[UUID] | None, typer.Argument(metavar="[ID...]", help="The payouts to follow. Without any: the newest ones.")
]


def watch(
    ids: Ids = None,
    *,
    program: listing.Program = None,
    holder: listing.HolderRef = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many of the newest.")] = 20,
    timeout: Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="End after that; see below.")] = None,
    json: frame.Json = False,
) -> None:
    """Follow payouts until all that were named have come to rest, or until Ctrl-C.

    On a terminal it is a table that changes; elsewhere one line for each change. With --json nothing is said until the
    end, and then where they stand. Exit code 1 when the time-out came first.
    """
    if holder is not None and program is None:
        raise typer.BadParameter("a reference means something in its program only; add --program")
    follower = _Follower(ids or [], Query(program=program, limit=limit), holder)
    process.run(lambda stop: _watch(follower, stop, seconds=timeout, json=json))


class _Follower:
    """Knows which payouts are followed, and looks where they stand."""

    def __init__(self, ids: Sequence[UUID], query: Query, holder: str | None) -> None:
        self._ids = list(dict.fromkeys(ids))
        self._query = query
        self._holder = holder

    async def look(self, database: Database) -> list[dict[str, Any]]:
        """Where they stand now.

        Raises:
            NoSuchPayout: one of those that were named does not exist.
        """
        async with database.transaction(readonly=True) as tx:
            if not self._ids:
                query = await listing.narrowed(tx, self._query, holder=self._holder)
                return await listing.rows(tx, await payouts.page(tx, query))
            found = await payouts.get_many(tx, self._ids)
            for missing in (payout_id for payout_id in self._ids if payout_id not in found):
                raise payouts.NoSuchPayout(f"There is no payout {missing}.")
            return await listing.rows(tx, [found[payout_id] for payout_id in self._ids])

    @property
    def has_an_end(self) -> bool:
        """Whether there can be nothing left to follow; of the newest ones, there always is."""
        return bool(self._ids)

    def all_rest(self, rows: Sequence[dict[str, Any]]) -> bool:
        """Whether all that were named have come to rest."""
        return self.has_an_end and all(row["state"] in RESTING for row in rows)


async def _watch(follower: _Follower, stop: asyncio.Event, *, seconds: float | None, json: bool) -> None:
    clock = asyncio.get_running_loop().time
    ends_at = math.inf if seconds is None else clock() + seconds
    async with frame.database() as database:
        with nullcontext(_ignore) if json else frame.live(listing.HEADINGS) as draw:
            draw(rows := await follower.look(database))
            while not (stop.is_set() or follower.all_rest(rows) or clock() >= ends_at):
                await rest(stop, LOOK_SECONDS)
                draw(rows := await follower.look(database))
    if json:
        frame.show_json(rows)
    if clock() >= ends_at and follower.has_an_end and not follower.all_rest(rows):
        raise typer.Exit(1)


def _ignore(rows: Sequence[dict[str, Any]]) -> None:
    """Draw nothing."""
