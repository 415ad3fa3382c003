"""Every statement on destinations: what holders have stored to be paid to."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation.db import Record, Transaction, columns
from bursar.holders.model import AccountCheck, AccountVerdict, StoredDestination

Spot = tuple[UUID, bytes]
"""A holder and a blind index: what is unique about a live destination."""

COLUMNS: Final = """
    destinations.id, destinations.holder_id, sealed, shown, fingerprint AS index, added_at, usable_at, is_default,
    verdict AS check, title_found AS account_title_found, name_score, checked_at, removed_at
"""
_DESTINATIONS: Final = f"SELECT {COLUMNS} FROM destinations "  # noqa: S608 - constants


async def hold(tx: Transaction, holder_ids: Collection[UUID]) -> frozenset[UUID]:
    """Let nobody else change what these holders have stored until the transaction ends; those that exist.

    In the order of ids, so that two batches wait for each other instead of deadlocking.
    """
    rows = await tx.many(
        "SELECT id FROM holders WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", list(holder_ids)
    )  # fmt: skip
    return frozenset(row["id"] for row in rows)


async def of_holders(tx: Transaction, holder_ids: Collection[UUID]) -> list[StoredDestination]:
    """All that these holders ever stored, the removed too, newest first."""
    rows = await tx.many(_DESTINATIONS + "WHERE holder_id = ANY($1) ORDER BY id DESC", list(holder_ids))
    return [stored_of(row) for row in rows]


async def live(tx: Transaction, destination_ids: Collection[UUID], *, holder_id: UUID) -> list[StoredDestination]:
    """Those of these that the holder has stored and not removed."""
    chosen = "WHERE id = ANY($1) AND holder_id = $2 AND removed_at IS NULL ORDER BY id"
    return [stored_of(row) for row in await tx.many(_DESTINATIONS + chosen, list(destination_ids), holder_id)]


async def insert(tx: Transaction, stored: Sequence[tuple[StoredDestination, str]]) -> None:
    """Write new ones, each with the actor who added it."""
    rows = [
        (new.id, new.holder_id, new.sealed, new.shown, new.index, new.is_default, by, new.added_at, new.usable_at)
        for new, by in stored
    ]
    await tx.run(
        """
        INSERT INTO destinations (id, holder_id, sealed, shown, fingerprint, is_default, added_by, added_at, usable_at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::jsonb[], $5::bytea[], $6::boolean[], $7::text[],
                             $8::timestamptz[], $9::timestamptz[])
        """,
        *columns(rows, 9),
    )


async def remove(tx: Transaction, destination_ids: Collection[UUID], *, holder_id: UUID | None) -> list[UUID]:
    """Remove live ones, of this holder where one is given; the ids of those that this removed."""
    rows = await tx.many(
        """
        UPDATE destinations SET removed_at = now(), is_default = false
        WHERE id = ANY($1) AND ($2::uuid IS NULL OR holder_id = $2) AND removed_at IS NULL RETURNING id
        """,
        list(destination_ids), holder_id,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def set_default(tx: Transaction, destination_id: UUID, *, holder_id: UUID) -> None:
    """Make this one the holder's default, and no other. Two statements: the unique index looks at each row."""
    await tx.run(
        "UPDATE destinations SET is_default = false WHERE holder_id = $1 AND is_default AND id <> $2",
        holder_id, destination_id,
    )  # fmt: skip
    await tx.run(
        "UPDATE destinations SET is_default = true WHERE id = $1 AND holder_id = $2", destination_id, holder_id
    )


# By blind index -------------------------------------------------------------------------------------------------------


async def at_spots(tx: Transaction, spots: Collection[Spot]) -> dict[Spot, StoredDestination]:
    """These holders' ones with these blind indexes, renewed since or not: the live one, else the one removed last."""
    rows = await tx.many(
        f"""
        SELECT DISTINCT ON (wanted.holder_id, wanted.index) wanted.index AS asked, {COLUMNS}
        FROM unnest($1::uuid[], $2::bytea[]) AS wanted (holder_id, index)
        JOIN destinations ON destinations.holder_id = wanted.holder_id
                         AND wanted.index IN (fingerprint, fingerprint_before)
        ORDER BY wanted.holder_id, wanted.index, removed_at DESC NULLS FIRST
        """,  # noqa: S608 - constants
        *columns(list(spots), 2),
    )
    return {(row["holder_id"], row["asked"]): stored_of(row) for row in rows}


async def sharers(tx: Transaction, indexes: Collection[bytes]) -> list[tuple[bytes, UUID]]:
    """Which holders have a live one with each of these blind indexes."""
    rows = await tx.many(
        """
        SELECT wanted.index, holder_id FROM unnest($1::bytea[]) AS wanted (index)
        JOIN destinations ON fingerprint = wanted.index WHERE removed_at IS NULL
        UNION
        SELECT wanted.index, holder_id FROM unnest($1::bytea[]) AS wanted (index)
        JOIN destinations ON fingerprint_before = wanted.index WHERE removed_at IS NULL
        """,
        list(indexes),
    )
    return [(row["index"], row["holder_id"]) for row in rows]


# Checks ---------------------------------------------------------------------------------------------------------------


async def take_unchecked(
    tx: Transaction, programs: Collection[str], *, limit: int, lease_seconds: float
) -> list[StoredDestination]:
    """Lease unchecked ones of these programs; nobody else is given them until the lease is over."""
    rows = await tx.many(
        f"""
        UPDATE destinations SET check_at = now() + make_interval(secs => $3)
        WHERE id IN (
            SELECT due.id FROM destinations AS due JOIN holders ON holders.id = due.holder_id
            WHERE verdict = 'unchecked' AND check_at <= now() AND program = ANY($1)
            ORDER BY check_at LIMIT $2 FOR NO KEY UPDATE OF due SKIP LOCKED
        ) RETURNING {COLUMNS}
        """,  # noqa: S608 - constants
        list(programs), limit, lease_seconds,
    )  # fmt: skip
    return [stored_of(row) for row in rows]


async def note_checks(tx: Transaction, checks: Sequence[AccountCheck], *, at: datetime) -> None:
    """Write down what the gateway said; one that nobody could answer stays as it was."""
    rows = [(each.destination_id, each.check.value, each.account_title_found, each.name_score) for each in checks]
    await tx.run(
        """
        UPDATE destinations
        SET verdict = found.verdict, title_found = found.title, name_score = found.score, checked_at = $5
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::double precision[]) AS found (id, verdict, title, score)
        WHERE destinations.id = found.id AND found.verdict <> 'unchecked'
        """,
        *columns(rows, 4), at,
    )  # fmt: skip


async def denied_since(tx: Transaction, since: datetime) -> list[StoredDestination]:
    """The live ones that were found not to exist since that moment, oldest first."""
    chosen = "WHERE verdict = 'denied' AND removed_at IS NULL AND checked_at >= $1 ORDER BY checked_at, id"
    return [stored_of(row) for row in await tx.many(_DESTINATIONS + chosen, since)]


# Another key ----------------------------------------------------------------------------------------------------------


async def sealed_with_other_key(
    tx: Transaction, key_id: bytes, *, after: UUID | None, limit: int
) -> list[StoredDestination]:
    """The next that hang on another key, by rising id, held until the transaction ends; the removed too."""
    chosen = """
        WHERE ($2::uuid IS NULL OR id > $2) AND substring(sealed FROM 2 FOR 4) <> $1
        ORDER BY id LIMIT $3 FOR NO KEY UPDATE
    """
    return [stored_of(row) for row in await tx.many(_DESTINATIONS + chosen, key_id, after, limit)]


async def replace_sealed(tx: Transaction, resealed: Sequence[tuple[UUID, bytes, bytes]]) -> None:
    """Write envelopes and blind indexes under the active key, and keep the index before."""
    await tx.run(
        """
        UPDATE destinations
        SET sealed = again.sealed, fingerprint = again.fingerprint, fingerprint_before = destinations.fingerprint
        FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS again (id, sealed, fingerprint)
        WHERE destinations.id = again.id
        """,
        *columns(list(resealed), 3),
    )


def stored_of(row: Record) -> StoredDestination:
    """Columns come in the order of ``COLUMNS``, which is that of the fields; what stands before them is not ours."""
    values = list(row)[-_WIDTH:]
    values[_CHECK] = AccountVerdict(values[_CHECK])
    return StoredDestination(*values)


_FIELDS: Final = [field.name for field in fields(StoredDestination)]
_WIDTH: Final = len(_FIELDS)
_CHECK: Final = _FIELDS.index("check")
