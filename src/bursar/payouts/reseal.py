"""Sealing destinations again under the active key, so that an old key can be retired."""

from typing import Final
from uuid import UUID

from bursar.foundation.crypto import Keyring, Place
from bursar.foundation.db import Record, Transaction
from bursar.holders import Destination
from bursar.payouts import store
from bursar.payouts.request import SEALED

AT_ONCE: Final = 500


async def reseal(tx: Transaction, *, keyring: Keyring, after: UUID | None = None) -> tuple[int, UUID | None]:
    """Seal and index the next destinations that hang on an old key again; how many, and where to go on (None: done).

    Resumable: a run that dies has lost nothing, and one from the start passes over what is done.

    Raises:
        CannotOpen: the key that one of them was sealed with is not on the ring; the transaction is lost.
    """
    rows = await store.sealed_with_other_key(tx, keyring.active_id, after=after, limit=AT_ONCE)
    sealed = [(row["id"], row["destination"], *_again(row, keyring)) for row in rows]
    if sealed:
        await store.replace_destinations(tx, sealed)
    return len(sealed), rows[-1]["id"] if rows else None


def _again(row: Record, keyring: Keyring) -> tuple[bytes, bytes]:
    """The envelope and the blind index of one destination under the active key."""
    place = Place(*SEALED, row["id"])
    opened = keyring.open(row["destination"], place)
    return keyring.seal(opened, place), keyring.fingerprint(Destination.from_bytes(opened).identity)
