"""A running Flutterwave simulator, a client of it, and a receiver of its webhooks; all in the test's own loop."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from sandbox_house import Receiver, Reply, receiving

from bursar_sandbox import FlutterwaveSettings, SandboxSettings, create_app, server

KEY = "FLWSECK-a-key-of-this-test"
HASH = "a-hash-of-this-test"

_numbers = itertools.count(1)


@dataclass
class FlutterwaveHouse:
    """Speaks to one simulated account."""

    base: str
    session: aiohttp.ClientSession
    receiver: Receiver

    async def call(self, method: str, path: str, *, body: Any = None, key: str = KEY, **options: Any) -> Reply:
        """Call with our key; a body that is not bytes is sent as JSON."""
        headers = {"Authorization": f"Bearer {key}", **options.pop("headers", {})}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        async with self.session.request(method, self.base + path, data=data, headers=headers, **options) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def pay(self, **changes: Any) -> Reply:
        """Ask for one transfer."""
        return await self.call("POST", "/v3/transfers", body=ask(**changes))

    async def pay_many(self, items: list[Any], **options: Any) -> Reply:
        """Ask for a bulk of transfers."""
        return await self.call("POST", "/v3/bulk-transfers", body={"title": "A bulk", "bulk_data": items}, **options)

    async def find(self, reference: str) -> Any:
        """What is known under this reference, or None."""
        found = (await self.call("GET", f"/v3/transfers?reference={reference}")).json["data"]
        return found[0] if found else None

    async def control(self, what: str, /, **body: Any) -> Reply:
        """Make one of the tester's calls."""
        return await self.call("POST", f"/control/{what}", body=body)

    async def set_faults(self, **switches: Any) -> None:
        """Turn switches on."""
        reply = await self.control("faults", **switches)
        assert reply.status == 200, reply.body

    async def force(self, reference: str, status: str, **how: Any) -> Reply:
        """Move a transfer by hand."""
        return await self.control(f"transfers/{reference}", status=status, **how)

    async def book(self) -> Any:
        """The simulator's whole book."""
        return (await self.call("GET", "/book")).json

    async def ended(self, *references: str) -> list[Any]:
        """Wait until these have come to an end, and give them."""
        webhooks = await self.receiver.until(len(references))
        by_reference = {webhook.json["data"]["reference"]: webhook.json["data"] for webhook in webhooks}
        return [by_reference[reference] for reference in references]


def ask(**changes: Any) -> dict[str, Any]:
    """A transfer of 1000.50 NGN with a reference of its own."""
    return {
        "account_bank": "044",
        "account_number": "1234500001",
        "amount": 1000.5,
        "currency": "NGN",
        "narration": "For your work",
        "reference": f"ref-{next(_numbers)}x",
        **changes,
    }


def item(**changes: Any) -> dict[str, Any]:
    """The same as an item of a bulk."""
    wanted = {**ask(), **changes}
    return {"bank_code": wanted.pop("account_bank"), **wanted}


@asynccontextmanager
async def open_flutterwave(prefix: str = "/flutterwave", **settings: Any) -> AsyncIterator[FlutterwaveHouse]:
    """A simulator with these settings, reporting to a receiver of its own."""
    async with receiving() as receiver:
        chosen = {
            "secret_key": KEY,
            "secret_hash": HASH,
            "webhook_url": receiver.url,
            "v4_webhook_url": receiver.url,
            "settle_after_ms": 0,
            **settings,
        }
        app = create_app(SandboxSettings(flutterwave=FlutterwaveSettings(**chosen)))
        async with server.serving(app) as url, aiohttp.ClientSession() as session:
            yield FlutterwaveHouse(url + prefix, session, receiver)
