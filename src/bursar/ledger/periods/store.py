"""The statements behind a holder's transfers by period."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from bursar.foundation.db import Record, Transaction
from bursar.ledger.model import TransferKind


async def extract(
    tx: Transaction,
    holder_id: UUID,
    currency: str,
    kinds: Collection[TransferKind],
    *,
    since: datetime,
    until: datetime,
    limit: int,
) -> list[Record]:
    """The sum of each kind before ``since`` (rows without an id), and the transfers from then on, each for itself."""
    return await tx.many(
        """
        SELECT NULL::uuid AS id, NULL::timestamptz AS recorded_at, kind, sum(amount)::bigint AS amount,
               NULL::uuid AS payout_id, NULL AS reference
        FROM transfers WHERE holder_id = $1 AND currency = $2 AND kind = ANY($3::text[]) AND recorded_at < $4
        GROUP BY kind
        UNION ALL
        (SELECT id, recorded_at, kind, amount, payout_id, reference
         FROM transfers
         WHERE holder_id = $1 AND currency = $2 AND kind = ANY($3::text[]) AND recorded_at >= $4 AND recorded_at < $5
         ORDER BY recorded_at, id LIMIT $6)
        """,
        holder_id, currency, sorted(kinds), since, until, limit,
    )  # fmt: skip


async def by_month(
    tx: Transaction, holder_id: UUID, currency: str, kinds: Collection[TransferKind], *, time_zone: str
) -> list[Record]:
    """The sum of each kind in each month of this zone."""
    return await tx.many(
        """
        SELECT date_trunc('month', recorded_at AT TIME ZONE $4)::date AS first, kind, sum(amount)::bigint AS amount
        FROM transfers WHERE holder_id = $1 AND currency = $2 AND kind = ANY($3::text[]) GROUP BY 1, 2
        """,
        holder_id, currency, sorted(kinds), time_zone,
    )  # fmt: skip
