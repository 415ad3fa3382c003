import pytest
from monitoring_house import Books, open_books

from bursar.foundation.clock import FakeClock
from bursar.foundation.db import Database


@pytest.fixture
async def books(database: Database, clock: FakeClock) -> Books:
    return await open_books(database, clock)
