"""Putting something on the denied list, taking it off, and looking who stands there."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation import ids, journal
from bursar.foundation.crypto import Keyring, Place
from bursar.foundation.db import Transaction
from bursar.holders.denials import store
from bursar.holders.denials.model import Denial, NewDenial, keys
from bursar.holders.model import Destination

PAGE_MAX: Final = 200
AT_ONCE: Final = 500


async def deny(
    tx: Transaction, news: Sequence[NewDenial], *, keyring: Keyring, actor: str, at: datetime
) -> list[Denial]:
    """Hold the payouts of these holders, names or destinations from now on, until somebody has looked at each.

    Raises:
        AlreadyDenied: one of them stands on the list already; the transaction is lost.
        NoSuchHolder: one of the holders does not exist; the transaction is lost.
    """
    begun = [_begin(new, id_, keyring, actor, at) for new, id_ in zip(news, ids.series(at, len(news)), strict=True)]
    await store.insert(tx, [_row(denial, new, keyring) for denial, new in zip(begun, news, strict=True)])
    await _note(tx, "denied.added", [denial.id for denial in begun], actor=actor)
    return begun


async def allow(tx: Transaction, denial_ids: Collection[UUID], *, actor: str, at: datetime) -> list[UUID]:
    """Take entries off the denied list; which ones this took off."""
    lifted = await store.lift(tx, denial_ids, actor=actor, at=at)
    await _note(tx, "denied.lifted", sorted(lifted), actor=actor)
    return lifted


async def denied(tx: Transaction, *, after: UUID | None = None, limit: int = PAGE_MAX) -> list[Denial]:
    """What stands on the denied list, newest first: one page of at most ``PAGE_MAX``, below the id ``after``."""
    return await store.page(tx, after=after, limit=min(limit, PAGE_MAX))


async def denied_about(
    tx: Transaction,
    *,
    holder_ids: Collection[UUID],
    indexes: Collection[bytes],
    names: Collection[str],
    since: datetime | None = None,
) -> list[Denial]:
    """Entries about these holders and destinations, and those with a name that may be one of these. One statement.

    Names are only found here; whether they are meant, whoever compares them says. With ``since``, also what was lifted
    later than that.
    """
    return await store.about(tx, holder_ids=holder_ids, indexes=indexes, name_keys=keys(names), since=since)


async def denied_since(tx: Transaction, since: datetime) -> bool:
    """Whether anything was put on the denied list since then that stands there yet; costs next to nothing."""
    return await store.any_since(tx, ids.first(since))


async def reseal_denied(tx: Transaction, *, keyring: Keyring, after: UUID | None = None) -> tuple[int, UUID | None]:
    """Seal and index the next denied destinations that hang on an old key again; how many, and where to go on.

    Raises:
        CannotOpen: the key that one of them was sealed with is not on the ring; the transaction is lost.
    """
    rows = await store.sealed_with_other_key(tx, keyring.active_id, after=after, limit=AT_ONCE)
    renewed = []
    for row in rows:
        destination = Destination.from_bytes(keyring.open(row["destination"], _place(row["id"])))
        renewed.append((row["id"], *_sealed(destination, row["id"], keyring)))
    if renewed:
        await store.replace_sealed(tx, renewed)
    return len(rows), rows[-1]["id"] if rows else None


def _begin(new: NewDenial, id_: UUID, keyring: Keyring, actor: str, at: datetime) -> Denial:
    index = keyring.fingerprint(new.destination.identity) if new.destination else None
    return Denial(id_, new.holder_id, new.name, index, new.reason, denied_by=actor, denied_at=at)


def _row(denial: Denial, new: NewDenial, keyring: Keyring) -> tuple[object, ...]:
    """One row in the order of ``store.insert``."""
    sealed = _sealed(new.destination, denial.id, keyring)[0] if new.destination else None
    name_keys = keys([denial.name]) if denial.name is not None else None
    return (
        denial.id, denial.holder_id, denial.name, name_keys, sealed, denial.destination_index, denial.reason,
        denial.denied_by, denial.denied_at,
    )  # fmt: skip


def _sealed(destination: Destination, denial_id: UUID, keyring: Keyring) -> tuple[bytes, bytes]:
    """The envelope and the blind index under the active key."""
    return keyring.seal(destination.to_bytes(), _place(denial_id)), keyring.fingerprint(destination.identity)


def _place(denial_id: UUID) -> Place:
    return Place("denied", "destination", denial_id)


async def _note(tx: Transaction, action: str, denial_ids: Collection[UUID], *, actor: str) -> None:
    await journal.note_each(tx, action, actor=actor, subjects=[f"denied:{denial_id}" for denial_id in denial_ids])
