"""Statements that find what goes by an id, in whichever room it is; each part of them takes one index."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction
from bursar.monitoring.stories.model import Match

BATCH_MAX: Final = 10_000  # More attempts than any batch has.
_LAST: Final = (1 << 128) - 1

BY_ID: Final = """
    WITH wanted AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS wanted (id, last))
    SELECT 'payout' AS what, p.id::text AS id, p.created_at AS at, p.id AS payout_id, p.run_id
        FROM payouts p JOIN wanted USING (id)
    UNION ALL SELECT 'run', r.id::text, r.begun_at, NULL, r.id FROM runs r JOIN wanted USING (id)
    UNION ALL SELECT 'run', wanted.id::text, members.created_at, members.id, members.run_id
        FROM wanted CROSS JOIN LATERAL (
            SELECT p.id, p.run_id, p.created_at FROM payouts p WHERE p.run_id = wanted.id ORDER BY p.id DESC LIMIT $3
        ) members
    UNION ALL SELECT 'attempt', a.id::text, a.sent_at, a.payout_id, NULL FROM attempts a JOIN wanted USING (id)
    UNION ALL SELECT 'batch', wanted.id::text, members.sent_at, members.payout_id, NULL
        FROM wanted CROSS JOIN LATERAL (
            SELECT payout_id, sent_at FROM attempts a
            WHERE a.id > wanted.id AND a.id <= wanted.last AND a.batch_id = wanted.id ORDER BY a.id LIMIT $3) members
    UNION ALL SELECT 'message', m.id::text, m.at, m.payout_id, NULL FROM messages m JOIN wanted USING (id)
    UNION ALL SELECT 'delivery', d.id::text, d.created_at, m.payout_id, NULL
        FROM wanted JOIN deliveries d USING (id) JOIN messages m ON m.id = d.message_id
    UNION ALL SELECT 'notice', n.id::text, n.created_at, p.id, NULL
        FROM wanted JOIN notices n USING (id) LEFT JOIN payouts p ON p.id = n.subject_id
    UNION ALL SELECT 'earning', e.id::text, e.created_at, parts.payout_id, NULL
        FROM wanted JOIN earnings e USING (id) LEFT JOIN LATERAL (
            SELECT payout_id FROM earning_payoffs f WHERE f.earning_id = e.id ORDER BY reserved_at DESC LIMIT $3
        ) parts ON true
    UNION ALL SELECT 'order', o.id::text, o.created_at, o.payout_id, NULL FROM orders o JOIN wanted USING (id)
    UNION ALL SELECT 'break', b.id::text, b.opened_at, b.payout_id, NULL FROM breaks b JOIN wanted USING (id)
    UNION ALL SELECT 'reconciliation item', i.id::text, i.opened_at, i.payout_id, NULL
        FROM reconciliation_items i JOIN wanted USING (id)
    UNION ALL SELECT 'alert', a.id::text, a.opened_at, NULL, NULL FROM alerts a JOIN wanted USING (id)
"""
"""Ids, the last that a member of each of them as a batch may have, and how many of one kind."""

BY_TEXT: Final = """
    WITH RECURSIVE reporters (gateway) AS (
        SELECT min(gateway) FROM reports
        UNION ALL
        SELECT (SELECT min(gateway) FROM reports r WHERE r.gateway > reporters.gateway)
        FROM reporters WHERE gateway IS NOT NULL),
    sellers (program) AS (
        SELECT min(program) FROM orders
        UNION ALL
        SELECT (SELECT min(program) FROM orders o WHERE o.program > sellers.program)
        FROM sellers WHERE program IS NOT NULL)
    (SELECT 'correlation' AS what, $1 AS id, created_at AS at, id AS payout_id, run_id
        FROM payouts WHERE correlation_id = $1 ORDER BY id DESC LIMIT $2)
    UNION ALL SELECT 'correlation', $1, begun_at, NULL, id FROM runs WHERE correlation_id = $1
    UNION ALL (SELECT 'request', $1, at, payout_id, NULL FROM payout_events
        WHERE correlation_id = $1 AND verb <> 'request' AND actor NOT LIKE 'system:%' AND actor NOT LIKE 'gateway:%'
        LIMIT $2)
    UNION ALL (SELECT 'audit note', correlation_id, at, NULL, NULL FROM audit_notes WHERE correlation_id = $1 LIMIT 1)
    UNION ALL (SELECT 'reference', reference, created_at, id, run_id
        FROM payouts WHERE reference = $1 ORDER BY id DESC LIMIT $2)
    UNION ALL SELECT 'order', o.id::text, o.created_at, o.payout_id, NULL
        FROM sellers JOIN orders o ON o.program = sellers.program AND o.reference = $1
    UNION ALL (SELECT 'gateway reference', gateway || ' ' || gateway_reference, sent_at, payout_id, NULL
        FROM attempts WHERE gateway_reference = $1 ORDER BY id DESC LIMIT $2)
    UNION ALL SELECT 'report', r.gateway || ' ' || r.event_id, r.received_at, a.payout_id, NULL
        FROM reporters JOIN reports r ON r.gateway = reporters.gateway AND r.event_id = $1
        LEFT JOIN attempts a ON a.gateway = r.gateway AND a.key = r.attempt_key
    UNION ALL (SELECT 'idempotency key', key, recorded_at, (convert_from(answer, 'UTF8')::jsonb ->> 'id')::uuid, NULL
        FROM idempotency_keys WHERE key = $1 AND status = 201 LIMIT $2)
"""
"""A text, and how many of one kind."""


async def by_id(tx: Transaction, wanted: Collection[UUID], *, limit: int) -> list[Match]:
    """What goes by one of these ids. A batch's attempts were numbered on from its own id, and are found by that."""
    last = [UUID(int=min(one.int + BATCH_MAX, _LAST)) for one in wanted]
    return _matches(await tx.many(BY_ID, list(wanted), last, limit))


async def by_text(tx: Transaction, text: str, *, limit: int) -> list[Match]:
    """What goes by this text: a correlation id, what askers and gateways call something, or an idempotency key.

    A report's own id is looked for gateway by gateway, an order's name program by program. There are few of either, and
    the indexes begin with them.
    """
    return _matches(await tx.many(BY_TEXT, text, limit))


async def notes(tx: Transaction, *, correlations: Collection[str], subjects: Collection[str]) -> list[Record]:
    """What people and commands did under these correlation ids, or to these subjects."""
    return await tx.many(
        """
        SELECT actor, action, subject, facts, correlation_id, at FROM (
            SELECT * FROM audit_notes WHERE correlation_id = ANY($1::text[])
            UNION
            SELECT * FROM audit_notes WHERE subject = ANY($2::text[])) noted
        ORDER BY id DESC LIMIT 200
        """,
        sorted(correlations), sorted(subjects),
    )  # fmt: skip


def _matches(rows: Sequence[Record]) -> list[Match]:
    return [Match(**row) for row in rows]
