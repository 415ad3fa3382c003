"""Statements by which people's word becomes true of attempts and breaks."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from bursar.foundation.db import Transaction

_LOST: Final = (
    "id", "payout_id", "holder_id", "program", "terms_version", "amount", "currency", "generation", "gateway", "key",
    "batch_id", "outcome", "sent_at", "window_ends_at",
)  # fmt: skip


async def reopen(tx: Transaction, attempt_id: UUID) -> None:
    """Make a closed attempt unknown again; whoever does so says in the same transaction what became of it."""
    await tx.run("UPDATE attempts SET outcome = 'unknown', look_at = now() WHERE id = $1", attempt_id)


async def insert_lost(tx: Transaction, row: Sequence[object]) -> None:
    """Write down one attempt, in the order of ``_LOST`` without the last: its key is never sent again."""
    await tx.append("attempts", _LOST, [(*row, row[-1])])


async def close_disputes(tx: Transaction, payout_ids: Collection[UUID], *, resolution: str, kind: str) -> int:
    """Close breaks about payouts."""
    return await tx.run(
        """
        UPDATE breaks SET closed_at = now(), resolution = $2
        WHERE payout_id = ANY($1::uuid[]) AND kind = $3 AND closed_at IS NULL
        """,
        list(payout_ids), resolution, kind,
    )  # fmt: skip
