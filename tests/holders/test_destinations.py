"""What holders store to be paid to: sealed to its row, found by blind index, slow to replace."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from bursar import holders
from bursar.foundation.clock import FakeClock
from bursar.foundation.crypto import CannotOpen, Keyring
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Refusal
from bursar.holders import (
    AccountCheck,
    AccountVerdict,
    AddedDestination,
    Choice,
    Destination,
    NewDestination,
    NewHolder,
    StoredDestination,
)
from statements import statements_of

RING = Keyring([b"a" * 32])
NEW_RING = Keyring([b"b" * 32, b"a" * 32])
COOL_OFF = 24.0


def account(number: str = "0690000031", bank: str = "044") -> Destination:
    return Destination(bank, number, "Ada Obi")


async def holder(tx: Transaction, at: datetime, program: str = "writers") -> UUID:
    [made] = await holders.register(tx, [NewHolder(program, "writer", f"w-{uuid4().hex}", "Ada Obi")], at=at)
    return made.id


def wish(holder_id: UUID, destination: Destination) -> NewDestination:
    return NewDestination(holder_id, destination, cool_off_hours=COOL_OFF, added_by="person:ada")


async def add(tx: Transaction, holder_id: UUID, *numbers: str, at: datetime) -> list[AddedDestination]:
    news = [wish(holder_id, account(number)) for number in numbers]
    return await holders.add_destinations(tx, news, keyring=RING, at=at)


async def stored_of(tx: Transaction, holder_id: UUID) -> list[StoredDestination]:
    return (await holders.destinations_of(tx, [holder_id]))[holder_id]


async def choose(
    tx: Transaction, holder_id: UUID, destination_id: UUID | None = None
) -> tuple[StoredDestination, Destination] | Refusal:
    [chosen] = await holders.choose(tx, [Choice(holder_id, destination_id)], keyring=RING)
    return chosen


async def journal_of(tx: Transaction) -> list[tuple[str, str]]:
    rows = await tx.many("SELECT action, actor FROM audit_notes ORDER BY id")
    return [(row["action"], row["actor"]) for row in rows]


async def test_the_first_one_is_usable_at_once_and_the_default(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    [added] = await add(tx, ada, "0690000031", at=clock.now())
    assert added.is_new
    assert (added.destination.usable_at, added.destination.is_default) == (clock.now(), True)
    assert await stored_of(tx, ada) == [added.destination]
    assert await journal_of(tx) == [("destination.added", "person:ada")]


async def test_one_that_replaces_another_waits_for_its_cool_off(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    first, second = await add(tx, ada, "0690000031", "0690000032", at=clock.now())
    assert first.destination.usable_at == clock.now()
    assert second.destination.usable_at == clock.now() + timedelta(hours=COOL_OFF)
    assert not second.destination.is_default


async def test_removing_what_was_there_does_not_shorten_the_wait(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    [first] = await add(tx, ada, "0690000031", at=clock.now())
    await holders.remove_destinations(tx, [first.destination.id], actor="person:ada", holder_id=ada)
    [again] = await add(tx, ada, "0690000031", at=clock.now())
    assert again.destination.id != first.destination.id
    assert again.destination.usable_at == clock.now() + timedelta(hours=COOL_OFF)


async def test_an_account_that_is_there_already_stays_as_it_is(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    [first] = await add(tx, ada, "0690000031", at=clock.now())
    [again] = await add(tx, ada, "0690000031", at=clock.now() + timedelta(days=3))
    assert again == AddedDestination(first.destination, is_new=False)
    [under_a_new_key] = await holders.add_destinations(tx, [wish(ada, account())], keyring=NEW_RING, at=clock.now())
    assert under_a_new_key == AddedDestination(first.destination, is_new=False)


async def test_nobody_stores_more_than_so_many(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    numbers = [f"06900000{place:02}" for place in range(holders.DESTINATIONS_MAX)]
    await add(tx, ada, *numbers, at=clock.now())
    with pytest.raises(holders.TooManyDestinations):
        await add(tx, ada, "0690000099", at=clock.now())
    stored = await stored_of(tx, ada)
    assert len(stored) == holders.DESTINATIONS_MAX
    await holders.remove_destinations(tx, [stored[0].id], actor="person:ada")
    with pytest.raises(holders.TooManyDestinations):  # Removing is no way to try one account after the other.
        await add(tx, ada, "0690000099", at=clock.now() + timedelta(hours=23))
    await add(tx, ada, "0690000099", at=clock.now() + timedelta(hours=24))


async def test_a_holder_that_does_not_exist_stores_nothing(tx: Transaction, clock: FakeClock) -> None:
    with pytest.raises(holders.NoSuchHolder):
        await add(tx, uuid4(), "0690000031", at=clock.now())


async def test_twins_at_once_store_one(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as tx:
        ada = await holder(tx, clock.now())

    async def once() -> AddedDestination:
        async with database.transaction() as tx:
            [added] = await add(tx, ada, "0690000031", at=clock.now())
            return added

    answers = await asyncio.gather(*(once() for _ in range(8)))
    assert sorted(answer.is_new for answer in answers) == [False] * 7 + [True]
    assert len({answer.destination.id for answer in answers}) == 1


async def test_any_number_costs_the_same_statements(tx: Transaction, clock: FakeClock) -> None:
    people = [await holder(tx, clock.now()) for _ in range(50)]
    news = [
        replace(wish(id_, account(f"07{place:08}")), added_by=f"person:{place}") for place, id_ in enumerate(people)
    ]
    await holders.add_destinations(tx, news[:1], keyring=RING, at=clock.now())
    async with statements_of(tx) as few:
        await holders.add_destinations(tx, news[1:2], keyring=RING, at=clock.now())
    async with statements_of(tx) as many:
        await holders.add_destinations(tx, news[2:], keyring=RING, at=clock.now())
    assert len(many) == len(few)


# Opening --------------------------------------------------------------------------------------------------------------


async def test_what_was_stored_opens_again_and_shows_four_digits(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    await add(tx, ada, "0690000031", at=clock.now())
    [stored] = await stored_of(tx, ada)
    assert holders.open_destination(stored, RING) == account("0690000031")
    assert stored.shown == {"type": "BANK", "bankCode": "044", "last4": "0031", "accountTitle": "Ada Obi"}
    assert "0690000031" not in repr(stored)


async def test_envelopes_swapped_between_rows_do_not_open(tx: Transaction, clock: FakeClock) -> None:
    ada, eve = await holder(tx, clock.now()), await holder(tx, clock.now())
    await add(tx, ada, "0690000031", at=clock.now())
    await add(tx, eve, "0690000032", at=clock.now())
    await tx.run(
        "UPDATE destinations SET sealed = other.sealed FROM destinations AS other WHERE other.id <> destinations.id"
    )
    for holder_id in (ada, eve):
        with pytest.raises(CannotOpen):
            await choose(tx, holder_id)


async def test_another_holders_destination_is_not_to_be_had(tx: Transaction, clock: FakeClock) -> None:
    ada, eve = await holder(tx, clock.now()), await holder(tx, clock.now())
    [hers] = await add(tx, ada, "0690000031", at=clock.now())
    assert isinstance(await choose(tx, eve, hers.destination.id), holders.NoSuchDestination)
    with pytest.raises(holders.NoSuchDestination):
        await holders.make_default(tx, hers.destination.id, holder_id=eve, actor="person:eve")
    assert await holders.remove_destinations(tx, [hers.destination.id], actor="person:eve", holder_id=eve) == []
    assert await stored_of(tx, ada) == [hers.destination]


async def test_the_default_is_paid_to_when_nothing_is_said(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    assert isinstance(await choose(tx, ada), holders.NoDefaultDestination)
    _, second = await add(tx, ada, "0690000031", "0690000032", at=clock.now())
    await holders.make_default(tx, second.destination.id, holder_id=ada, actor="person:ada")
    assert await choose(tx, ada) == (replace(second.destination, is_default=True), account("0690000032"))
    assert [stored.is_default for stored in await stored_of(tx, ada)] == [True, False]


async def test_a_removed_one_is_gone_and_leaves_no_default(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    first, second = await add(tx, ada, "0690000031", "0690000032", at=clock.now())
    assert await holders.remove_destinations(tx, [first.destination.id], actor="person:ada") == [first.destination.id]
    assert await stored_of(tx, ada) == [second.destination]
    assert isinstance(await choose(tx, ada, first.destination.id), holders.NoSuchDestination)
    assert isinstance(await choose(tx, ada), holders.NoDefaultDestination)


# Finding by blind index -----------------------------------------------------------------------------------------------


async def test_equal_accounts_are_found_by_their_index(tx: Transaction, clock: FakeClock) -> None:
    ada, eve, ben = [await holder(tx, clock.now()) for _ in range(3)]
    [hers] = await add(tx, ada, "0690000031", at=clock.now())
    await add(tx, eve, "0690000031", at=clock.now())
    await add(tx, ben, "0690000032", at=clock.now())
    index, nobodys = RING.fingerprint(account("0690000031").identity), RING.fingerprint("none")
    assert await holders.at_indexes(tx, {(ada, index), (ben, index)}) == {(ada, index): hers.destination}
    assert await holders.sharers(tx, [index, nobodys]) == {index: {ada, eve}, nobodys: frozenset()}
    await holders.remove_destinations(tx, [hers.destination.id], actor="person:ada")
    assert await holders.sharers(tx, [index]) == {index: {eve}}


async def test_removing_one_does_not_free_the_payouts_that_wait_for_it(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    first, second = await add(tx, ada, "0690000031", "0690000032", at=clock.now())
    place = (ada, second.destination.index)
    await holders.remove_destinations(tx, [second.destination.id], actor="person:ada")
    assert (await holders.at_indexes(tx, {place}))[place].usable_at == second.destination.usable_at
    taken = await holders.take_unchecked(tx, ["writers"], limit=10, lease_seconds=60)
    assert {each.id for each in taken} == {first.destination.id, second.destination.id}
    [again] = await add(tx, ada, "0690000032", at=clock.now() + timedelta(hours=1))
    assert await holders.at_indexes(tx, {place}) == {place: again.destination}


async def test_a_resealed_one_is_found_by_both_indexes(tx: Transaction, clock: FakeClock) -> None:
    """Payouts may carry the index under the old key until they are resealed as well."""
    ada = await holder(tx, clock.now())
    [hers] = await add(tx, ada, "0690000031", at=clock.now())
    assert await holders.reseal(tx, keyring=NEW_RING) == (1, hers.destination.id)
    assert (await holders.reseal(tx, keyring=NEW_RING, after=hers.destination.id)) == (0, None)
    [stored] = await stored_of(tx, ada)
    assert holders.open_destination(stored, Keyring([b"b" * 32])) == account("0690000031")
    old, new = hers.destination.index, NEW_RING.fingerprint(account("0690000031").identity)
    assert stored.index == new != old
    assert await holders.at_indexes(tx, {(ada, old), (ada, new)}) == {(ada, old): stored, (ada, new): stored}
    assert await holders.sharers(tx, [old, new]) == {old: {ada}, new: {ada}}


async def test_using_one_renews_it(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    await add(tx, ada, "0690000031", at=clock.now())
    [chosen] = await holders.choose(tx, [Choice(ada)], keyring=NEW_RING)
    assert not isinstance(chosen, Refusal)
    assert chosen[0].index == NEW_RING.fingerprint(chosen[1].identity)
    assert await holders.reseal(tx, keyring=NEW_RING) == (0, None)


# Checks ---------------------------------------------------------------------------------------------------------------


async def test_unchecked_ones_are_leased_to_one_at_a_time(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    shop = await holder(tx, clock.now(), program="merchants")
    [hers] = await add(tx, ada, "0690000031", at=clock.now())
    await add(tx, shop, "0690000032", at=clock.now())
    taken = await holders.take_unchecked(tx, ["writers"], limit=10, lease_seconds=60)
    assert [each.id for each in taken] == [hers.destination.id]
    assert await holders.take_unchecked(tx, ["writers"], limit=10, lease_seconds=60) == []
    await tx.run("UPDATE destinations SET check_at = now()")
    assert len(await holders.take_unchecked(tx, ["writers", "merchants"], limit=10, lease_seconds=60)) == 2


async def test_what_the_gateway_said_is_kept_with_the_destination(tx: Transaction, clock: FakeClock) -> None:
    ada = await holder(tx, clock.now())
    hers, other, silent = await add(tx, ada, "0690000031", "0690000032", "0690000033", at=clock.now())
    checks = [
        AccountCheck(hers.destination.id, AccountVerdict.CONFIRMED, "OBI ADA", 0.9),
        AccountCheck(other.destination.id, AccountVerdict.DENIED),
        AccountCheck(silent.destination.id, AccountVerdict.UNCHECKED),
    ]
    await holders.note_checks(tx, checks, at=clock.now())
    found = {stored.id: stored for stored in await stored_of(tx, ada)}
    confirmed = found[hers.destination.id]
    assert (confirmed.check, confirmed.account_title_found, confirmed.name_score, confirmed.checked_at) == (
        AccountVerdict.CONFIRMED,
        "OBI ADA",
        0.9,
        clock.now(),
    )
    assert found[other.destination.id].check is AccountVerdict.DENIED
    assert await holders.not_payable(tx, since=clock.now()) == [found[other.destination.id]]
    assert await holders.not_payable(tx, since=clock.now() + timedelta(seconds=1)) == []
    assert found[silent.destination.id] == silent.destination
    assert [each.id for each in await holders.take_unchecked(tx, ["writers"], limit=10, lease_seconds=60)] == [
        silent.destination.id
    ]
