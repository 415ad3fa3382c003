"""Every statement on orders and on who recruited whom."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction, beginning, columns
from bursar.foundation.money import Money
from bursar.orders.model import Order, OrderState, PutOff, Query, Recruit

_ORDER: Final = (
    "id", "program", "reference", "seller_id", "buyer", "item", "price", "fee", "currency", "created_by", "created_at",
    "state", "completed_at", "completed_by", "ended_at", "reason", "scout_id", "bounty", "payout_id", "recovered",
    "put_off_code", "put_off_why", "taken_back", "owed",
)  # fmt: skip
_COLUMNS: Final = ", ".join(f"o.{column}" for column in _ORDER)
_BIRTH: Final = ", ".join(_ORDER[:11])
_RECRUITS: Final = "SELECT seller_id, scout_id, program, since, recruited_by, bounties FROM recruits"

Place = tuple[str, str]
"""Program and reference: what is unique about an order."""


async def insert(tx: Transaction, orders: Sequence[Order]) -> set[UUID]:
    """Write new orders, but for those whose place is taken; the ids of those that were written.

    One that another transaction is writing is waited for.
    """
    rows = [
        (o.id, o.program, o.reference, o.seller_id, o.buyer, o.item, o.price.minor, o.fee.minor, o.price.currency,
         o.created_by, o.created_at)
        for o in orders
    ]  # fmt: skip
    written = await tx.many(
        f"""
        INSERT INTO orders ({_BIRTH})
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::bigint[],
                             $8::bigint[], $9::text[], $10::text[], $11::timestamptz[])
            AS new ({_BIRTH})
        ORDER BY program, reference  -- So that two batches wait for each other instead of deadlocking.
        ON CONFLICT ON CONSTRAINT one_order_per_reference DO NOTHING RETURNING id
        """,  # noqa: S608 - constants
        *columns(rows, 11),
    )
    return {row["id"] for row in written}


async def at_places(tx: Transaction, places: Collection[Place]) -> dict[Place, Order]:
    """The orders that these programs call so, where there are any."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM unnest($1::text[], $2::text[]) AS wanted (program, reference)
        JOIN orders o USING (program, reference)
        """,  # noqa: S608 - constants
        *columns(list(places), 2),
    )
    return {(order.program, order.reference): order for order in map(_order, rows)}


async def find(tx: Transaction, places: Collection[Place], ids: Collection[UUID], *, lock: bool = False) -> list[Order]:
    """The orders at these places, and those with these ids; held until the transaction ends, if so wished.

    Lowest id first, so that two batches wait for each other instead of deadlocking.
    """
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM orders o WHERE o.id = ANY(ARRAY(
            SELECT named.id FROM unnest($1::text[], $2::text[]) AS wanted (program, reference)
            JOIN orders named USING (program, reference)
            UNION SELECT unnest($3::uuid[])))
        ORDER BY o.id {"FOR UPDATE" if lock else ""}
        """,  # noqa: S608 - constants
        *columns(list(places), 2), list(ids),
    )  # fmt: skip
    return [_order(row) for row in rows]


async def complete(tx: Transaction, orders: Sequence[Order]) -> None:
    """Write down that locked orders are completed, and what came of it."""
    rows = [
        (o.id, o.completed_at, o.completed_by, o.scout_id, o.bounty.minor, o.payout_id, o.recovered.minor,
         o.put_off and o.put_off.code, o.put_off and o.put_off.why)
        for o in orders
    ]  # fmt: skip
    await tx.run(
        """
        UPDATE orders o SET
            state = 'completed', completed_at = new.completed_at, completed_by = new.completed_by,
            scout_id = new.scout_id, bounty = new.bounty, payout_id = new.payout_id, recovered = new.recovered,
            put_off_code = new.put_off_code, put_off_why = new.put_off_why
        FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::uuid[], $5::bigint[], $6::uuid[], $7::bigint[],
                    $8::text[], $9::text[])
            AS new (id, completed_at, completed_by, scout_id, bounty, payout_id, recovered, put_off_code, put_off_why)
        WHERE o.id = new.id
        """,
        *columns(rows, 9),
    )


async def end(tx: Transaction, orders: Sequence[Order]) -> None:
    """Write down that locked orders are cancelled or refunded."""
    rows = [(o.id, o.state.value, o.ended_at, o.reason, o.taken_back.minor, o.owed.minor) for o in orders]
    await tx.run(
        """
        UPDATE orders o SET
            state = new.state, ended_at = new.ended_at, reason = new.reason, taken_back = new.taken_back,
            owed = new.owed
        FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[], $6::bigint[])
            AS new (id, state, ended_at, reason, taken_back, owed)
        WHERE o.id = new.id
        """,
        *columns(rows, 6),
    )


async def page(tx: Transaction, query: Query) -> list[Order]:
    """One page of orders, newest first."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM orders o
        WHERE ($1::text IS NULL OR o.program = $1) AND ($2::uuid[] IS NULL OR o.seller_id = ANY($2))
          AND ($3::text[] = '{{}}' OR o.state = ANY($3))
          AND ($4::text IS NULL OR o.reference ILIKE $4 OR o.id::text ILIKE $4)
          AND ($5::timestamptz IS NULL OR o.created_at >= $5) AND ($6::timestamptz IS NULL OR o.created_at < $6)
          AND ($7::uuid IS NULL OR o.id < $7)
        ORDER BY o.id DESC LIMIT $8
        """,  # noqa: S608 - constants
        query.program, None if query.seller_ids is None else list(query.seller_ids), sorted(query.states),
        beginning(query.search), query.since, query.until, query.before, query.limit,
    )  # fmt: skip
    return [_order(row) for row in rows]


async def recruit(tx: Transaction, recruits: Sequence[Recruit]) -> set[UUID]:
    """Write down who recruited whom; the sellers of whom that was not known. What bounties there were stays counted."""
    rows = [(r.seller_id, r.scout_id, r.program, r.since, r.recruited_by) for r in recruits]
    changed = await tx.many(
        """
        INSERT INTO recruits AS known (seller_id, scout_id, program, since, recruited_by)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[])
            AS new (seller_id, scout_id, program, since, recruited_by)
        ORDER BY seller_id  -- So that two batches wait for each other instead of deadlocking.
        ON CONFLICT (seller_id) DO UPDATE
        SET scout_id = excluded.scout_id, since = excluded.since, recruited_by = excluded.recruited_by
        WHERE known.scout_id <> excluded.scout_id
        RETURNING seller_id
        """,
        *columns(rows, 5),
    )
    return {row["seller_id"] for row in changed}


async def recruits(tx: Transaction, seller_ids: Collection[UUID], *, lock: bool = False) -> dict[UUID, Recruit]:
    """By seller: who recruited them; held until the transaction ends, if so wished."""
    rows = await tx.many(
        f"{_RECRUITS} WHERE seller_id = ANY($1::uuid[]) ORDER BY seller_id {'FOR UPDATE' if lock else ''}",
        list(seller_ids),
    )
    return {row["seller_id"]: Recruit(*row) for row in rows}


async def recruits_of(tx: Transaction, scout_id: UUID, *, after: UUID | None, limit: int) -> list[Recruit]:
    """Whom a scout recruited, by rising seller."""
    rows = await tx.many(
        f"{_RECRUITS} WHERE scout_id = $1 AND ($2::uuid IS NULL OR seller_id > $2) ORDER BY seller_id LIMIT $3",
        scout_id, after, limit,
    )  # fmt: skip
    return [Recruit(*row) for row in rows]


async def count_bounties(tx: Transaction, more: Mapping[UUID, int]) -> None:
    """Count bounties for the orders of these locked sellers."""
    await tx.run(
        """
        UPDATE recruits r SET bounties = r.bounties + new.more
        FROM unnest($1::uuid[], $2::integer[]) AS new (seller_id, more) WHERE r.seller_id = new.seller_id
        """,
        *columns(list(more.items()), 2),
    )


def _order(row: Record) -> Order:
    price, currency = row["price"], row["currency"]
    code = row["put_off_code"]
    return Order(
        id=row["id"],
        program=row["program"],
        reference=row["reference"],
        seller_id=row["seller_id"],
        buyer=row["buyer"],
        item=row["item"],
        price=Money(price, currency),
        fee=Money(row["fee"], currency),
        created_by=row["created_by"],
        created_at=row["created_at"],
        state=OrderState(row["state"]),
        completed_at=row["completed_at"],
        completed_by=row["completed_by"],
        ended_at=row["ended_at"],
        reason=row["reason"],
        scout_id=row["scout_id"],
        bounty=Money(row["bounty"], currency),
        payout_id=row["payout_id"],
        recovered=Money(row["recovered"], currency),
        put_off=PutOff(code, row["put_off_why"]) if code else None,
        taken_back=Money(row["taken_back"], currency),
        owed=Money(row["owed"], currency),
    )
