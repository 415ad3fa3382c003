"""Every statement on reports."""

from collections.abc import Sequence

from bursar.foundation.db import Record, Transaction, columns


async def insert(tx: Transaction, rows: Sequence[Sequence[object]]) -> int:
    """Store reports that are new: (gateway, event, attempt key, outcome, body hash, facts); how many were."""
    return await tx.run(
        """
        INSERT INTO reports (gateway, event_id, attempt_key, outcome, body_hash, facts)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::jsonb[])
        ORDER BY 1, 2 ON CONFLICT DO NOTHING
        """,
        *columns(rows, 6),
    )


async def take_due(tx: Transaction, *, limit: int) -> list[Record]:
    """Hold the reports that are to be applied now, in the order they came."""
    return await tx.many(
        """
        SELECT gateway, event_id, attempt_key, outcome, facts, tries, received_at FROM reports
        WHERE apply_at <= now() ORDER BY apply_at, received_at LIMIT $1 FOR UPDATE SKIP LOCKED
        """,
        limit,
    )


async def settle(tx: Transaction, rows: Sequence[Sequence[object]]) -> None:
    """Write down what became of reports: (gateway, event, result, seconds until the next try or None)."""
    await tx.plan_afresh()  # A kept plan was seen to compare each of them with each there ever was.
    await tx.run(
        """
        UPDATE reports r SET
            result = new.result, tries = r.tries + 1, apply_at = now() + make_interval(secs => new.wait),
            applied_at = CASE WHEN new.wait IS NULL THEN now() END
        FROM unnest($1::text[], $2::text[], $3::text[], $4::float[]) AS new (gateway, event_id, result, wait)
        WHERE r.gateway = new.gateway AND r.event_id = new.event_id
        """,
        *columns(rows, 4),
    )


async def about(tx: Transaction, gateway: str, attempt_key: str) -> list[Record]:
    """What a gateway reported about one attempt, in the order it came."""
    return await tx.many(
        """
        SELECT event_id, outcome, facts, received_at, applied_at, result, tries FROM reports
        WHERE gateway = $1 AND attempt_key = $2 ORDER BY received_at
        """,
        gateway, attempt_key,
    )  # fmt: skip
