"""Every statement on debts and on what brought them down."""

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from bursar.earnings.debts.model import Debt, DebtPart, DebtQuery, How
from bursar.earnings.queue import Purse
from bursar.foundation.db import Record, Transaction, beginning, columns
from bursar.foundation.money import Money

_DEBT: Final = (
    "id", "holder_id", "program", "reference", "amount", "currency", "description", "owed_since", "noted_by",
    "recovered", "forgiven", "parts", "ended_at",
)  # fmt: skip
_COLUMNS: Final = ", ".join(f"d.{column}" for column in _DEBT)
_PART: Final = (
    "debt_id", "part", "holder_id", "how", "amount", "transfer_id", "payout_id", "actor", "reason", "at",
)  # fmt: skip
_PARTS: Final = ", ".join(f"r.{column}" for column in _PART)


async def insert(tx: Transaction, debts: Sequence[Debt]) -> None:
    """Write new debts."""
    rows = [
        (
            d.id, d.holder_id, d.program, d.reference, d.amount.minor, d.amount.currency, d.description, d.owed_since,
            d.noted_by, d.recovered.minor, d.forgiven.minor, d.parts, d.ended_at,
        )
        for d in debts
    ]  # fmt: skip
    await tx.append("debts", _DEBT, rows)


async def bring_down(tx: Transaction, debts: Sequence[Debt], parts: Sequence[DebtPart]) -> None:
    """Write where debts stand now, and the steps that led there."""
    figures = [(d.id, d.recovered.minor, d.forgiven.minor, d.parts, d.ended_at) for d in debts]
    await tx.run(
        """
        UPDATE debts d SET recovered = new.recovered, forgiven = new.forgiven, parts = new.parts,
                           ended_at = new.ended_at
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::integer[], $5::timestamptz[])
            AS new (id, recovered, forgiven, parts, ended_at)
        WHERE d.id = new.id
        """,
        *columns(figures, 5),
    )
    rows = [
        (p.debt_id, p.number, p.holder_id, p.how.value, p.amount.minor, p.transfer_id, p.payout_id, p.actor, p.reason,
         p.at)
        for p in parts
    ]  # fmt: skip
    await tx.append("debt_recoveries", _PART, rows)


async def owed(tx: Transaction, purses: Collection[Purse]) -> dict[Purse, Money]:
    """What is owed for each of these purses, where anything is."""
    rows = await tx.many(
        """
        SELECT d.holder_id, d.currency, sum(d.amount - d.recovered - d.forgiven)::bigint AS amount
        FROM unnest($1::uuid[], $2::text[]) AS wanted (holder_id, currency)
        JOIN debts d ON d.holder_id = wanted.holder_id AND d.currency = wanted.currency AND d.ended_at IS NULL
        GROUP BY d.holder_id, d.currency
        """,
        *columns(sorted(set(purses)), 2),
    )
    return {(row["holder_id"], row["currency"]): Money(row["amount"], row["currency"]) for row in rows}


async def outstanding(tx: Transaction, holder_ids: Collection[UUID]) -> list[Debt]:
    """What these holders owe, debt by debt, the oldest first; nobody changes it while their balances are held."""
    rows = await tx.many(
        f"SELECT {_COLUMNS} FROM debts d WHERE d.holder_id = ANY($1::uuid[]) AND d.ended_at IS NULL ORDER BY d.id",  # noqa: S608 - constants
        list(holder_ids),
    )
    return [_debt(row) for row in rows]


async def at_references(tx: Transaction, places: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Debt]:
    """The debts with these holders and references, where there are any."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM unnest($1::uuid[], $2::text[]) AS wanted (holder_id, reference)
        JOIN debts d ON d.holder_id = wanted.holder_id AND d.reference = wanted.reference
        """,  # noqa: S608 - constants
        *columns(list(places), 2),
    )
    return {(debt.holder_id, debt.reference): debt for debt in map(_debt, rows)}


async def by_ids(tx: Transaction, debt_ids: Collection[UUID]) -> dict[UUID, Debt]:
    """These debts, as they stand."""
    rows = await tx.many(f"SELECT {_COLUMNS} FROM debts d WHERE d.id = ANY($1::uuid[])", list(debt_ids))  # noqa: S608 - constants
    return {debt.id: debt for debt in map(_debt, rows)}


async def page(tx: Transaction, query: DebtQuery) -> list[Debt]:
    """One page of debts, newest first."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM debts d
        WHERE ($1::uuid IS NULL OR d.holder_id = $1) AND ($2::text IS NULL OR d.program = $2)
          AND ($3::boolean IS NULL OR (d.ended_at IS NULL) = $3)
          AND ($4::text IS NULL OR d.reference ILIKE $4 OR d.id::text ILIKE $4)
          AND ($5::uuid IS NULL OR d.id < $5)
        ORDER BY d.id DESC LIMIT $6
        """,  # noqa: S608 - constants
        query.holder_id, query.program, query.is_open, beginning(query.search), query.before, query.limit,
    )  # fmt: skip
    return [_debt(row) for row in rows]


async def parts_of_debts(tx: Transaction, debt_ids: Collection[UUID]) -> list[DebtPart]:
    """Every step by which these debts came down, in order."""
    rows = await tx.many(
        f"""
        SELECT {_PARTS}, d.currency FROM debt_recoveries r JOIN debts d ON d.id = r.debt_id
        WHERE r.debt_id = ANY($1::uuid[]) ORDER BY r.debt_id, r.part
        """,  # noqa: S608 - constants
        list(debt_ids),
    )
    return [_part(list(row.values())) for row in rows]


async def parts_of_payouts(tx: Transaction, payout_ids: Collection[UUID]) -> list[tuple[Debt, DebtPart]]:
    """What these payouts were netted by: each debt as it stands, and the step by which it came down."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS}, {_PARTS}, d.currency FROM debt_recoveries r JOIN debts d ON d.id = r.debt_id
        WHERE r.payout_id = ANY($1::uuid[]) ORDER BY r.payout_id, d.id
        """,  # noqa: S608 - constants
        list(payout_ids),
    )
    return [(_debt(row), _part(list(row.values())[len(_DEBT) :])) for row in rows]


def _debt(row: Record) -> Debt:
    """Columns come in the order of ``_DEBT``."""
    values = list(row.values())[: len(_DEBT)]
    currency = values.pop(5)
    for place in (4, 8, 9):
        values[place] = Money(values[place], currency)
    return Debt(*values)


def _part(values: list[Any]) -> DebtPart:
    """Columns come in the order of ``_PART``, and after them the currency."""
    currency = values.pop()
    values[3:5] = [How(values[3]), Money(values[4], currency)]
    return DebtPart(*values)
