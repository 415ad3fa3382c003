"""Where holders want to be paid: stored sealed, found by blind index, checked with the gateway, paid to after a while.

A destination that takes another one's place waits for its cool-off first: whoever breaks into an account changes where
the money goes, and the holder needs the time to object. What was removed counts as a predecessor too, so removing an
account and adding another does not shorten the wait.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bursar.foundation import crypto, ids, journal
from bursar.foundation.crypto import CannotOpen, Keyring
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.holders.destinations import store
from bursar.holders.errors import NoDefaultDestination, NoSuchDestination, NoSuchHolder, TooManyDestinations
from bursar.holders.model import (
    DESTINATIONS_MAX,
    AccountCheck,
    AddedDestination,
    Choice,
    Destination,
    NewDestination,
    StoredDestination,
)

AT_ONCE: Final = 500
_A_DAY: Final = timedelta(days=1)  # Each addition asks the gateway whose account it is: not a way to ask about others'.


async def add_destinations(
    tx: Transaction, news: Sequence[NewDestination], *, keyring: Keyring, at: datetime
) -> list[AddedDestination]:
    """Store destinations; what became of each wish, in order. A constant number of statements.

    An account that its holder has stored already is given back as it stands. The first one is usable at once, another
    one after its cool-off; one that is added while there is no default becomes it. Whoever adds a new one announces it.

    Raises:
        NoSuchHolder: one of the holders does not exist.
        TooManyDestinations: a holder would have more than ``DESTINATIONS_MAX``, or has added so many within a day;
            nothing is stored.
    """
    wanted = {new.holder_id for new in news}
    if wanted - await store.hold(tx, wanted):
        raise NoSuchHolder
    shelves: dict[UUID, list[StoredDestination]] = defaultdict(list)
    for stored in await store.of_holders(tx, wanted):
        shelves[stored.holder_id].append(stored)
    answers = [
        _add(shelves[new.holder_id], new, id_, keyring=keyring, at=at)
        for new, id_ in zip(news, ids.series(at, len(news)), strict=True)
    ]
    fresh = [(answer.destination, new.added_by) for answer, new in zip(answers, news, strict=True) if answer.is_new]
    if fresh:
        await store.insert(tx, fresh)
        await journal.note_many(tx, "destination.added", [(actor, _subject(stored.id), {}) for stored, actor in fresh])
    return answers


async def destinations_of(tx: Transaction, holder_ids: Collection[UUID]) -> dict[UUID, list[StoredDestination]]:
    """What each of these holders has stored and not removed, newest first; a holder without any has an empty list."""
    found: dict[UUID, list[StoredDestination]] = {holder_id: [] for holder_id in holder_ids}
    for stored in await store.of_holders(tx, holder_ids):
        if stored.removed_at is None:
            found[stored.holder_id].append(stored)
    return found


async def choose(
    tx: Transaction, choices: Sequence[Choice], *, keyring: Keyring
) -> list[tuple[StoredDestination, Destination] | Refusal]:
    """The stored destinations that payouts name, or the defaults where they name none; as they stand, and opened.

    One that hangs on an old key is renewed first, so that the payout's blind index will equal its own. Refused one by
    one: the holder has no such destination, or no default. Two statements, however many there are.

    Raises:
        CannotOpen: an envelope was altered or moved, or its key is gone.
    """
    stored = await destinations_of(tx, {choice.holder_id for choice in choices})
    chosen = [_choose(stored[choice.holder_id], choice) for choice in choices]
    old = {each.id: each for each in chosen if isinstance(each, StoredDestination) and _is_old(each, keyring)}
    renewed = {each.id: each for each in await _renew(tx, list(old.values()), keyring)}
    present = [renewed.get(each.id, each) if isinstance(each, StoredDestination) else each for each in chosen]
    return [each if isinstance(each, Refusal) else (each, open_destination(each, keyring)) for each in present]


async def open_destinations(
    tx: Transaction, stored: Sequence[StoredDestination], *, keyring: Keyring
) -> list[Destination | None]:
    """The destinations themselves, for payouts to them, in order; None where an envelope does not open.

    Those that hang on an old key are renewed, as ``choose`` does. At most one statement, however many there are.
    """
    opened = [_opened(each, keyring) for each in stored]
    old = [each for each, one in zip(stored, opened, strict=True) if one is not None and _is_old(each, keyring)]
    await _renew(tx, old, keyring)
    return opened


def open_destination(stored: StoredDestination, keyring: Keyring) -> Destination:
    """The destination itself, whole; for the gateway and nobody else.

    Raises:
        CannotOpen: the envelope was altered or moved, or its key is gone.
    """
    return Destination.from_bytes(keyring.open(stored.sealed, stored.place))


async def make_default(tx: Transaction, destination_id: UUID, *, holder_id: UUID, actor: str) -> StoredDestination:
    """Pay to this one when nothing else is said.

    Raises:
        NoSuchDestination: the holder has no such one.
    """
    await store.hold(tx, [holder_id])
    stored = await _one(tx, destination_id, holder_id=holder_id)
    await store.set_default(tx, destination_id, holder_id=holder_id)
    await journal.note(tx, "destination.made_default", actor=actor, subject=_subject(stored.id))
    return replace(stored, is_default=True)


async def remove_destinations(
    tx: Transaction, destination_ids: Collection[UUID], *, actor: str, holder_id: UUID | None = None
) -> list[UUID]:
    """Remove stored destinations, and only those of ``holder_id`` where one is given; which ones this removed.

    Payouts that were asked for before keep theirs. Where the default goes, there is none until another is made it.
    """
    removed = await store.remove(tx, destination_ids, holder_id=holder_id)
    subjects = [_subject(id_) for id_ in sorted(removed)]
    await journal.note_each(tx, "destination.removed", actor=actor, subjects=subjects)
    return removed


async def at_indexes(
    tx: Transaction, spots: Collection[tuple[UUID, bytes]]
) -> dict[tuple[UUID, bytes], StoredDestination]:
    """What these holders have stored with these blind indexes, where they have. One statement.

    Where there is no live one, it is the one that was removed last: a payout on its way goes on to wait for what its
    destination waited for, so that removing an account is no way around its cool-off or its check.
    """
    return await store.at_spots(tx, spots)


async def sharers(tx: Transaction, indexes: Collection[bytes]) -> dict[bytes, frozenset[UUID]]:
    """Which holders have stored a destination with each of these blind indexes; nobody gives an empty set."""
    found: dict[bytes, set[UUID]] = {index: set() for index in indexes}
    for index, holder_id in await store.sharers(tx, indexes):
        found[index].add(holder_id)
    return {index: frozenset(holder_ids) for index, holder_ids in found.items()}


async def take_unchecked(
    tx: Transaction, programs: Collection[str], *, limit: int, lease_seconds: float
) -> list[StoredDestination]:
    """Take destinations of these programs that nobody has checked, for so long; afterwards another may take them.

    The removed ones too, because payouts to them may be on their way.
    """
    return await store.take_unchecked(tx, programs, limit=limit, lease_seconds=lease_seconds)


async def note_checks(tx: Transaction, checks: Sequence[AccountCheck], *, at: datetime) -> None:
    """Keep what the gateway said about stored destinations; the last word counts, and ``UNCHECKED`` says nothing."""
    await store.note_checks(tx, checks, at=at)


async def not_payable(tx: Transaction, *, since: datetime) -> list[StoredDestination]:
    """Live destinations of which a gateway has said, since that moment, that there is no such account."""
    return await store.denied_since(tx, since)


async def reseal(tx: Transaction, *, keyring: Keyring, after: UUID | None = None) -> tuple[int, UUID | None]:
    """Seal and index the next destinations that hang on an old key again; how many, and where to go on (None: done).

    Resumable: a run that dies has lost nothing, and one from the start passes over what is done.

    Raises:
        CannotOpen: the key that one of them was sealed with is not on the ring; the transaction is lost.
    """
    others = await store.sealed_with_other_key(tx, keyring.active_id, after=after, limit=AT_ONCE)
    await _renew(tx, others, keyring)
    return len(others), others[-1].id if others else None


def _choose(stored: Sequence[StoredDestination], choice: Choice) -> StoredDestination | Refusal:
    if choice.destination_id is None:
        wanted = next((each for each in stored if each.is_default), None)
        return wanted or NoDefaultDestination(field="destination_id", rule="given, because there is no default")
    wanted = next((each for each in stored if each.id == choice.destination_id), None)
    return wanted or NoSuchDestination()


def _opened(stored: StoredDestination, keyring: Keyring) -> Destination | None:
    try:
        return open_destination(stored, keyring)
    except CannotOpen:
        return None


def _is_old(stored: StoredDestination, keyring: Keyring) -> bool:
    return crypto.key_id(stored.sealed) != keyring.active_id


def _add(
    known: list[StoredDestination], new: NewDestination, id_: UUID, *, keyring: Keyring, at: datetime
) -> AddedDestination:
    """Put one onto its holder's shelf, in memory, unless it stands there."""
    live = [stored for stored in known if stored.removed_at is None]
    same = set(keyring.fingerprints(new.destination.identity))  # Under old keys too, while they are being retired.
    for stored in live:
        if stored.index in same:
            return AddedDestination(stored, is_new=False)
    lately = [stored for stored in known if at - stored.added_at < _A_DAY]
    if max(len(live), len(lately)) >= DESTINATIONS_MAX:
        raise TooManyDestinations(most=DESTINATIONS_MAX)
    begun = StoredDestination(
        id=id_,
        holder_id=new.holder_id,
        sealed=b"",
        shown=new.destination.shown,
        index=keyring.fingerprint(new.destination.identity),
        added_at=at,
        usable_at=at + timedelta(hours=new.cool_off_hours if known else 0),
        is_default=not any(stored.is_default for stored in live),
    )
    sealed = replace(begun, sealed=keyring.seal(new.destination.to_bytes(), begun.place))
    known.append(sealed)
    return AddedDestination(sealed, is_new=True)


async def _one(tx: Transaction, destination_id: UUID, *, holder_id: UUID) -> StoredDestination:
    found = await store.live(tx, [destination_id], holder_id=holder_id)
    if not found:
        raise NoSuchDestination
    return found[0]


async def _renew(tx: Transaction, stored: Sequence[StoredDestination], keyring: Keyring) -> list[StoredDestination]:
    """Seal and index again under the active key."""
    renewed = [_again(each, keyring) for each in stored]
    if renewed:
        await store.replace_sealed(tx, [(each.id, each.sealed, each.index) for each in renewed])
    return renewed


def _again(stored: StoredDestination, keyring: Keyring) -> StoredDestination:
    opened = keyring.open(stored.sealed, stored.place)
    index = keyring.fingerprint(Destination.from_bytes(opened).identity)
    return replace(stored, sealed=keyring.seal(opened, stored.place), index=index)


def _subject(destination_id: UUID) -> str:
    return f"destination:{destination_id}"
