"""Every statement on recoveries, and on which PostgreSQL this is."""

from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.dispatch.recovery.model import Recovery
from bursar.foundation.db import Record, Transaction

NOTED_EVERY_SECONDS: Final = 5.0  # One row is shared by all workers; more often would be no use and much writing.

IDENTITY: Final = """
    SELECT system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline,
           'database_identity'::regclass::oid AS table_oid
    FROM pg_control_system()
"""
"""Which database this is: whoever takes over begins a new timeline, and a dump makes its tables anew."""


async def begin(tx: Transaction, recovery: Recovery) -> Recovery:
    """Write a recovery, or let the one under way reach back further."""
    row = await tx.one(
        """
        INSERT INTO recoveries AS r (id, known_until, reason, begun_by) VALUES ($1, $2, $3, $4)
        ON CONFLICT ((true)) WHERE ended_at IS NULL
            DO UPDATE SET known_until = least(r.known_until, excluded.known_until)
        RETURNING id, known_until, reason, begun_by, begun_at
        """,
        recovery.id, recovery.known_until, recovery.reason, recovery.begun_by,
    )  # fmt: skip
    return _recovery(row)


async def current(tx: Transaction) -> Recovery | None:
    """The one that has not ended."""
    row = await tx.one_or_none(
        "SELECT id, known_until, reason, begun_by, begun_at FROM recoveries WHERE ended_at IS NULL"
    )
    return _recovery(row) if row is not None else None


async def end(tx: Transaction, recovery_id: UUID, *, actor: str) -> bool:
    """End a recovery; whether it was under way."""
    return bool(
        await tx.run(
            "UPDATE recoveries SET ended_at = now(), ended_by = $2 WHERE id = $1 AND ended_at IS NULL",
            recovery_id, actor,
        )
    )  # fmt: skip


async def moment_of_change(tx: Transaction) -> datetime | None:
    """When somebody was last alive on the database that is known, if this is another one."""
    seen_at: datetime | None = await tx.value(
        f"""
        SELECT k.seen_at FROM database_identity k, ({IDENTITY}) is_now
        WHERE (k.system_identifier, k.timeline, k.table_oid)
           <> (is_now.system_identifier, is_now.timeline, is_now.table_oid)
        """  # noqa: S608 - constants
    )
    return seen_at


async def note_alive(tx: Transaction) -> None:
    """Write down that somebody is alive, and which database this is where nobody knows yet."""
    await tx.run(
        f"""
        INSERT INTO database_identity AS k (system_identifier, timeline, table_oid, seen_at)
        SELECT system_identifier, timeline, table_oid, now() FROM ({IDENTITY}) is_now
        ON CONFLICT (only_one) DO UPDATE SET seen_at = excluded.seen_at
            WHERE k.seen_at < excluded.seen_at - make_interval(secs => $1)
        """,  # noqa: S608 - constants
        NOTED_EVERY_SECONDS,
    )


async def know_identity(tx: Transaction) -> None:
    """Make the database as it is now the known one."""
    await tx.run(
        f"""
        INSERT INTO database_identity (system_identifier, timeline, table_oid, seen_at)
        SELECT system_identifier, timeline, table_oid, now() FROM ({IDENTITY}) is_now
        ON CONFLICT (only_one) DO UPDATE SET system_identifier = excluded.system_identifier,
            timeline = excluded.timeline, table_oid = excluded.table_oid, seen_at = excluded.seen_at
        """  # noqa: S608 - constants
    )


def _recovery(row: Record) -> Recovery:
    return Recovery(**row)
