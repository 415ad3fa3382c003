"""Every statement on accounts, balances, transfers and snapshots."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction, columns
from bursar.ledger.model import Balance

_TRANSFER: Final = (
    "id", "kind", "debit_account", "credit_account", "amount", "currency", "holder_id", "payout_id", "reservation",
    "step", "reference", "available_after", "reserved_after",
)  # fmt: skip

_TRANSFERS: Final = """
    SELECT t.id, t.recorded_at, t.kind, t.amount, t.currency, d.kind AS debit_kind, d.owner AS debit_owner,
           c.kind AS credit_kind, c.owner AS credit_owner, t.holder_id, t.payout_id, t.reservation, t.reference
    FROM transfers t JOIN accounts d ON d.id = t.debit_account JOIN accounts c ON c.id = t.credit_account
"""

_BEFORE_ALL: Final = UUID(int=0)

AccountName = tuple[str, str, str]
"""Kind, owner and currency."""


async def lock_balances(tx: Transaction, places: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Balance]:
    """Hold these balance rows until the transaction ends, in id order so that two batches never deadlock."""
    rows = await tx.many(
        """
        SELECT b.holder_id, b.currency, available, reserved, available_account, reserved_account
        FROM unnest($1::uuid[], $2::text[]) AS wanted (holder_id, currency)
        JOIN balances b ON b.holder_id = wanted.holder_id AND b.currency = wanted.currency
        ORDER BY b.holder_id, b.currency FOR UPDATE OF b
        """,
        *columns(list(places), 2),
    )
    return {(row["holder_id"], row["currency"]): Balance(*row) for row in rows}


async def platform_accounts(tx: Transaction, names: Collection[AccountName]) -> dict[AccountName, int]:
    """The ids of platform accounts, made where they do not exist yet."""
    wanted = columns(sorted(names), 3)
    find = """
        SELECT id, kind, owner, currency
        FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (kind, owner, currency)
        JOIN accounts USING (kind, owner, currency)
    """
    rows = await tx.many(find, *wanted)
    if len(rows) < len(names):
        await _create_accounts(tx, wanted)
        rows = await tx.many(find, *wanted)
    return {(row["kind"], row["owner"], row["currency"]): row["id"] for row in rows}


async def open_balances(tx: Transaction, places: Mapping[tuple[UUID, str], str]) -> None:
    """Make the accounts and the balance row of each holder and currency, in this program; those that exist stay."""
    owners = sorted((str(holder), currency, program) for (holder, currency), program in places.items())
    kinds = [(kind, owner, currency) for owner, currency, _ in owners for kind in ("available", "reserved")]
    await _create_accounts(tx, columns(kinds, 3))
    await tx.run(
        """
        INSERT INTO balances (holder_id, currency, program, available_account, reserved_account)
        SELECT wanted.owner::uuid, wanted.currency, wanted.program, a.id, r.id
        FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (owner, currency, program)
        JOIN accounts a ON a.kind = 'available' AND a.owner = wanted.owner AND a.currency = wanted.currency
        JOIN accounts r ON r.kind = 'reserved' AND r.owner = wanted.owner AND r.currency = wanted.currency
        ORDER BY 1, 2
        ON CONFLICT DO NOTHING
        """,
        *columns(owners, 3),
    )


async def write(tx: Transaction, balances: Sequence[Balance], transfers: Sequence[Sequence[object]]) -> None:
    """Set the locked balances, and append the transfers that led to them in the order of ``_TRANSFER``."""
    await tx.run(
        """
        UPDATE balances b SET available = new.available, reserved = new.reserved
        FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[])
            AS new (holder_id, currency, available, reserved)
        WHERE b.holder_id = new.holder_id AND b.currency = new.currency
        """,
        *columns([(b.holder_id, b.currency, b.available, b.reserved) for b in balances], 4),
    )
    await tx.append("transfers", _TRANSFER, transfers)


async def booked_before(tx: Transaction, names: Sequence[tuple[UUID, str, str]]) -> set[tuple[UUID, str, str]]:
    """Which of these (holder, kind, reference) were booked already."""
    rows = await tx.many(
        """
        SELECT holder_id, kind, reference FROM unnest($1::uuid[], $2::text[], $3::text[])
            AS wanted (holder_id, kind, reference)
        JOIN transfers USING (holder_id, kind, reference)
        """,
        *columns(names, 3),
    )
    return {(row["holder_id"], row["kind"], row["reference"]) for row in rows}


async def balances(tx: Transaction, holder_ids: Collection[UUID]) -> list[Balance]:
    """These holders' balances in all currencies, unlocked."""
    rows = await tx.many(
        """
        SELECT holder_id, currency, available, reserved, available_account, reserved_account
        FROM balances WHERE holder_id = ANY($1::uuid[]) ORDER BY holder_id, currency
        """,
        list(holder_ids),
    )
    return [Balance(*row) for row in rows]


async def holding(
    tx: Transaction, program: str, currency: str, *, at_least: int, after: UUID | None, limit: int, hold: bool
) -> list[Balance]:
    """A program's balances of so much or more, by rising holder; held until the transaction ends, if so wished.

    The primary key leads through them, so that a walk reads each row once, however often it stops on the way.
    """
    rows = await tx.many(
        f"""
        SELECT holder_id, currency, available, reserved, available_account, reserved_account FROM balances
        WHERE holder_id > $3 AND program = $1 AND currency = $2 AND available >= $4
        ORDER BY holder_id, currency LIMIT $5 {"FOR UPDATE" if hold else ""}
        """,  # noqa: S608 - constants
        program, currency, after or _BEFORE_ALL, at_least, limit,
    )  # fmt: skip
    return [Balance(*row) for row in rows]


async def count_below(tx: Transaction, program: str, currency: str, *, less_than: int) -> tuple[int, int]:
    """How many of a program's holders have something, but less than this; and what that adds up to."""
    row = await tx.one(
        """
        SELECT count(*) AS count, coalesce(sum(available), 0)::bigint AS amount FROM balances
        WHERE program = $1 AND currency = $2 AND available > 0 AND available < $3
        """,
        program, currency, less_than,
    )  # fmt: skip
    return row["count"], row["amount"]


async def credited_since(tx: Transaction, holder_ids: Collection[UUID], currency: str, first: UUID) -> dict[UUID, int]:
    """What each of these holders was credited since the moment of the id ``first``, where anything was."""
    rows = await tx.many(
        """
        SELECT holder_id, sum(amount)::bigint AS amount FROM transfers
        WHERE holder_id = ANY($1::uuid[]) AND id >= $3 AND kind = 'credit' AND currency = $2 GROUP BY holder_id
        """,
        list(holder_ids), currency, first,
    )  # fmt: skip
    return {row["holder_id"]: row["amount"] for row in rows}


async def statement(
    tx: Transaction, holder_id: UUID, *, since: datetime | None, until: datetime | None, before: UUID | None, limit: int
) -> list[Record]:
    """A holder's transfers, newest first, older than the id ``before``."""
    return await tx.many(
        """
        SELECT id, recorded_at, kind, amount, currency, payout_id, reference, available_after, reserved_after
        FROM transfers
        WHERE holder_id = $1 AND ($2::uuid IS NULL OR id < $2)
          AND ($3::timestamptz IS NULL OR recorded_at >= $3) AND ($4::timestamptz IS NULL OR recorded_at < $4)
        ORDER BY id DESC LIMIT $5
        """,
        holder_id, before, since, until, limit,
    )  # fmt: skip


def transfers(tx: Transaction, *, since: datetime | None, until: datetime | None) -> AsyncIterator[Record]:
    """All transfers with both their accounts, oldest first, one by one."""
    return tx.stream(
        f"""
        {_TRANSFERS}
        WHERE ($1::timestamptz IS NULL OR t.recorded_at >= $1) AND ($2::timestamptz IS NULL OR t.recorded_at < $2)
        ORDER BY t.recorded_at, t.id
        """,
        since, until,
    )  # fmt: skip


async def transfers_of(tx: Transaction, payout_id: UUID) -> list[Record]:
    """One payout's transfers with both their accounts, oldest first; what it was netted by came before it."""
    return await tx.many(
        f"{_TRANSFERS} WHERE t.payout_id = $1 ORDER BY t.reservation NULLS FIRST, t.step, t.id", payout_id
    )


async def in_suspense(tx: Transaction, payout_ids: Collection[UUID]) -> set[UUID]:
    """The payouts whose money was put on suspense and not taken out again."""
    rows = await tx.many(
        """
        SELECT payout_id FROM transfers WHERE payout_id = ANY($1::uuid[]) AND step >= 2
        GROUP BY payout_id, reservation HAVING (array_agg(kind ORDER BY step DESC))[1] = 'reverse_to_suspense'
        """,
        list(payout_ids),
    )
    return {row["payout_id"] for row in rows}


async def platform_balances(tx: Transaction) -> list[Record]:
    """What each platform account holds: its last snapshot and everything newer."""
    return await tx.many(
        """
        WITH latest AS (SELECT DISTINCT ON (account_id) * FROM ledger_snapshots ORDER BY account_id, up_to DESC),
             mark AS (SELECT coalesce(max(up_to), '-infinity') AS up_to FROM latest),
             newer AS (
                SELECT account_id, sum(amount) AS amount FROM ledger_entries, mark
                WHERE recorded_at > mark.up_to GROUP BY account_id)
        SELECT a.kind, a.owner, a.currency, (coalesce(l.balance, 0) + coalesce(n.amount, 0))::bigint AS balance
        FROM accounts a LEFT JOIN latest l ON l.account_id = a.id LEFT JOIN newer n ON n.account_id = a.id
        WHERE a.kind NOT IN ('available', 'reserved') ORDER BY a.kind, a.owner, a.currency
        """
    )


async def snapshot(tx: Transaction, *, age_seconds: int) -> int:
    """Write down what every platform account held ``age_seconds`` ago; how many accounts."""
    return await tx.run(
        """
        WITH mark AS (SELECT now() - make_interval(secs => $1) AS up_to),
             latest AS (SELECT DISTINCT ON (account_id) * FROM ledger_snapshots ORDER BY account_id, up_to DESC),
             base AS (SELECT coalesce(max(up_to), '-infinity') AS up_to FROM latest),
             newer AS (
                SELECT account_id, sum(amount) AS amount FROM ledger_entries e, base, mark
                WHERE e.recorded_at > base.up_to AND e.recorded_at <= mark.up_to GROUP BY account_id)
        INSERT INTO ledger_snapshots (account_id, up_to, balance)
        SELECT a.id, mark.up_to, coalesce(l.balance, 0) + coalesce(n.amount, 0)
        FROM accounts a CROSS JOIN mark
        LEFT JOIN latest l ON l.account_id = a.id LEFT JOIN newer n ON n.account_id = a.id
        WHERE a.kind NOT IN ('available', 'reserved')
        """,
        float(age_seconds),
    )


async def _create_accounts(tx: Transaction, wanted: list[list[object]]) -> None:
    await tx.run(
        """
        INSERT INTO accounts (kind, owner, currency) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
        ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING
        """,
        *wanted,
    )


async def sums_by_currency(tx: Transaction) -> list[Record]:
    """All entries of a currency added up; each must be zero."""
    return await tx.many(
        "SELECT currency, sum(amount)::bigint AS total FROM ledger_entries GROUP BY currency ORDER BY currency"
    )


async def derive_balances(tx: Transaction, *, limit: int) -> list[Record]:
    """Holders whose stored figures differ from what their transfers add up to."""
    return await tx.many(
        """
        WITH derived AS (SELECT account_id, sum(amount)::bigint AS amount FROM ledger_entries GROUP BY account_id)
        SELECT b.holder_id, b.currency, b.available, b.reserved,
               coalesce(a.amount, 0) AS available_derived, coalesce(r.amount, 0) AS reserved_derived
        FROM balances b
        LEFT JOIN derived a ON a.account_id = b.available_account
        LEFT JOIN derived r ON r.account_id = b.reserved_account
        WHERE b.available <> coalesce(a.amount, 0) OR b.reserved <> coalesce(r.amount, 0)
        ORDER BY b.holder_id LIMIT $1
        """,
        limit,
    )


async def open_ended_reservations(tx: Transaction, *, limit: int) -> list[Record]:
    """Reservations whose end is for another amount, or that end or reverse without having begun."""
    return await tx.many(
        """
        SELECT payout_id, reservation,
               coalesce(sum(amount) FILTER (WHERE step = 0), 0)::bigint AS begun,
               coalesce(max(amount) FILTER (WHERE step > 0), 0)::bigint AS ended
        FROM transfers WHERE payout_id IS NOT NULL AND kind <> 'recover' GROUP BY payout_id, reservation
        HAVING count(*) FILTER (WHERE step = 0) <> 1
            OR count(*) FILTER (WHERE step = 1) > 1
            OR bool_or(step = 2) AND NOT bool_or(step = 1 AND kind = 'post')
            OR count(DISTINCT amount) > 1
        LIMIT $1
        """,
        limit,
    )
