"""The statement behind figures about payouts."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from bursar.foundation import ids
from bursar.foundation.db import Record, Transaction
from bursar.payouts.analytics.model import Days, Dimension

PATIENCE_SECONDS: Final = 30  # A million payouts are counted in seconds: longer than other requests may take.
_MILLISECOND: Final = timedelta(milliseconds=1)  # As finely as ids tell the time.


async def analyse(
    tx: Transaction,
    days: Days,
    by: Collection[Dimension],
    *,
    beginnings: Sequence[datetime],
    program: str | None,
    limit: int,
) -> list[Record]:
    """One row for each group: which of the spans with these ``beginnings``, counted from 1, and what it came to.

    Bounds on ids lead to the payouts of these days along the primary key, since ids begin with the time. Sorting for
    the quantiles stays in memory; letters are compared by their codes, which is several times as quick as by a locale.
    """
    kind, state, gateway = (
        f'{column} COLLATE "C"' if dimension in by else "NULL::text"
        for dimension, column in (
            (Dimension.KIND, "kind"),
            (Dimension.STATUS, "state"),
            (Dimension.GATEWAY, "gateway"),
        )
    )
    await tx.run(f"SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = '{PATIENCE_SECONDS}s'")
    return await tx.many(
        f"""
        SELECT span, {kind} AS kind, {state} AS state, {gateway} AS gateway, currency COLLATE "C" AS currency,
               count(*) AS count, sum(amount)::bigint AS amount,
               count(*) FILTER (WHERE state = 'completed') AS completed,
               count(*) FILTER (WHERE state IN ('failed', 'returned')) AS failed,
               coalesce(sum(amount) FILTER (WHERE state = 'completed'), 0)::bigint AS paid,
               avg(seconds) AS average, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY seconds) AS quantiles
        FROM (
            SELECT width_bucket(created_at, $6::timestamptz[]) AS span, kind, state, gateway, currency, amount,
                   CASE WHEN state IN ('completed', 'failed')
                        THEN greatest(date_part('epoch', processed_at - created_at), 0) END AS seconds
            FROM payouts
            WHERE id >= $1 AND id < $2 AND created_at >= $3 AND created_at < $4 AND ($5::text IS NULL OR program = $5)
        ) AS asked
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5 LIMIT $7
        """,  # noqa: S608 - constants
        ids.first(days.since), ids.first(days.until + _MILLISECOND), days.since, days.until, program, list(beginnings),
        limit,
    )  # fmt: skip
