"""Every statement on tallies."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bursar.foundation.db import Transaction, columns
from bursar.monitoring.tallies.model import DurationTally, FlowTally, OpenTally, StateTally
from bursar.payouts import PayoutState

_HOURS: Final = "(span = 'hour' AND since >= $2 AND since < $3)"
_EDGES: Final = "(span = 'minute' AND (since >= $1 AND since < $2 OR since >= $3 AND since < $4))"
_WITHIN: Final = f"({_HOURS} OR {_EDGES})"
"""From the first moment to the last: whole hours, and the minutes before and after them."""

Row = Sequence[object]

# ---- Writing --------------------------------------------------------------------------------------------------------


async def add_states(tx: Transaction, rows: Sequence[Row]) -> None:
    """Add to where payouts stand: (program, currency, state, count, amount), less where negative."""
    await tx.run(
        """
        INSERT INTO state_tallies AS t (program, currency, state, count, amount)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) ORDER BY 1, 2, 3
        ON CONFLICT (program, currency, state) DO UPDATE SET
            count = t.count + excluded.count, amount = t.amount + excluded.amount
        """,
        *columns(rows, 5),
    )


async def add_open(tx: Transaction, rows: Sequence[Row]) -> None:
    """Add to what is open by the minute it was asked for: (program, minute, count). Empty minutes are dropped."""
    await tx.run(
        """
        INSERT INTO open_tallies AS t (program, asked_at, count)
        SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::bigint[]) ORDER BY 1, 2
        ON CONFLICT (program, asked_at) DO UPDATE SET count = t.count + excluded.count
        """,
        *columns(rows, 3),
    )
    await tx.run(
        """
        DELETE FROM open_tallies t USING unnest($1::text[], $2::timestamptz[]) AS touched (program, asked_at)
        WHERE t.program = touched.program AND t.asked_at = touched.asked_at AND t.count = 0
        """,
        *columns(rows, 3)[:2],
    )


async def add_flows(tx: Transaction, rows: Sequence[Row]) -> None:
    """Add to what happened: (span, since, program, currency, verb, count, amount, seconds)."""
    await tx.run(
        """
        INSERT INTO flow_tallies AS t (span, since, program, currency, verb, count, amount, seconds)
        SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                             $7::bigint[], $8::float8[])
        ON CONFLICT (span, since, program, currency, verb) DO UPDATE SET
            count = t.count + excluded.count, amount = t.amount + excluded.amount,
            seconds = t.seconds + excluded.seconds
        """,
        *columns(rows, 8),
    )


async def add_durations(tx: Transaction, rows: Sequence[Row]) -> None:
    """Add to how long it took: (span, since, program, verb, bucket, count)."""
    await tx.run(
        """
        INSERT INTO duration_tallies AS t (span, since, program, verb, bucket, count)
        SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::smallint[], $6::bigint[])
        ON CONFLICT (span, since, program, verb, bucket) DO UPDATE SET count = t.count + excluded.count
        """,
        *columns(rows, 6),
    )


async def forget(tx: Transaction, *, minutes_days: int, hours_days: int) -> None:
    """Forget minutes and hours that are older than so many days; what there ever was is kept."""
    for table in ("flow_tallies", "duration_tallies"):
        await tx.run(
            f"""
            DELETE FROM {table}
            WHERE span = 'minute' AND since < now() - make_interval(days => $1)
               OR span = 'hour' AND since < now() - make_interval(days => $2)
            """,  # noqa: S608 - constants
            minutes_days, hours_days,
        )  # fmt: skip


# ---- Looking --------------------------------------------------------------------------------------------------------


async def states(tx: Transaction, program: str | None) -> list[StateTally]:
    """How many payouts stand where, of one program or of each."""
    rows = await tx.many(
        """
        SELECT program, currency, state, count, amount FROM state_tallies
        WHERE ($1::text IS NULL OR program = $1) AND count <> 0 ORDER BY program, currency, state
        """,
        program,
    )
    return [StateTally(r["program"], r["currency"], PayoutState(r["state"]), r["count"], r["amount"]) for r in rows]


async def oldest_open(tx: Transaction, program: str | None) -> list[OpenTally]:
    """When the oldest payout was asked for that has not come to rest; programs without any are left out."""
    rows = await tx.many(
        """
        SELECT p.program, oldest.asked_at FROM programs p CROSS JOIN LATERAL (
            SELECT asked_at FROM open_tallies t WHERE t.program = p.program AND count > 0
            ORDER BY asked_at LIMIT 1) oldest
        WHERE $1::text IS NULL OR p.program = $1 ORDER BY p.program
        """,
        program,
    )
    return [OpenTally(row["program"], row["asked_at"]) for row in rows]


async def flows(tx: Transaction, program: str | None, *, edges: Sequence[datetime]) -> list[FlowTally]:
    """What happened between the first and the last of these: (from, first hour, last hour, until)."""
    rows = await tx.many(
        f"""
        SELECT program, currency, verb, sum(count)::bigint AS count, sum(amount)::bigint AS amount,
               sum(seconds) AS seconds
        FROM flow_tallies WHERE {_WITHIN} AND ($5::text IS NULL OR program = $5)
        GROUP BY program, currency, verb ORDER BY program, currency, verb
        """,  # noqa: S608 - constants
        *edges, program,
    )  # fmt: skip
    return [FlowTally(**row) for row in rows]


async def durations(tx: Transaction, program: str | None, *, edges: Sequence[datetime]) -> list[DurationTally]:
    """How long it took, between the same."""
    rows = await tx.many(
        f"""
        SELECT program, verb, bucket, sum(count)::bigint AS count FROM duration_tallies
        WHERE {_WITHIN} AND ($5::text IS NULL OR program = $5)
        GROUP BY program, verb, bucket ORDER BY program, verb, bucket
        """,  # noqa: S608 - constants
        *edges, program,
    )  # fmt: skip
    return [DurationTally(**row) for row in rows]


async def flows_ever(tx: Transaction) -> list[FlowTally]:
    """What has ever happened."""
    rows = await tx.many(
        """
        SELECT program, currency, verb, count, amount, seconds FROM flow_tallies
        WHERE span = 'ever' ORDER BY program, currency, verb
        """
    )
    return [FlowTally(**row) for row in rows]


async def durations_ever(tx: Transaction) -> list[DurationTally]:
    """How long it has ever taken."""
    rows = await tx.many(
        """
        SELECT program, verb, bucket, count FROM duration_tallies
        WHERE span = 'ever' ORDER BY program, verb, bucket
        """
    )
    return [DurationTally(**row) for row in rows]
