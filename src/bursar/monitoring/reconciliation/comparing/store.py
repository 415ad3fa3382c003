"""Every statement on comparisons and on what the other side says while it is compared; the rest is only read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation import ids
from bursar.foundation.db import Record, Transaction
from bursar.gateways import Payment
from bursar.monitoring.reconciliation.model import Comparison, Span, Way

SILENT_SECONDS: Final = 900.0  # After so long without a sign of life, whoever compared is gone; a page takes seconds.

_COMPARISON: Final = """
    id, way, gateway, span_from, span_to, state, asked_by, begun_at, ended_at, failure, payments, differing, opened,
    closed
"""
_LINE: Final = ("comparison_id", "number", "key", "reference", "amount", "currency", "word", "at", "payout_id")
_OUR_KEY: Final = r"^[0-9a-f]{32}-[0-9]{1,4}$"


async def insert(tx: Transaction, comparison: Comparison, *, file_hash: bytes | None) -> None:
    """Begin a comparison; one whose teller has been silent for too long is over.

    Raises:
        UniqueViolation: the same is being compared (``one_comparison_at_a_time``), or this file was compared before
            (``same_statement_once``).
    """
    await tx.run(
        """
        UPDATE comparisons SET state = 'failed', ended_at = now(), failure = 'interrupted'
        WHERE way = $1 AND gateway = $2 AND state IN ('waiting', 'running')
          AND beat_at < now() - make_interval(secs => $3)
        """,
        comparison.way.value, comparison.gateway, SILENT_SECONDS,
    )  # fmt: skip
    await tx.run(
        """
        INSERT INTO comparisons (id, way, gateway, span_from, span_to, state, asked_by, file_hash)
        VALUES ($1, $2, $3, $4, $5, 'running', $6, $7)
        """,
        comparison.id, comparison.way.value, comparison.gateway, comparison.span.since, comparison.span.until,
        comparison.asked_by, file_hash,
    )  # fmt: skip


async def add_lines(tx: Transaction, comparison_id: UUID, payments: Sequence[Payment], *, first: int) -> None:
    """Note what the other side says, numbered from ``first``, and that somebody is alive."""
    await tx.append(
        "comparison_lines",
        _LINE,
        [
            (comparison_id, number, p.key, p.reference, p.amount.minor, p.amount.currency, p.word.value, p.at, None)
            for number, p in enumerate(payments, start=first)
        ],
    )
    await tx.run(
        "UPDATE comparisons SET beat_at = now(), payments = $2 WHERE id = $1",
        comparison_id, first + len(payments),
    )  # fmt: skip


async def understand_lines(tx: Transaction, comparison: Comparison) -> None:
    """Give lines without our key the one that their reference leads to, and each the payout that its key names.

    Of several lines that say the same of one key, a page twice or a payment and its retries, the strongest stays.
    """
    await tx.plan_afresh()
    await tx.run("ANALYZE comparison_lines")
    await tx.run(
        """
        UPDATE comparison_lines l SET key = a.key FROM attempts a
        WHERE l.comparison_id = $1 AND l.key IS NULL AND a.gateway = $2 AND a.gateway_reference = l.reference
        """,
        comparison.id, comparison.gateway,
    )  # fmt: skip
    await tx.run(
        """
        UPDATE comparison_lines SET payout_id = split_part(key, '-', 1)::uuid WHERE comparison_id = $1 AND key ~ $2
        """,
        comparison.id, _OUR_KEY,
    )  # fmt: skip
    await tx.run(
        """
        DELETE FROM comparison_lines l USING (
            SELECT number, row_number() OVER (
                PARTITION BY key, CASE WHEN word = 'paid' THEN reference END
                ORDER BY array_position(ARRAY['returned', 'held', 'accepted', 'unknown', 'refused'], word), number
            ) AS place,
            word <> 'paid' AND bool_or(word = 'paid') OVER (PARTITION BY key) AS is_weaker
            FROM comparison_lines WHERE comparison_id = $1 AND key IS NOT NULL) again
        WHERE l.comparison_id = $1 AND l.number = again.number
          AND (again.place > 1 OR (again.is_weaker AND l.word <> 'returned'))
        """,
        comparison.id,
    )


async def differing(tx: Transaction, comparison: Comparison, *, after: int, limit: int) -> list[Record]:
    """The next lines that do not say the very same as we do, each with what we have of it.

    A second payment under one key counts as one of which we know nothing.
    """
    return await tx.many(
        """
        SELECT l.number, l.reference, l.key, l.payout_id, l.amount, l.currency, l.word, l.at, p.state, p.program,
               CASE WHEN l.is_first THEN a.outcome END AS outcome, a.amount AS own_amount, a.currency AS own_currency
        FROM (
            SELECT *, word <> 'paid' OR row_number() OVER (PARTITION BY key, word ORDER BY number) = 1 OR key IS NULL
                   AS is_first
            FROM comparison_lines WHERE comparison_id = $1) l
        LEFT JOIN attempts a ON a.gateway = $2 AND a.key = l.key
        LEFT JOIN payouts p ON p.id = coalesce(a.payout_id, l.payout_id)
        WHERE l.number > $3
          AND NOT (l.is_first AND coalesce((l.word, l.amount, l.currency) = (a.outcome, a.amount, a.currency), false))
        ORDER BY l.number LIMIT $4
        """,
        comparison.id, comparison.gateway, after, limit,
    )  # fmt: skip


async def missing_there(
    tx: Transaction, comparison: Comparison, *, span: Span, after: UUID | None, limit: int
) -> list[Record]:
    """The next attempts of a span that were paid, as far as we know, and that the other side does not have.

    Ids are made when attempts are sent, so the primary key leads to the span; no other index is by time.
    """
    return await tx.many(
        """
        SELECT a.id, a.key, a.payout_id, a.gateway_reference, a.amount, a.currency, a.sent_at, a.outcome, a.program
        FROM attempts a
        WHERE a.gateway = $2 AND a.sent_at >= $3 AND a.sent_at < $4 AND a.outcome IN ('paid', 'returned')
          AND a.id > $5 AND NOT EXISTS (SELECT FROM comparison_lines l WHERE l.comparison_id = $1 AND l.key = a.key)
        ORDER BY a.id LIMIT $6
        """,
        comparison.id, comparison.gateway, span.since, span.until, after or ids.first(span.since), limit,
    )  # fmt: skip


async def end(tx: Transaction, comparison: Comparison) -> None:
    """Write down how a comparison ended, and drop what the other side said: what differs stands in items."""
    await tx.run("DELETE FROM comparison_lines WHERE comparison_id = $1", comparison.id)
    await tx.run(
        """
        UPDATE comparisons SET state = $2, ended_at = now(), failure = $3, differing = $4, opened = $5, closed = $6
        WHERE id = $1
        """,
        comparison.id, comparison.state, comparison.failure, comparison.differing, comparison.opened,
        comparison.closed,
    )  # fmt: skip


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


async def by_id(tx: Transaction, comparison_id: UUID) -> Comparison | None:
    """One comparison."""
    row = await tx.one_or_none(f"SELECT {_COMPARISON} FROM comparisons WHERE id = $1", comparison_id)  # noqa: S608 - constants
    return _comparison(row) if row is not None else None


async def recent(tx: Transaction, *, before: UUID | None, limit: int) -> list[Comparison]:
    """The latest comparisons, newest first."""
    rows = await tx.many(
        f"SELECT {_COMPARISON} FROM comparisons WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",  # noqa: S608 - constants
        before, limit,
    )  # fmt: skip
    return [_comparison(row) for row in rows]


async def breaks(tx: Transaction) -> list[Record]:
    """What dispatch came upon by itself and nobody has ended."""
    return await tx.many(
        """
        SELECT b.id, b.kind, b.payout_id, b.gateway, b.amount, b.currency, b.facts, b.opened_at, p.program, a.key,
               a.gateway_reference
        FROM breaks b LEFT JOIN payouts p ON p.id = b.payout_id
        LEFT JOIN attempts a ON a.payout_id = b.payout_id AND a.generation = (b.facts ->> 'attempt')::integer
        WHERE b.closed_at IS NULL ORDER BY b.opened_at
        """
    )


async def suspended(tx: Transaction) -> list[Record]:
    """Payouts that came back, whose money lies in suspense."""
    return await tx.many(
        """
        SELECT t.payout_id, t.amount, t.currency, t.recorded_at, p.program, p.gateway
        FROM transfers t JOIN payouts p ON p.id = t.payout_id
        WHERE t.kind = 'reverse_to_suspense' AND NOT EXISTS (
            SELECT FROM transfers o
            WHERE o.payout_id = t.payout_id AND o.reservation = t.reservation AND o.step = 3)
        """
    )


async def clearing(tx: Transaction) -> list[Record]:
    """Gateways whose clearing account is not what payouts and write-offs add up to."""
    return await tx.many(
        """
        WITH paid AS (
            SELECT gateway, currency, sum(amount) AS amount FROM payouts WHERE state = 'completed' GROUP BY 1, 2),
        cleared AS (
            SELECT a.owner AS gateway, e.currency, sum(e.amount) FILTER (WHERE e.kind <> 'write_off') AS amount
            FROM accounts a JOIN ledger_entries e ON e.account_id = a.id WHERE a.kind = 'clearing' GROUP BY 1, 2)
        SELECT gateway, currency, coalesce(p.amount, 0)::bigint AS paid, coalesce(c.amount, 0)::bigint AS cleared
        FROM paid p FULL JOIN cleared c USING (gateway, currency)
        WHERE coalesce(p.amount, 0) <> coalesce(c.amount, 0)
        """
    )


async def out_of_step(tx: Transaction, *, limit: int) -> list[Record]:
    """Payouts that are completed without an attempt that was paid, or have one and are not."""
    return await tx.many(
        """
        SELECT p.id, p.state, p.program, p.gateway, p.amount, p.currency, p.updated_at, a.outcome
        FROM payouts p JOIN LATERAL (
            SELECT outcome FROM attempts WHERE payout_id = p.id ORDER BY outcome IN ('paid', 'returned') DESC LIMIT 1
        ) a ON true
        WHERE p.state IN ('completed', 'returned', 'failed', 'cancelled')
          AND (p.state IN ('completed', 'returned')) <> (a.outcome IN ('paid', 'returned'))
        LIMIT $1
        """,
        limit,
    )


def _comparison(row: Record) -> Comparison:
    values = dict(row)
    span = Span(values.pop("span_from"), values.pop("span_to"))
    return Comparison(**values | {"way": Way(row["way"]), "span": span})
