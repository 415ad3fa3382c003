"""The statements behind lists of payouts: a page, and what all of them come to."""

from typing import Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction, beginning
from bursar.payouts.model import Payout, Query
from bursar.payouts.store import COLUMNS, payout_of

_WANTED: Final = """
    ($1::uuid IS NULL OR holder_id = $1) AND ($2::text IS NULL OR program = $2)
    AND ($3::text[] = '{}' OR state = ANY($3))
    AND ($4::text IS NULL OR reference ILIKE $4 OR gateway_reference ILIKE $4 OR id::text ILIKE $4)
    AND ($5::timestamptz IS NULL OR created_at >= $5) AND ($6::timestamptz IS NULL OR created_at < $6)
    AND ($7::bigint IS NULL OR amount >= $7) AND ($8::bigint IS NULL OR amount <= $8)
    AND ($9::boolean IS NULL OR reviewed = $9) AND ($10::text[] = '{}' OR verdict = ANY($10))
    AND ($11::uuid[] IS NULL OR holder_id = ANY($11)) AND ($12::text[] = '{}' OR kind = ANY($12))
    AND ($13::uuid IS NULL OR order_id = $13)
"""


async def page(tx: Transaction, query: Query) -> list[Payout]:
    """One page of payouts, newest first; search looks for the start of a reference, a gateway reference, or an id."""
    rows = await tx.many(
        f"""
        SELECT {COLUMNS} FROM payouts WHERE {_WANTED} AND ($14::uuid IS NULL OR id < $14)
        ORDER BY id DESC LIMIT $15 OFFSET $16
        """,  # noqa: S608 - constants
        *_values(query), query.before, query.limit, query.offset,
    )  # fmt: skip
    return [payout_of(row) for row in rows]


async def count(tx: Transaction, query: Query) -> list[Record]:
    """How many payouts of all pages stand where, and what they add up to."""
    return await tx.many(
        f"""
        SELECT state, currency, count(*) AS count, sum(amount)::bigint AS amount FROM payouts WHERE {_WANTED}
        GROUP BY state, currency ORDER BY state, currency
        """,  # noqa: S608 - constants
        *_values(query),
    )


async def ids_waiting(tx: Transaction, program: str, *, limit: int) -> list[UUID]:
    """The payouts of a program that wait for their time to leave, those asked for first."""
    rows = await tx.many(
        """
        SELECT id FROM payouts WHERE program = $1 AND state IN ('approved', 'retrying') AND due_at > now()
        ORDER BY id LIMIT $2
        """,
        program, limit,
    )  # fmt: skip
    return [row["id"] for row in rows]


def _values(query: Query) -> tuple[object, ...]:
    """What ``_WANTED`` asks for, in its order."""
    return (
        query.holder_id,
        query.program,
        sorted(query.states),
        beginning(query.search),
        query.since,
        query.until,
        query.amount_min,
        query.amount_max,
        query.reviewed,
        sorted(query.verdicts),
        None if query.holder_ids is None else list(query.holder_ids),
        sorted(query.kinds),
        query.order_id,
    )
