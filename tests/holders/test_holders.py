"""Holders are made known once for each (program, reference), and found again."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest

from bursar import holders
from bursar.foundation.clock import FakeClock
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Invalid
from bursar.holders import Destination, Holder, NewHolder
from statements import statements_of


def merchant(reference: str, name: str = "Shop", email: str | None = None) -> NewHolder:
    return NewHolder("merchants", "merchant", reference, name, email)


async def register(database: Database, newcomers: Sequence[NewHolder], clock: FakeClock) -> list[Holder]:
    async with database.transaction() as tx:
        return await holders.register(tx, newcomers, at=clock.now())


async def test_a_newcomer_becomes_a_holder(tx: Transaction, clock: FakeClock) -> None:
    [holder] = await holders.register(tx, [merchant("m-1", "Corner shop", "shop@example.com")], at=clock.now())
    assert holder == Holder(holder.id, "merchants", "merchant", "m-1", "Corner shop", "shop@example.com")
    assert await holders.find(tx, [holder.id]) == {holder.id: holder}
    assert await holders.by_reference(tx, "merchants", "m-1") == holder


async def test_registering_again_gives_the_same_holder(tx: Transaction, clock: FakeClock) -> None:
    before = await holders.register(tx, [merchant("m-1")], at=clock.now())
    assert await holders.register(tx, [merchant("m-1")], at=clock.now()) == before


async def test_a_changed_name_and_email_are_taken_over(tx: Transaction, clock: FakeClock) -> None:
    [before] = await holders.register(tx, [merchant("m-1", "Old", "old@example.com")], at=clock.now())
    [after] = await holders.register(tx, [merchant("m-1", "New", "new@example.com")], at=clock.now())
    assert (after.id, after.name, after.email) == (before.id, "New", "new@example.com")


async def test_an_email_that_is_not_given_leaves_the_known_one(tx: Transaction, clock: FakeClock) -> None:
    await holders.register(tx, [merchant("m-1", "Old", "shop@example.com")], at=clock.now())
    [after] = await holders.register(tx, [merchant("m-1", "New")], at=clock.now())
    assert (after.name, after.email) == ("New", "shop@example.com")


async def test_a_holder_keeps_the_kind_it_began_with(tx: Transaction, clock: FakeClock) -> None:
    await holders.register(tx, [NewHolder("merchants", "seller", "m-1", "Shop")], at=clock.now())
    [after] = await holders.register(tx, [NewHolder("merchants", "scout", "m-1", "Shop")], at=clock.now())
    assert after.kind == "seller"


async def test_programs_do_not_share_references(tx: Transaction, clock: FakeClock) -> None:
    newcomers = [merchant("same"), NewHolder("writers", "writer", "same", "Author")]
    shop, author = await holders.register(tx, newcomers, at=clock.now())
    assert shop.id != author.id
    assert await holders.by_reference(tx, "writers", "same") == author


async def test_a_batch_answers_in_its_own_order_and_the_later_of_two_counts(tx: Transaction, clock: FakeClock) -> None:
    newcomers = [merchant("z"), merchant("a", "First"), merchant("m"), merchant("a", "Second")]
    registered = await holders.register(tx, newcomers, at=clock.now())
    assert [holder.reference for holder in registered] == ["z", "a", "m", "a"]
    assert registered[1] == registered[3]
    assert registered[1].name == "Second"


async def test_any_number_of_newcomers_costs_two_statements(tx: Transaction, clock: FakeClock) -> None:
    await holders.register(tx, [merchant("m-0")], at=clock.now())
    async with statements_of(tx) as statements:
        await holders.register(tx, [merchant(f"m-{i}") for i in range(300)], at=clock.now())
    assert len(statements) == 2


async def test_nobody_is_registered_in_a_program_that_does_not_exist(tx: Transaction, clock: FakeClock) -> None:
    with pytest.raises(holders.UnknownProgram):
        await holders.register(tx, [NewHolder("nowhere", "merchant", "m-1", "Shop")], at=clock.now())


async def test_two_batches_at_once_register_the_same_holders(database: Database, clock: FakeClock) -> None:
    """Overlapping batches in opposite order neither deadlock nor make anybody twice."""
    newcomers = [merchant(f"m-{i}") for i in range(200)]
    there, back = await asyncio.gather(
        register(database, newcomers, clock), register(database, newcomers[::-1], clock)
    )  # fmt: skip
    assert {holder.id for holder in there} == {holder.id for holder in back}


async def test_an_unknown_id_is_left_out(tx: Transaction, clock: FakeClock) -> None:
    [holder] = await holders.register(tx, [merchant("m-1")], at=clock.now())
    assert await holders.find(tx, [uuid4(), holder.id]) == {holder.id: holder}
    assert await holders.find(tx, []) == {}


async def test_a_reference_that_nobody_has_is_missing(tx: Transaction) -> None:
    with pytest.raises(holders.NoSuchHolder):
        await holders.by_reference(tx, "merchants", "nobody")


async def test_pages_follow_each_other_newest_first(tx: Transaction, clock: FakeClock) -> None:
    for number in range(5):
        await holders.register(tx, [merchant(f"m-{number}")], at=clock.now())
        clock.pass_time(timedelta(seconds=1))
    first = await holders.list_page(tx, program="merchants", limit=3)
    second = await holders.list_page(tx, program="merchants", limit=3, after=first[-1].id)
    assert [holder.reference for holder in first + second] == ["m-4", "m-3", "m-2", "m-1", "m-0"]


async def test_a_page_is_of_one_program_or_of_all(tx: Transaction, clock: FakeClock) -> None:
    await holders.register(tx, [merchant("m-1"), NewHolder("writers", "writer", "w-1", "Author")], at=clock.now())
    assert [holder.reference for holder in await holders.list_page(tx, program="writers")] == ["w-1"]
    assert len(await holders.list_page(tx)) == 2


async def test_no_page_is_longer_than_the_limit(tx: Transaction, clock: FakeClock) -> None:
    await holders.register(tx, [merchant(f"m-{i}") for i in range(holders.PAGE_MAX + 1)], at=clock.now())
    assert len(await holders.list_page(tx, limit=10_000)) == holders.PAGE_MAX


@pytest.mark.parametrize("search", ["corner", "M-77", "SHOP@", "%_"])
async def test_a_search_looks_into_reference_name_and_email(tx: Transaction, clock: FakeClock, search: str) -> None:
    found = merchant("m-77", "Corner 100%_ sure", "shop@example.com")
    await holders.register(tx, [found, merchant("m-1", "Other")], at=clock.now())
    assert [holder.reference for holder in await holders.list_page(tx, search=search)] == ["m-77"]


@pytest.mark.parametrize(
    ("kind", "reference", "name", "email", "field"),
    [
        ("Merchant", "m-1", "Shop", None, "kind"),
        ("", "m-1", "Shop", None, "kind"),
        ("merchant", "", "Shop", None, "reference"),
        ("merchant", " m-1", "Shop", None, "reference"),
        ("merchant", "m" * 201, "Shop", None, "reference"),
        ("merchant", "m-1", "", None, "name"),
        ("merchant", "m-1", "Two\nlines", None, "name"),
        ("merchant", "m-1", "Nul\0", None, "name"),
        ("merchant", "m-1", "Shop", "nobody", "email"),
        ("merchant", "m-1", "Shop", f"{'a' * 250}@example.com", "email"),
    ],
)
def test_a_newcomer_who_breaks_a_rule_is_refused(
    kind: str, reference: str, name: str, email: str | None, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        NewHolder("merchants", kind, reference, name, email)
    assert refused.value.facts["field"] == field


def test_names_in_any_script_are_welcome() -> None:
    for name in ("محمد‌علی", "श्री‍मान", "李小龍", "Ølga O'Neil"):
        assert merchant("m-1", name).name == name


def test_what_may_be_shown_of_a_destination_leaves_its_number_out() -> None:
    account = Destination(bank_code="HBL", account_number="1234500001", account_title="Test User")
    assert "1234500001" not in str(account.shown)
    assert account.shown["last4"] == "0001"


def test_a_destination_survives_its_envelope() -> None:
    account = Destination(bank_code="HBL", account_number="1234500001", account_title="Test User")
    assert Destination.from_bytes(account.to_bytes()) == account


def test_a_destination_is_the_same_whatever_title_it_carries() -> None:
    account = Destination(bank_code="HBL", account_number="1234500001", account_title="Test User")
    retitled = Destination(bank_code="HBL", account_number="1234500001", account_title="T. User")
    assert account.identity == retitled.identity
    assert account.hash == retitled.hash
    assert account.hash != Destination(bank_code="UBL", account_number="1234500001", account_title="Test User").hash


async def test_vouching_for_somebody_is_noted_with_who_and_when(tx: Transaction, clock: FakeClock) -> None:
    [shop, other] = await holders.register(tx, [merchant("m-1"), merchant("m-2")], at=clock.now())
    assert shop.verified_at is None
    at = clock.now()
    verified = await holders.verify(tx, [shop.id], verified=True, actor="key:platform", at=at)
    assert verified[shop.id].verified_at == at
    later = at + timedelta(days=1)
    again = await holders.verify(tx, [shop.id, other.id], verified=True, actor="person:anna", at=later)
    assert (again[shop.id].verified_at, again[other.id].verified_at) == (at, later)
    taken_back = await holders.verify(tx, [shop.id], verified=False, actor="person:anna", at=later)
    assert taken_back[shop.id].verified_at is None
    rows = await tx.many("SELECT action, actor, subject FROM audit_notes ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("holder.verified", "key:platform", f"holder:{shop.id}"),
        ("holder.verified", "person:anna", f"holder:{other.id}"),
        ("holder.unverified", "person:anna", f"holder:{shop.id}"),
    ]


async def test_registering_again_leaves_the_verification(tx: Transaction, clock: FakeClock) -> None:
    [shop] = await holders.register(tx, [merchant("m-1")], at=clock.now())
    await holders.verify(tx, [shop.id], verified=True, actor="cli:test", at=clock.now())
    [again] = await holders.register(tx, [merchant("m-1", "New name")], at=clock.now())
    assert again.verified_at == clock.now()
