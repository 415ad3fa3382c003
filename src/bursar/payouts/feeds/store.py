"""Every statement that reads events on and on; each reader has a place of its own."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final
from uuid import UUID

from bursar.foundation import outbox
from bursar.foundation.db import Record, Transaction
from bursar.payouts import store
from bursar.payouts.model import Moved, PayoutState

AUDITED_COLUMNS: Final = (
    "xid", "id", "payout_id", "holder_id", "seq", "verb", "from_state", "to_state", "reason", "facts", "actor",
    "correlation_id", "at",
)  # fmt: skip
"""What an event consists of, in the order in which it is sealed."""

_AUDITOR: Final = "audit"


async def feed(
    tx: Transaction,
    *,
    reader: str,
    limit: int,
    states: Collection[PayoutState] = frozenset(PayoutState),
    whose: Callable[[set[UUID]], Awaitable[Collection[UUID]]] | None = None,
) -> tuple[list[Moved], int]:
    """The next committed moves for this reader, each once, with what there is to say about its payout.

    Also how many were read: only those from or to one of ``states`` are given, and only those of the holders that
    ``whose`` picks out of all that are named. What nobody wants costs little more than being read.
    """
    events = await outbox.read(tx, reader=reader, table="payout_events", limit=limit)
    wanted = [event for event in events if event["to_state"] in states or event["from_state"] in states]
    if wanted and whose is not None:
        chosen = await whose({event["holder_id"] for event in wanted})
        wanted = [event for event in wanted if event["holder_id"] in chosen]
    rows = await tx.many(
        """
        SELECT id, program, terms_version, reference, amount, currency, gateway_reference
        FROM payouts WHERE id = ANY($1::uuid[])
        """,
        list({event["payout_id"] for event in wanted}),
    ) if wanted else []  # fmt: skip
    payouts = {row["id"]: row for row in rows}
    return [store.moved(event, payouts[event["payout_id"]]) for event in wanted], len(events)


async def audit_feed(tx: Transaction, *, limit: int) -> Sequence[Record]:
    """The next committed events to be sealed, whole, each once."""
    return await outbox.read(tx, reader=_AUDITOR, table="payout_events", limit=limit)


async def audit_position(tx: Transaction) -> tuple[str, int]:
    """Up to where events have been sealed: transaction id and number."""
    return await outbox.position(tx, reader=_AUDITOR)


async def audited_between(tx: Transaction, *, after: tuple[str, int], to: tuple[str, int]) -> list[Record]:
    """The events from one place to another in the order of commits, the first one excluded."""
    return await tx.many(
        f"""
        SELECT {", ".join(AUDITED_COLUMNS)} FROM payout_events
        WHERE (xid, id) > ($1::text::xid8, $2) AND (xid, id) <= ($3::text::xid8, $4) ORDER BY xid, id
        """,  # noqa: S608 - constants
        *after, *to,
    )  # fmt: skip
