"""The merchants document, played through: its curl calls word for word, and what it says becomes of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from bursar import identity, ledger
from bursar.foundation import db
from bursar.foundation.settings import Settings
from bursar.identity import Role
from ground import AT, own_database, program
from house import Client, Merchant, RunningHouse, open_merchant, running

SOON_SECONDS = 20.0  # The document takes up to 14 s; here it is far less.

BODY = """{
    "merchantReference": "test-success",
    "amount": 1000,
    "currency": "PKR",
    "destType": "BANK",
    "bankCode": "HBL",
    "accountNumber": "1234500001",
    "accountTitle": "Test User"
  }"""
"""The body of the document's first curl call, to the letter; the other calls change a field of it."""

STORIES = [
    # What the document changes, the words it says one after the other, and where it ends.
    ({}, ["PENDING", "PROCESSING", "SUCCESS"], "SUCCESS"),
    ({"accountNumber": "9876500002"}, ["PENDING", "PROCESSING", "RETRY", "PROCESSING", "SUCCESS"], "SUCCESS"),
    ({"accountNumber": "5555500003"}, ["PENDING", "PROCESSING", "FAILED"], "FAILED"),
    ({"accountNumber": "1234500004"}, ["PENDING", "PROCESSING", "PENDING"], "PENDING"),
    ({"accountNumber": "1234500005"}, ["PENDING", "PROCESSING", "ON_HOLD"], "ON_HOLD"),
    ({"amount": 150000}, ["PENDING", "IN_REVIEW"], "IN_REVIEW"),
]


@pytest.fixture(scope="module")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database with the program ``merchants``, whose retries come quickly."""

    async def prepare(url: str) -> None:
        database = await db.connect(Settings(database_url=url, _env_file=None))
        async with database.transaction() as tx:
            await program(tx, "merchants", retry__base_seconds=0.3, dispatch__every_seconds=1)
        await database.close()

    with own_database(server_url, template) as url:
        asyncio.run(prepare(url))
        yield url


@pytest.fixture(scope="module")
def house(database_url: str) -> Iterator[RunningHouse]:
    """A running house with a worker and a bank."""
    with running(database_url, with_worker=True) as house:
        yield house


@pytest.fixture
async def acme(house: RunningHouse, database: db.Database) -> AsyncIterator[Merchant]:
    """The document's merchant: 1,000,000 PKR, and a key."""
    async with aiohttp.ClientSession() as session:
        yield await open_merchant(session, house, database)


async def curl(shop: Merchant, key: str, **changes: object) -> str:
    """One of the document's calls; the id of the payout, which is ``PENDING``."""
    body = BODY if not changes else json.dumps(json.loads(BODY) | changes)
    headers = {"X-IDEMPOTENCY-KEY": key, "Content-Type": "application/json"}
    answer = await shop.post("/api/v1/payouts", headers=headers, data=body)
    assert (answer.status, answer.json["status"]) == (201, "PENDING"), answer.body
    return str(answer.json["id"])


async def until(look: Callable[[], Awaitable[object]], seen: object) -> None:
    """Wait until a look shows what is expected."""
    async with asyncio.timeout(SOON_SECONDS):
        while await look() != seen:
            await asyncio.sleep(0.05)


async def until_status(shop: Merchant, payout: str, status: str) -> None:
    """Wait until a payout has a status."""
    await until(lambda: shop.status_of(payout), status)


async def words(shop: Merchant, payout: str) -> list[str]:
    """What the merchant heard of a payout, from the beginning."""
    return [event["status"] for event in (await shop.get(f"/api/v1/payouts/{payout}/events")).json["data"]]


@pytest.mark.parametrize(("changes", "said", "end"), STORIES)
async def test_a_call_ends_as_the_document_says(
    changes: dict[str, object], said: list[str], end: str, acme: Merchant
) -> None:
    payout = await curl(acme, "key-1", **changes)
    await until(lambda: words(acme, payout), said)
    shown = (await acme.get(f"/api/v1/payouts/{payout}")).json
    assert shown["status"] == end
    if end == "SUCCESS":
        assert shown["pspReference"].startswith("PSP")
        assert shown["processedAt"].endswith("Z")


async def test_the_balance_moves_as_the_document_says(acme: Merchant) -> None:
    paid = await curl(acme, "key-1")
    await until_status(acme, paid, "SUCCESS")
    assert await acme.balance() == figures("999000.00", "0.00", "999000.00")
    failed = await curl(acme, "key-2", accountNumber="5555500003")
    await until_status(acme, failed, "FAILED")
    assert await acme.balance() == figures("999000.00", "0.00", "999000.00")
    await curl(acme, "key-3", amount=150000)
    assert await acme.balance() == figures("999000.00", "150000.00", "849000.00")
    kinds = [line["kind"] for line in (await acme.get("/api/v1/ledger")).json["data"]]
    assert kinds == ["reserve", "void", "reserve", "post", "reserve", "credit"]


async def test_the_merchant_is_told_by_signed_webhooks(acme: Merchant) -> None:
    """The document's body, signed by the Standard Webhooks specification; the list of events says the same."""
    calls: list[tuple[dict[str, str], bytes]] = []

    async def receive(request: web.BaseRequest) -> web.Response:
        calls.append((dict(request.headers), await request.read()))
        return web.Response()

    runner = web.ServerRunner(web.Server(receive), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
        secret = (await acme.post("/api/v1/webhook-endpoints", json={"url": url})).json["secret"]
        payout = await curl(acme, "key-1")

        async def count() -> int:
            return len(calls)

        await until(count, 2)
    finally:
        await runner.cleanup()
    told = [Webhook(secret).verify(body, headers) for headers, body in calls]
    assert sorted(message["status"] for message in told) == ["PROCESSING", "SUCCESS"]
    last = next(message for message in told if message["status"] == "SUCCESS")
    shown = (await acme.get(f"/api/v1/payouts/{payout}")).json
    assert last.items() >= {
        "event": "payout.updated", "payoutId": payout, "pspReference": shown["pspReference"],
    }.items()  # fmt: skip
    listed = (await acme.get("/api/v1/events")).json["data"]
    assert {event["eventId"] for event in listed} == {headers["webhook-id"] for headers, _ in calls}


async def test_a_reviewed_payout_leaves_once_somebody_approves(acme: Merchant, database: db.Database) -> None:
    payout = await curl(acme, "key-1", amount=150000)
    await until_status(acme, payout, "IN_REVIEW")
    amina = await signed_in(acme, database)
    answer = await amina.post(f"/api/payouts/{payout}/approve", json={"reason": "Checked"})
    assert answer.json["message"] == "Payout approved"
    await until_status(acme, payout, "SUCCESS")
    timeline = (await amina.get(f"/api/payouts/{payout}")).json["data"]["timeline"]
    assert {"check", "vote", "move", "attempt", "money"} <= {entry["kind"] for entry in timeline}
    assert [entry["timestamp"] for entry in timeline] == sorted(entry["timestamp"] for entry in timeline)


async def test_the_books_agree_with_the_bank(house: RunningHouse, acme: Merchant, database: db.Database) -> None:
    rows = [json.loads(BODY) | {"merchantReference": f"row-{number}", "amount": number + 1} for number in range(50)]
    answer = await acme.post("/api/v1/payouts/bulk", headers={"X-IDEMPOTENCY-KEY": "file"}, json=rows)
    assert answer.json["accepted"] == 50
    for row in answer.json["results"]:
        await until_status(acme, row["id"], "SUCCESS")
    async with acme.session.get(f"{house.bank_url}/book/totals") as book:
        totals = await book.json()
    async with database.transaction(readonly=True) as tx:
        assert await ledger.discrepancies(tx) == []
        [clearing] = [b for b in await ledger.platform_balances(tx) if b.kind is ledger.AccountKind.CLEARING]
    assert totals["paid_more_than_once"] == []
    assert totals["totals"]["PKR"]["net_minor"] == clearing.amount.minor


async def signed_in(client: Client, database: db.Database) -> Client:
    """A manager, signed in."""
    hashed = await identity.hash_password("correct horse battery", email="amina@example.com")
    async with database.transaction() as tx:
        await identity.add_person(
            tx, email="amina@example.com", name="Amina", password_hash=hashed, roles=[Role.MANAGER],
            actor="system:test", at=AT,
        )  # fmt: skip
    answer = await client.post("/api/sign-in", json={"email": "amina@example.com", "password": "correct horse battery"})
    return Client(client.session, client.url, {"Authorization": f"Bearer {answer.json['token']}"})


def figures(balance: str, locked: str, available: str) -> dict[str, str]:
    """A balance as it is shown."""
    return {"currency": "PKR", "balance": balance, "lockedAmount": locked, "available": available}
