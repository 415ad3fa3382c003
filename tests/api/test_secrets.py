"""Canaries: account numbers, keys, tokens, secrets and passwords pass through the house and show up nowhere."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import aiohttp
import pytest

from bursar import identity
from bursar.foundation.db import Database
from bursar.identity import Role
from bursar.identity.model import PasswordHash
from ground import AT
from house import Client, Merchant, open_merchant, payout_body, running
from providers_house import Provider, open_provider

ACCOUNT = "7777123488889999"
PASSWORD = "correct horse battery"

Tables = Callable[[], Awaitable[str]]


@pytest.fixture
def everything_stored(database: Database) -> Tables:
    """Reads all rows of all tables, as text."""

    async def read() -> str:
        async with database.transaction(readonly=True) as tx:
            names = await tx.many("SELECT tablename FROM pg_tables WHERE schemaname = 'bursar'")
            rows = [await tx.many(f"SELECT t::text AS row FROM {name['tablename']} t") for name in names]
        return "\n".join(row["row"] for table in rows for row in table)

    return read


async def test_no_secret_is_logged_shown_in_an_error_or_stored(
    database_url: str,
    database: Database,
    password_hash: PasswordHash,
    everything_stored: Tables,
    capfd: pytest.CaptureFixture[str],
) -> None:
    secrets = {"account number": ACCOUNT, "password": PASSWORD}
    with running(database_url, log_level="debug") as house:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            shop = await open_merchant(session, house, database)
            secrets["API key"] = shop.headers["X-API-KEY"]
            shown = await answers(shop)
            errors = await refusals(shop)
            endpoint = await shop.post("/api/v1/webhook-endpoints", json={"url": "http://127.0.0.1:9/hooks"})
            secrets["webhook secret"] = endpoint.json["secret"].removeprefix("whsec_")
            secrets["session token"], refused = await sign_in(Client(session, house.url), database, password_hash)
            ada = await open_provider(Client(session, house.url), database, password_hash, PASSWORD)
            secrets["provider's token"] = ada.headers["Authorization"].removeprefix("Bearer ")
            secrets["provider's account"] = ada.method()["accountNumber"]
            seen = await stored_and_shown(ada)
    logged, stored = "".join(capfd.readouterr()), await everything_stored()
    assert "web.started" in logged
    assert "9999" in shown
    assert ACCOUNT not in shown
    assert secrets["provider's account"] not in seen
    for what, secret in secrets.items():
        assert secret not in logged, f"the log holds the {what}"
        assert secret not in errors + refused, f"an error shows the {what}"
        assert secret not in stored, f"the database holds the {what}"
        assert secret.encode().hex() not in stored, f"the database holds the {what} as bytes"


async def answers(shop: Merchant) -> str:
    """What is answered to a payout to the account, and shown of it later."""
    made = await shop.ask("key-1", accountNumber=ACCOUNT)
    assert made.status == 201
    seen = [made, await shop.get("/api/v1/payouts"), await shop.get("/api/v1/ledger"), await shop.get("/api/v1/events")]
    return "".join(answer.body.decode() for answer in seen)


async def stored_and_shown(ada: Provider) -> str:
    """What a provider, who stores an account and asks for payouts to it and to one that cannot be, is answered."""
    told = [
        await ada.store(),
        await ada.ask(),
        await ada.ask(10**7),
        await ada.ask(method=ada.method() | {"bankCode": "", "accountTitle": ""}),
        await ada.store(accountNumber=f"{ada.method()['accountNumber']}9"),
    ]
    assert [answer.status for answer in told] == [201, 201, 400, 400, 400]
    payout_id = told[1].json["id"]
    paths = ("destinations", "payouts", f"payouts/{payout_id}", "notices")
    told += [await ada.get(f"/api/provider/{path}") for path in paths]
    return "".join(answer.body.decode() for answer in told)


async def refusals(shop: Merchant) -> str:
    """What is answered to payouts to the account that cannot be."""
    wrong = (
        {"amount": 0},
        {"bankCode": "NOPE"},
        {"note": 1},
        {"currency": "XXX"},
        {"amount": 10**12},
        {"destType": "X"},
    )
    told = [await shop.ask("key-2", accountNumber=ACCOUNT, **changes) for changes in wrong]
    told.append(await shop.ask("key-2", accountNumber=f"{ACCOUNT}!"))
    told.append(await shop.ask("key-1", accountNumber=f"{ACCOUNT}0"))
    rows = [payout_body(accountNumber=ACCOUNT, bankCode="NOPE"), payout_body(accountNumber=f"{ACCOUNT}!")]
    told.append(await shop.post("/api/v1/payouts/bulk", headers={"X-IDEMPOTENCY-KEY": "key-3"}, json=rows))
    return "".join(answer.body.decode() for answer in told)


async def sign_in(client: Client, database: Database, password_hash: PasswordHash) -> tuple[str, str]:
    """Sign somebody in, after one wrong password; the token, and the refusal."""
    email = f"{uuid4().hex}@example.com"
    async with database.transaction() as tx:
        await identity.add_person(
            tx, email=email, name="Somebody", password_hash=password_hash, roles=[Role.SUPPORT], actor="system:test",
            at=AT,
        )  # fmt: skip
    refused = await client.post("/api/sign-in", json={"email": email, "password": f"{PASSWORD}!"})
    begun = await client.post("/api/sign-in", json={"email": email, "password": PASSWORD})
    return begun.json["token"], refused.body.decode()
