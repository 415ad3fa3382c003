"""Statements that look across rooms, to check what no room can check alone. They read and change nothing."""

from typing import Final

from bursar.foundation.db import Record, Transaction

SHOWN_MAX: Final = 20  # Per law: the first ones lead to the cause.


async def forgotten_payouts(tx: Transaction) -> list[Record]:
    """Payouts that are not at rest and that nobody will look at again."""
    return await tx.many(
        """
        SELECT p.id, p.state FROM payouts p
        WHERE p.state IN ('requested', 'in_review', 'sending', 'sent', 'on_hold')
          AND NOT (p.state = 'in_review' AND EXISTS (SELECT FROM approval_requests r WHERE r.subject_id = p.id))
          AND NOT (p.state IN ('sending', 'sent', 'on_hold') AND EXISTS (
              SELECT FROM attempts a WHERE a.payout_id = p.id AND a.outcome IN ('open', 'unknown', 'accepted', 'held')
              AND (a.look_at IS NOT NULL OR EXISTS (
                  SELECT FROM breaks b WHERE b.payout_id = p.id AND b.closed_at IS NULL))))
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def broken_histories(tx: Transaction) -> list[Record]:
    """Payouts whose events have a gap, do not join, or do not lead to where the payout stands."""
    return await tx.many(
        """
        WITH steps AS (
            SELECT payout_id, seq, to_state, from_state,
                   lag(to_state) OVER (PARTITION BY payout_id ORDER BY seq) AS before,
                   row_number() OVER (PARTITION BY payout_id ORDER BY seq) AS place
            FROM payout_events)
        SELECT p.id, p.state FROM payouts p
        LEFT JOIN (
            SELECT payout_id, max(seq) AS steps,
                   bool_and(seq = place AND from_state IS NOT DISTINCT FROM before) AS joined,
                   (array_agg(to_state ORDER BY seq DESC))[1] AS ended
            FROM steps GROUP BY payout_id) h ON h.payout_id = p.id
        WHERE h.payout_id IS NULL OR NOT h.joined OR h.steps <> p.version OR h.ended <> p.state
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def unapproved_attempts(tx: Transaction) -> list[Record]:
    """Payouts that needed people and were sent without enough of them, or on other bytes."""
    return await tx.many(
        """
        SELECT p.id FROM payouts p
        JOIN approval_requests r ON r.subject_id = p.id
        WHERE EXISTS (SELECT FROM attempts a WHERE a.payout_id = p.id)
          AND (r.digest <> p.digest OR r.needed > (
              SELECT count(DISTINCT v.person_id) FROM votes v
              WHERE v.subject_id = p.id AND v.in_favour AND v.digest = p.digest
                AND v.person_id IS DISTINCT FROM r.requester))
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def reservations_out_of_step(tx: Transaction) -> list[Record]:
    """Payouts whose money does not stand where their state says: reserved while open, released or posted at rest."""
    return await tx.many(
        """
        WITH money AS (
            SELECT payout_id, count(*) FILTER (WHERE step = 0) - count(*) FILTER (WHERE step = 1) AS open,
                   count(*) FILTER (WHERE kind = 'post') AS posted, count(*) FILTER (WHERE step = 2) AS reversed
            FROM transfers WHERE payout_id IS NOT NULL GROUP BY payout_id)
        SELECT p.id, p.state FROM payouts p LEFT JOIN money m ON m.payout_id = p.id
        WHERE m.payout_id IS NULL
           OR m.open <> (p.state NOT IN ('completed', 'returned', 'failed', 'rejected', 'cancelled'))::integer
           OR m.posted <> (p.state IN ('completed', 'returned'))::integer
           OR m.reversed <> (p.state = 'returned')::integer
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def answers_without_payout(tx: Transaction) -> list[Record]:
    """Stored answers that promise a payout that does not exist."""
    return await tx.many(
        """
        SELECT k.key FROM idempotency_keys k
        WHERE k.status = 201 AND NOT EXISTS (
            SELECT FROM payouts p WHERE p.id = (convert_from(k.answer, 'UTF8')::jsonb ->> 'id')::uuid)
        LIMIT $1
        """,
        SHOWN_MAX,
    )


async def stuck_deliveries(tx: Transaction) -> list[Record]:
    """Messages that were neither delivered nor given up, and that nobody has tried for a day after they were due.

    (That each waiting delivery is due at some time is a CHECK of its own table.)
    """
    return await tx.many(
        "SELECT id, message_id FROM deliveries WHERE due_at < now() - interval '1 day' LIMIT $1", SHOWN_MAX
    )


async def recent_payouts(tx: Transaction, limit: int) -> list[Record]:
    """The newest payouts' ids, for samples."""
    return await tx.many("SELECT id FROM payouts ORDER BY id DESC LIMIT $1", limit)


async def texts_about(tx: Transaction, payout_id: object) -> list[Record]:
    """Every text that is kept about a payout outside its envelope, and where."""
    return await tx.many(
        """
        SELECT 'payout_events' AS place, facts::text || coalesce(reason, '') AS text
        FROM payout_events WHERE payout_id = $1
        UNION ALL
        SELECT 'attempts', coalesce(answer::text, '') || coalesce(reason, '') FROM attempts WHERE payout_id = $1
        UNION ALL
        SELECT 'payouts', destination_shown::text || findings::text FROM payouts WHERE id = $1
        UNION ALL
        SELECT 'messages', convert_from(body, 'UTF8') FROM messages WHERE payout_id = $1
        UNION ALL
        SELECT 'reports', r.facts::text FROM reports r
        JOIN attempts a ON a.gateway = r.gateway AND a.key = r.attempt_key WHERE a.payout_id = $1
        """,
        payout_id,
    )
