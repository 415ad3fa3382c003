"""One running house for all tests of the API; each test has merchants and people of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from api_house import furnished_database
from bursar import identity
from bursar.foundation import db
from bursar.identity import Role
from bursar.identity.model import PasswordHash
from ground import AT
from house import Client, Merchant, OpenShop, RunningHouse, open_merchant, running
from market_house import Earner, open_earner
from providers_house import OpenProvider, Provider, open_provider

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database with programs, which these tests share."""
    with furnished_database(server_url, template) as url:
        yield url


@pytest.fixture(scope="session")
def house(database_url: str) -> Iterator[RunningHouse]:
    """A running house without a worker: what is asked for stays as it is."""
    with running(database_url) as house:
        yield house


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client without a memory for cookies."""
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
def nobody(session: aiohttp.ClientSession, house: RunningHouse) -> Client:
    """A client that has nothing to be let in with."""
    return Client(session, house.url)


@pytest.fixture
def open_shop(session: aiohttp.ClientSession, house: RunningHouse, database: db.Database) -> OpenShop:
    """Opens merchants, with ``money`` and ``scopes`` as asked for."""
    return partial(open_merchant, session, house, database)


@pytest.fixture
async def acme(open_shop: OpenShop) -> Merchant:
    """A merchant with 1,000,000.00 PKR and a key for everything."""
    return await open_shop()


@pytest.fixture(scope="session")
def password_hash() -> PasswordHash:
    """The hash of ``PASSWORD``, made once because it is slow on purpose."""
    return asyncio.run(identity.hash_password(PASSWORD, email="nobody@example.com"))


@pytest.fixture
def sign_in(database: db.Database, nobody: Client, password_hash: PasswordHash) -> Callable[..., Awaitable[Client]]:
    """Makes somebody with these roles and signs them in."""

    async def begin(*roles: Role, **changes: Any) -> Client:
        email = f"{uuid4().hex}@example.com"
        async with database.transaction() as tx:
            await identity.add_person(
                tx,
                email=email,
                name="Somebody",
                password_hash=password_hash,
                roles=roles,
                actor="system:test",
                at=AT,
            )
        answer = await nobody.post("/api/sign-in", json={"email": email, "password": PASSWORD}, **changes)
        assert answer.status == 200, answer.body
        return Client(nobody.session, nobody.url, {"Authorization": f"Bearer {answer.json['token']}"})

    return begin


@pytest.fixture
def open_ada(nobody: Client, database: db.Database, password_hash: PasswordHash) -> OpenProvider:
    """Opens providers, each with somebody signed in who acts for them."""
    return partial(open_provider, nobody, database, password_hash, PASSWORD)


@pytest.fixture
async def ada(open_ada: OpenProvider) -> Provider:
    """A verified provider who has earned 100,000.00 NGN."""
    return await open_ada()


@pytest.fixture
def open_asha(nobody: Client, database: db.Database, password_hash: PasswordHash) -> Callable[..., Awaitable[Earner]]:
    """Opens scouts and sellers of the marketplace, each with somebody signed in who acts for them."""
    return partial(open_earner, nobody, database, password_hash, PASSWORD)


@pytest.fixture
def platform(nobody: Client, database: db.Database) -> Callable[..., Awaitable[Client]]:
    """Makes clients with a key of the whole program ``providers``, for these scopes or for all."""

    async def issue(*scopes: identity.Scope, program: str = "providers") -> Client:
        wanted = frozenset(scopes) or identity.PROGRAM_SCOPES
        async with database.transaction() as tx:
            new = identity.NewKey(None, program, "platform", scopes=wanted)
            [issued] = await identity.issue_keys(tx, [new], actor="system:test", at=AT)
        return Client(nobody.session, nobody.url, {"X-API-KEY": issued.text})

    return issue
