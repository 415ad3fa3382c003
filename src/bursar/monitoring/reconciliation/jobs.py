"""Comparing in the background: once a day, and when somebody asks for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec

from bursar import dispatch
from bursar.foundation import queue
from bursar.foundation.db import Database, Transaction
from bursar.gateways import Gateway
from bursar.monitoring.occasions import Errand
from bursar.monitoring.reconciliation.comparing import LOOK_BACK, compare_all, compare_list
from bursar.monitoring.reconciliation.model import Span

ACTOR: Final = dispatch.concluding.ACTOR
COMPARE: Final = "reconciliation.compare"


class Wish(msgspec.Struct, frozen=True):
    """What somebody wants compared: everything, or one gateway's list."""

    actor: str
    gateway: str | None = None
    since: datetime | None = None


async def ask(tx: Transaction, *, actor: str, gateway: str | None = None, since: datetime | None = None) -> None:
    """Have a worker compare everything, or one gateway's list, soon after this commits."""
    await queue.enqueue(tx, COMPARE, msgspec.json.encode(Wish(actor, gateway, since)))


def daily(database: Database, gateways: Mapping[str, Gateway]) -> Errand:
    """Compare everything once a day."""
    return Errand("reconciliation.daily", timedelta(days=1), partial(compare_all, database, gateways, actor=ACTOR))


def handlers(database: Database, gateways: Mapping[str, Gateway]) -> queue.Handlers:
    """The jobs that this room answers, but for the daily one."""
    return {COMPARE: partial(_compare, database, gateways)}


async def _compare(database: Database, gateways: Mapping[str, Gateway], payload: bytes | None) -> None:
    wish = msgspec.json.decode(payload or b"", type=Wish)
    if wish.gateway is None:
        await compare_all(database, gateways, actor=wish.actor, since=wish.since)
    elif wish.gateway in gateways:
        async with database.transaction(readonly=True) as tx:
            now = await tx.now()
        span = Span(wish.since or now - LOOK_BACK, now)
        await compare_list(database, gateways[wish.gateway], span=span, actor=wish.actor)
