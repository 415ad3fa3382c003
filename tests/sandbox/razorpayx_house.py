"""A running RazorpayX simulator, a client of it, and a receiver of its webhooks; all in the test's own loop."""

import itertools
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import aiohttp
from sandbox_house import Receiver, Reply, receiving, until

from bursar_sandbox import Clock, RazorpayXSettings, SandboxSettings, create_app, server

KEY_ID: Final = "rzp_live_of_these_tests"
SECRET: Final = "key-secret-of-these-tests"
HOOK_SECRET: Final = "hook-secret-of-these-tests"
ACCOUNT: Final = "7878780080316316"

_numbers = itertools.count(1)


@dataclass
class RazorpayXHouse:
    """Speaks to one simulated business."""

    url: str
    session: aiohttp.ClientSession
    receiver: Receiver

    async def call(self, method: str, path: str, *, body: Any = None, secret: str = SECRET, **headers: str) -> Reply:
        """Call it with its key; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        basic = b64encode(f"{KEY_ID}:{secret}".encode()).decode()
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        whole = {"Authorization": f"Basic {basic}", **named}
        async with self.session.request(method, self.url + path, data=data, headers=whole) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def get(self, path: str) -> Any:
        """Look at something that is there."""
        reply = await self.call("GET", path)
        assert reply.status == 200, reply.body
        return reply.json

    async def post(self, path: str, body: Any, *, status: int = 200) -> Any:
        """Do something that is done."""
        reply = await self.call("POST", path, body=body)
        assert reply.status == status, reply.body
        return reply.json

    async def pay(self, *, key: str | None = None, **changes: Any) -> Reply:
        """Ask for one payout, under an idempotency key of its own."""
        body = changes.pop("body", None) or ask(**changes)
        return await self.call("POST", "/v1/payouts", body=body, X_Payout_Idempotency=key or str(uuid4()))

    async def paid(self, **changes: Any) -> Any:
        """The same, where it is taken on; what was answered."""
        reply = await self.pay(**changes)
        assert reply.status == 200, reply.body
        return reply.json

    async def refused(self, **changes: Any) -> Any:
        """The same, where it is not; why."""
        reply = await self.pay(**changes)
        assert reply.status == 400, reply.body
        return reply.json["error"]

    async def payout(self, payout: Any) -> Any:
        """A payout as it stands."""
        return await self.get(f"/v1/payouts/{payout['id']}")

    async def reaches(self, payout: Any, status: str) -> Any:
        """Wait until a payout stands there; it as it stands."""
        found = await self.payout(payout)
        for _ in range(500):
            if found["status"] == status:
                return found
            await self.call("GET", "/control/behaviour")
            found = await self.payout(payout)
        raise AssertionError(f"it is {found['status']}")

    async def control(self, what: str, **wanted: Any) -> Any:
        """Have a tester's hand do something."""
        return await self.post(f"/control/{what}", wanted)

    async def told(self, event: str, *, count: int = 1) -> list[Any]:
        """Wait until so many events of this name have come; what they tell, in order of arrival."""

        def letters() -> list[Any]:
            return [letter.json for letter in self.receiver.inbox if letter.json["event"] == event]

        await until(lambda: len(letters()) >= count)
        return letters()

    async def balance(self) -> int:
        """What the account holds, in paise."""
        [balance] = (await self.get("/v1/banking_balances"))["items"]
        return int(balance["available_amount"])

    async def book(self) -> list[Any]:
        """The lines of its book."""
        lines: list[Any] = (await self.get("/book"))["transfers"]
        return lines


def bank(number: str = "765432100001", *, ifsc: str = "HDFC0000053", name: str = "Gaurav Kumar") -> dict[str, Any]:
    """Somebody's account at a bank, as a composite call has it."""
    account = {"name": name, "ifsc": ifsc, "account_number": number}
    return {"account_type": "bank_account", "bank_account": account, "contact": {"name": name}}


def vpa(address: str = "gaurav0001@okaxis", *, name: str = "Gaurav Kumar") -> dict[str, Any]:
    """Somebody's UPI address, as a composite call has it."""
    return {"account_type": "vpa", "vpa": {"address": address}, "contact": {"name": name}}


def ask(number: str = "765432100001", **changes: Any) -> dict[str, Any]:
    """A payout of 1,000 rupees, with a reference of its own; a change to None leaves the field out."""
    body = {
        "account_number": ACCOUNT,
        "fund_account": bank(number),
        "amount": 100_000,
        "currency": "INR",
        "mode": "IMPS",
        "purpose": "payout",
        "reference_id": f"order{next(_numbers)}-1",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def ask_upi(address: str = "gaurav0001@okaxis", **changes: Any) -> dict[str, Any]:
    """The same, to a UPI address."""
    return ask(fund_account=vpa(address), mode="UPI", **changes)


class StandingClock:
    """Goes on only where it is told to."""

    def __init__(self, at_ms: int = 1_795_000_000_000) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        """The time that it shows."""
        return self.at_ms


@asynccontextmanager
async def open_razorpayx(*, clock: Clock | None = None, **settings: Any) -> AsyncIterator[RazorpayXHouse]:
    """A business with these settings, a quick one unless they say otherwise."""
    async with receiving() as receiver:
        chosen = RazorpayXSettings(
            **{
                "key_id": KEY_ID,
                "key_secret": SECRET,
                "account_number": ACCOUNT,
                "webhook_secret": HOOK_SECRET,
                "webhook_url": receiver.url,
                "webhook_retry_delays_s": (0.05, 0.1),
                "settle_after_ms": 0,
                "reverse_after_ms": 20,
                **settings,
            }
        )
        app = create_app(SandboxSettings(razorpayx=chosen), clock=clock)
        async with server.serving(app) as url, aiohttp.ClientSession() as session:
            yield RazorpayXHouse(f"{url}/razorpayx", session, receiver)
