"""The marketplace document from beginning to end: its own calls, as they stand there, against the shipped program.

Payments are simulated, as the document has it; only who is lucky is decided by the tests, and nobody waits an hour.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest

from bursar import identity, programs
from bursar.identity import Role
from ground import AT
from house import NOBODY, Client
from market_house import MARKETPLACE, PROGRAM
from processes import SOON
from ways import SIMULATED
from world import Asked, World, open_world

PASSWORD: Final = "correct horse battery"
REFERENCE: Final = re.compile(r"PAY-\d{10}-[0-9a-f]{8}")
"""What the document shows: PAY-1234567890-abc12345."""

REQUEST: Final = "POST /scouts/:scout_id/request-payout"
COMPLETE: Final = "PATCH /orders/:order_id/complete"
MINE: Final = "GET /payouts/my-payouts?limit=20"
PENDING: Final = "GET /payouts?status=pending&page=1&limit=50"
PROCESS: Final = "POST /payouts/process/:payout_id"
RETRY: Final = "POST /payouts/:payout_id/retry"
CANCEL: Final = "POST /payouts/:payout_id/cancel"
"""The document's calls."""


@dataclass
class Somebody:
    """Who makes the document's calls."""

    client: Client
    name: str = ""
    holder: UUID = NOBODY
    account: str = ""

    async def say(self, line: str, body: Any = None, *, status: int = 200, **names: Any) -> Any:
        """What one of the document's lines is answered, with these names in the places of its own."""
        method, path = line.split(" ", 1)
        for name, value in names.items():
            path = path.replace(f":{name}", str(value))
        assert ":" not in path, path
        answer = await self.client.call(method, path, **({} if body is None else {"json": body}))
        assert answer.status == status, answer.body
        return answer.json

    async def statuses(self) -> list[str]:
        """Where each of their payouts stands, newest first."""
        return [payout["status"] for payout in (await self.say(MINE))["payouts"]]


@dataclass
class Marketplace:
    """The program ``marketplace`` in a world of its own, without the prefix that the document's paths do not have."""

    world: World
    platform: Somebody
    admin: Somebody

    async def join(self, kind: str, name: str) -> Somebody:
        """Somebody registers, signs in, and says where to be paid."""
        told = {"reference": name, "name": "Asha Rao", "kind": kind, "email": f"{name}@example.com"}
        known = await self.platform.say("POST /holders", {"holders": [told]})
        holder = UUID(known["data"][0]["id"])
        client = await self.sign_in(f"{name}@example.com", acts_for=[holder])
        account = f"{self.world.canary}{len(self.world.asked):02}"
        stored = {"type": "BANK", "bankCode": "HDFC0000001", "accountNumber": account, "accountTitle": "Asha Rao"}
        await Somebody(client).say("POST /provider/destinations", stored, status=201)
        return Somebody(client, name, holder, account)

    async def sign_in(self, address: str, *roles: Role, acts_for: list[UUID] | None = None) -> Client:
        """Add somebody, as ``bursar people add`` does, and sign them in over HTTP."""
        hashed = await identity.hash_password(PASSWORD, email=address)
        async with self.world.database.transaction() as tx:
            person = await identity.add_person(
                tx, email=address, name="Asha Rao", password_hash=hashed, roles=roles, actor="cli:test", at=AT
            )
            await identity.link(tx, [(person.id, one) for one in acts_for or []], actor="cli:test", at=AT)
        there = Client(self.world.session, self.world.web_url)
        answer = await there.post("/sign-in", json={"email": address, "password": PASSWORD})
        assert answer.status == 200, answer.body
        return Client(there.session, there.url, {"Authorization": f"Bearer {answer.json['token']}"})

    async def order(self, seller: Somebody, order: str, price: int = 50_000) -> str:
        """An order of a seller's."""
        body = {"order_id": order, "seller_id": seller.name, "item": "A bicycle", "price_paise": price}
        await self.platform.say("POST /orders", body, status=201)
        return order

    def expect(self, whose: Somebody, payout: Any) -> str:
        """Note what a payout promises, so that the gateway's book can be held against it; its id."""
        asked = Asked(payout["amount_paise"], "INR", "HDFC0000001", whose.account)
        self.world.asked[UUID(payout["payout_id"])] = asked
        return str(payout["payout_id"])

    async def hour(self) -> None:
        """Have the hour come round, as staff can."""
        await self.admin.say("POST /admin/runs", {"program": PROGRAM}, status=202)

    async def until(self, payout: str, status: str) -> None:
        """Wait until a payout stands there."""
        await self.world.until("id = $1 AND state = $2", UUID(payout), status)


@pytest.fixture
async def market(database_url: str, tmp_path: Path) -> AsyncIterator[Marketplace]:
    """The program as it is shipped, but that its hour comes round when a test says so, and payments take no second."""
    settings = {"payout_base_alias": "/", "simulated_deadline": SOON}
    async with open_world(database_url, tmp_path, through=SIMULATED, settings=settings) as world:
        async with world.database.transaction() as tx:
            text = MARKETPLACE.read_text("utf-8").replace("cron: EVERY_HOUR", "cron: EVERY_YEAR", 1)
            await programs.apply(tx, text, actor="cli:test", at=datetime.now(UTC))
            wish = identity.NewKey(None, PROGRAM, "platform", scopes=identity.PROGRAM_SCOPES)
            [issued] = await identity.issue_keys(tx, [wish], actor="cli:test", at=AT)
        world.secrets += [issued.text, PASSWORD]
        platform = Somebody(Client(world.session, world.web_url, {"X-API-KEY": issued.text}))
        here = Marketplace(world, platform, platform)
        here.admin = Somebody(await here.sign_in("admin@acme.example", Role.MANAGER))
        yield here


async def test_the_scouts_flow(market: Marketplace) -> None:
    """Register, earn bounties by recruiting people who sell, ask, see it wait, and have it paid by the hourly pass."""
    scout, seller = await market.join("scout", "scout-1"), await market.join("seller", "seller-1")
    await market.platform.say("PUT /sellers/:seller/recruiter", {"scout_id": "scout-1"}, seller="seller-1")
    for order in ("order-1", "order-2"):
        sold = await market.platform.say(COMPLETE, order_id=await market.order(seller, order))
        market.expect(seller, sold["payout"])
    assert (await scout.say("GET /scouts/:id", id="scout-1"))["earnings_paise"] == 5000
    asked = await scout.say(REQUEST, {"amount_paise": 1000}, status=201, scout_id="scout-1")
    assert (asked["status"], asked["payout_type"], asked["scout_id"]) == ("pending", "scout_bounty", "scout-1")
    first = market.expect(scout, asked)
    told = await scout.say(MINE)
    assert (told["total"], told["pending_paise"], told["total_paid_paise"]) == (1, 1000, 0)
    async with market.world.working():
        await market.hour()
        await market.until(first, "completed")
        await market.world.until_settled()
    [paid] = (await scout.say(MINE))["payouts"]
    assert (paid["status"], paid["amount_paise"]) == ("completed", 1000)
    assert REFERENCE.fullmatch(paid["payment_reference"]), paid
    assert paid["completed_at"] > paid["created_at"]
    left = await scout.say("GET /scouts/:id", id="scout-1")
    assert (left["earnings_paise"], left["paid_paise"]) == (4000, 1000)
    everything = await scout.say(REQUEST, status=201, scout_id=scout.holder)
    assert everything["amount_paise"] == 4000
    market.expect(scout, everything)
    await market.world.audit()


async def test_the_sellers_flow(market: Marketplace) -> None:
    """Completing an order creates the payout of the item's price by itself, linked to the order."""
    seller = await market.join("seller", "seller-1")
    await market.order(seller, "order-1")
    done = await seller.say(COMPLETE, order_id="order-1")
    payout = market.expect(seller, done["payout"])
    assert done["payout"].items() >= {
        "status": "pending", "payout_type": "seller_payout", "order_id": "order-1", "amount_paise": 50_000,
    }.items()  # fmt: skip
    assert (await seller.say(COMPLETE, order_id="order-1"))["payout_id"] == payout
    async with market.world.working():
        await market.hour()
        await market.until(payout, "completed")
        await market.world.until_settled()
    told = await seller.say(MINE)
    assert (told["total"], told["total_paid_paise"], told["pending_paise"]) == (1, 50_000, 0)
    await market.world.audit()


async def test_the_admins_calls(market: Marketplace) -> None:
    """List what is pending, send one now, retry one that failed, cancel another; a wrong state says what is allowed."""
    seller = await market.join("seller", "seller-1")
    sold = [await market.platform.say(COMPLETE, order_id=await market.order(seller, f"order-{n}")) for n in range(3)]
    first, second, third = [market.expect(seller, one["payout"]) for one in sold]
    listed = await market.admin.say(PENDING)
    assert [payout["id"] for payout in listed["data"]] == [third, second, first]
    assert (listed["total"], listed["page"], listed["pages"]) == (3, 1, 1)
    await market.world.control("behaviour", successRate=0.0)
    async with market.world.working():
        await market.admin.say(PROCESS, payout_id=first)
        await market.until(first, "failed")
        failed = (await seller.say(MINE))["payouts"][-1]
        assert (failed["status"], bool(failed["failure_reason"])) == ("failed", True)
        await market.world.control("behaviour", successRate=1.0)
        assert (await market.admin.say(RETRY, payout_id=first))["data"]["state"] == "approved"
        await market.admin.say(PROCESS, payout_id=first)
        await market.until(first, "completed")
        await market.admin.say(CANCEL, payout_id=second)
        for line, payout, allowed in (
            (RETRY, first, ["failed"]),
            (CANCEL, first, ["approved", "in_review", "requested", "retrying"]),
            (PROCESS, second, ["approved", "retrying"]),
        ):
            refused = await market.admin.say(line, status=409, payout_id=payout)
            assert refused["error"]["allowedFrom"] == allowed
        await market.world.until_settled()
    assert await seller.statuses() == ["pending", "cancelled", "completed"]
    counted = {
        status: len((await market.admin.say(f"GET /payouts?status={status}"))["data"])
        for status in ("pending", "processing", "completed", "failed", "cancelled")
    }
    assert counted == {"pending": 1, "processing": 0, "completed": 1, "failed": 0, "cancelled": 1}
    await market.world.audit()


async def test_an_hourly_pass_takes_ten_and_the_rest_waits_for_the_next(market: Marketplace) -> None:
    seller = await market.join("seller", "seller-1")
    names = [await market.order(seller, f"order-{n:02}") for n in range(12)]
    done = await market.platform.say("POST /orders/complete", {"order_ids": names})
    assert done["completed"] == 12
    for payout in (await seller.say("GET /payouts/my-payouts?limit=50"))["payouts"]:
        market.expect(seller, payout)
    async with market.world.working():
        await market.hour()
        await market.world.until("finished_at IS NOT NULL", table="runs")
        assert await market.world.count("state = 'completed'") == 10
        await market.hour()
        await market.world.until("state = 'completed' AND order_id IS NOT NULL", least=12)
        await market.world.until_settled()
    await market.world.audit()


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_the_documents_paths_work_with_and_without_their_prefix(prefix: str, market: Marketplace) -> None:
    scout, seller = await market.join("scout", "scout-1"), await market.join("seller", "seller-1")
    await market.order(seller, "order-1")
    for who, line, status in (
        (scout, f"GET {prefix}/payouts/my-payouts?limit=20", 200),
        (scout, f"POST {prefix}/scouts/scout-1/request-payout", 409),
        (seller, f"PATCH {prefix}/orders/order-1/complete", 200),
        (market.platform, f"PATCH {prefix}/orders/order-1/complete", 200),
        (market.admin, f"GET {prefix}/payouts?status=pending&page=1&limit=50", 200),
    ):
        await who.say(line, status=status)
