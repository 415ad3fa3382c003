"""Running simulated payments and a client of them, in the test's own loop."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from sandbox_house import Reply

from bursar_sandbox import SandboxSettings, SimulatedSettings, create_app, server

KEY = "a-key-of-this-test"

_numbers = itertools.count(1)


@dataclass
class SimulatedHouse:
    """Speaks to one simulated gateway."""

    url: str
    session: aiohttp.ClientSession

    async def call(self, method: str, path: str, *, body: Any = None, key: str = KEY) -> Reply:
        """Call it; a body that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {key}"}
        async with self.session.request(method, self.url + path, data=data, headers=headers) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def pay(self, **changes: Any) -> Any:
        """Ask for one payment; what was answered."""
        reply = await self.call("POST", "/payments", body=ask(**changes))
        assert reply.status == 200, reply.body
        return reply.json

    async def pay_many(self, count: int, **changes: Any) -> list[str]:
        """The standings of so many payments, asked for one after the other."""
        return [(await self.pay(**changes))["status"] for _ in range(count)]

    async def control(self, what: str, **wanted: Any) -> Any:
        """Have a tester's hand do something."""
        reply = await self.call("POST", f"/control/{what}", body=wanted)
        assert reply.status == 200, reply.body
        return reply.json

    async def book(self) -> list[Any]:
        """The lines of its book."""
        lines: list[Any] = (await self.call("GET", "/book")).json["transfers"]
        return lines


def ask(account: str = "50100012345678", **changes: Any) -> dict[str, Any]:
    """A payment of 1,000 rupees under a key of its own."""
    return {
        "key": f"key-{next(_numbers)}",
        "amount": 100_000,
        "currency": "INR",
        "recipient": {"account": account, "name": "Asha Rao", "bank_code": "HDFC0000001"},
        **changes,
    }


@asynccontextmanager
async def open_simulated(**settings: Any) -> AsyncIterator[SimulatedHouse]:
    """Simulated payments with these settings, quick ones unless they say otherwise."""
    chosen = SimulatedSettings(**{"api_key": KEY, "delay_seconds": 0, **settings})
    async with server.serving(create_app(SandboxSettings(simulated=chosen))) as url, aiohttp.ClientSession() as session:
        yield SimulatedHouse(f"{url}/simulated", session)
