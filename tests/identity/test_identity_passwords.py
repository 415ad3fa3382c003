"""Passwords are long, not one's e-mail, and kept as argon2id."""

import time

import pytest
from argon2 import Type, extract_parameters

from bursar.foundation.db import Transaction
from bursar.identity import WeakPassword, hash_password
from bursar.identity.model import PasswordHash
from bursar.identity.passwords import NOBODYS, matches

EMAIL = "someone.with.a.long@example.com"


@pytest.mark.parametrize("password", ["x" * 12, "x" * 256, "ключ от склада", "no rules of composition"])
async def test_a_long_password_is_accepted_whatever_it_is_made_of(password: str) -> None:
    stored = await hash_password(password, email=EMAIL)
    assert password not in stored
    assert await matches(stored, password)


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 257, EMAIL, EMAIL.upper()])
async def test_a_weak_password_is_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(WeakPassword, match="password must be") as refused:
        await hash_password(password, email=EMAIL)
    assert "given" not in refused.value.facts


async def test_the_same_password_is_kept_differently_each_time() -> None:
    assert await hash_password("correct horse battery", email=EMAIL) != await hash_password(
        "correct horse battery", email=EMAIL
    )


async def test_passwords_are_kept_as_argon2id_far_above_the_floor() -> None:
    """OWASP's floor is 19 MiB and 2 passes."""
    costs = extract_parameters(await hash_password("correct horse battery", email=EMAIL))
    assert costs.type is Type.ID
    assert costs.memory_cost >= 64 * 1024
    assert costs.time_cost >= 3


async def test_another_password_does_not_match() -> None:
    stored = await hash_password("correct horse battery", email=EMAIL)
    assert not await matches(stored, "correct horse batterY")


async def test_characters_composed_in_another_way_are_the_same_password() -> None:
    stored = await hash_password("Zoe\u0308 und Rene\u0301e", email=EMAIL)
    assert await matches(stored, "Zo\u00eb und Ren\u00e9e")


async def test_verifying_for_nobody_is_as_much_work_as_for_somebody() -> None:
    stored = await hash_password("correct horse battery", email=EMAIL)
    assert extract_parameters(NOBODYS) == extract_parameters(stored)
    assert 0.5 < await work_of(NOBODYS) / await work_of(stored) < 2


async def work_of(stored: PasswordHash) -> float:
    """Seconds of CPU, over all threads, that a wrong password costs."""
    begun = time.process_time()
    assert not await matches(stored, "wrong horse battery")
    return time.process_time() - begun


async def test_nothing_is_hashed_while_a_transaction_is_open(tx: Transaction) -> None:
    with pytest.raises(AssertionError, match="while holding a transaction"):
        await hash_password("correct horse battery", email=EMAIL)
    with pytest.raises(AssertionError, match="while holding a transaction"):
        await matches(NOBODYS, "correct horse battery")
