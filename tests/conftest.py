"""What every test stands on: a real PostgreSQL, a fresh migrated database each, and a clock that the test owns."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from bursar.foundation import db, embedded, migrations
from bursar.foundation.clock import FakeClock
from bursar.foundation.settings import Settings

pytest_plugins = ["queue_servers", "require_all"]

TEMPLATE = "bursar_template"
TAMPERING = (
    "GRANT SET ON PARAMETER session_replication_role, deadlock_timeout TO bursar",
    "ALTER ROLE bursar CREATEROLE",
    "ALTER ROLE bursar SET createrole_self_grant = 'set, inherit'",
)
"""What tests may do and the product may not: change rows behind triggers, hurry deadlocks, and make roles."""


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server for this test run: ``BURSAR_TEST_SERVER`` where one is given, else a throw-away one."""
    given = os.environ.get("BURSAR_TEST_SERVER")
    if given:
        yield given
        return
    # Without autovacuum, whose workers belong to the superuser and can hold up the dropping of a database.
    with embedded.temporary(settings={"fsync": "off", "max_connections": "200", "autovacuum": "off"}) as server:
        for statement in TAMPERING:
            asyncio.run(_administer(server.url("postgres", role="postgres"), statement))
        yield server.url("postgres")


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of a migrated database to copy from; migrated once per run."""
    name = f"{TEMPLATE}_{os.getpid()}"
    asyncio.run(_administer(server_url, f'CREATE DATABASE "{name}"'))
    migrations.migrate(with_database(server_url, name))
    return name


@pytest.fixture
async def database_url(server_url: str, template: str) -> AsyncIterator[str]:
    """A database of this test's own, dropped afterwards."""
    name = f"t_{uuid4().hex[:16]}"
    await _administer(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield with_database(server_url, name)
    await _administer(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings for an installation on this test's database."""
    return Settings(database_url=database_url, _env_file=None)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[db.Database]:
    """An open pool on this test's database."""
    database = await db.connect(settings)
    yield database
    await database.close()


@pytest.fixture
async def tx(database: db.Database) -> AsyncIterator[db.Transaction]:
    """An open transaction, for tests of stores and actions."""
    async with database.transaction() as tx:
        yield tx


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still on a Friday morning until the test moves it."""
    return FakeClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    from urllib.parse import urlsplit, urlunsplit

    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _administer(server_url: str, statement: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
