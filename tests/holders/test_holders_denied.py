"""The denied list: one entry for each thing, kept when it is lifted, and found by holder, destination or name."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar import holders
from bursar.foundation.clock import FakeClock
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Invalid
from bursar.holders import AlreadyDenied, Denial, Destination, NewDenial, NewHolder, NoSuchHolder

RING = Keyring([b"a" * 32])
NEW_RING = Keyring([b"b" * 32, b"a" * 32])
ACCOUNT = Destination("044", "0690000031", "")


async def ada(tx: Transaction, at: datetime) -> UUID:
    [made] = await holders.register(tx, [NewHolder("writers", "writer", f"w-{uuid4().hex}", "Ada Obi")], at=at)
    return made.id


async def deny(tx: Transaction, at: datetime, *news: NewDenial) -> list[Denial]:
    return await holders.deny(tx, news, keyring=RING, actor="person:anna", at=at)


async def about(
    tx: Transaction, *, holder_ids: Any = (), indexes: Any = (), names: Any = (), since: datetime | None = None
) -> list[str]:
    """The reasons of the entries that may be about these."""
    found = await holders.denied_about(tx, holder_ids=holder_ids, indexes=indexes, names=names, since=since)
    return [entry.reason for entry in found]


async def test_each_entry_is_found_by_what_it_denies(tx: Transaction, clock: FakeClock) -> None:
    holder = await ada(tx, clock.now())
    news = (
        NewDenial("taken over", holder_id=holder),
        NewDenial("case 17", name="John Doe"),
        NewDenial("reported", destination=ACCOUNT),
    )
    entries = await deny(tx, clock.now(), *news)
    assert [entry.what for entry in entries] == ["holder", "name", "destination"]
    assert await about(tx, holder_ids=[holder]) == ["taken over"]
    assert await about(tx, indexes=[RING.fingerprint(ACCOUNT.identity)]) == ["reported"]
    assert await about(tx, names=["DOE, Jon"]) == ["case 17"]
    assert await about(tx, holder_ids=[uuid4()], indexes=[b"other"], names=["Ada Obi"]) == []


@pytest.mark.parametrize("name", ["Mr. John DOE", "Doe", "Jöhn Smith", "john-paul", "JOHNSON"])
async def test_names_that_begin_alike_are_found_to_be_compared(tx: Transaction, clock: FakeClock, name: str) -> None:
    await deny(tx, clock.now(), NewDenial("case 17", name="John Doe"))
    assert await about(tx, names=[name]) == ["case 17"]


async def test_what_is_lifted_no_longer_stands_but_is_remembered(tx: Transaction, clock: FakeClock) -> None:
    holder = await ada(tx, clock.now())
    [entry] = await deny(tx, clock.now(), NewDenial("taken over", holder_id=holder))
    later = clock.now() + timedelta(days=1)
    assert await holders.allow(tx, [entry.id, uuid4()], actor="person:ben", at=later) == [entry.id]
    assert await holders.allow(tx, [entry.id], actor="person:ben", at=later) == []
    assert await holders.denied(tx) == []
    assert await about(tx, holder_ids=[holder]) == []
    [lifted] = await holders.denied_about(tx, holder_ids=[holder], indexes=[], names=[], since=clock.now())
    assert (lifted.lifted_by, lifted.lifted_at) == ("person:ben", later)
    moments = [clock.now() - timedelta(seconds=1), clock.now(), later - timedelta(seconds=1), later]
    assert [lifted.stood(at) for at in moments] == [False, True, True, False]


async def test_both_are_noted_with_who_did_it(tx: Transaction, clock: FakeClock) -> None:
    [entry] = await deny(tx, clock.now(), NewDenial("case 17", name="John Doe"))
    await holders.allow(tx, [entry.id], actor="person:ben", at=clock.now())
    notes = await tx.many("SELECT actor, action, subject FROM audit_notes ORDER BY id")
    assert [tuple(note) for note in notes] == [
        ("person:anna", "denied.added", f"denied:{entry.id}"),
        ("person:ben", "denied.lifted", f"denied:{entry.id}"),
    ]


async def test_the_list_comes_in_pages_newest_first(tx: Transaction, clock: FakeClock) -> None:
    entries = await deny(tx, clock.now(), *(NewDenial("case 17", name=name) for name in ("One", "Two", "Three")))
    first = await holders.denied(tx, limit=2)
    assert first == [entries[2], entries[1]]
    assert await holders.denied(tx, after=first[-1].id) == [entries[0]]


@pytest.mark.parametrize("what", [{"name": "John Doe"}, {"destination": ACCOUNT}, {"holder_id": None}])
async def test_nothing_stands_on_the_list_twice(database: Database, clock: FakeClock, what: dict[str, Any]) -> None:
    async with database.transaction() as tx:
        if "holder_id" in what:
            what = {"holder_id": await ada(tx, clock.now())}
        await deny(tx, clock.now(), NewDenial("case 17", **what))
    with pytest.raises(AlreadyDenied):
        async with database.transaction() as tx:
            await deny(tx, clock.now(), NewDenial("case 18", **what))


async def test_nobody_denies_a_holder_who_is_not_there(database: Database, clock: FakeClock) -> None:
    with pytest.raises(NoSuchHolder):
        async with database.transaction() as tx:
            await deny(tx, clock.now(), NewDenial("case 17", holder_id=uuid4()))


@pytest.mark.parametrize(
    "what",
    [{}, {"name": "John Doe", "destination": ACCOUNT}, {"name": ""}, {"name": "two\nlines"}, {"name": "x" * 201}],
)
def test_an_entry_denies_one_thing_by_name(what: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        NewDenial("case 17", **what)


def test_an_entry_has_a_reason() -> None:
    with pytest.raises(Invalid):
        NewDenial("", name="John Doe")


async def test_a_denied_account_is_stored_sealed_and_shown_to_nobody(tx: Transaction, clock: FakeClock) -> None:
    [entry] = await deny(tx, clock.now(), NewDenial("reported", destination=ACCOUNT))
    row = await tx.one("SELECT d::text AS whole FROM denied d")
    assert ACCOUNT.account_number not in row["whole"]
    assert ACCOUNT.account_number not in repr(entry)


async def test_a_denied_destination_follows_the_key(tx: Transaction, clock: FakeClock) -> None:
    await deny(tx, clock.now(), NewDenial("reported", destination=ACCOUNT), NewDenial("case 17", name="John Doe"))
    new = [NEW_RING.fingerprint(ACCOUNT.identity)]
    assert await about(tx, indexes=new) == []
    count, place = await holders.reseal_denied(tx, keyring=NEW_RING)
    assert (count, place is not None) == (1, True)
    assert await holders.reseal_denied(tx, keyring=NEW_RING, after=place) == (0, None)
    assert await about(tx, indexes=new) == ["reported"]
    assert await holders.reseal_denied(tx, keyring=Keyring([b"b" * 32])) == (0, None)
