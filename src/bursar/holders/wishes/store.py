"""Every statement on what holders want of the runs."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction
from bursar.foundation.money import Money
from bursar.holders.destinations import store as destinations
from bursar.holders.wishes.model import Payee, Preferences

_COLUMNS: Final = "p.holder_id, minimum, currency, paused_from, paused_until, held_why, held_by, held_at"


async def find(tx: Transaction, holder_ids: Collection[UUID]) -> dict[UUID, Preferences]:
    """What was said about these holders, where anything was."""
    rows = await tx.many(
        f"SELECT {_COLUMNS} FROM payout_preferences p WHERE holder_id = ANY($1::uuid[])",  # noqa: S608 - constants
        list(holder_ids),
    )
    return {row["holder_id"]: _preferences(tuple(row)) for row in rows}


async def payees(tx: Transaction, holder_ids: Collection[UUID]) -> list[Payee]:
    """These holders, what was said about each, and where each is paid when nothing else is said."""
    rows = await tx.many(
        f"""
        SELECT h.id, h.reference, h.name, {_COLUMNS}, {destinations.COLUMNS}
        FROM unnest($1::uuid[]) AS wanted (id) JOIN holders h USING (id)
        LEFT JOIN payout_preferences p ON p.holder_id = h.id
        LEFT JOIN destinations ON destinations.holder_id = h.id AND is_default
        """,  # noqa: S608 - constants
        list(holder_ids),
    )
    return list(_payees(rows))


async def set_minimum(tx: Transaction, holder_ids: Collection[UUID], minimum: Money | None) -> None:
    """Write down how much these holders want at least."""
    await tx.run(
        """
        INSERT INTO payout_preferences (holder_id, minimum, currency)
        SELECT id, $2, $3 FROM unnest($1::uuid[]) AS wanted (id) ORDER BY id
        ON CONFLICT (holder_id) DO UPDATE SET minimum = excluded.minimum, currency = excluded.currency
        """,
        list(holder_ids), minimum.minor if minimum else None, minimum.currency if minimum else None,
    )  # fmt: skip


async def set_pause(
    tx: Transaction, holder_ids: Collection[UUID], since: datetime | None, until: datetime | None
) -> None:
    """Write down from when until when these holders want nothing."""
    await tx.run(
        """
        INSERT INTO payout_preferences (holder_id, paused_from, paused_until)
        SELECT id, $2, $3 FROM unnest($1::uuid[]) AS wanted (id) ORDER BY id
        ON CONFLICT (holder_id) DO UPDATE SET paused_from = excluded.paused_from, paused_until = excluded.paused_until
        """,
        list(holder_ids), since, until,
    )  # fmt: skip


async def hold(tx: Transaction, holder_ids: Collection[UUID], *, why: str, actor: str) -> None:
    """Write down that these holders are held; the first reason stays."""
    await tx.run(
        """
        INSERT INTO payout_preferences AS p (holder_id, held_why, held_by, held_at)
        SELECT id, $2, $3, now() FROM unnest($1::uuid[]) AS wanted (id) ORDER BY id
        ON CONFLICT (holder_id) DO UPDATE
        SET held_why = excluded.held_why, held_by = excluded.held_by, held_at = excluded.held_at
        WHERE p.held_at IS NULL
        """,
        list(holder_ids), why, actor,
    )  # fmt: skip


async def release(tx: Transaction, holder_ids: Collection[UUID]) -> None:
    """Write down that these holders are held no longer."""
    await tx.run(
        """
        UPDATE payout_preferences SET held_why = NULL, held_by = NULL, held_at = NULL WHERE holder_id = ANY($1::uuid[])
        """,
        list(holder_ids),
    )


def _payees(rows: Collection[Record]) -> Iterator[Payee]:
    """Columns come in the order of the statement: three of the holder, the preferences, the destination."""
    for row in rows:
        values = tuple(row)
        holder_id, reference, name = values[:3]
        said = values[3:_DESTINATION]
        yield Payee(
            holder_id,
            reference,
            name,
            None if said[0] is None else _preferences(said),
            None if values[_DESTINATION] is None else destinations.stored_of(row),
        )


def _preferences(values: tuple[Any, ...]) -> Preferences:
    holder_id, minimum, currency, *others = values
    return Preferences(holder_id, None if minimum is None else Money(minimum, currency), *others)


_DESTINATION: Final = 3 + len(_COLUMNS.split(","))  # Where its columns begin.
