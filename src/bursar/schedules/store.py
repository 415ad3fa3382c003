"""Every statement on runs and turns."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from bursar import programs
from bursar.foundation.db import Record, Transaction, columns
from bursar.foundation.money import Money
from bursar.schedules.model import Beginning, Run
from bursar.schedules.occurrences import Occurrence

_COLUMNS: Final = """
    id, program, occurrence, cron, time_zone, due_at, begun_by, begun_at, count, amounts, handed_over_at, finished_at,
    pays, correlation_id, batch_size, tries_max, cursor, asked, asked_amount, left_out, asked_at, stopped_at,
    stopped_by, stopped_why, resumed_at, cancelled_at, cancelled_by, ended_at, payouts_max, kept_waiting
"""
_LOOK_AGAIN: Final = timedelta(seconds=3)
_BIRTH: Final = """
    id, program, occurrence, cron, time_zone, due_at, begun_by, pays, correlation_id, batch_size, tries_max, payouts_max
"""


async def insert(tx: Transaction, beginnings: Sequence[Beginning]) -> list[Run]:
    """Begin runs; those that nobody had begun before."""
    rows = [
        (b.id, b.program, b.occurrence, b.cron, b.time_zone, b.due_at, b.begun_by, b.pays.value, b.correlation_id,
         b.overrides.batch_size, b.overrides.tries_max, b.payouts_max)
        for b in beginnings
    ]  # fmt: skip
    found = await tx.many(
        f"""
        INSERT INTO runs ({_BIRTH})
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
                             $8::text[], $9::text[], $10::integer[], $11::smallint[], $12::integer[])
        ON CONFLICT ON CONSTRAINT once_per_occurrence DO NOTHING
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - constants
        *columns(rows, 12),
    )
    return [_run(row) for row in found]


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
    return {row["program"]: _run(row) for row in rows}


async def lock(tx: Transaction, run_id: UUID) -> Run | None:
    """Hold one run until the transaction ends."""
    row = await tx.one_or_none(f"SELECT {_COLUMNS} FROM runs WHERE id = $1 FOR UPDATE", run_id)  # noqa: S608 - constants
    return None if row is None else _run(row)


async def lock_if_free(tx: Transaction, run_id: UUID) -> Run | None:
    """The same, unless somebody else holds it at this moment: then they are at work on it."""
    row = await tx.one_or_none(
        f"SELECT {_COLUMNS} FROM runs WHERE id = $1 FOR UPDATE SKIP LOCKED",  # noqa: S608 - constants
        run_id,
    )
    return None if row is None else _run(row)


async def note_asked(
    tx: Transaction,
    run_id: UUID,
    *,
    more: int,
    amount: Money,
    left_out: Mapping[str, int],
    cursor: UUID | None,
    is_all: bool,
) -> Run:
    """Write down what a held run has asked for now, whom it looked at last, and whether that was everybody.

    Workers have been told of it as good as now: whoever does this is at work on it.
    """
    row = await tx.one(
        f"""
        UPDATE runs SET asked = asked + $2, asked_amount = asked_amount + $3, left_out = $4, cursor = $5,
                        rung_at = clock_timestamp(), asked_at = CASE WHEN $6 THEN now() END
        WHERE id = $1 RETURNING {_COLUMNS}
        """,  # noqa: S608 - constants
        run_id, more, amount.minor, left_out, cursor, is_all,
    )  # fmt: skip
    return _run(row)


async def stop(tx: Transaction, run_id: UUID, *, why: str, actor: str) -> Run:
    """Write down that nothing of a held run leaves any more."""
    return await _change(tx, run_id, "stopped_at = now(), stopped_by = $2, stopped_why = $3", actor, why)


async def resume(tx: Transaction, run_id: UUID) -> Run:
    """Write down that a held run goes on, and that workers are to be told."""
    going = "stopped_at = NULL, stopped_by = NULL, stopped_why = NULL, resumed_at = now(), rung_at = now()"
    return await _change(tx, run_id, going)


async def cancel(tx: Transaction, run_id: UUID, *, actor: str) -> Run:
    """Write down that what has not left of a held run is to be cancelled."""
    return await _change(tx, run_id, "cancelled_at = now(), cancelled_by = $2, rung_at = now()", actor)


async def touch(tx: Transaction, run_id: UUID) -> None:
    """Note that somebody is at work on a held run."""
    await tx.run("UPDATE runs SET rung_at = clock_timestamp() WHERE id = $1", run_id)


async def take_unended(tx: Transaction, program: str | None) -> list[UUID]:
    """Finished runs whose payouts somebody must look at again, at rest or not; the longer it takes, the more rarely.

    With a program, its own are looked at now, whenever that was last done.
    """
    rows = await tx.many(
        """
        UPDATE runs SET rung_at = now() WHERE id IN (
            SELECT id FROM runs
            WHERE ended_at IS NULL AND finished_at IS NOT NULL AND ($1::text IS NULL OR program = $1)
              AND ($1::text IS NOT NULL
                   OR rung_at < now() - least(greatest((now() - finished_at) / 50, $2), interval '10 minutes'))
            FOR UPDATE SKIP LOCKED)
        RETURNING id
        """,
        program, _LOOK_AGAIN,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def end(tx: Transaction, rows: Sequence[tuple[UUID, Mapping[str, Any], datetime | None]]) -> None:
    """Write down what has become of runs whose payouts have all come to rest, and when; None where there are none."""
    await tx.run(
        """
        UPDATE runs SET ended_at = coalesce(new.rested_at, finished_at), results = new.results
        FROM unnest($1::uuid[], $2::jsonb[], $3::timestamptz[]) AS new (id, results, rested_at)
        WHERE runs.id = new.id AND ended_at IS NULL
        """,
        *columns(rows, 3),
    )


async def note_handed_over(
    tx: Transaction, run_id: UUID, *, count: int, amounts: Mapping[str, int], kept_waiting: int, is_all: bool
) -> Run:
    """Write down what a held run has handed over altogether, what it has left, and whether it takes nothing more."""
    row = await tx.one(
        f"""
        UPDATE runs SET count = $2, amounts = $3, handed_over_at = CASE WHEN $4 THEN now() END, kept_waiting = $5,
                        rung_at = clock_timestamp()
        WHERE id = $1
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - constants
        run_id, count, amounts, is_all, kept_waiting,
    )  # fmt: skip
    return _run(row)


async def unfinished(tx: Transaction, program: str | None = None) -> list[Run]:
    """The runs that are under way, oldest first; of one program or of all."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM runs WHERE finished_at IS NULL AND ($1::text IS NULL OR program = $1)
        ORDER BY begun_at, id
        """,  # noqa: S608 - constants
        program,
    )
    return [_run(row) for row in rows]


async def take_unanswered(tx: Transaction, *, older_than_seconds: float) -> list[UUID]:
    """Runs that nobody has handed over although workers were told of them so long ago; as told anew."""
    rows = await tx.many(
        """
        UPDATE runs SET rung_at = now() WHERE id IN (
            SELECT id FROM runs
            WHERE finished_at IS NULL AND (handed_over_at IS NULL AND stopped_at IS NULL OR cancelled_at IS NOT NULL)
              AND rung_at < now() - make_interval(secs => $1)
            FOR UPDATE SKIP LOCKED)
        RETURNING id
        """,
        older_than_seconds,
    )
    return [row["id"] for row in rows]


async def finish(tx: Transaction, run_ids: Collection[UUID]) -> set[UUID]:
    """Write down that these runs have come to their end; those of which nobody else has by now."""
    rows = await tx.many(
        "UPDATE runs SET finished_at = now() WHERE id = ANY($1::uuid[]) AND finished_at IS NULL RETURNING id",
        list(run_ids),
    )
    return {row["id"] for row in rows}


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


async def others(tx: Transaction, run: Run) -> list[UUID]:
    """The other runs of its program that are under way: what they have asked for is theirs."""
    rows = await tx.many(
        "SELECT id FROM runs WHERE finished_at IS NULL AND program = $1 AND id <> $2", run.program, run.id
    )
    return [row["id"] for row in rows]


async def queue_up(tx: Transaction, name: str) -> None:
    """Wait until nobody else is doing this; then it is ours until the transaction ends."""
    await tx.run(
        """
        INSERT INTO turns (name, taken_at) VALUES ($1, now()) ON CONFLICT (name) DO UPDATE SET taken_at = now()
        """,
        name,
    )


async def for_occurrence(tx: Transaction, program: str, occurrence: Occurrence) -> Run | None:
    """The run of an occurrence, if it has begun."""
    row = await tx.one_or_none(
        f"SELECT {_COLUMNS} FROM runs WHERE program = $1 AND time_zone = $2 AND occurrence = $3",  # noqa: S608 - constants
        program, occurrence.schedule.time_zone, occurrence.name,
    )  # fmt: skip
    return None if row is None else _run(row)


async def kept_results(tx: Transaction, run_ids: Collection[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """What had become of those of these runs that are over."""
    rows = await tx.many(
        "SELECT id, results FROM runs WHERE id = ANY($1::uuid[]) AND ended_at IS NOT NULL", list(run_ids)
    )
    return {row["id"]: row["results"] for row in rows}


async def get(tx: Transaction, run_id: UUID) -> Run | None:
    """One run."""
    row = await tx.one_or_none(f"SELECT {_COLUMNS} FROM runs WHERE id = $1", run_id)  # noqa: S608 - constants
    return None if row is None else _run(row)


async def stopped(tx: Transaction) -> list[Run]:
    """The runs of which nothing leaves because they were stopped, oldest first."""
    rows = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM runs
        WHERE ended_at IS NULL AND stopped_at IS NOT NULL AND cancelled_at IS NULL ORDER BY stopped_at
        """  # noqa: S608 - constants
    )
    return [_run(row) for row in rows]


async def ended_since(tx: Transaction, since: datetime) -> list[Run]:
    """The runs whose last payout has come to rest since then, oldest first."""
    rows = await tx.many(f"SELECT {_COLUMNS} FROM runs WHERE ended_at >= $1 ORDER BY ended_at", since)  # noqa: S608 - constants
    return [_run(row) for row in rows]


async def recent(tx: Transaction, program: str | None, *, limit: int) -> list[Run]:
    """The latest runs, of one program or of all."""
    rows: list[Record] = await tx.many(
        f"""
        SELECT {_COLUMNS} FROM runs WHERE $1::text IS NULL OR program = $1 ORDER BY due_at DESC, id DESC LIMIT $2
        """,  # noqa: S608 - constants
        program, limit,
    )  # fmt: skip
    return [_run(row) for row in rows]


async def _change(tx: Transaction, run_id: UUID, assignments: str, *args: object) -> Run:
    row = await tx.one(f"UPDATE runs SET {assignments} WHERE id = $1 RETURNING {_COLUMNS}", run_id, *args)  # noqa: S608 - constants
    return _run(row)


def _run(row: Record) -> Run:
    return Run(**{**row, "pays": programs.Pays(row["pays"])})
