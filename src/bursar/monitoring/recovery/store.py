"""What a recovery still waits for."""

from collections.abc import Collection
from datetime import datetime

from bursar.foundation.db import Transaction


async def compared(tx: Transaction, since: datetime, *, reaching_back_to: datetime) -> dict[str, datetime]:
    """The gateways compared since a moment over all that was paid since another, and when each was compared last."""
    rows = await tx.many(
        """
        SELECT gateway, max(begun_at) AS at FROM comparisons
        WHERE way <> 'books' AND state = 'done' AND begun_at >= $1 AND span_from <= $2 AND span_to >= $1
        GROUP BY gateway
        """,
        since, reaching_back_to,
    )  # fmt: skip
    return {row["gateway"]: row["at"] for row in rows}


async def accepted(tx: Transaction, subjects: Collection[str]) -> set[str]:
    """Those of these gateways-not-compared that two people have accepted."""
    rows = await tx.many(
        """
        SELECT subject FROM reconciliation_items
        WHERE kind = 'not_compared' AND subject = ANY($1::text[]) AND resolution = 'accept'
        """,
        list(subjects),
    )
    return {row["subject"] for row in rows}


async def end_not_compared(tx: Transaction, *, except_for: Collection[str]) -> None:
    """Close what said that a gateway was not compared, but for these."""
    await tx.run(
        """
        UPDATE reconciliation_items SET closed_at = now(), resolution = 'gone', ways = '{}'
        WHERE kind = 'not_compared' AND closed_at IS NULL AND subject <> ALL($1::text[])
        """,
        list(except_for),
    )


async def count_open_since(tx: Transaction, moment: datetime) -> int:
    """How many differences with gateways are open about payments since a moment."""
    found: int = await tx.value(
        """
        SELECT count(*) FROM reconciliation_items
        WHERE closed_at IS NULL AND ways && ARRAY['list', 'statement'] AND happened_at >= $1
        """,
        moment,
    )
    return found
