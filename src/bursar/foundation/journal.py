"""What people and commands did apart from payouts: terms applied, keys made, money stopped. Append-only."""

from typing import Any

from bursar.foundation.db import Transaction
from bursar.foundation.log import correlation_id


async def note(tx: Transaction, action: str, *, actor: str, subject: str, **facts: Any) -> None:
    """Write down who did what to which subject, in the transaction that does it. Facts hold no secrets."""
    await tx.run(
        "INSERT INTO audit_notes (actor, action, subject, facts, correlation_id) VALUES ($1, $2, $3, $4, $5)",
        actor, action, subject, facts, correlation_id(),
    )  # fmt: skip
