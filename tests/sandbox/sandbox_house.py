"""A running mock bank, a client of it, and a receiver of its webhooks; all in the test's own loop."""

import asyncio
import io
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import aiohttp
from aiohttp import web

from bursar_sandbox import SandboxSettings, create_app, server

SECRET = "a-secret-of-this-test"
KEY = "a-key-of-this-test"
SOON_S = 5.0  # Far more than anything here should need.

_numbers = itertools.count(1)


class Reply(NamedTuple):
    """What the bank answered."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class Received(NamedTuple):
    """One webhook as it arrived."""

    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """Takes webhooks, and answers them as it was told to."""

    url: str = ""
    inbox: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # One each; 200 when they have run out.
    naps_s: list[float] = field(default_factory=list)  # Before each answer; none when run out.

    async def handle(self, request: web.Request) -> web.Response:
        """Take one webhook."""
        self.inbox.append(Received(request.headers, await request.read()))
        await asyncio.sleep(self.naps_s.pop(0) if self.naps_s else 0)
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def until(self, count: int) -> list[Received]:
        """Wait until so many webhooks have come."""
        await until(lambda: len(self.inbox) >= count)
        return self.inbox

    @property
    def statuses(self) -> list[str]:
        """The statuses that were told, in order of arrival."""
        return [webhook.json["status"] for webhook in self.inbox]


@dataclass
class SandboxHouse:
    """Speaks to one mock bank."""

    url: str
    session: aiohttp.ClientSession
    receiver: Receiver

    async def call(self, method: str, path: str, *, body: Any = None, **options: Any) -> Reply:
        """Call the bank with its key; a body that is not bytes or a stream is sent as JSON."""
        headers = {"Authorization": f"Bearer {KEY}", **options.pop("headers", {})}
        data = body if isinstance(body, bytes | io.BytesIO | None) else json.dumps(body).encode()
        async with self.session.request(method, self.url + path, data=data, headers=headers, **options) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def pay(self, **changes: Any) -> Reply:
        """Ask for one transfer."""
        return await self.call("POST", "/v1/transfers", body=ask(**changes))

    async def pay_many(self, items: list[Any], *, batch: str = "batch-1", **options: Any) -> Reply:
        """Ask for a batch of transfers."""
        body = {"batchReference": batch, "items": items}
        return await self.call("POST", "/v1/transfers/bulk", body=body, **options)

    async def look_up(self, reference: str) -> Reply:
        """Ask for a transfer by our reference."""
        return await self.call("GET", f"/v1/transfers/{reference}")

    async def status_of(self, reference: str) -> str:
        """Where a transfer stands, or `unknown`."""
        reply = await self.look_up(reference)
        return str(reply.json["status"]) if reply.status == 200 else "unknown"

    async def set_faults(self, **switches: Any) -> Any:
        """Turn switches on."""
        reply = await self.call("POST", "/control/faults", body=switches)
        assert reply.status == 200, reply.body
        return reply.json

    async def force(self, reference: str, **body: Any) -> Reply:
        """Move a transfer by hand."""
        return await self.call("POST", f"/control/transfers/{reference}", body=body)

    async def book(self) -> Any:
        """The bank's whole book."""
        return (await self.call("GET", "/book")).json

    async def webhooks(self) -> list[Any]:
        """The bank's record of its deliveries."""
        items: list[Any] = (await self.call("GET", "/control/webhooks")).json["items"]
        return items


def ask(**changes: Any) -> dict[str, Any]:
    """A transfer of 1000.00 PKR, with a reference and an order of its own."""
    number = next(_numbers)
    return {
        "reference": f"ref-{number}",
        "orderId": f"order-{number}",
        "amount": "1000.00",
        "currency": "PKR",
        "bankCode": "HBL",
        "accountNumber": "1234500001",
        "accountTitle": "Test User",
        **changes,
    }


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that is about to happen."""
    async with asyncio.timeout(SOON_S):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def open_house(**settings: Any) -> AsyncIterator[SandboxHouse]:
    """A bank with these settings, reporting to a receiver of its own."""
    async with receiving() as receiver:
        chosen = {"api_key": KEY, "webhook_secret": SECRET, "webhook_url": receiver.url, **settings}
        async with server.serving(create_app(SandboxSettings(**chosen))) as url, aiohttp.ClientSession() as session:
            yield SandboxHouse(url, session, receiver)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver of webhooks that listens."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
