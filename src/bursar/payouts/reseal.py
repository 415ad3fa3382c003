"""Sealing destinations again under the active key, so that an old key can be retired."""

from typing import Final
from uuid import UUID

from bursar.foundation.crypto import Keyring, Place
from bursar.foundation.db import Transaction
from bursar.payouts import store
from bursar.payouts.request import SEALED

AT_ONCE: Final = 500


async def reseal(tx: Transaction, *, keyring: Keyring, after: UUID | None = None) -> tuple[int, UUID | None]:
    """Seal the next destinations that hang on an old key again; how many, and where to go on (None: done).

    Resumable: a run that dies has lost nothing, and one from the start passes over what is done.

    Raises:
        CannotOpen: the key that one of them was sealed with is not on the ring; the transaction is lost.
    """
    rows = await store.sealed_with_other_key(tx, keyring.active_id, after=after, limit=AT_ONCE)
    places = [(row["id"], Place(*SEALED, row["id"])) for row in rows]
    sealed = [
        (payout_id, row["destination"], keyring.seal(keyring.open(row["destination"], place), place))
        for (payout_id, place), row in zip(places, rows, strict=True)
    ]
    if sealed:
        await store.replace_destinations(tx, sealed)
    return len(sealed), rows[-1]["id"] if rows else None
