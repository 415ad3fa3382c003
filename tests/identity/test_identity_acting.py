"""People who act for holders, and keys of whole programs."""

from datetime import datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from bursar import holders, identity
from bursar.foundation.clock import FakeClock
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.holders import NewHolder
from bursar.identity import HOLDER_SCOPES, PROGRAM_SCOPES, NewKey, Person, Scope, key_hash
from bursar.identity.model import PasswordHash
from statements import statements_of


async def holder(tx: Transaction, at: datetime) -> UUID:
    [made] = await holders.register(tx, [NewHolder("merchants", "merchant", uuid4().hex, "Shop")], at=at)
    return made.id


async def person(tx: Transaction, at: datetime) -> Person:
    return await identity.add_person(
        tx, email=f"{uuid4().hex}@example.com", name="Ada", password_hash=PasswordHash("x"), roles=[],
        actor="cli:test", at=at,
    )  # fmt: skip


async def journal_of(tx: Transaction) -> list[tuple[str, str, str]]:
    rows = await tx.many("SELECT action, subject, facts->>'holder_id' AS holder FROM audit_notes ORDER BY id")
    return [tuple(row) for row in rows if row["action"] != "person.added"]


async def test_somebody_acts_for_whom_they_are_linked_to_and_nobody_else(tx: Transaction, clock: FakeClock) -> None:
    ada, shop, other = await person(tx, clock.now()), await holder(tx, clock.now()), await holder(tx, clock.now())
    assert await identity.holders_of(tx, ada.id) == []
    link = (ada.id, shop)
    assert await identity.link(tx, [link], actor="cli:test", at=clock.now()) == [link]
    assert await identity.link(tx, [link], actor="cli:test", at=clock.now()) == []
    assert await identity.holders_of(tx, ada.id) == [shop]
    assert await identity.holders_of(tx, ada.id, only=shop) == [shop]
    assert await identity.holders_of(tx, ada.id, only=other) == []
    assert await identity.people_of(tx, [shop, other]) == {shop: [ada], other: []}
    assert await identity.unlink(tx, [link, (ada.id, other)], actor="cli:test") == [link]
    assert await identity.holders_of(tx, ada.id) == []
    assert await journal_of(tx) == [
        ("person.linked", ada.actor, str(shop)),
        ("person.unlinked", ada.actor, str(shop)),
    ]


async def test_the_disabled_act_for_nobody(tx: Transaction, clock: FakeClock) -> None:
    ada, shop = await person(tx, clock.now()), await holder(tx, clock.now())
    await identity.link(tx, [(ada.id, shop)], actor="cli:test", at=clock.now())
    await identity.disable_person(tx, ada.id, actor="cli:test", at=clock.now())
    assert await identity.people_of(tx, [shop]) == {shop: []}


async def test_a_link_has_two_ends(tx: Transaction, clock: FakeClock) -> None:
    ada = await person(tx, clock.now())
    with pytest.raises(identity.UnknownHolder):
        await identity.link(tx, [(ada.id, uuid4())], actor="cli:test", at=clock.now())


async def test_nobody_is_not_linked(tx: Transaction, clock: FakeClock) -> None:
    shop = await holder(tx, clock.now())
    with pytest.raises(identity.NoSuchPerson):
        await identity.link(tx, [(uuid4(), shop)], actor="cli:test", at=clock.now())


async def test_a_programs_key_is_for_no_holder(tx: Transaction, clock: FakeClock) -> None:
    new = NewKey(None, "merchants", "platform", scopes=PROGRAM_SCOPES)
    [issued] = await identity.issue_keys(tx, [new], actor="cli:test", at=clock.now())
    given = key_hash(issued.text)
    assert given is not None
    [caller] = await identity.callers(tx, [given])
    assert caller is not None
    assert (caller.holder_id, caller.program, caller.scopes) == (None, "merchants", PROGRAM_SCOPES)
    with pytest.raises(identity.InsufficientScope):
        identity.authorise(caller, Scope.PAYOUTS_WRITE, ip=None)
    with pytest.raises(AssertionError):
        _ = caller.holder


@pytest.mark.parametrize("scope", sorted(Scope))
def test_no_key_has_a_scope_of_the_other_sort(scope: Scope) -> None:
    wrong_holder = uuid4() if scope in PROGRAM_SCOPES else None
    with pytest.raises(Invalid) as refused:
        NewKey(wrong_holder, "merchants", "key", scopes=frozenset({scope}))
    assert refused.value.facts["field"] == "scopes"


@pytest.mark.parametrize("scope", [Scope.PAYOUTS_WRITE, Scope.EARNINGS_WRITE])
async def test_the_database_holds_the_same(scope: Scope, tx: Transaction, clock: FakeClock) -> None:
    shop = await holder(tx, clock.now())
    new = NewKey(shop, "merchants", "key") if scope in PROGRAM_SCOPES else NewKey(
        None, "merchants", "key", scopes=PROGRAM_SCOPES
    )  # fmt: skip
    [issued] = await identity.issue_keys(tx, [new], actor="cli:test", at=clock.now())
    with pytest.raises(asyncpg.CheckViolationError, match="scopes_fit_the_key"):
        await tx.run("UPDATE api_keys SET scopes = scopes || $2::text WHERE id = $1", issued.key.id, scope.value)


async def test_a_programs_key_is_for_a_program_that_exists(tx: Transaction, clock: FakeClock) -> None:
    with pytest.raises(identity.UnknownHolder):
        new = NewKey(None, "nowhere", "key", scopes=PROGRAM_SCOPES)
        await identity.issue_keys(tx, [new], actor="cli:test", at=clock.now())


def test_every_scope_is_for_one_sort_of_key() -> None:
    assert set(Scope) == HOLDER_SCOPES | PROGRAM_SCOPES
    assert not HOLDER_SCOPES & PROGRAM_SCOPES


async def test_looking_for_whom_somebody_acts_is_one_statement(tx: Transaction, clock: FakeClock) -> None:
    ada, shop = await person(tx, clock.now()), await holder(tx, clock.now())
    await identity.link(tx, [(ada.id, shop)], actor="cli:test", at=clock.now())
    await identity.holders_of(tx, ada.id)
    async with statements_of(tx) as statements:
        await identity.holders_of(tx, ada.id, only=shop)
    assert len(statements) == 1
