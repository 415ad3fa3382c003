"""People: known once by their e-mail, changed by name, and never by a half."""

from uuid import uuid4

import pytest
from identity_house import SOMEBODY

from bursar import identity
from bursar.foundation.clock import FakeClock
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.identity import EmailTaken, NoSuchPerson, Person, Role
from bursar.identity.model import PasswordHash

HASH = PasswordHash("not a hash, and nobody signs in here")


async def add(tx: Transaction, clock: FakeClock, email: str = "ben@example.com", name: str = "Ben") -> Person:
    return await identity.add_person(
        tx, email=email, name=name, password_hash=HASH, roles=[], actor=SOMEBODY, at=clock.now()
    )


async def test_somebody_added_can_be_found(tx: Transaction, clock: FakeClock, anna: Person) -> None:
    ben = await add(tx, clock)
    assert await identity.find_people(tx, [ben.id, anna.id, uuid4()]) == {ben.id: ben, anna.id: anna}
    assert await identity.person_by_email(tx, "BEN@example.com") == ben
    assert await identity.list_people(tx) == [anna, ben]


@pytest.mark.parametrize("email", ["ben@example.com", "BEN@EXAMPLE.COM"])
async def test_nobody_is_added_twice_and_the_transaction_goes_on(tx: Transaction, clock: FakeClock, email: str) -> None:
    ben = await add(tx, clock)
    with pytest.raises(EmailTaken):
        await add(tx, clock, email=email)
    assert await identity.person_by_email(tx, email) == ben


@pytest.mark.parametrize(("email", "name"), [("ben", "Ben"), ("ben@example.com", ""), ("ben@example.com", "B\nen")])
async def test_a_person_without_address_or_name_is_refused(
    tx: Transaction, clock: FakeClock, email: str, name: str
) -> None:
    with pytest.raises(Invalid):
        await add(tx, clock, email=email, name=name)


async def test_roles_are_replaced(tx: Transaction, anna: Person) -> None:
    changed = await identity.set_roles(tx, anna.id, roles=[Role.SUPPORT, Role.SUPER_ADMIN], actor=SOMEBODY)
    assert changed.roles == {Role.SUPPORT, Role.SUPER_ADMIN}
    assert (await identity.set_roles(tx, anna.id, roles=[], actor=SOMEBODY)).roles == set()


async def test_a_role_of_a_later_release_allows_nothing_here(tx: Transaction, anna: Person) -> None:
    await tx.run("UPDATE people SET roles = '{Support,Astronaut}'")
    assert (await identity.person_by_email(tx, anna.email)).roles == {Role.SUPPORT}


async def test_disabling_and_enabling_show_in_the_person(tx: Transaction, clock: FakeClock, anna: Person) -> None:
    assert (await identity.disable_person(tx, anna.id, actor=SOMEBODY, at=clock.now())).disabled_at == clock.now()
    assert await identity.enable_person(tx, anna.id, actor=SOMEBODY) == anna


async def test_nobody_can_be_changed_who_is_not_there(tx: Transaction, clock: FakeClock) -> None:
    nobody = uuid4()
    with pytest.raises(NoSuchPerson):
        await identity.set_roles(tx, nobody, roles=[Role.SUPER_ADMIN], actor=SOMEBODY)
    with pytest.raises(NoSuchPerson):
        await identity.disable_person(tx, nobody, actor=SOMEBODY, at=clock.now())
    with pytest.raises(NoSuchPerson):
        await identity.enable_person(tx, nobody, actor=SOMEBODY)
    with pytest.raises(NoSuchPerson):
        await identity.set_password(tx, nobody, password_hash=HASH, actor=SOMEBODY, at=clock.now())
    with pytest.raises(NoSuchPerson):
        await identity.person_by_email(tx, "nobody@example.com")


async def test_the_journal_knows_who_changed_whom(tx: Transaction, clock: FakeClock, anna: Person) -> None:
    await identity.set_roles(tx, anna.id, roles=[Role.SUPPORT], actor=SOMEBODY)
    await identity.disable_person(tx, anna.id, actor=SOMEBODY, at=clock.now())
    await identity.enable_person(tx, anna.id, actor=SOMEBODY)
    await identity.set_password(tx, anna.id, password_hash=HASH, actor=SOMEBODY, at=clock.now())
    notes = await tx.many("SELECT action, actor, subject FROM audit_notes ORDER BY id")
    actions = ("added", "roles_changed", "disabled", "enabled", "password_changed")
    assert [tuple(note) for note in notes] == [(f"person.{action}", SOMEBODY, anna.actor) for action in actions]
