"""People who vote."""

from collections.abc import AsyncIterator

import pytest
from approvals_house import People

from bursar import identity
from bursar.foundation.clock import FakeClock
from bursar.foundation.db import Database, Transaction
from bursar.identity import Role
from bursar.identity.model import PasswordHash


@pytest.fixture
async def people(database: Database, clock: FakeClock) -> People:
    """Four people; what their roles allow is not this room's question."""
    async with database.transaction() as tx:
        added = [
            await identity.add_person(
                tx,
                email=f"{name}@example.com",
                name=name,
                password_hash=PasswordHash("nobody signs in here"),
                roles=[Role.MANAGER],
                actor="system:test",
                at=clock.now(),
            )
            for name in ("anna", "ben", "carla", "dan")
        ]
    return People(*[person.id for person in added])


@pytest.fixture
async def tx(database: Database, people: People) -> AsyncIterator[Transaction]:
    """An open transaction, begun after the people are there."""
    async with database.transaction() as tx:
        yield tx
