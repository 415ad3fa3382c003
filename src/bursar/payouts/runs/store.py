"""Every statement that asks for the payouts of a run."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from bursar.foundation.db import Record, Transaction
from bursar.payouts.model import Payout, PayoutState
from bursar.payouts.store import COLUMNS, locked_of, payout_of


async def count_by_run(tx: Transaction, run_ids: Collection[UUID], *, since: datetime | None) -> list[Record]:
    """How many payouts of each run stand where, and what they add up to."""
    return await tx.many(
        """
        SELECT run_id, state, currency, count(*) AS count, sum(amount)::bigint AS amount FROM payouts
        WHERE run_id = ANY($1::uuid[]) AND ($2::timestamptz IS NULL OR updated_at >= $2)
        GROUP BY run_id, state, currency ORDER BY run_id, state, currency
        """,
        list(run_ids), since,
    )  # fmt: skip


async def last_moves(tx: Transaction, run_ids: Collection[UUID]) -> list[Record]:
    """When a payout of each run moved last."""
    return await tx.many(
        "SELECT run_id, max(updated_at) AS at FROM payouts WHERE run_id = ANY($1::uuid[]) GROUP BY run_id",
        list(run_ids),
    )


async def count_for_run(
    tx: Transaction, program: str, *, except_runs: Collection[UUID], most: int | None
) -> list[Record]:
    """How many payouts of a program wait for a run, by state and currency, and what they add up to."""
    return await tx.many(
        f"""
        SELECT state, currency, count(*) AS count, sum(amount)::bigint AS amount FROM (
            SELECT state, currency, amount FROM payouts
            WHERE program = $1 AND state IN ('approved', 'retrying') AND due_at = 'infinity'
              AND (run_id = ANY($2::uuid[])) IS NOT TRUE
            {"" if most is None else f"ORDER BY id LIMIT {most:d}"}) waiting
        GROUP BY state, currency ORDER BY state, currency
        """,  # noqa: S608 - constants and a whole number
        program, list(except_runs),
    )  # fmt: skip


async def count_failures(tx: Transaction, run_id: UUID, *, most: int, since: datetime | None) -> int:
    """How many payouts of a run have failed, up to so many; found by an index that holds no others."""
    count: int = await tx.value(
        """
        SELECT count(*) FROM (
            SELECT FROM payouts WHERE run_id = $1 AND state IN ('failed', 'returned')
              AND ($3::timestamptz IS NULL OR updated_at >= $3)
            LIMIT $2) found
        """,
        run_id, most, since,
    )  # fmt: skip
    return count


async def failures(tx: Transaction, run_ids: Collection[UUID], *, before: UUID | None, limit: int) -> list[Payout]:
    """The failed payouts of each run, newest first and up to so many; found by an index that holds no others."""
    rows = await tx.many(
        f"""
        SELECT failed.* FROM unnest($1::uuid[]) AS wanted (run_id) CROSS JOIN LATERAL (
            SELECT {COLUMNS} FROM payouts
            WHERE payouts.run_id = wanted.run_id AND state IN ('failed', 'returned') AND ($2::uuid IS NULL OR id < $2)
            ORDER BY id DESC LIMIT $3) failed
        ORDER BY failed.run_id, failed.id DESC
        """,  # noqa: S608 - constants
        list(run_ids), before, limit,
    )  # fmt: skip
    return [payout_of(row) for row in rows]


async def page_of_run(
    tx: Transaction, run_id: UUID, *, states: Collection[PayoutState], before: UUID | None, limit: int
) -> list[Payout]:
    """One page of a run's payouts, newest first."""
    rows = await tx.many(
        f"""
        SELECT {COLUMNS} FROM payouts
        WHERE run_id = $1 AND ($2::text[] = '{{}}' OR state = ANY($2)) AND ($3::uuid IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
        """,  # noqa: S608 - constants
        run_id, sorted(states), before, limit,
    )  # fmt: skip
    return [payout_of(row) for row in rows]


async def hold_rest(tx: Transaction, run_id: UUID, *, limit: int) -> tuple[dict[UUID, Payout], datetime]:
    """Hold the next payouts of a run that can be cancelled, in id order; also the database's time."""
    rows = await tx.many(
        f"""
        SELECT {COLUMNS}, now() AS db_now FROM payouts
        WHERE run_id = $1 AND state IN ('requested', 'in_review', 'approved', 'retrying')
          AND reason IS DISTINCT FROM 'paid_after_refused'
        ORDER BY id LIMIT $2 FOR UPDATE
        """,  # noqa: S608 - constants
        run_id, limit,
    )  # fmt: skip
    return locked_of(rows)
