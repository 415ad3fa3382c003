"""People who act for holders: a provider's own people, who see and ask for that provider's money and nobody else's."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from bursar.foundation import journal
from bursar.foundation.db import Transaction
from bursar.identity import store
from bursar.identity.model import Link, Person, actor

HOLDERS_MAX: Final = 100  # As many holders as one person is shown that they act for; more are for a platform's key.


async def link(tx: Transaction, links: Sequence[Link], *, actor: str, at: datetime) -> list[Link]:
    """Let people act for holders from now on; which of these (person, holder) are new. The journal notes those.

    Raises:
        UnknownHolder: there is no such holder; the transaction is lost.
        NoSuchPerson: there is no such person; the transaction is lost.
    """
    linked = await store.link(tx, links, at=at)
    await _note(tx, "person.linked", linked, actor=actor)
    return linked


async def unlink(tx: Transaction, links: Sequence[Link], *, actor: str) -> list[Link]:
    """Let people act for holders no longer, as of their next request; which of these (person, holder) there were."""
    unlinked = await store.unlink(tx, links)
    await _note(tx, "person.unlinked", unlinked, actor=actor)
    return unlinked


async def holders_of(tx: Transaction, person_id: UUID, *, only: UUID | None = None) -> list[UUID]:
    """The holders that a person acts for, at most ``HOLDERS_MAX``; with ``only``, that one or none."""
    return await store.holders_of(tx, person_id, only=only, limit=HOLDERS_MAX)


async def people_of(tx: Transaction, holder_ids: Collection[UUID]) -> dict[UUID, list[Person]]:
    """Who acts for each of these holders and has not been disabled, first linked first; nobody gives an empty list."""
    found: dict[UUID, list[Person]] = {holder_id: [] for holder_id in holder_ids}
    for holder_id, person in await store.people_of(tx, holder_ids):
        found[holder_id].append(person)
    return found


async def _note(tx: Transaction, action: str, links: Sequence[Link], *, actor: str) -> None:
    notes = [(actor, _subject(person_id), {"holder_id": holder_id}) for person_id, holder_id in links]
    await journal.note_many(tx, action, notes)


def _subject(person_id: UUID) -> str:
    return actor("person", person_id)
