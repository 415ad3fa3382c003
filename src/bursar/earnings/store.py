"""Every statement on earnings and their payoffs."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from bursar.earnings.model import Earning, Payoff, PayoffState, Query, Why, Withholding
from bursar.earnings.queue import Purse, Reservation
from bursar.foundation.db import Record, Transaction, beginning, columns
from bursar.foundation.money import Money

_EARNING: Final = (
    "id", "holder_id", "program", "reference", "amount", "currency", "description", "earned_at", "credited_by",
    "available", "reserved", "paid", "suspended", "withheld", "created_at",
)  # fmt: skip
_COLUMNS: Final = ", ".join(f"e.{column}" for column in _EARNING)
_WITHHOLDING: Final = (
    "transfer_id", "earning_id", "holder_id", "amount", "why", "reference", "payout_id", "withheld_at",
)  # fmt: skip
_PAYOFF: Final = "p.payout_id, p.reservation, p.earning_id, p.holder_id, p.amount, p.state, p.reserved_at, p.changed_at"

_STATE: Final = """
    CASE WHEN e.available > 0 THEN 'available' WHEN e.reserved + e.suspended > 0 THEN 'reserved'
         WHEN e.withheld > 0 THEN 'withheld' ELSE 'paid_out' END
"""
"""``Earning.state``, said once more for lists."""


async def insert(tx: Transaction, earnings: Sequence[Earning]) -> None:
    """Write new earnings."""
    rows = [
        (
            e.id, e.holder_id, e.program, e.reference, e.amount.minor, e.amount.currency, e.description, e.earned_at,
            e.credited_by, e.available.minor, e.reserved.minor, e.paid.minor, e.suspended.minor, e.withheld.minor,
            e.created_at,
        )
        for e in earnings
    ]  # fmt: skip
    await tx.append("earnings", _EARNING, rows)


async def at_references(tx: Transaction, places: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Earning]:
    """The earnings with these holders and references, where there are any."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM unnest($1::uuid[], $2::text[]) AS wanted (holder_id, reference)
        JOIN earnings e ON e.holder_id = wanted.holder_id AND e.reference = wanted.reference
        """,  # noqa: S608 - constants
        *columns(list(places), 2),
    )
    return {(earning.holder_id, earning.reference): earning for earning in map(_earning, rows)}


async def oldest_available(tx: Transaction, needs: Mapping[Purse, Money]) -> list[Earning]:
    """The heads of these holders' queues, each just long enough to cover what is needed, or all there is.

    One step of the recursion takes the next earning of every queue at once, so the cost is that of what is used and
    not of what waits. Whoever asks holds the balances, so nobody else takes from these queues meanwhile.
    """
    rows = await tx.many(
        f"""
        WITH RECURSIVE heads AS (
            SELECT wanted.holder_id, wanted.currency, wanted.needed - first.available AS needed,
                   first.id, first.earned_at
            FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS wanted (holder_id, currency, needed)
            CROSS JOIN LATERAL (
                SELECT e.id, e.earned_at, e.available FROM earnings e
                WHERE e.holder_id = wanted.holder_id AND e.currency = wanted.currency AND e.available > 0
                ORDER BY e.earned_at, e.id LIMIT 1) AS first
            UNION ALL
            SELECT heads.holder_id, heads.currency, heads.needed - next.available, next.id, next.earned_at
            FROM heads
            CROSS JOIN LATERAL (
                SELECT e.id, e.earned_at, e.available FROM earnings e
                WHERE e.holder_id = heads.holder_id AND e.currency = heads.currency AND e.available > 0
                  AND (e.earned_at, e.id) > (heads.earned_at, heads.id)
                ORDER BY e.earned_at, e.id LIMIT 1) AS next
            WHERE heads.needed > 0)
        -- Fenced by its OFFSET: as a plain join it was seen to read the whole table, for a few heads.
        SELECT {_COLUMNS} FROM heads CROSS JOIN LATERAL (SELECT * FROM earnings WHERE id = heads.id OFFSET 0) AS e
        """,  # noqa: S608 - constants
        *columns([(*purse, needed.minor) for purse, needed in needs.items()], 3),
    )
    return [_earning(row) for row in rows]


async def taken_by(tx: Transaction, reservations: Collection[Reservation]) -> list[tuple[Earning, Payoff]]:
    """What these reservations took, with the earnings that they took it of."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS}, {_PAYOFF} FROM unnest($1::uuid[], $2::smallint[]) AS wanted (payout_id, reservation)
        JOIN earning_payoffs p ON p.payout_id = wanted.payout_id AND p.reservation = wanted.reservation
        JOIN earnings e ON e.id = p.earning_id
        ORDER BY p.payout_id, p.reservation, e.earned_at, e.id
        """,  # noqa: S608 - constants
        *columns(list(reservations), 2),
    )
    return [_both(row) for row in rows]


async def write(tx: Transaction, earnings: Sequence[Earning], payoffs: Sequence[Payoff]) -> None:
    """Set earnings' figures, and write payoffs: new ones as they are, known ones with what became of them.

    A statement for each, and none for nothing.
    """
    if earnings:
        await _set_figures(tx, earnings)
    if not payoffs:
        return
    rows = [
        (p.payout_id, p.reservation, p.earning_id, p.holder_id, p.amount.minor, p.state.value, p.reserved_at,
         p.changed_at)
        for p in payoffs
    ]  # fmt: skip
    await tx.run(
        """
        INSERT INTO earning_payoffs
            (payout_id, reservation, earning_id, holder_id, amount, state, reserved_at, changed_at)
        SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::uuid[], $5::bigint[], $6::text[],
                             $7::timestamptz[], $8::timestamptz[])
        ON CONFLICT ON CONSTRAINT each_part_once DO UPDATE
        SET state = excluded.state, changed_at = excluded.changed_at
        """,
        *columns(rows, 8),
    )


async def withhold(tx: Transaction, earnings: Sequence[Earning], withholdings: Sequence[Withholding]) -> None:
    """Set earnings' figures, and write down what was withheld of them."""
    await _set_figures(tx, earnings)
    rows = [
        (w.transfer_id, w.earning_id, w.holder_id, w.amount.minor, w.why.value, w.reference, w.payout_id, w.at)
        for w in withholdings
    ]
    await tx.append("earning_withholdings", _WITHHOLDING, rows)


async def withheld_of(tx: Transaction, earning_ids: Collection[UUID]) -> list[Withholding]:
    """Every part of these earnings that was withheld, the oldest first."""
    rows = await tx.many(
        """
        SELECT w.transfer_id, w.earning_id, w.holder_id, w.amount, e.currency, w.why, w.reference, w.payout_id,
               w.withheld_at
        FROM earning_withholdings w JOIN earnings e ON e.id = w.earning_id
        WHERE w.earning_id = ANY($1::uuid[]) ORDER BY w.withheld_at, w.transfer_id
        """,
        list(earning_ids),
    )
    return [
        Withholding(
            transfer_id=row["transfer_id"],
            earning_id=row["earning_id"],
            holder_id=row["holder_id"],
            amount=Money(row["amount"], row["currency"]),
            why=Why(row["why"]),
            reference=row["reference"],
            payout_id=row["payout_id"],
            at=row["withheld_at"],
        )
        for row in rows
    ]


async def by_id(tx: Transaction, earning_id: UUID, *, holder_id: UUID | None, program: str | None) -> Earning | None:
    """One earning, and only this holder's or this program's where one is given."""
    row = await tx.one_or_none(
        f"""
        SELECT {_COLUMNS} FROM earnings e
        WHERE e.id = $1 AND ($2::uuid IS NULL OR e.holder_id = $2) AND ($3::text IS NULL OR e.program = $3)
        """,  # noqa: S608 - constants
        earning_id, holder_id, program,
    )  # fmt: skip
    return _earning(row) if row else None


async def page(tx: Transaction, query: Query) -> list[Earning]:
    """One page of earnings, newest first."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM earnings e
        WHERE ($1::uuid IS NULL OR e.holder_id = $1) AND ($2::text IS NULL OR e.program = $2)
          AND ($3::text[] = '{{}}' OR {_STATE} = ANY($3))
          AND ($4::text IS NULL OR e.reference ILIKE $4 OR e.id::text ILIKE $4)
          AND ($5::timestamptz IS NULL OR e.earned_at >= $5) AND ($6::timestamptz IS NULL OR e.earned_at < $6)
          AND ($7::uuid IS NULL OR e.id < $7)
        ORDER BY e.id DESC LIMIT $8
        """,  # noqa: S608 - constants
        query.holder_id, query.program, sorted(query.states), beginning(query.search), query.since, query.until,
        query.before, query.limit,
    )  # fmt: skip
    return [_earning(row) for row in rows]


async def of_earnings(tx: Transaction, earning_ids: Collection[UUID]) -> list[tuple[Earning, Payoff]]:
    """Every part of these earnings that a payout ever took, the oldest first."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS}, {_PAYOFF} FROM earning_payoffs p JOIN earnings e ON e.id = p.earning_id
        WHERE p.earning_id = ANY($1::uuid[]) ORDER BY p.reserved_at, p.payout_id, p.reservation
        """,  # noqa: S608 - constants
        list(earning_ids),
    )
    return [_both(row) for row in rows]


async def of_payouts(tx: Transaction, payout_ids: Collection[UUID]) -> list[tuple[Earning, Payoff]]:
    """Everything that these payouts ever took, in the order of their reservations and of the queue."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS}, {_PAYOFF} FROM earning_payoffs p JOIN earnings e ON e.id = p.earning_id
        WHERE p.payout_id = ANY($1::uuid[]) ORDER BY p.reservation, e.earned_at, e.id
        """,  # noqa: S608 - constants
        list(payout_ids),
    )
    return [_both(row) for row in rows]


async def _set_figures(tx: Transaction, earnings: Sequence[Earning]) -> None:
    figures = [
        (e.id, e.available.minor, e.reserved.minor, e.paid.minor, e.suspended.minor, e.withheld.minor) for e in earnings
    ]
    await tx.run(
        """
        UPDATE earnings e SET available = new.available, reserved = new.reserved, paid = new.paid,
                              suspended = new.suspended, withheld = new.withheld
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
            AS new (id, available, reserved, paid, suspended, withheld)
        WHERE e.id = new.id
        """,
        *columns(figures, 6),
    )


def _earning(row: Record) -> Earning:
    """Columns come in the order of ``_EARNING``."""
    values = list(row.values())[: len(_EARNING)]
    currency = values.pop(5)
    for place in (4, *range(8, 13)):
        values[place] = Money(values[place], currency)
    return Earning(*values)


def _both(row: Record) -> tuple[Earning, Payoff]:
    """An earning, and after its columns those of a payoff."""
    earning = _earning(row)
    payout_id, reservation, earning_id, holder_id, amount, state, reserved_at, changed_at = list(row.values())[
        len(_EARNING) :
    ]
    part = Money(amount, earning.amount.currency)
    state = PayoffState(state)
    return earning, Payoff(payout_id, reservation, earning_id, holder_id, part, state, reserved_at, changed_at)
