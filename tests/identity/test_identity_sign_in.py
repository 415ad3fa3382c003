"""Who is let in, who is not, and that whoever is not learns nothing from it."""

import asyncio
import time
from datetime import datetime, timedelta

import pytest
from identity_house import EMAIL, PASSWORD, SOMEBODY, Entrance

from bursar import identity
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Kind
from bursar.identity import Person, SignInRefused
from bursar.identity.model import LOCKED_FOR, TRIES_MAX, Candidate, PasswordHash, Tries
from bursar.identity.sign_in import _take_try
from bursar.identity.store import admit
from statements import statements_of

NOON = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


async def test_the_right_password_begins_a_session(entrance: Entrance, anna: Person) -> None:
    signed_in = await entrance.sign_in()
    assert signed_in.person == anna
    assert signed_in.session.expires_at == entrance.clock.now() + timedelta(hours=12)
    assert await entrance.person(signed_in.token) == anna
    assert signed_in.token not in repr(signed_in)


async def test_an_email_is_the_same_in_either_case_of_letters(entrance: Entrance, anna: Person) -> None:
    assert (await entrance.sign_in(email="ANNA@Example.com")).person == anna


async def test_every_sign_in_begins_a_session_of_its_own(entrance: Entrance, anna: Person) -> None:
    first, second = await entrance.sign_in(), await entrance.sign_in()
    assert first.token != second.token
    assert first.session.id != second.session.id


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong horse battery"),
        ("nobody@example.com", PASSWORD),
        (EMAIL, ""),
        (EMAIL, PASSWORD.upper()),
        (EMAIL, "x" * 257),
        ("", PASSWORD),
        ("anna@example.com\0", PASSWORD),
    ],
)
async def test_whoever_is_not_let_in_hears_the_same(
    entrance: Entrance, anna: Person, email: str, password: str
) -> None:
    with pytest.raises(SignInRefused) as refused:
        await entrance.sign_in(password, email=email)
    assert (refused.value.kind, refused.value.message, refused.value.facts) == (
        Kind.UNAUTHORISED,
        SignInRefused().message,
        {},
    )


async def test_a_disabled_person_hears_the_same(entrance: Entrance, anna: Person) -> None:
    async with entrance.database.transaction() as tx:
        await identity.disable_person(tx, anna.id, actor=SOMEBODY, at=entrance.clock.now())
    with pytest.raises(SignInRefused):
        await entrance.sign_in()
    async with entrance.database.transaction() as tx:
        await identity.enable_person(tx, anna.id, actor=SOMEBODY)
    await entrance.sign_in()


async def test_whoever_is_not_let_in_costs_the_same_work(entrance: Entrance, anna: Person) -> None:
    """The time it takes does not tell whether there is such a person."""
    await work_of(entrance, EMAIL)  # Warms up what the first call loads.
    known, unknown = await work_of(entrance, EMAIL), await work_of(entrance, "nobody@example.com")
    assert 0.5 < unknown / known < 2


async def work_of(entrance: Entrance, email: str) -> float:
    """Seconds of CPU, over all threads, until a wrong password is refused."""
    begun = time.process_time()
    with pytest.raises(SignInRefused):
        await entrance.sign_in("wrong horse battery", email=email)
    return time.process_time() - begun


async def test_known_and_unknown_cost_the_same_statements(tx: Transaction, anna: Person) -> None:
    async with statements_of(tx) as for_known:
        assert await _take_try(tx, EMAIL, NOON) is not None
    async with statements_of(tx) as for_unknown:
        assert await _take_try(tx, "nobody@example.com", NOON) is None
    assert for_known == for_unknown


async def test_ten_wrong_tries_lock_for_half_an_hour(entrance: Entrance, anna: Person) -> None:
    for _ in range(TRIES_MAX):
        with pytest.raises(SignInRefused):
            await entrance.sign_in("wrong horse battery")
    with pytest.raises(SignInRefused):
        await entrance.sign_in()
    entrance.clock.pass_time(LOCKED_FOR - timedelta(seconds=1))
    with pytest.raises(SignInRefused):
        await entrance.sign_in()
    entrance.clock.pass_time(timedelta(seconds=1))
    assert (await entrance.sign_in()).person == anna


async def test_the_last_try_may_still_be_the_right_one(entrance: Entrance, anna: Person) -> None:
    await take_tries(entrance, TRIES_MAX - 1)
    await entrance.sign_in()
    assert len(await take_tries(entrance, TRIES_MAX + 1)) == TRIES_MAX  # It began again from none.


async def test_a_burst_gets_no_more_tries_than_a_patient_guesser(entrance: Entrance, anna: Person) -> None:
    assert len(await take_tries(entrance, 3 * TRIES_MAX)) == TRIES_MAX


async def take_tries(entrance: Entrance, number: int) -> list[Candidate]:
    """Begin to sign in this often at the same moment; the tries that were granted."""

    async def take() -> Candidate | None:
        async with entrance.database.transaction() as tx:
            return await _take_try(tx, EMAIL, entrance.clock.now())

    return [granted for granted in await asyncio.gather(*[take() for _ in range(number)]) if granted]


async def test_somebody_elses_tries_lock_nobody(entrance: Entrance, anna: Person) -> None:
    for _ in range(TRIES_MAX + 1):
        async with entrance.database.transaction() as tx:
            await _take_try(tx, "nobody@example.com", entrance.clock.now())
    await entrance.sign_in()


async def test_a_password_changed_while_we_verified_the_old_one_lets_nobody_in(tx: Transaction, anna: Person) -> None:
    candidate = await _take_try(tx, EMAIL, NOON)
    assert candidate is not None
    await identity.set_password(tx, anna.id, password_hash=PasswordHash("another"), actor=SOMEBODY, at=NOON)
    assert not await admit(tx, candidate)


async def test_a_new_password_lifts_the_lock(entrance: Entrance, anna: Person) -> None:
    await take_tries(entrance, TRIES_MAX)
    stored = await identity.hash_password("another horse battery", email=EMAIL)
    async with entrance.database.transaction() as tx:
        await identity.set_password(tx, anna.id, password_hash=stored, actor=SOMEBODY, at=entrance.clock.now())
    await entrance.sign_in("another horse battery")


def test_tries_count_up_to_the_lock_and_begin_again_after_it() -> None:
    tries = Tries()
    for count in range(1, TRIES_MAX):
        taken = tries.take(NOON)
        assert taken == Tries(count)
        tries = taken
    locked = tries.take(NOON)
    assert locked == Tries(TRIES_MAX, NOON + LOCKED_FOR)
    assert locked.take(NOON + LOCKED_FOR - timedelta(microseconds=1)) is None
    assert locked.take(NOON + LOCKED_FOR) == Tries(1)
