"""Every statement that reads events on and on; each reader has a place of its own."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final
from uuid import UUID

from bursar.foundation import outbox
from bursar.foundation.db import Record, Transaction
from bursar.payouts import store
from bursar.payouts.feeds.model import MovesTally
from bursar.payouts.model import RESTING, Moved, PayoutState

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


async def tally_feed(
    tx: Transaction, *, reader: str, limit: int, bounds: Sequence[float]
) -> tuple[list[MovesTally], int]:
    """What the next committed moves for this reader add up to, each counted once; also how many were read.

    ``bounds`` are the upper bounds of the buckets in which times from request to rest are counted, in seconds. The
    database adds up, so what comes back grows with the minutes and states that are in it and not with the moves.
    """
    stretch = await outbox.stretch(tx, reader=reader, table="payout_events", limit=limit)
    if stretch is None:
        return [], 0
    rows = await tx.many(
        f"""
        SELECT program, currency, verb, from_state, to_state, minute, asked_at,
               width_bucket(took, $5::float8[])::integer AS bucket,
               count(*) AS count, sum(amount)::bigint AS amount, coalesce(sum(took), 0) AS seconds
        FROM (
            SELECT p.program, p.currency, e.verb, e.from_state, e.to_state, date_trunc('minute', e.at) AS minute,
                   date_trunc('minute', p.created_at) AS asked_at, p.amount,
                   CASE WHEN e.to_state = ANY($6) AND e.from_state <> ALL($6)
                        THEN greatest(extract(epoch FROM e.at - p.created_at), 0)::float8 END AS took
            FROM (
                SELECT payout_id, verb, from_state, to_state, at FROM payout_events
                WHERE (xid, id) > ($1::text::xid8, $2) AND (xid, id) <= ($3::text::xid8, $4)
                ORDER BY xid, id LIMIT {int(stretch.count)}) e  -- With these fences no plan ever reads a whole table.
            CROSS JOIN LATERAL (
                SELECT program, currency, amount, created_at FROM payouts WHERE id = e.payout_id OFFSET 0) p) moves
        GROUP BY program, currency, verb, from_state, to_state, minute, asked_at, bucket
        """,  # noqa: S608 - a number
        *stretch.after, *stretch.to, list(bounds), sorted(RESTING),
    )  # fmt: skip
    return [_tally(row) for row in rows], stretch.count


async def feeds_behind(tx: Transaction) -> dict[str, float]:
    """For how many seconds the oldest event has been there that each reader has not read; 0 where it has read all."""
    return await outbox.behind(tx, table="payout_events")


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


def _tally(row: Record) -> MovesTally:
    values = dict(row)
    states = {name: PayoutState(row[name]) if row[name] else None for name in ("from_state", "to_state")}
    return MovesTally(**values | states)
