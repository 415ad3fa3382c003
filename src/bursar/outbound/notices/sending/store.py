"""Every statement that a worker needs to send: what is due, who holds it, and what became of it."""

from collections.abc import Collection, Sequence
from uuid import UUID

from bursar.foundation.db import Transaction, columns
from bursar.outbound.notices.model import Address, Channel, Kind, Subscription
from bursar.outbound.notices.sending.model import Due, Result


async def claim(tx: Transaction, channel: Channel, *, limit: int, lease_seconds: float) -> list[Due]:
    """Take due notices of a channel, longest due first, until the lease ends; what others hold is passed over."""
    rows = await tx.many(
        """
        UPDATE notices SET due_at = now() + make_interval(secs => $3), lease_no = lease_no + 1
        WHERE id = ANY(ARRAY(
            SELECT id FROM notices WHERE channel = $1 AND due_at <= now() ORDER BY due_at LIMIT $2
            FOR UPDATE SKIP LOCKED))
        RETURNING id, kind, program, subject_id, address, facts, lease_no, tries
        """,
        channel.value, limit, lease_seconds,
    )  # fmt: skip
    taken = sorted(rows, key=lambda row: row["id"].bytes)  # As it happened.
    return [
        Due(
            id=row["id"],
            kind=Kind(row["kind"]),
            program=row["program"],
            subject_id=row["subject_id"],
            address=Address(channel, row["address"]),
            facts=row["facts"],
            lease_no=row["lease_no"],
            tries=row["tries"],
        )
        for row in taken
    ]


async def browsers(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Subscription]:
    """These subscriptions, where they have not ended."""
    rows = await tx.many(
        """
        SELECT id, holder_id, person_id, endpoint, p256dh, auth, created_at FROM push_subscriptions
        WHERE id = ANY($1) AND ended_at IS NULL
        """,
        list(ids),
    )
    return {row["id"]: Subscription(*row) for row in rows}


async def put_back(tx: Transaction, dues: Sequence[Due]) -> None:
    """End the leases of notices that were not tried: they are due at once, for anybody."""
    await tx.run(
        """
        UPDATE notices n SET due_at = now() FROM unnest($1::uuid[], $2::int[]) AS back (id, lease_no)
        WHERE n.id = back.id AND n.lease_no = back.lease_no AND n.state = 'waiting'
        """,
        *columns([(due.id, due.lease_no) for due in dues], 2),
    )


async def record(tx: Transaction, results: Sequence[Result]) -> set[UUID]:
    """Write where tries leave their notices; which were written. After its lease, a result is dropped."""
    rows = [
        (r.due.id, r.due.lease_no, r.state.value, r.wait_seconds, r.status, r.error, int(r.was_tried)) for r in results
    ]
    written = await tx.many(
        """
        UPDATE notices n
        SET state = r.state, tries = n.tries + r.tried, due_at = now() + make_interval(secs => r.wait_seconds),
            last_status = r.status, last_error = r.error,
            finished_at = CASE WHEN r.state <> 'waiting' THEN now() END
        FROM unnest($1::uuid[], $2::int[], $3::text[], $4::float8[], $5::smallint[], $6::text[], $7::smallint[])
            AS r (id, lease_no, state, wait_seconds, status, error, tried)
        WHERE n.id = r.id AND n.lease_no = r.lease_no AND n.state = 'waiting'
        RETURNING n.id
        """,
        *columns(rows, 7),
    )
    return {row["id"] for row in written}


async def end_subscriptions(tx: Transaction, ids: Collection[UUID]) -> None:
    """End subscriptions whose push service says that they are there no more."""
    await tx.run(
        "UPDATE push_subscriptions SET ended_at = now(), ended_why = 'gone' WHERE id = ANY($1) AND ended_at IS NULL",
        list(ids),
    )
