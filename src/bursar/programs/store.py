"""The tables ``programs`` and ``program_versions``: every version of every program's terms, and which one counts."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from bursar.foundation.db import Transaction, columns
from bursar.programs.model import Terms, Version

# What this very transaction has written may still be rolled back, and another version 5 be written in its place.
_IS_COMMITTED: Final = "v.xmin IS DISTINCT FROM pg_current_xact_id_if_assigned()::xid AS is_committed"


class Found(NamedTuple):
    """A version as it was found: its terms, unless they were not asked for, and whether they are sure to stay."""

    program: str
    version: int
    terms: Terms | None
    is_committed: bool


async def lock(tx: Transaction, program: str) -> int:
    """Hold a program until the transaction ends; its current version, or 0 when it is new.

    The row is written, not just read: that gives the version as it is after we have waited for whoever held it.
    """
    version: int = await tx.value(
        """
        INSERT INTO programs (program, current_version) VALUES ($1, 0)
        ON CONFLICT (program) DO UPDATE SET current_version = programs.current_version
        RETURNING current_version
        """,
        program,
    )
    return version


async def insert(tx: Transaction, terms: Terms, *, source: str, actor: str, note: str, at: datetime) -> None:
    """Add a version and make it the one that counts."""
    await tx.run(
        """
        WITH added AS (
            INSERT INTO program_versions (program, version, source, terms, applied_by, note, applied_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
        )
        UPDATE programs SET current_version = $2 WHERE program = $1
        """,
        terms.program, terms.version, source, terms, actor, note, at,
    )  # fmt: skip


async def current(tx: Transaction, programs: Collection[str]) -> dict[str, int]:
    """The versions that count, of those programs that exist."""
    rows = await tx.many(
        "SELECT program, current_version FROM programs WHERE program = ANY($1::text[])", list(programs)
    )
    return {row["program"]: row["current_version"] for row in rows}


async def find_current(tx: Transaction, known: Collection[tuple[str, int]]) -> list[Found]:
    """The versions that count, of those programs that exist.

    ``known`` names each program with the version whose terms need not be fetched again, or 0.
    """
    rows = await tx.many(
        f"""
        SELECT p.program, p.current_version AS version, v.terms, {_IS_COMMITTED}
        FROM unnest($1::text[], $2::integer[]) AS known (program, version)
        JOIN programs p ON p.program = known.program
        LEFT JOIN program_versions v
            ON v.program = p.program AND v.version = p.current_version AND v.version <> known.version
        """,  # noqa: S608 - a constant of this module
        *columns(list(known), 2),
    )
    return [Found(row["program"], row["version"], _terms(row["terms"]), row["is_committed"]) for row in rows]


async def find(tx: Transaction, wanted: Collection[tuple[str, int]]) -> list[Found]:
    """These versions, of those that exist."""
    rows = await tx.many(
        f"""
        SELECT v.program, v.version, v.terms, {_IS_COMMITTED}
        FROM unnest($1::text[], $2::integer[]) AS wanted (program, version)
        JOIN program_versions v ON v.program = wanted.program AND v.version = wanted.version
        """,  # noqa: S608 - a constant of this module
        *columns(list(wanted), 2),
    )
    return [Found(row["program"], row["version"], _terms(row["terms"]), row["is_committed"]) for row in rows]


async def names(tx: Transaction) -> list[str]:
    """Every program there is, in alphabetical order."""
    return [row["program"] for row in await tx.many("SELECT program FROM programs ORDER BY program")]


async def versions(tx: Transaction, program: str) -> list[Version]:
    """All versions of a program, newest first."""
    rows = await tx.many(
        """
        SELECT program, version, applied_by, note, applied_at FROM program_versions
        WHERE program = $1 ORDER BY version DESC
        """,
        program,
    )
    return [Version(**row) for row in rows]


async def in_force(tx: Transaction, since: Collection[tuple[str, datetime | None]]) -> list[Version]:
    """The version of each program that counted at that moment, and all that came later; oldest first."""
    rows = await tx.many(
        """
        SELECT v.program, v.version, v.applied_by, v.note, v.applied_at
        FROM unnest($1::text[], $2::timestamptz[]) AS asked (program, since)
        JOIN program_versions v ON v.program = asked.program AND v.version >= coalesce((
            SELECT max(e.version) FROM program_versions e
            WHERE e.program = asked.program AND e.applied_at <= asked.since), 1)
        ORDER BY v.program, v.version
        """,
        *columns(list(since), 2),
    )
    return [Version(**row) for row in rows]


async def source(tx: Transaction, program: str, version: int) -> str | None:
    """The file that a version was made of, comments and all."""
    text: str | None = await tx.value(
        "SELECT source FROM program_versions WHERE program = $1 AND version = $2", program, version
    )
    return text


def _terms(stored: object) -> Terms | None:
    return None if stored is None else msgspec.convert(stored, Terms)
