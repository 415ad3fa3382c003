"""From a holder's request to their inbox and browser: through the doors, with a worker, a bank and a mail server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from notices_house import ABOUT, SENDER, Browser, MailSink
from pydantic import SecretStr

from bursar import holders, identity
from bursar.foundation.db import Database
from bursar.identity import Role
from bursar.outbound.notices import VapidKey
from ground import AT, program
from house import Client, Merchant, RunningHouse, open_merchant, running

PASSWORD = "correct horse battery"
EMAIL = "amina@example.com"
VAPID = VapidKey.fresh()
SOON = 60.0


@pytest.fixture
async def house(database: Database, database_url: str, sink: MailSink) -> AsyncIterator[RunningHouse]:
    """A running house with a worker, a mail server and a key for browsers, whose program tells everything."""
    async with database.transaction() as tx:
        await program(tx, "merchants", notices__about=ABOUT)
    notices = {
        "smtp_host": "127.0.0.1",
        "smtp_port": sink.port,
        "smtp_security": "none",
        "smtp_from": SENDER,
        "vapid_private_key": SecretStr(VAPID.text),
    }
    with running(database_url, with_worker=True, **notices) as house:
        yield house


@pytest.fixture
async def acme(house: RunningHouse, database: Database) -> AsyncIterator[Merchant]:
    """A merchant with an e-mail address and a key for its own systems."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        shop = await open_merchant(session, house, database)
        async with database.transaction() as tx:
            [known] = (await holders.find(tx, [shop.holder_id])).values()
            named = holders.NewHolder(known.program, known.kind, known.reference, "Acme", EMAIL)
            await holders.register(tx, [named], at=AT)
        yield shop


async def signed_in(database: Database, shop: Merchant, email: str, *roles: Role, acts_for: UUID | None) -> Client:
    """Somebody who acts for a holder, or of our staff, signed in over HTTP."""
    hashed = await identity.hash_password(PASSWORD, email=email)
    async with database.transaction() as tx:
        person = await identity.add_person(
            tx, email=email, name="Somebody", password_hash=hashed, roles=roles, actor="system:test", at=AT
        )
        if acts_for:
            await identity.link(tx, [(person.id, acts_for)], actor="system:test", at=AT)
    answer = await shop.post("/api/sign-in", json={"email": email, "password": PASSWORD})
    assert answer.status == 200, answer.body
    return Client(shop.session, shop.url, {"Authorization": f"Bearer {answer.json['token']}"})


async def until(arrived: Callable[[], bool]) -> None:
    """Wait until something has come."""
    async with asyncio.timeout(SOON):
        while not arrived():
            await asyncio.sleep(0.05)


async def at_rest(client: Client, *, count: int) -> list[dict[str, Any]]:
    """What a holder was told, once there are so many notices and what became of each is on record."""
    async with asyncio.timeout(SOON):
        while True:
            told: list[dict[str, Any]] = (await client.get("/api/provider/notices")).json["data"]
            if len(told) == count and all(each["state"] != "waiting" for each in told):
                return told
            await asyncio.sleep(0.05)


def subjects(mails: list[EmailMessage], to: str) -> list[str]:
    """What somebody found in their inbox."""
    return [str(mail["Subject"]).strip() for mail in mails if mail["To"] == to]


async def test_a_holder_hears_what_became_of_each_payout_as_they_want_to(
    acme: Merchant, sink: MailSink, browser: Browser, database: Database
) -> None:
    amina = await signed_in(database, acme, EMAIL, acts_for=acme.holder_id)
    key = (await amina.get("/api/push/vapid-key")).json["key"]
    assert key == VAPID.public
    assert (await amina.post("/api/push/subscriptions", json=browser.subscription)).status == 201
    quiet = {"preferences": [{"kind": "completed", "email": False}]}
    assert (await amina.call("PUT", "/api/provider/notice-preferences", json=quiet)).status == 200
    assert (await acme.ask("one", accountNumber="1234500001")).status == 201
    assert (await acme.ask("two", accountNumber="1234500003")).status == 201
    told = await at_rest(amina, count=4)
    assert subjects(sink.mails, EMAIL) == ["Your payout of 1,000.00 PKR could not be paid"]
    assert {browser.read(push)["kind"] for push in browser.pushes} == {"completed", "failed"}
    assert {(each["kind"], each["channel"], each["state"], each["reason"]) for each in told} == {
        ("completed", "email", "skipped", "not_wanted"),
        ("completed", "push", "sent", None),
        ("failed", "email", "sent", None),
        ("failed", "push", "sent", None),
    }
    assert {each["to"] for each in told} == {"a…@example.com", "a browser"}


async def test_staff_hear_of_what_waits_and_the_holder_of_what_they_decide(
    acme: Merchant, sink: MailSink, database: Database
) -> None:
    boss = await signed_in(database, acme, "boss@acme.example", Role.MANAGER, acts_for=None)
    payout = (await acme.ask("large", amount=150_000)).json["id"]
    await until(lambda: len(sink.mails) >= 1)
    assert subjects(sink.mails, "boss@acme.example") == ["A payout of 150,000.00 PKR waits for your review (Merchants)"]
    rejected = await boss.post(f"/api/payouts/{payout}/reject", json={"reason": "The invoice is missing."})
    assert rejected.status == 200, rejected.body
    await until(lambda: len(sink.mails) >= 2)
    assert subjects(sink.mails, EMAIL) == ["Your payout of 150,000.00 PKR was not approved"]
    text = sink.mails[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Our reviewer wrote: The invoice is missing." in text
    shown = await boss.get(f"/api/payouts/{payout}")
    assert {entry["kind"] for entry in shown.json["data"]["timeline"]} >= {"notice"}


async def test_while_no_mail_gets_through_payouts_do(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        await program(tx, "merchants", notices__about=ABOUT)
    dead = {"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_security": "none", "smtp_from": SENDER}
    with running(database_url, with_worker=True, **dead) as house:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            shop = await open_merchant(session, house, database)
            async with database.transaction() as tx:
                await tx.run("UPDATE holders SET email = $2 WHERE id = $1", shop.holder_id, EMAIL)
            payouts = [(await shop.ask(f"k{number}")).json["id"] for number in range(5)]
            async with asyncio.timeout(SOON):
                while {await shop.status_of(payout) for payout in payouts} != {"SUCCESS"}:
                    await asyncio.sleep(0.05)
