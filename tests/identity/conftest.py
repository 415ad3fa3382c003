"""A program with two holders to make keys for, and somebody who can sign in."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from identity_house import EMAIL, PASSWORD, SOMEBODY, Entrance, Shops

from bursar import holders, identity
from bursar.foundation.clock import FakeClock
from bursar.foundation.db import Database, Transaction
from bursar.holders import NewHolder
from bursar.identity import Person, Role
from bursar.identity.model import PasswordHash


@pytest.fixture
async def shops(database: Database, clock: FakeClock) -> Shops:
    """Two merchants in the program ``merchants``; there is also ``writers``, without anybody in it."""
    async with database.transaction() as tx:
        await tx.run("INSERT INTO programs (program, current_version) VALUES ('merchants', 1), ('writers', 1)")
        await tx.run(
            "INSERT INTO program_versions (program, version, source, terms, applied_by)"
            " SELECT program, 1, '', '{}', 'system:test' FROM programs"
        )
        newcomers = [NewHolder("merchants", "merchant", name, name) for name in ("corner", "market")]
        return Shops(*await holders.register(tx, newcomers, at=clock.now()))


@pytest.fixture(scope="session")
def stored() -> PasswordHash:
    """The hash of ``PASSWORD``, made once because it is slow on purpose."""
    return asyncio.run(identity.hash_password(PASSWORD, email=EMAIL))


@pytest.fixture
async def anna(database: Database, clock: FakeClock, stored: PasswordHash) -> Person:
    """A manager with ``EMAIL`` and ``PASSWORD``."""
    async with database.transaction() as tx:
        return await identity.add_person(
            tx, email=EMAIL, name="Anna", password_hash=stored, roles=[Role.MANAGER], actor=SOMEBODY, at=clock.now()
        )


@pytest.fixture
async def tx(database: Database, shops: Shops, anna: Person) -> AsyncIterator[Transaction]:
    """An open transaction, begun after everybody is there."""
    async with database.transaction() as tx:
        yield tx


@pytest.fixture
def entrance(database: Database, clock: FakeClock) -> Entrance:
    """Where people sign in."""
    return Entrance(database, clock)
