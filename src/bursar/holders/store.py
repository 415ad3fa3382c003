"""Every statement on holders."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation.db import ForeignKeyViolation, Record, Transaction, columns
from bursar.holders.errors import UnknownProgram
from bursar.holders.model import Holder

Place = tuple[str, str]
"""Program and reference: what is unique about a holder."""

_HOLDERS: Final = "SELECT id, program, kind, reference, name, email, verified_at FROM holders "


async def upsert(tx: Transaction, holders: Sequence[Holder], *, at: datetime) -> None:
    """Write new holders, and the name and e-mail of known ones where they differ; no place twice in one call.

    Raises:
        UnknownProgram: one of the programs does not exist; the transaction is lost.
    """
    rows = [(h.id, h.program, h.kind, h.reference, h.name, h.email) for h in holders]
    try:
        await tx.run(
            """
            INSERT INTO holders AS known (id, program, kind, reference, name, email, created_at)
            SELECT asked.*, $7
            FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
                AS asked (id, program, kind, reference, name, email)
            ORDER BY program, reference  -- So that two batches wait for each other instead of deadlocking.
            ON CONFLICT ON CONSTRAINT one_holder_per_reference DO UPDATE
            SET name = excluded.name, email = coalesce(excluded.email, known.email)
            WHERE (known.name, known.email) IS DISTINCT FROM (excluded.name, coalesce(excluded.email, known.email))
            """,
            *columns(rows, 6), at,
        )  # fmt: skip
    except ForeignKeyViolation as violation:  # holder_is_in_a_program, the only one there is.
        raise UnknownProgram(field="program", rule="a program that exists") from violation


async def at_places(tx: Transaction, places: Collection[Place]) -> dict[Place, Holder]:
    """The holders of these programs and references, where there are any."""
    wanted = "JOIN unnest($1::text[], $2::text[]) AS wanted (program, reference) USING (program, reference)"
    rows = await tx.many(_HOLDERS + wanted, *columns(list(places), 2))
    return {(holder.program, holder.reference): holder for holder in map(_holder, rows)}


async def find(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Holder]:
    """The holders with these ids, where there are any."""
    rows = await tx.many(_HOLDERS + "WHERE id = ANY($1)", list(ids))
    return {holder.id: holder for holder in map(_holder, rows)}


async def page(
    tx: Transaction, *, program: str | None, after: UUID | None, limit: int, search: str | None
) -> list[Holder]:
    """Holders by falling id, below ``after``; a search reads on until it has found enough."""
    chosen = """
        WHERE ($1::text IS NULL OR program = $1) AND ($2::uuid IS NULL OR id < $2)
          AND ($3::text IS NULL OR strpos(lower(concat_ws(' ', reference, name, email)), lower($3)) > 0)
        ORDER BY id DESC LIMIT $4
    """
    return [_holder(row) for row in await tx.many(_HOLDERS + chosen, program, after, search, limit)]


async def set_verified(tx: Transaction, ids: Collection[UUID], at: datetime | None) -> frozenset[UUID]:
    """Vouch for holders as of ``at``, or with None no longer; the ids of those whom this changed."""
    rows = await tx.many(
        """
        UPDATE holders SET verified_at = $2
        WHERE id = ANY($1) AND (verified_at IS NULL) <> ($2::timestamptz IS NULL) RETURNING id
        """,
        list(ids), at,
    )  # fmt: skip
    return frozenset(row["id"] for row in rows)


def _holder(row: Record) -> Holder:
    return Holder(*row)
