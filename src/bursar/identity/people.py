"""The people who sign in: who they are, what their roles are, and whether they are still let in."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from bursar.foundation import ids, journal, texts
from bursar.foundation.db import Transaction
from bursar.identity import store
from bursar.identity.errors import EmailTaken, NoSuchPerson
from bursar.identity.model import NAME_LENGTH_MAX, PasswordHash, Person, Role
from bursar.identity.sign_in import revoke_sessions


async def add_person(
    tx: Transaction,
    *,
    email: str,
    name: str,
    password_hash: PasswordHash,
    roles: Collection[Role],
    actor: str,
    at: datetime,
) -> Person:
    """Make somebody known who may sign in; ``password_hash`` comes from ``hash_password``.

    Like every change to people it goes into the journal, with ``actor`` as the one who made it.

    Raises:
        Invalid: the e-mail is no address, or the name not one line.
        EmailTaken: somebody has this e-mail already, in whatever case of letters.
    """
    texts.insist_email(email)
    texts.insist_line(name, field="name", most=NAME_LENGTH_MAX)
    person = Person(ids.new(at), email, name, frozenset(roles), created_at=at)
    if not await store.insert_person(tx, person, password_hash):
        raise EmailTaken(field="email")
    await journal.note(tx, "person.added", actor=actor, subject=person.actor, roles=sorted(person.roles))
    return person


async def find_people(tx: Transaction, person_ids: Collection[UUID]) -> dict[UUID, Person]:
    """The people with these ids; an id that nobody has is left out."""
    return {person.id: person for person in await store.people(tx, person_ids)}


async def emails_of(tx: Transaction, actors: Iterable[str]) -> dict[str, str]:
    """The e-mail addresses of those of these actors that are people, as they are told to other people."""
    named = [ids.parse(name) for kind, _, name in (actor.partition(":") for actor in actors) if kind == "person"]
    wanted = {person_id for person_id in named if person_id is not None}
    found = await find_people(tx, wanted) if wanted else {}
    return {person.actor: person.email for person in found.values()}


async def person_by_email(tx: Transaction, email: str) -> Person:
    """The person with this e-mail, in whatever case of letters.

    Raises:
        NoSuchPerson: nobody has it.
    """
    person = await store.person_by_email(tx, email)
    if person is None:
        raise NoSuchPerson
    return person


async def list_people(tx: Transaction) -> list[Person]:
    """Everybody, the disabled too, by name."""
    return await store.all_people(tx)


async def set_roles(tx: Transaction, person_id: UUID, *, roles: Collection[Role], actor: str) -> Person:
    """Replace a person's roles; it counts from their next request on.

    Raises:
        NoSuchPerson: nobody has this id.
    """
    await store.set_roles(tx, person_id, roles)
    return await _changed(tx, person_id, "person.roles_changed", actor=actor, roles=sorted(roles))


async def set_password(
    tx: Transaction, person_id: UUID, *, password_hash: PasswordHash, actor: str, at: datetime
) -> Person:
    """Replace a person's password, end all their sessions, and lift the lock that too many tries have brought.

    Raises:
        NoSuchPerson: nobody has this id.
    """
    await store.set_password(tx, person_id, password_hash)
    await revoke_sessions(tx, person_id, at=at)
    return await _changed(tx, person_id, "person.password_changed", actor=actor)


async def disable_person(tx: Transaction, person_id: UUID, *, actor: str, at: datetime) -> Person:
    """Shut a person out and end all their sessions; API keys they made go on.

    Raises:
        NoSuchPerson: nobody has this id.
    """
    await store.set_disabled(tx, person_id, at)
    await revoke_sessions(tx, person_id, at=at)
    return await _changed(tx, person_id, "person.disabled", actor=actor)


async def enable_person(tx: Transaction, person_id: UUID, *, actor: str) -> Person:
    """Let a disabled person sign in again.

    Raises:
        NoSuchPerson: nobody has this id.
    """
    await store.set_disabled(tx, person_id, None)
    return await _changed(tx, person_id, "person.enabled", actor=actor)


async def _changed(tx: Transaction, person_id: UUID, action: str, *, actor: str, **facts: object) -> Person:
    found = await store.people(tx, [person_id])
    if not found:
        raise NoSuchPerson
    await journal.note(tx, action, actor=actor, subject=found[0].actor, **facts)
    return found[0]
