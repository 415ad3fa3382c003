"""Every statement on runs and turns."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction, columns
from bursar.schedules.model import Run

_COLUMNS: Final = """
    id, program, occurrence, cron, time_zone, due_at, begun_by, begun_at, count, amounts, handed_over_at, finished_at
"""


async def insert(tx: Transaction, rows: Sequence[Sequence[object]]) -> list[Run]:
    """Begin runs, each (id, program, occurrence, cron, zone, due at, begun by); those that nobody had begun before."""
    found = await tx.many(
        f"""
        INSERT INTO runs (id, program, occurrence, cron, time_zone, due_at, begun_by)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
        ON CONFLICT ON CONSTRAINT once_per_occurrence DO NOTHING
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - constants
        *columns(rows, 7),
    )
    return [Run(**row) for row in found]


async def last_scheduled(tx: Transaction, programs: Collection[str]) -> dict[str, Run]:
    """The last run of each program that its schedule has begun."""
    rows = await tx.many(
        f"""
        SELECT r.* FROM unnest($1::text[]) AS wanted (program), LATERAL (
            SELECT {_COLUMNS} FROM runs WHERE runs.program = wanted.program AND cron IS NOT NULL
            ORDER BY due_at DESC LIMIT 1) r
        """,  # noqa: S608 - constants
        list(programs),
    )
    return {row["program"]: Run(**row) for row in rows}


async def lock(tx: Transaction, run_id: UUID) -> Run | None:
    """Hold one run until the transaction ends."""
    row = await tx.one_or_none(f"SELECT {_COLUMNS} FROM runs WHERE id = $1 FOR UPDATE", run_id)  # noqa: S608 - constants
    return None if row is None else Run(**row)


async def note_handed_over(
    tx: Transaction, run_id: UUID, *, count: int, amounts: Mapping[str, int], is_all: bool
) -> Run:
    """Write down what a held run has handed over altogether, and whether nothing waits for it any more."""
    row = await tx.one(
        f"""
        UPDATE runs SET count = $2, amounts = $3, handed_over_at = CASE WHEN $4 THEN now() END WHERE id = $1
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - constants
        run_id, count, amounts, is_all,
    )  # fmt: skip
    return Run(**row)


async def unfinished(tx: Transaction) -> list[Run]:
    """The runs that are under way, oldest first."""
    rows = await tx.many(f"SELECT {_COLUMNS} FROM runs WHERE finished_at IS NULL ORDER BY begun_at")  # noqa: S608 - constants
    return [Run(**row) for row in rows]


async def take_unanswered(tx: Transaction, *, older_than_seconds: float) -> list[UUID]:
    """Runs that nobody has handed over although workers were told of them so long ago; as told anew."""
    rows = await tx.many(
        """
        UPDATE runs SET rung_at = now()
        WHERE finished_at IS NULL AND handed_over_at IS NULL AND rung_at < now() - make_interval(secs => $1)
        RETURNING id
        """,
        older_than_seconds,
    )
    return [row["id"] for row in rows]


async def finish(tx: Transaction, run_ids: Collection[UUID]) -> None:
    """Write down that these runs have come to their end."""
    await tx.run(
        "UPDATE runs SET finished_at = now() WHERE id = ANY($1::uuid[]) AND finished_at IS NULL", list(run_ids)
    )


async def take_turn(tx: Transaction, name: str, *, every_seconds: float) -> bool:
    """Whether it is our turn: nobody has had one for so long. The row is held until the transaction ends."""
    return bool(
        await tx.value(
            """
            INSERT INTO turns AS t (name, taken_at) VALUES ($1, now())
            ON CONFLICT (name) DO UPDATE SET taken_at = now()
            WHERE t.taken_at <= now() - make_interval(secs => $2)
            RETURNING true
            """,
            name, every_seconds,
        )
    )  # fmt: skip


async def get(tx: Transaction, run_id: UUID) -> Run | None:
    """One run."""
    row = await tx.one_or_none(f"SELECT {_COLUMNS} FROM runs WHERE id = $1", run_id)  # noqa: S608 - constants
    return None if row is None else Run(**row)


async def recent(tx: Transaction, program: str | None, *, limit: int) -> list[Run]:
    """The latest runs, of one program or of all."""
    rows: list[Record] = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM runs WHERE $1::text IS NULL OR program = $1 ORDER BY due_at DESC, id DESC LIMIT $2
        """,  # noqa: S608 - constants
        program, limit,
    )  # fmt: skip
    return [Run(**row) for row in rows]
