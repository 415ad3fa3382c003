"""One database for all tests of reconciliation; each has a program and a bank of its own."""

from collections.abc import Iterator

import pytest
from recon_house import ReconHouse, open_recon

from bursar.foundation.db import Database
from ground import own_database


@pytest.fixture(scope="session")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database that these tests share."""
    with own_database(server_url, template) as url:
        yield url


@pytest.fixture
async def house(database: Database) -> ReconHouse:
    """A program with a merchant, paying through a bank whose list a test writes."""
    return await open_recon(database)
