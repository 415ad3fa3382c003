"""Every statement on items and corrections."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bursar.foundation import ids
from bursar.foundation.db import Record, Transaction, columns
from bursar.foundation.money import Money
from bursar.monitoring.reconciliation.model import (
    Action,
    Comparison,
    Correction,
    Finding,
    Item,
    Kind,
    Query,
    Way,
)

_ITEM: Final = """
    id, kind, subject, ways, payout_id, program, gateway, attempt_key, gateway_reference, break_id, amount, currency,
    happened_at, facts, opened_at, seen_at, closed_at, resolution
"""
_CORRECTION: Final = """
    id, item_id, action, program, reason, proposed_by, proposed_at, state, decided_by, decided_at
"""


async def note(tx: Transaction, findings: Sequence[Finding], *, way: Way, comparison_id: UUID) -> int:
    """Open an item for each finding, or note that the open one is still there; how many are new.

    What two people have accepted or written off, for this very attempt and amount, is not opened again.
    """
    now = await tx.now()
    rows = [
        (id_, f.kind.value, f.subject, f.payout_id, f.program, f.gateway, f.attempt_key, f.gateway_reference,
         f.break_id, f.amount.minor if f.amount else None, f.amount.currency if f.amount else None, f.happened_at,
         dict(f.facts))
        for id_, f in zip(ids.series(now, len(findings)), findings, strict=True)
    ]  # fmt: skip
    return await tx.run(
        """
        WITH found AS (
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[],
                                 $8::text[], $9::uuid[], $10::bigint[], $11::text[], $12::timestamptz[], $13::jsonb[])
                AS f (id, kind, subject, payout_id, program, gateway, attempt_key, gateway_reference, break_id, amount,
                      currency, happened_at, facts)),
        known AS (
            UPDATE reconciliation_items i SET
                ways = array_remove(i.ways, $14) || $14::text, seen_at = now(), seen_in = $15, facts = f.facts,
                break_id = coalesce(f.break_id, i.break_id), amount = f.amount, currency = f.currency
            FROM found f WHERE i.kind = f.kind AND i.subject = f.subject AND i.closed_at IS NULL
            RETURNING i.kind, i.subject)
        INSERT INTO reconciliation_items
            (id, kind, subject, ways, payout_id, program, gateway, attempt_key, gateway_reference, break_id, amount,
             currency, happened_at, facts, seen_in)
        SELECT id, kind, subject, ARRAY[$14::text], payout_id, program, gateway, attempt_key, gateway_reference,
               break_id, amount, currency, happened_at, facts, $15
        FROM found f
        WHERE NOT EXISTS (SELECT FROM known k WHERE k.kind = f.kind AND k.subject = f.subject)
          AND NOT EXISTS (
            SELECT FROM reconciliation_items c
            WHERE c.subject = f.subject AND c.kind = f.kind AND c.resolution IN ('accept', 'write_off')
              AND c.attempt_key IS NOT DISTINCT FROM f.attempt_key AND c.amount IS NOT DISTINCT FROM f.amount)
        ON CONFLICT DO NOTHING
        """,
        *columns(rows, 13), way.value, comparison_id,
    )  # fmt: skip


async def seen_open(tx: Transaction, comparison_id: UUID, findings: Sequence[Finding]) -> set[tuple[str, str]]:
    """Those of these findings, by kind and subject, that are open; the others have been accepted or written off."""
    rows = await tx.many(
        """
        SELECT kind, subject FROM unnest($1::text[], $2::text[]) AS found (kind, subject)
        JOIN reconciliation_items i USING (kind, subject) WHERE i.closed_at IS NULL AND i.seen_in = $3
        """,
        *columns([(f.kind.value, f.subject) for f in findings], 2), comparison_id,
    )  # fmt: skip
    return {(row["kind"], row["subject"]) for row in rows}


async def count_seen(tx: Transaction, comparison_id: UUID) -> int:
    """How many open items a comparison has seen."""
    found: int = await tx.value(
        "SELECT count(*) FROM reconciliation_items WHERE closed_at IS NULL AND seen_in = $1 AND cardinality(ways) > 0",
        comparison_id,
    )
    return found


async def forget_gone(tx: Transaction, comparison: Comparison, *, way: Way) -> list[Record]:
    """Items that this comparison would have found and did not are no longer seen that way; those that are now closed.

    A correction of one of them that waits is over with it.
    """
    closed = await tx.many(
        """
        UPDATE reconciliation_items SET
            ways = array_remove(ways, $1), seen_in = $2,
            closed_at = CASE WHEN ways = ARRAY[$1] THEN now() END,
            resolution = CASE WHEN ways = ARRAY[$1] THEN 'gone' END
        WHERE closed_at IS NULL AND $1 = ANY(ways) AND seen_in IS DISTINCT FROM $2
          AND ($3 = '' OR (gateway = $3 AND happened_at >= $4 AND happened_at < $5))
        RETURNING id, kind, payout_id, closed_at
        """,
        way.value, comparison.id, comparison.gateway, comparison.span.since, comparison.span.until,
    )  # fmt: skip
    over = [row for row in closed if row["closed_at"] is not None]
    await tx.run(
        """
        UPDATE corrections SET state = 'rejected', decided_at = now()
        WHERE item_id = ANY($1::uuid[]) AND state = 'waiting'
        """,
        [row["id"] for row in over],
    )
    return over


async def items(tx: Transaction, query: Query) -> list[Item]:
    """A page of items, newest first."""
    rows = await tx.many(
        f"""
        SELECT {_ITEM} FROM reconciliation_items
        WHERE ($1::boolean IS NULL OR (closed_at IS NULL) = $1) AND ($2::text[] = '{{}}' OR kind = ANY($2))
          AND ($3::text IS NULL OR gateway = $3) AND ($4::text IS NULL OR program = $4)
          AND ($5::uuid IS NULL OR payout_id = $5) AND ($6::uuid IS NULL OR id < $6)
        ORDER BY id DESC LIMIT $7
        """,  # noqa: S608 - constants
        query.is_open, sorted(query.kinds), query.gateway, query.program, query.payout_id, query.before, query.limit,
    )  # fmt: skip
    return [_item(row) for row in rows]


async def item(tx: Transaction, item_id: UUID, *, lock: bool = False) -> Item | None:
    """One item, held until the transaction ends where it is to be changed."""
    row = await tx.one_or_none(
        f"SELECT {_ITEM} FROM reconciliation_items WHERE id = $1 {'FOR UPDATE' if lock else ''}",  # noqa: S608 - constants
        item_id,
    )
    return _item(row) if row is not None else None


async def close(tx: Transaction, item_id: UUID, *, resolution: Action) -> None:
    """Close a locked item."""
    await tx.run(
        "UPDATE reconciliation_items SET closed_at = now(), resolution = $2, ways = '{}' WHERE id = $1",
        item_id, resolution.value,
    )  # fmt: skip


async def count_open(tx: Transaction) -> list[Record]:
    """How many items are open of each kind, since when, and about how much in each currency."""
    return await tx.many(
        """
        SELECT kind, count(*) AS count, min(happened_at) AS oldest, currency, sum(amount)::bigint AS amount
        FROM reconciliation_items WHERE closed_at IS NULL GROUP BY kind, currency ORDER BY kind, currency
        """
    )


async def insert_correction(tx: Transaction, correction: Correction) -> None:
    """Write down what somebody wants done.

    Raises:
        UniqueViolation: one waits already (``one_correction_waits``).
    """
    await tx.run(
        """
        INSERT INTO corrections (id, item_id, action, program, reason, proposed_by) VALUES ($1, $2, $3, $4, $5, $6)
        """,
        correction.id, correction.item_id, correction.action.value, correction.program, correction.reason,
        correction.proposed_by,
    )  # fmt: skip


async def correction(tx: Transaction, correction_id: UUID) -> Correction | None:
    """One correction. It is changed only by whoever holds its item."""
    row = await tx.one_or_none(
        f"SELECT {_CORRECTION} FROM corrections WHERE id = $1",  # noqa: S608 - constants
        correction_id,
    )
    return _correction(row) if row is not None else None


async def decide(tx: Transaction, correction_id: UUID, *, state: str, person: UUID) -> None:
    """Write down how a correction ended."""
    await tx.run(
        "UPDATE corrections SET state = $2, decided_by = $3, decided_at = now() WHERE id = $1",
        correction_id, state, person,
    )  # fmt: skip


async def corrections(tx: Transaction, item_id: UUID) -> list[Correction]:
    """What was ever proposed about an item, oldest first."""
    rows = await tx.many(
        f"SELECT {_CORRECTION} FROM corrections WHERE item_id = $1 ORDER BY proposed_at",  # noqa: S608 - constants
        item_id,
    )
    return [_correction(row) for row in rows]


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


def _item(row: Record) -> Item:
    values: dict[str, Any] = dict(row)
    minor, currency = values.pop("amount"), values.pop("currency")
    return Item(
        **values
        | {
            "kind": Kind(row["kind"]),
            "ways": tuple(Way(way) for way in row["ways"]),
            "amount": None if minor is None else Money(minor, currency),
        }
    )


def _correction(row: Record) -> Correction:
    return Correction(**dict(row) | {"action": Action(row["action"])})
