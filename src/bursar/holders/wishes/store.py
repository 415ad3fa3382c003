"""Every statement on what holders want of the runs."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction, columns
from bursar.foundation.money import Money
from bursar.holders.destinations import store as destinations
from bursar.holders.wishes.model import Every, KeptSchedule, OwnSchedule, Payee, Preferences, Round

_SAID: Final = """
    minimum, currency, paused_from, paused_until, held_why, held_by, held_at, every, day, hour, next_at, last_at,
    last_reason
"""
_COLUMNS: Final = f"coalesce(p.holder_id, o.holder_id), {_SAID}"
_FROM: Final = """
    LEFT JOIN payout_preferences p ON p.holder_id = wanted.id LEFT JOIN own_schedules o ON o.holder_id = wanted.id
"""


async def find(tx: Transaction, holder_ids: Collection[UUID]) -> dict[UUID, Preferences]:
    """What was said about these holders, where anything was."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM unnest($1::uuid[]) AS wanted (id) {_FROM}
        WHERE p.holder_id IS NOT NULL OR o.holder_id IS NOT NULL
        """,  # noqa: S608 - constants
        list(holder_ids),
    )
    return {row[0]: _preferences(tuple(row)) for row in rows}


async def payees(tx: Transaction, holder_ids: Collection[UUID]) -> list[Payee]:
    """These holders, what was said about each, and where each is paid when nothing else is said."""
    rows = await tx.many(
        f"""
        SELECT h.id, h.kind, h.reference, h.name, {_COLUMNS}, {destinations.COLUMNS}
        FROM unnest($1::uuid[]) AS wanted (id) JOIN holders h USING (id)
        {_FROM}
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


async def set_schedules(tx: Transaction, wishes: Sequence[tuple[UUID, OwnSchedule, datetime]]) -> None:
    """Write down when these holders want to be paid, and when that is next."""
    await tx.run(
        """
        INSERT INTO own_schedules (holder_id, program, every, day, hour, next_at)
        SELECT h.id, h.program, new.every, new.day, new.hour, new.next_at
        FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::smallint[], $5::timestamptz[])
            AS new (holder_id, every, day, hour, next_at)
        JOIN holders h ON h.id = new.holder_id ORDER BY h.id
        ON CONFLICT (holder_id) DO UPDATE
        SET every = excluded.every, day = excluded.day, hour = excluded.hour, next_at = excluded.next_at
        """,
        *columns([(holder_id, wish.every.value, wish.day, wish.hour, at) for holder_id, wish, at in wishes], 5),
    )


async def drop_schedules(tx: Transaction, holder_ids: Collection[UUID]) -> list[UUID]:
    """Forget these holders' own schedules; whose there were, by rising id."""
    rows = await tx.many(
        "DELETE FROM own_schedules WHERE holder_id = ANY($1::uuid[]) RETURNING holder_id", list(holder_ids)
    )
    return sorted(row["holder_id"] for row in rows)


async def due(
    tx: Transaction, program: str, *, at: datetime, after: UUID | None, limit: int, hold: bool
) -> dict[UUID, OwnSchedule]:
    """The next own schedules of a program that have come round, by rising id."""
    rows = await tx.many(
        f"""
        SELECT holder_id, every, day, hour FROM own_schedules
        WHERE program = $1 AND next_at <= $2 AND ($3::uuid IS NULL OR holder_id > $3)
        ORDER BY holder_id LIMIT $4 {"FOR UPDATE" if hold else ""}
        """,  # noqa: S608 - constants
        program, at, after, limit,
    )  # fmt: skip
    return {row["holder_id"]: OwnSchedule(Every(row["every"]), row["day"], row["hour"]) for row in rows}


async def note_rounds(tx: Transaction, rounds: Sequence[Round], *, at: datetime) -> None:
    """Write down when held schedules come round again, and what came of this time."""
    await tx.run(
        """
        UPDATE own_schedules SET next_at = new.next_at, last_at = $4, last_reason = new.reason
        FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS new (holder_id, next_at, reason)
        WHERE own_schedules.holder_id = new.holder_id
        """,
        *columns([(one.holder_id, one.next_at, one.reason) for one in rounds], 3), at,
    )  # fmt: skip


def _payees(rows: Collection[Record]) -> Iterator[Payee]:
    """Columns come in the order of the statement: four of the holder, the preferences, the destination."""
    for row in rows:
        values = tuple(row)
        holder_id, kind, reference, name = values[:_HOLDER]
        said = values[_HOLDER:_DESTINATION]
        yield Payee(
            holder_id,
            kind,
            reference,
            name,
            None if said[0] is None else _preferences(said),
            None if values[_DESTINATION] is None else destinations.stored_of(row),
        )


def _preferences(values: tuple[Any, ...]) -> Preferences:
    holder_id, minimum, currency, paused_from, paused_until, held_why, held_by, held_at, *schedule = values
    return Preferences(
        holder_id,
        None if minimum is None else Money(minimum, currency),
        paused_from,
        paused_until,
        held_why,
        held_by,
        held_at,
        _kept(*schedule),
    )


def _kept(every: str | None, day: int | None, hour: int, *turns: Any) -> KeptSchedule | None:
    return None if every is None else KeptSchedule(OwnSchedule(Every(every), day, hour), *turns)


_HOLDER: Final = 4  # So many columns are the holder's own; then comes what was said, beginning with whose it is.
_DESTINATION: Final = _HOLDER + 1 + len(_SAID.split(","))
