"""Houses that tell systems and people, and the receivers, mail servers and browsers that they tell."""

from collections.abc import AsyncIterator

import pytest
from notices_house import (
    Browser,
    MailSink,
    NoticeHouse,
    browsing,
    egress,
    mail_server,
    open_program,
    push_service,
    receiving_mail,
)
from webhooks_house import House, Receiver, opened, receiving

from bursar.foundation.db import Database
from bursar.outbound.notices import VapidKey


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    """Merchants and their endpoints, on a database of this test's own."""
    async with opened(database) as house:
        yield house


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A merchant's server that answers 200 until told otherwise."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    """A mail server that takes everything."""
    async with receiving_mail() as sink:
        yield sink


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser with a push service that takes everything."""
    async with browsing() as browser:
        yield browser


@pytest.fixture
def vapid_key() -> VapidKey:
    """The key by which push services know this house."""
    return VapidKey.fresh()


@pytest.fixture
async def telling(database: Database, sink: MailSink, vapid_key: VapidKey) -> AsyncIterator[NoticeHouse]:
    """A house that tells its holders everything, with a mail server and a key for browsers."""
    async with database.transaction() as tx:
        house = NoticeHouse(database, await open_program(tx))
    client = egress()
    house.mail = mail_server(sink)
    house.push = push_service(client, vapid_key, house.clock)
    yield house
    await client.close()
