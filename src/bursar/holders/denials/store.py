"""Every statement on the denied list."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation.db import ForeignKeyViolation, Record, Transaction, UniqueViolation, columns
from bursar.holders.denials.model import Denial
from bursar.holders.errors import AlreadyDenied, NoSuchHolder

_BIRTH: Final = (
    "id", "holder_id", "name", "name_keys", "destination", "destination_index", "reason", "denied_by", "denied_at",
)  # fmt: skip
_DENIED: Final = """
    SELECT id, holder_id, name, destination_index, reason, denied_by, denied_at, lifted_by, lifted_at FROM denied
"""


async def insert(tx: Transaction, rows: Sequence[Sequence[object]]) -> None:
    """Write new entries, in the order of ``_BIRTH``.

    Raises:
        AlreadyDenied, NoSuchHolder: the transaction is lost.
    """
    try:
        await tx.append("denied", _BIRTH, rows)
    except UniqueViolation as violation:  # denied_once_…, one for each thing that can be denied.
        raise AlreadyDenied from violation
    except ForeignKeyViolation as violation:  # The holder's, the only one there is.
        raise NoSuchHolder from violation


async def lift(tx: Transaction, ids: Collection[UUID], *, actor: str, at: datetime) -> list[UUID]:
    """Take entries off the list; the ids of those that stood there."""
    rows = await tx.many(
        """
        UPDATE denied SET lifted_by = $2, lifted_at = $3 WHERE id = ANY($1::uuid[]) AND lifted_at IS NULL RETURNING id
        """,
        list(ids), actor, at,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def page(tx: Transaction, *, after: UUID | None, limit: int) -> list[Denial]:
    """What stands on the list, by falling id, below ``after``."""
    chosen = "WHERE lifted_at IS NULL AND ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2"
    return [Denial(*row) for row in await tx.many(_DENIED + chosen, after, limit)]


async def about(
    tx: Transaction,
    *,
    holder_ids: Collection[UUID],
    indexes: Collection[bytes],
    name_keys: Collection[str],
    since: datetime | None,
) -> list[Denial]:
    """Entries about these holders, blind indexes and beginnings of words; with ``since`` those lifted later, too."""
    chosen = """
        WHERE (lifted_at IS NULL OR lifted_at > $4)
          AND (holder_id = ANY($1::uuid[]) OR destination_index = ANY($2::bytea[]) OR name_keys && $3::text[])
        ORDER BY id
    """
    rows = await tx.many(_DENIED + chosen, list(holder_ids), list(indexes), list(name_keys), since)
    return [Denial(*row) for row in rows]


async def any_since(tx: Transaction, first: UUID) -> bool:
    """Whether there is an entry with this id or a higher one that was not lifted."""
    found = await tx.value("SELECT EXISTS (SELECT FROM denied WHERE id >= $1 AND lifted_at IS NULL)", first)
    return bool(found)


async def sealed_with_other_key(tx: Transaction, key_id: bytes, *, after: UUID | None, limit: int) -> list[Record]:
    """The next entries whose destinations are not sealed with this key, held until the transaction ends."""
    return await tx.many(
        """
        SELECT id, destination FROM denied
        WHERE ($2::uuid IS NULL OR id > $2) AND substring(destination FROM 2 FOR 4) <> $1
        ORDER BY id LIMIT $3 FOR UPDATE
        """,
        key_id, after, limit,
    )  # fmt: skip


async def replace_sealed(tx: Transaction, sealed: Sequence[tuple[UUID, bytes, bytes]]) -> None:
    """Put new envelopes and blind indexes in the place of old ones."""
    await tx.run(
        """
        UPDATE denied d SET destination = new.envelope, destination_index = new.index
        FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS new (id, envelope, index) WHERE d.id = new.id
        """,
        *columns(sealed, 3),
    )
