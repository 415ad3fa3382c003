"""Every statement on audit blocks."""

from collections.abc import AsyncIterator
from typing import Final

from bursar.foundation.db import Record, Transaction

Block = Record
Place = tuple[str, int]
"""Where an event stands in the order of commits: transaction id and number."""

START: Final[Place] = ("0", 0)


async def last_block(tx: Transaction) -> Record | None:
    """The head of the chain."""
    return await tx.one_or_none("SELECT number, hash FROM audit_blocks ORDER BY number DESC LIMIT 1")


async def insert_block(
    tx: Transaction,
    *,
    number: int,
    bounds: tuple[Place, Place],
    leaves: bytes,
    root: bytes,
    previous: bytes,
    block_hash: bytes,
) -> None:
    """Add the next block; its number is unique, so two sealers cannot fork the chain."""
    (first_xid, first_id), (last_xid, last_id) = bounds
    await tx.run(
        """
        INSERT INTO audit_blocks (
            number, events, first_xid, first_id, last_xid, last_id, leaves, root, previous, hash)
        VALUES ($1, length($6::bytea) / 32, $2::text::xid8, $3, $4::text::xid8, $5, $6, $7, $8, $9)
        """,
        number, first_xid, first_id, last_xid, last_id, leaves, root, previous, block_hash,
    )  # fmt: skip


def blocks(tx: Transaction) -> AsyncIterator[Record]:
    """The whole chain, oldest block first."""
    return tx.stream(
        """
        SELECT number, events, first_xid::text, first_id, last_xid::text, last_id, leaves, root, previous, hash
        FROM audit_blocks ORDER BY number
        """
    )
