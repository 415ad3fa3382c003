"""A session lasts twelve hours at most, half an hour without use, and not a moment after it is revoked."""

from datetime import timedelta
from uuid import uuid4

import pytest
from identity_house import SOMEBODY, Entrance

from bursar import identity
from bursar.identity import Person, Role


async def test_a_session_without_use_ends_after_half_an_hour(entrance: Entrance, anna: Person) -> None:
    token = (await entrance.sign_in()).token
    entrance.clock.pass_time(timedelta(minutes=30) - timedelta(seconds=1))
    assert await entrance.person(token) == anna
    entrance.clock.pass_time(timedelta(minutes=30))
    assert await entrance.person(token) is None


async def test_a_session_in_use_ends_after_twelve_hours(entrance: Entrance, anna: Person) -> None:
    token = (await entrance.sign_in()).token
    for _ in range(12 * 4 - 1):
        entrance.clock.pass_time(timedelta(minutes=15))
        assert await entrance.person(token) == anna
    entrance.clock.pass_time(timedelta(minutes=15))
    assert await entrance.person(token) is None


async def test_use_is_noted_once_a_minute(entrance: Entrance, anna: Person) -> None:
    signed_in = await entrance.sign_in()
    noted = []
    for _ in range(4):
        entrance.clock.pass_time(timedelta(seconds=30))
        await entrance.person(signed_in.token)
        async with entrance.database.transaction() as tx:
            [session] = await identity.list_sessions(tx, anna.id, now=entrance.clock.now())
        noted.append(session.seen_at - signed_in.session.created_at)
    assert noted == [timedelta(seconds=s) for s in (0, 60, 60, 120)]


async def test_signing_out_ends_this_session_only(entrance: Entrance, anna: Person) -> None:
    here, there = await entrance.sign_in(), await entrance.sign_in()
    async with entrance.database.transaction() as tx:
        await identity.sign_out(tx, here.token, at=entrance.clock.now())
    assert await entrance.person(here.token) is None
    assert await entrance.person(there.token) == anna


async def test_one_session_can_be_ended_from_another(entrance: Entrance, anna: Person) -> None:
    lost, here = await entrance.sign_in(), await entrance.sign_in()
    async with entrance.database.transaction() as tx:
        assert await identity.revoke_sessions(tx, anna.id, only=lost.session.id, at=entrance.clock.now()) == 1
    assert await entrance.person(lost.token) is None
    assert await entrance.person(here.token) == anna


async def test_nobody_ends_the_session_of_another_person(entrance: Entrance, anna: Person) -> None:
    signed_in = await entrance.sign_in()
    async with entrance.database.transaction() as tx:
        assert await identity.revoke_sessions(tx, uuid4(), only=signed_in.session.id, at=entrance.clock.now()) == 0
    assert await entrance.person(signed_in.token) == anna


async def test_all_sessions_can_be_ended_at_once(entrance: Entrance, anna: Person) -> None:
    tokens = [(await entrance.sign_in()).token for _ in range(3)]
    async with entrance.database.transaction() as tx:
        assert await identity.revoke_sessions(tx, anna.id, at=entrance.clock.now()) == 3
        assert await identity.revoke_sessions(tx, anna.id, at=entrance.clock.now()) == 0
    assert [await entrance.person(token) for token in tokens] == [None] * 3


async def test_the_list_shows_what_lives_newest_first(entrance: Entrance, anna: Person) -> None:
    await entrance.sign_in()
    entrance.clock.pass_time(timedelta(minutes=20))
    older = await entrance.sign_in()
    entrance.clock.pass_time(timedelta(minutes=20))
    revoked, newer = await entrance.sign_in(), await entrance.sign_in()
    async with entrance.database.transaction() as tx:
        await identity.revoke_sessions(tx, anna.id, only=revoked.session.id, at=entrance.clock.now())
        listed = await identity.list_sessions(tx, anna.id, now=entrance.clock.now())
    assert listed == [newer.session, older.session]


async def test_disabling_somebody_ends_their_sessions_for_good(entrance: Entrance, anna: Person) -> None:
    token = (await entrance.sign_in()).token
    async with entrance.database.transaction() as tx:
        await identity.disable_person(tx, anna.id, actor=SOMEBODY, at=entrance.clock.now())
        await identity.enable_person(tx, anna.id, actor=SOMEBODY)
    assert await entrance.person(token) is None


async def test_a_session_that_outlived_its_person_lets_nobody_in(entrance: Entrance, anna: Person) -> None:
    token = (await entrance.sign_in()).token
    async with entrance.database.transaction() as tx:
        await tx.run("UPDATE people SET disabled_at = now()")
    assert await entrance.person(token) is None


async def test_changed_roles_count_from_the_next_request(entrance: Entrance, anna: Person) -> None:
    token = (await entrance.sign_in()).token
    async with entrance.database.transaction() as tx:
        await identity.set_roles(tx, anna.id, roles=[Role.SUPPORT], actor=SOMEBODY)
    person = await entrance.person(token)
    assert person is not None
    assert person.roles == {Role.SUPPORT}


@pytest.mark.parametrize("token", ["", "x" * 43, "ü" * 43, "\0" * 43])
async def test_what_is_no_token_is_nobody_s_and_can_be_signed_out(entrance: Entrance, token: str) -> None:
    assert await entrance.person(token) is None
    async with entrance.database.transaction() as tx:
        await identity.sign_out(tx, token, at=entrance.clock.now())
