"""Two books that know nothing of each other: what the ledger says a gateway has paid out, and what it says itself."""

from typing import Any, Final

import msgspec

from bursar import ledger
from bursar.foundation.db import Database
from bursar.foundation.http import PoliteClient

DEADLINE: Final = 30.0  # Seconds.


async def clearing(database: Database, gateway: str) -> int:
    """What the ledger says that a gateway has paid out, in minor units."""
    async with database.transaction(readonly=True) as tx:
        accounts = await ledger.platform_balances(tx)
    held = (a.amount.minor for a in accounts if (a.kind, a.owner) == (ledger.AccountKind.CLEARING, gateway))
    return next(held, 0)


async def read(client: PoliteClient, gateway: str) -> dict[str, Any]:
    """A simulated gateway's own book; ``gateway`` is its address."""
    reply = await client.call("GET", f"{gateway}/book", headers={}, deadline=DEADLINE)
    return msgspec.json.decode(reply.body, type=dict[str, Any])


def net(book: dict[str, Any], currency: str) -> int | None:
    """What it has paid and not got back, in minor units; None when it has paid any order twice."""
    if book["paid_more_than_once"]:
        return None
    return int(book["totals"].get(currency, {}).get("net_minor", 0))
