"""What people and commands did apart from payouts: terms applied, keys made, money stopped. Append-only."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bursar.foundation.db import Transaction, columns
from bursar.foundation.log import correlation_id


async def note(tx: Transaction, action: str, *, actor: str, subject: str, **facts: Any) -> None:
    """Write down who did what to which subject, in the transaction that does it. Facts hold no secrets."""
    await tx.run(
        "INSERT INTO audit_notes (actor, action, subject, facts, correlation_id) VALUES ($1, $2, $3, $4, $5)",
        actor, action, subject, facts, correlation_id(),
    )  # fmt: skip


async def note_each(tx: Transaction, action: str, *, actor: str, subjects: Collection[str], **facts: Any) -> None:
    """Write down that somebody did the same to each of these subjects, in one statement."""
    await note_many(tx, action, [(actor, subject, facts) for subject in subjects])


async def note_many(tx: Transaction, action: str, notes: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Write down who did the same to which subjects, each with its facts: (actor, subject, facts), in one statement."""
    await tx.run(
        """
        INSERT INTO audit_notes (actor, action, subject, facts, correlation_id)
        SELECT actor, $1, subject, facts, $5
        FROM unnest($2::text[], $3::text[], $4::jsonb[]) AS noted (actor, subject, facts)
        """,
        action, *columns(notes, 3), correlation_id(),
    )  # fmt: skip
