"""Every statement on attempts, breaks, kill switches and circuits."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bursar.dispatch.model import Attempt, AttemptState
from bursar.foundation.db import Record, Transaction, columns
from bursar.foundation.money import Money

_COLUMNS: Final = """
    id, payout_id, holder_id, program, terms_version, amount, currency, generation, gateway, key, outcome, reason,
    gateway_reference, inquiries, lease_no, look_at, window_ends_at, sent_at,
    CASE WHEN generation = 1 THEN 0 ELSE (
        SELECT count(*) FROM attempts o WHERE o.payout_id = attempts.payout_id AND o.lacked_funds) END AS unfunded,
    coalesce(look_at > now() AND (outcome = 'open' OR asked_at > coalesce(answered_at, '-infinity')), false) AS is_busy,
    correlation_id, tries_max
"""
_INTENT: Final = (
    "id", "payout_id", "holder_id", "program", "terms_version", "amount", "currency", "generation", "gateway", "key",
    "batch_id", "outcome", "sent_at", "look_at", "window_ends_at", "correlation_id", "tries_max",
)  # fmt: skip
_WIDTH: Final = len(Attempt.__struct_fields__) + 1  # Amount and currency become one value.


async def insert_attempts(tx: Transaction, rows: Sequence[Sequence[object]]) -> None:
    """Write down what is about to be sent, leased to the caller; rows are in the order of ``_INTENT``."""
    await tx.append("attempts", _INTENT, rows)


async def lock_attempts(tx: Transaction, ids: Collection[UUID]) -> tuple[dict[UUID, Attempt], datetime | None]:
    """Hold these attempts until the transaction ends, in id order; also the database's time."""
    rows = await tx.many(
        f"SELECT {_COLUMNS}, now() AS db_now FROM attempts WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE",  # noqa: S608 - constants
        list(ids),
    )
    return {row["id"]: _attempt(row) for row in rows}, rows[0]["db_now"] if rows else None


async def close(tx: Transaction, rows: Sequence[Sequence[object]]) -> None:
    """Write down what was learned: (id, outcome, reason, gateway reference, answer, look in seconds, lacked funds)."""
    await tx.run(
        """
        UPDATE attempts a SET
            outcome = new.outcome, reason = new.reason, answer = new.answer, answered_at = now(),
            gateway_reference = coalesce(new.gateway_reference, a.gateway_reference),
            look_at = now() + make_interval(secs => new.look_in), lacked_funds = new.lacked_funds
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::float[], $7::boolean[])
            AS new (id, outcome, reason, gateway_reference, answer, look_in, lacked_funds)
        WHERE a.id = new.id
        """,
        *columns(rows, 7),
    )


async def look_again(tx: Transaction, rows: Sequence[Sequence[object]]) -> None:
    """Say when closed attempts that somebody asked about are asked about again: (id, in seconds or None)."""
    await tx.run(
        """
        UPDATE attempts a SET look_at = now() + make_interval(secs => new.look_in), answered_at = now()
        FROM unnest($1::uuid[], $2::float[]) AS new (id, look_in) WHERE a.id = new.id
        """,
        *columns(rows, 2),
    )


async def ask_soon(tx: Transaction, ids: Collection[UUID], *, delay: float, spacing: float) -> None:
    """Have locked attempts asked about after ``delay`` seconds, and not within ``spacing`` of the last time."""
    await tx.run(
        """
        UPDATE attempts SET look_at = least(
            look_at, greatest(now() + make_interval(secs => $2), asked_at + make_interval(secs => $3)))
        WHERE id = ANY($1::uuid[])
        """,
        list(ids), delay, spacing,
    )  # fmt: skip


async def take_due(tx: Transaction, *, gateways: Collection[str], limit: int, lease_seconds: float) -> list[Attempt]:
    """Lease the attempts that somebody must look at now, the longest due first; the next lease number is theirs."""
    rows = await tx.many(
        f"""
        WITH due AS (
            SELECT id FROM attempts WHERE look_at <= now() AND gateway = ANY($1::text[])
            ORDER BY look_at LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        UPDATE attempts SET lease_no = lease_no + 1, inquiries = inquiries + 1, asked_at = now(),
                            look_at = now() + make_interval(secs => $3)
        WHERE id IN (SELECT id FROM due) RETURNING {_COLUMNS}
        """,  # noqa: S608 - constants
        sorted(gateways), limit, lease_seconds,
    )  # fmt: skip
    return [_attempt(row) for row in rows]


async def take_one(tx: Transaction, gateway: str, *, paid_first: bool, lease_seconds: float) -> list[Attempt]:
    """Lease one attempt to be looked at, due or not: the next that is, or else the latest paid, or the other way round.

    The latest is found by key, which begins with the payout's id and so with its time: no other index is by gateway.
    """
    choices = ["look_at IS NOT NULL ORDER BY look_at", "outcome = 'paid' ORDER BY key DESC"]
    for which in reversed(choices) if paid_first else choices:
        row = await tx.one_or_none(
            f"""
            UPDATE attempts SET lease_no = lease_no + 1, inquiries = inquiries + 1, asked_at = now(),
                                look_at = now() + make_interval(secs => $2)
            WHERE id = (SELECT id FROM attempts WHERE gateway = $1 AND {which} LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING {_COLUMNS}
            """,  # noqa: S608 - constants
            gateway, lease_seconds,
        )  # fmt: skip
        if row is not None:
            return [_attempt(row)]
    return []


async def attempts_of(tx: Transaction, payout_id: UUID) -> list[Record]:
    """A payout's attempts in order, with what the gateway said."""
    return await tx.many(
        f"SELECT {_COLUMNS}, answer, answered_at, batch_id FROM attempts WHERE payout_id = $1 ORDER BY generation",  # noqa: S608 - constants
        payout_id,
    )


async def by_keys(tx: Transaction, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """The attempts that gateways know by these (gateway, key)."""
    rows = await tx.many(
        """
        SELECT id, gateway, key FROM unnest($1::text[], $2::text[]) AS wanted (gateway, key)
        JOIN attempts USING (gateway, key)
        """,
        *columns(list(names), 2),
    )
    return {(row["gateway"], row["key"]): row["id"] for row in rows}


async def open_breaks(tx: Transaction, rows: Sequence[Sequence[object]]) -> None:
    """Record where the world and our books disagree: (id, kind, payout, gateway, amount, currency, facts).

    One of the same kind that is open about the same payout says it already.
    """
    await tx.run(
        """
        INSERT INTO breaks (id, kind, payout_id, gateway, amount, currency, facts)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::jsonb[])
            AS new (id, kind, payout_id, gateway, amount, currency, facts)
        WHERE NOT EXISTS (
            SELECT FROM breaks b WHERE b.payout_id = new.payout_id AND b.kind = new.kind AND b.closed_at IS NULL)
        """,
        *columns(rows, 7),
    )


async def breaks(tx: Transaction, payout_id: UUID | None) -> list[Record]:
    """Open breaks, oldest first; of one payout where it is named."""
    return await tx.many(
        """
        SELECT id, kind, payout_id, gateway, amount, currency, facts, opened_at FROM breaks
        WHERE closed_at IS NULL AND ($1::uuid IS NULL OR payout_id = $1) ORDER BY opened_at
        """,
        payout_id,
    )


async def disputed(tx: Transaction, payout_ids: Collection[UUID]) -> dict[UUID, str]:
    """Those of these payouts about which a break is open, with the oldest one's kind.

    One about an unknown outcome does not count: it is over once the payout waits to leave again.
    """
    rows = await tx.many(
        """
        SELECT DISTINCT ON (payout_id) payout_id, kind FROM breaks
        WHERE payout_id = ANY($1::uuid[]) AND closed_at IS NULL AND kind <> 'unknown_outcome'
        ORDER BY payout_id, opened_at
        """,
        list(payout_ids),
    )
    return {row["payout_id"]: row["kind"] for row in rows}


async def parked_attempt(tx: Transaction, payout_id: UUID) -> tuple[Attempt, UUID] | None:
    """The attempt of a payout that waits for people, held until the transaction ends, and the break about it."""
    row = await tx.one_or_none(
        f"""
        SELECT {_COLUMNS} FROM attempts WHERE payout_id = $1 AND outcome = 'unknown' AND look_at IS NULL FOR UPDATE
        """,  # noqa: S608 - constants
        payout_id,
    )
    found = await breaks(tx, payout_id)
    about = [entry["id"] for entry in found if entry["kind"] == "unknown_outcome"]
    return (_attempt(row), about[0]) if row is not None and about else None


async def close_breaks(tx: Transaction, break_ids: Collection[UUID], *, resolution: str) -> None:
    """Write down how breaks ended; those that had ended before stay as they were."""
    await tx.run(
        "UPDATE breaks SET closed_at = now(), resolution = $2 WHERE id = ANY($1::uuid[]) AND closed_at IS NULL",
        list(break_ids), resolution,
    )  # fmt: skip


async def end_doubts(tx: Transaction, payout_ids: Collection[UUID]) -> None:
    """Close the breaks of payouts whose unknown outcome has become known after all."""
    await tx.run(
        """
        UPDATE breaks SET closed_at = now(), resolution = 'told'
        WHERE payout_id = ANY($1::uuid[]) AND kind = 'unknown_outcome' AND closed_at IS NULL
        """,
        list(payout_ids),
    )


async def standing(tx: Transaction) -> list[Record]:
    """Kill switches that are set, circuits that are not closed, floats that are low, and a recovery, by ``what``."""
    return await tx.many(
        """
        SELECT 'switch' AS what, scope, subject, reason, NULL::boolean AS probe FROM kill_switches
        UNION ALL
        SELECT 'circuit', state, gateway, '', probe_at <= now() FROM circuits WHERE state <> 'closed'
        UNION ALL
        SELECT 'float', currency, gateway, '', NULL FROM floats WHERE low_since IS NOT NULL
        UNION ALL
        SELECT 'recovery', '', '', '', NULL FROM recoveries WHERE ended_at IS NULL
        UNION ALL  -- Seen here and not only by who looks now and then: not one payout may leave before.
        SELECT 'recovery', '', '', '', NULL FROM database_identity k CROSS JOIN pg_control_system() c
        WHERE NOT pg_is_in_recovery() AND (k.system_identifier <> c.system_identifier
            OR k.table_oid <> 'database_identity'::regclass
            OR k.timeline <> substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
        """
    )


async def set_switch(tx: Transaction, *, scope: str, subject: str, reason: str, actor: str) -> None:
    """Stop money; stopping what is stopped already keeps the first reason."""
    await tx.run(
        """
        INSERT INTO kill_switches (scope, subject, reason, set_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
        """,
        scope, subject, reason, actor,
    )  # fmt: skip


async def lift_switch(tx: Transaction, *, scope: str, subject: str) -> bool:
    """Let money go again; whether it had been stopped."""
    return bool(await tx.run("DELETE FROM kill_switches WHERE scope = $1 AND subject = $2", scope, subject))


async def switches(tx: Transaction) -> list[Record]:
    """The kill switches that are set."""
    return await tx.many("SELECT scope, subject, reason, set_by, set_at FROM kill_switches ORDER BY set_at")


async def breaks_by_gateway(tx: Transaction) -> dict[str, int]:
    """How many breaks are open about each gateway."""
    rows = await tx.many("SELECT gateway, count(*) AS count FROM breaks WHERE closed_at IS NULL GROUP BY gateway")
    return {row["gateway"]: row["count"] for row in rows}


async def figures(tx: Transaction) -> dict[str, Any]:
    """How much is in flight: live attempts by state, how many are overdue, and how many breaks are open."""
    row = await tx.one(
        """
        SELECT count(*) FILTER (WHERE look_at IS NOT NULL) AS looked_after,
               count(*) FILTER (WHERE look_at < now() - interval '5 minutes') AS overdue,
               (SELECT count(*) FROM breaks WHERE closed_at IS NULL) AS breaks
        FROM attempts WHERE look_at IS NOT NULL
        """
    )
    return dict(row)


def _attempt(row: Record) -> Attempt:
    values = list(row.values())[:_WIDTH]
    values[10] = AttemptState(values[10])
    values[5:7] = [Money(values[5], values[6])]
    return Attempt(*values)
