"""API keys: shown once, stored as a hash, and worth nothing once revoked or expired."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from identity_house import PASSWORD, SOMEBODY, Entrance, Shops

from bursar import identity
from bursar.foundation.clock import FakeClock
from bursar.foundation.db import Database, ForeignKeyViolation, Transaction
from bursar.foundation.errors import Invalid
from bursar.identity import HOLDER_SCOPES, IssuedKey, Mode, NewKey, Person, Scope, UnknownHolder, key_hash, networks
from statements import statements_of

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)  # By the database's clock too.
FAR_OFF = datetime(2999, 1, 1, tzinfo=UTC)


def for_corner(shops: Shops, name: str = "warehouse") -> NewKey:
    return NewKey(shops.corner.id, "merchants", name)


def hash_of(issued: IssuedKey) -> bytes:
    found = key_hash(issued.text)
    assert found is not None
    return found


async def test_a_key_tells_who_calls_and_what_it_was_made_for(
    tx: Transaction, clock: FakeClock, shops: Shops, anna: Person
) -> None:
    new = NewKey(
        shops.corner.id,
        "merchants",
        "warehouse",
        mode=Mode.TEST,
        scopes=frozenset({Scope.PAYOUTS_READ, Scope.BALANCE_READ}),
        allowed_ips=networks(["203.0.113.0/24", "2001:db8::1"]),
        expires_at=FAR_OFF,
        created_by=anna.id,
    )
    [issued] = await identity.issue_keys(tx, [new], actor=SOMEBODY, at=clock.now())
    [caller] = await identity.callers(tx, [hash_of(issued)])
    assert caller == identity.Caller(
        issued.key.id, shops.corner.id, "merchants", Mode.TEST, new.scopes, new.allowed_ips, anna.id
    )


async def test_a_key_opens_everything_from_anywhere_unless_told_otherwise(
    tx: Transaction, clock: FakeClock, shops: Shops
) -> None:
    [issued] = await identity.issue_keys(tx, [for_corner(shops)], actor=SOMEBODY, at=clock.now())
    [caller] = await identity.callers(tx, [hash_of(issued)])
    assert caller is not None
    assert (caller.mode, caller.scopes, caller.allowed_ips) == (Mode.LIVE, HOLDER_SCOPES, ())


async def test_callers_are_answered_in_order_twins_and_strangers_too(
    tx: Transaction, clock: FakeClock, shops: Shops
) -> None:
    news = [for_corner(shops), NewKey(shops.market.id, "merchants", "till")]
    corner, market = [hash_of(issued) for issued in await identity.issue_keys(tx, news, actor=SOMEBODY, at=clock.now())]
    found = await identity.callers(tx, [market, bytes(32), corner, market])
    assert [caller and caller.holder_id for caller in found] == [
        shops.market.id,
        None,
        shops.corner.id,
        shops.market.id,
    ]
    assert await identity.callers(tx, []) == []


async def test_any_number_of_keys_costs_one_statement(tx: Transaction, clock: FakeClock, shops: Shops) -> None:
    issued = await identity.issue_keys(tx, [for_corner(shops) for _ in range(100)], actor=SOMEBODY, at=clock.now())
    await identity.callers(tx, [])
    async with statements_of(tx) as statements:
        found = await identity.callers(tx, [hash_of(key) for key in issued])
    assert None not in found
    assert len(statements) == 1


async def test_a_revoked_key_is_nobody_s(tx: Transaction, clock: FakeClock, shops: Shops) -> None:
    kept, lost = await identity.issue_keys(tx, [for_corner(shops), for_corner(shops)], actor=SOMEBODY, at=clock.now())
    [revoked] = await identity.revoke_keys(tx, [lost.key.id], actor=SOMEBODY, at=clock.now())
    assert revoked.revoked_at == clock.now()
    assert not revoked.usable(clock.now())
    found = await identity.callers(tx, [hash_of(kept), hash_of(lost)])
    assert [caller and caller.key_id for caller in found] == [kept.key.id, None]


async def test_an_expired_key_is_nobody_s(tx: Transaction, shops: Shops) -> None:
    new = NewKey(shops.corner.id, "merchants", "trial", expires_at=LONG_AGO + timedelta(days=30))
    [issued] = await identity.issue_keys(tx, [new], actor=SOMEBODY, at=LONG_AGO)
    assert await identity.callers(tx, [hash_of(issued)]) == [None]
    assert issued.key.usable(LONG_AGO + timedelta(days=29))
    assert not issued.key.usable(LONG_AGO + timedelta(days=30))


async def test_a_scope_of_a_later_release_opens_nothing_here(tx: Transaction, clock: FakeClock, shops: Shops) -> None:
    [issued] = await identity.issue_keys(tx, [for_corner(shops)], actor=SOMEBODY, at=clock.now())
    await tx.run("UPDATE api_keys SET scopes = '{payouts:read,moon:land}'")
    [caller] = await identity.callers(tx, [hash_of(issued)])
    assert caller is not None
    assert caller.scopes == {Scope.PAYOUTS_READ}


async def test_revoking_again_changes_nothing(tx: Transaction, clock: FakeClock, shops: Shops) -> None:
    [issued] = await identity.issue_keys(tx, [for_corner(shops)], actor=SOMEBODY, at=clock.now())
    first = await identity.revoke_keys(tx, [issued.key.id], actor=SOMEBODY, at=clock.now())
    clock.pass_time(timedelta(hours=1))
    assert await identity.revoke_keys(tx, [issued.key.id], actor=SOMEBODY, at=clock.now()) == first


async def test_a_holder_revokes_no_key_of_another(tx: Transaction, clock: FakeClock, shops: Shops) -> None:
    [issued] = await identity.issue_keys(tx, [for_corner(shops)], actor=SOMEBODY, at=clock.now())
    assert (
        await identity.revoke_keys(tx, [issued.key.id], holder_id=shops.market.id, actor=SOMEBODY, at=clock.now()) == []
    )
    assert (await identity.callers(tx, [hash_of(issued)])) != [None]
    assert (
        len(await identity.revoke_keys(tx, [issued.key.id], holder_id=shops.corner.id, actor=SOMEBODY, at=clock.now()))
        == 1
    )


async def test_keys_are_listed_newest_first_without_their_secret(
    tx: Transaction, clock: FakeClock, shops: Shops
) -> None:
    older, newer = [
        (
            await identity.issue_keys(
                tx, [for_corner(shops, name)], actor=SOMEBODY, at=clock.now() + timedelta(hours=hours)
            )
        )[0]
        for hours, name in enumerate(["older", "newer"])
    ]
    await identity.issue_keys(tx, [NewKey(shops.market.id, "merchants", "till")], actor=SOMEBODY, at=clock.now())
    listed = await identity.list_keys(tx, holder_id=shops.corner.id)
    assert listed == [newer.key, older.key]
    assert newer.text not in repr(listed)
    assert newer.text not in repr(newer)
    assert newer.text.startswith(listed[0].prefix)
    assert await identity.list_keys(tx, holder_id=shops.corner.id, after=newer.key.id) == [older.key]
    assert len(await identity.list_keys(tx, program="merchants")) == 3
    assert await identity.list_keys(tx, program="writers") == []


@pytest.mark.parametrize("program", ["writers", "nowhere"])
async def test_no_key_is_made_for_a_holder_of_another_program(
    tx: Transaction, clock: FakeClock, shops: Shops, program: str
) -> None:
    with pytest.raises(UnknownHolder):
        await identity.issue_keys(tx, [NewKey(shops.corner.id, program, "warehouse")], actor=SOMEBODY, at=clock.now())


async def test_no_key_is_made_for_a_holder_that_does_not_exist(tx: Transaction, clock: FakeClock, shops: Shops) -> None:
    with pytest.raises(UnknownHolder):
        await identity.issue_keys(tx, [NewKey(uuid4(), "merchants", "warehouse")], actor=SOMEBODY, at=clock.now())


async def test_a_key_made_by_nobody_is_a_fault_and_no_refusal(tx: Transaction, clock: FakeClock, shops: Shops) -> None:
    stray = NewKey(shops.corner.id, "merchants", "warehouse", created_by=uuid4())
    with pytest.raises(ForeignKeyViolation):
        await identity.issue_keys(tx, [stray], actor=SOMEBODY, at=clock.now())


async def test_no_key_is_made_that_has_expired_already(tx: Transaction, clock: FakeClock, shops: Shops) -> None:
    late = NewKey(shops.corner.id, "merchants", "late", expires_at=clock.now())
    with pytest.raises(Invalid, match="expires_at must be in the future"):
        await identity.issue_keys(tx, [late], actor=SOMEBODY, at=clock.now())


def test_a_key_has_a_name_and_a_scope() -> None:
    with pytest.raises(Invalid, match="name must be one line"):
        NewKey(uuid4(), "merchants", "")
    with pytest.raises(Invalid, match="scopes must be at least one scope"):
        NewKey(uuid4(), "merchants", "warehouse", scopes=frozenset())


async def test_nothing_that_the_database_holds_lets_anybody_in(entrance: Entrance, shops: Shops, anna: Person) -> None:
    """A dump holds no key, no part of a key's secret, no session token and no password."""
    token = (await entrance.sign_in()).token
    async with entrance.database.transaction() as tx:
        [issued] = await identity.issue_keys(tx, [for_corner(shops)], actor=SOMEBODY, at=entrance.clock.now())
        rows = await tx.many(
            """
            SELECT row_to_json(k)::text AS row FROM api_keys k UNION ALL SELECT row_to_json(s)::text FROM sessions s
            UNION ALL SELECT row_to_json(p)::text FROM people p UNION ALL SELECT row_to_json(n)::text FROM audit_notes n
            """
        )
    dump = "\n".join(row["row"] for row in rows)
    assert hash_of(issued).hex() in dump
    assert all(word in dump for word in ("key.issued", "person.signed_in", "argon2id"))
    for secret in (issued.text, issued.text[len(issued.key.prefix) + 1 :][:20], token, PASSWORD):
        assert secret not in dump


async def test_use_of_a_key_is_noted_once_a_minute(tx: Transaction, clock: FakeClock, shops: Shops) -> None:
    used, idle = [
        made.key.id for made in await identity.issue_keys(tx, [for_corner(shops)] * 2, actor=SOMEBODY, at=clock.now())
    ]
    assert await identity.touch(tx, [used]) == 1
    assert await identity.touch(tx, [used]) == 0
    await tx.run("UPDATE api_keys SET last_used_at = now() - interval '61 seconds' WHERE id = $1", used)
    assert await identity.touch(tx, [used, used, uuid4()]) == 1
    shown = {key.id: key.last_used_at for key in await identity.list_keys(tx)}
    assert shown[idle] is None
    assert shown[used] == await tx.value("SELECT now()")


async def test_noting_use_waits_for_nobody(database: Database, clock: FakeClock, shops: Shops) -> None:
    """Two processes that note the same key at once: the second leaves it."""
    async with database.transaction() as tx:
        [issued] = await identity.issue_keys(tx, [for_corner(shops)], actor=SOMEBODY, at=clock.now())
    noted, done = asyncio.Event(), asyncio.Event()

    async def first() -> int:
        async with database.transaction() as tx:
            touched = await identity.touch(tx, [issued.key.id])
            noted.set()
            await done.wait()
            return touched

    async def second() -> int:
        await noted.wait()
        async with database.transaction() as tx:
            touched = await identity.touch(tx, [issued.key.id])
        done.set()
        return touched

    assert [*await asyncio.gather(first(), second())] == [1, 0]


async def test_the_journal_knows_who_made_and_ended_a_key(tx: Transaction, clock: FakeClock, shops: Shops) -> None:
    [issued] = await identity.issue_keys(tx, [for_corner(shops)], actor=SOMEBODY, at=clock.now())
    for _ in range(2):
        await identity.revoke_keys(tx, [issued.key.id], actor=SOMEBODY, at=clock.now())
    notes = await tx.many(
        "SELECT action, actor, facts FROM audit_notes WHERE subject = $1 ORDER BY id", issued.key.actor
    )
    facts = {"holder_id": str(shops.corner.id), "program": "merchants", "prefix": issued.key.prefix}
    assert [tuple(note) for note in notes] == [("key.issued", SOMEBODY, facts), ("key.revoked", SOMEBODY, facts)]
