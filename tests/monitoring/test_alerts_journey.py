"""From a bank that refuses to the inbox and the pager: with a worker that does everything by itself."""

import asyncio
from collections.abc import Callable

import aiohttp
from pydantic import SecretStr
from watch_house import SECRET, SENDER, Mailbox, Receiver

from bursar import monitoring
from bursar.foundation.db import Database
from ground import program
from house import open_merchant, running

OPS = "ops@acme.example"
SOON = 90.0
CLOSED = "1234500003"  # The sandbox bank says that this account is closed.


async def test_failures_reach_whoever_is_on_call(
    database: Database, database_url: str, mailbox: Mailbox, receiver: Receiver
) -> None:
    async with database.transaction() as tx:
        await program(tx, "merchants", alerts__emails=[OPS], alerts__webhook_urls=[receiver.url])
    told = {
        "smtp_host": "127.0.0.1",
        "smtp_port": mailbox.port,
        "smtp_security": "none",
        "smtp_from": SENDER,
        "alert_webhook_secret": SecretStr(SECRET),
        "webhook_allow_loopback": True,
    }
    with running(database_url, with_worker=True, **told) as house:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            shop = await open_merchant(session, house, database)
            for number in range(3):
                assert (await shop.ask(f"key-{number}", accountNumber=CLOSED)).status == 201
        await until(lambda: bool(receiver.calls) and bool(mailbox.subjects(OPS)))
        [body] = receiver.read()
        assert (body["type"], body["data"]["type"]) == ("alert.opened", "failure_rate")
        [subject] = mailbox.subjects(OPS)
        assert subject.startswith("Critical: 100 % of the payouts")
        async with database.transaction(readonly=True) as tx:
            [here, *_] = await monitoring.workers.known(tx)
            figures = await monitoring.metrics(tx, "merchants")
    assert here.load is not None
    assert here.load.memory_bytes > 10_000_000
    assert (figures.failed, figures.pending) == (3, 0)


async def until(arrived: Callable[[], bool]) -> None:
    """Wait until something has come."""
    async with asyncio.timeout(SOON):
        while not arrived():
            await asyncio.sleep(0.1)
