"""Every statement that a worker needs to send: what is due, who holds it, and what became of it."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from bursar.foundation.db import Record, Transaction, columns
from bursar.outbound.webhooks.model import DisabledWhy, Patience, name_of
from bursar.outbound.webhooks.sending.model import Due, Health, Queue, Result


async def queues(
    tx: Transaction, *, after: UUID, except_for: Collection[UUID], limit: int
) -> tuple[list[Queue], UUID | None]:
    """Endpoints with deliveries due, longest waiting first, out of the next ``limit`` that wait for anything at all.

    Also where to go on, or None when there were no more. One step over the index for each endpoint, however much
    waits there: its first entry is the one that is due first.
    """
    rows = await tx.many(
        """
        WITH RECURSIVE heads AS (
            (SELECT endpoint_id, due_at, 1 AS place FROM deliveries
             WHERE due_at IS NOT NULL AND endpoint_id > $1 ORDER BY endpoint_id, due_at LIMIT 1)
            UNION ALL
            SELECT head.endpoint_id, head.due_at, heads.place + 1
            FROM heads CROSS JOIN LATERAL (
                SELECT d.endpoint_id, d.due_at FROM deliveries d
                WHERE d.due_at IS NOT NULL AND d.endpoint_id > heads.endpoint_id
                ORDER BY d.endpoint_id, d.due_at LIMIT 1) head
            WHERE heads.place < $2
        )
        SELECT endpoint_id, url, secret, CASE WHEN old_until > now() THEN old_secret END AS old_secret,
               failing_since IS NOT NULL AS is_failing,
               due_at <= now() AND disabled_at IS NULL AND endpoint_id <> ALL($3) AS is_ready
        FROM heads CROSS JOIN LATERAL (SELECT * FROM endpoints e WHERE e.id = heads.endpoint_id OFFSET 0) endpoint
        ORDER BY due_at
        """,
        after, limit, list(except_for),
    )  # fmt: skip
    ready = [Queue(*list(row.values())[:5]) for row in rows if row["is_ready"]]
    return ready, max(row["endpoint_id"] for row in rows) if len(rows) == limit else None


async def claim(tx: Transaction, shares: Sequence[tuple[UUID, int]], *, lease_seconds: float) -> list[Due]:
    """Take due deliveries, at most so many of each endpoint, oldest first, for as long as the lease lasts.

    What another worker holds is passed over. Nobody else sends a claimed one before its lease has ended.
    """
    rows = await tx.many(
        """
        UPDATE deliveries d SET due_at = now() + make_interval(secs => $3), lease_no = lease_no + 1
        WHERE id = ANY(ARRAY(
            SELECT due.id FROM unnest($1::uuid[], $2::int[]) AS share (endpoint_id, most)
            CROSS JOIN LATERAL (
                SELECT id FROM deliveries WHERE endpoint_id = share.endpoint_id AND due_at <= now()
                ORDER BY due_at LIMIT share.most FOR UPDATE SKIP LOCKED) due))
        RETURNING id, endpoint_id, message_id, lease_no, tries
        """,
        *columns(shares, 2), lease_seconds,
    )  # fmt: skip
    messages = await _messages(tx, {row["message_id"] for row in rows})
    claimed = [(row, messages[row["message_id"]]) for row in rows]
    claimed.sort(key=lambda pair: (pair[1]["at"], pair[1]["seq"] or 0))  # As it happened, as far as that goes.
    return [_due(row, message) for row, message in claimed]


async def put_back(tx: Transaction, dues: Sequence[Due]) -> None:
    """End the leases of deliveries that were not tried: they are due at once, for anybody."""
    await tx.run(
        """
        UPDATE deliveries d SET due_at = now() FROM unnest($1::uuid[], $2::int[]) AS back (id, lease_no)
        WHERE d.id = back.id AND d.lease_no = back.lease_no AND d.state = 'waiting'
        """,
        *columns([(due.delivery_id, due.lease_no) for due in dues], 2),
    )


async def record(tx: Transaction, results: Sequence[Result]) -> set[UUID]:
    """Write tries and where they leave their deliveries; which were written. After its lease, a result is dropped."""
    rows = [
        (r.due.delivery_id, r.due.lease_no, r.state.value, r.wait_seconds, r.status, r.error, r.duration_ms)
        for r in results
    ]
    written = await tx.many(
        """
        WITH result AS (
            SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::float8[], $5::smallint[], $6::text[], $7::int[])
                AS result (id, lease_no, state, wait_seconds, status, error, duration_ms)
        ), recorded AS (
            UPDATE deliveries d
            SET state = r.state, tries = tries + 1, due_at = now() + make_interval(secs => r.wait_seconds),
                last_status = r.status, last_error = r.error,
                finished_at = CASE WHEN r.state <> 'waiting' THEN now() END
            FROM result r
            WHERE d.id = ANY($1) AND d.id = r.id AND d.lease_no = r.lease_no AND d.state = 'waiting'
            RETURNING d.id, d.tries, r.status, r.error, r.duration_ms
        )
        INSERT INTO delivery_tries (delivery_id, number, http_status, error, duration_ms)
        SELECT * FROM recorded RETURNING delivery_id
        """,
        *columns(rows, 7),
    )
    return {row["delivery_id"] for row in written}


async def note_health(tx: Transaction, health: Health, *, days: int) -> dict[UUID, DisabledWhy]:
    """Write down which endpoints fail and which came back; disable those that are gone or failed for so many days."""
    await tx.run(  # Lowest id first, and before any delivery, as everybody does who locks both.
        "SELECT FROM endpoints WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE",
        list(health.recovered | health.failing | health.gone),
    )
    await tx.run(
        """
        UPDATE endpoints SET failing_since = CASE WHEN id = ANY($2) THEN now() END
        WHERE id = ANY($1) AND failing_since IS NOT NULL OR id = ANY($2) AND failing_since IS NULL
        """,
        list(health.recovered), list(health.failing),
    )  # fmt: skip
    rows = await tx.many(
        """
        UPDATE endpoints SET disabled_at = now(), disabled_why = CASE WHEN id = ANY($1) THEN 'gone' ELSE 'failing' END
        WHERE disabled_at IS NULL
          AND (id = ANY($1) OR id = ANY($2) AND failing_since < now() - make_interval(days => $3))
        RETURNING id, disabled_why
        """,
        list(health.gone), list(health.failing), days,
    )  # fmt: skip
    return {row["id"]: DisabledWhy(row["disabled_why"]) for row in rows}


async def _messages(tx: Transaction, ids: Collection[UUID]) -> Mapping[UUID, Record]:
    rows = await tx.many(
        """
        SELECT id, payout_id, seq, body, retry_seconds, timeout_seconds, at, correlation_id
        FROM messages WHERE id = ANY($1)
        """,
        list(ids),
    )
    return {row["id"]: row for row in rows}


def _due(row: Record, message: Record) -> Due:
    return Due(
        delivery_id=row["id"],
        endpoint_id=row["endpoint_id"],
        lease_no=row["lease_no"],
        tries=row["tries"],
        name=name_of(message["id"], message["payout_id"], message["seq"]),
        body=message["body"],
        patience=Patience(tuple(message["retry_seconds"]), message["timeout_seconds"]),
        correlation_id=message["correlation_id"],
    )
