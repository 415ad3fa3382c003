"""A running Stripe simulator, Stripe's own SDK as its client, and a receiver of its webhooks."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import aiohttp
import requests
import stripe
from sandbox_house import Receiver, Reply, receiving, until

from bursar_sandbox import Clock, SandboxSettings, StripeSettings, create_app, server

KEY: Final = "sk_test_a_key_of_these_tests"
RESTRICTED: Final = "rk_test_a_key_of_these_tests"
SECRET: Final = "whsec_of_these_tests"
CONNECT_SECRET: Final = "whsec_connect_of_these_tests"
PAID: Final = "000123456789"

T = TypeVar("T")

_numbers: Iterator[int] = itertools.count(1)


@dataclass
class StripeHouse:
    """Speaks to one simulated platform."""

    url: str
    session: aiohttp.ClientSession
    receiver: Receiver
    http: stripe.RequestsClient  # Of the SDK; what it uses by itself, but for an end that is known.

    @property
    def base(self) -> str:
        """The platform's address."""
        return f"{self.url}/stripe"

    @property
    def client(self) -> Any:
        """Stripe's own client, unchanged but for the address it calls; it never repeats a call by itself."""
        return stripe.StripeClient(KEY, base_addresses={"api": self.base}, max_network_retries=0, http_client=self.http)

    async def sdk(self, use: Callable[[Any], T]) -> T:
        """Let Stripe's client do something; it blocks, so it does it elsewhere."""
        return await asyncio.to_thread(use, self.client)

    async def call(self, method: str, path: str, *, form: Any = None, key: str = KEY, **headers: str) -> Reply:
        """Call as any HTTP client would; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = form if isinstance(form, bytes | None) else urlencode(form).encode()
        whole = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-www-form-urlencoded", **named}
        async with self.session.request(method, self.base + path, data=data, headers=whole) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def transfer(self, *, idempotency_key: str | None = None, **changes: Any) -> Reply:
        """Ask for one transfer."""
        keyed = {} if idempotency_key is None else {"Idempotency_Key": idempotency_key}
        return await self.call("POST", "/v1/transfers", form=transfer(**changes), **keyed)

    async def pay_out(self, account: str, *, idempotency_key: str | None = None, **changes: Any) -> Reply:
        """Ask for one payout of a connected account's money."""
        keyed = {} if idempotency_key is None else {"Idempotency_Key": idempotency_key}
        form = {"amount": 2500, "currency": "usd", **changes}
        return await self.call("POST", "/v1/payouts", form=form, Stripe_Account=account, **keyed)

    async def pay(self, account: str, *, group: str, amount: int = 2500) -> str:
        """Do both steps, and give the payout's name."""
        sent = await self.transfer(destination=account, transfer_group=group, amount=amount)
        assert sent.status == 200, sent.body
        paid = await self.pay_out(account, amount=amount, **{"metadata[key]": group})
        assert paid.status == 200, paid.body
        return str(paid.json["id"])

    async def status_of(self, payout: str, account: str) -> tuple[str, str | None]:
        """Where a payout stands, and why it failed if it did."""
        found = (await self.call("GET", f"/v1/payouts/{payout}", Stripe_Account=account)).json
        return found["status"], found["failure_code"]

    async def until_status(self, payout: str, account: str, status: str) -> None:
        """Wait until a payout has come so far."""
        async with asyncio.timeout(5):
            while (await self.status_of(payout, account))[0] != status:
                await asyncio.sleep(0.01)

    async def holds(self, account: str | None = None, currency: str = "usd") -> int:
        """What an account has available; the platform's without a name."""
        on_behalf = {} if account is None else {"Stripe_Account": account}
        balance = (await self.call("GET", "/v1/balance", **on_behalf)).json
        return sum(each["amount"] for each in balance["available"] if each["currency"] == currency)

    async def control(self, what: str, /, **body: Any) -> Reply:
        """Make one of the tester's calls."""
        async with self.session.post(f"{self.base}/control/{what}", json=body) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def set_faults(self, **switches: Any) -> None:
        """Turn switches on."""
        reply = await self.control("faults", **switches)
        assert reply.status == 200, reply.body

    async def book(self, of: str = "") -> Any:
        """The book of payouts, or with `/transfers` that of transfers."""
        return (await self.call("GET", f"{of}/book")).json

    async def told(self, *types: str) -> list[Any]:
        """Wait until events of these types have come, and give all that have."""
        wanted = set(types)
        await until(lambda: wanted <= {event["type"] for event in self.events})
        return self.events

    @property
    def events(self) -> list[Any]:
        """What has been told so far."""
        return [json.loads(webhook.body) for webhook in self.receiver.inbox]


def transfer(**changes: Any) -> dict[str, Any]:
    """A transfer of 25.00 USD, with a group of its own."""
    return {
        "amount": 2500,
        "currency": "usd",
        "destination": "acct_sandbox0001",
        "transfer_group": f"group-{next(_numbers)}x",
        **changes,
    }


def bank_account(number: str = PAID, **changes: Any) -> dict[str, Any]:
    """A bank account with one of Stripe's test numbers."""
    own = {"country": "US", "currency": "usd", "routing_number": "110000000", "account_number": number}
    return {"object": "bank_account", **own, **changes}


@asynccontextmanager
async def open_stripe(clock: Clock | None = None, **settings: Any) -> AsyncIterator[StripeHouse]:
    """A platform with these settings, reporting to a receiver of its own."""
    async with receiving() as receiver:
        chosen = {
            "secret_key": KEY,
            "restricted_key": RESTRICTED,
            "webhook_secret": SECRET,
            "connect_webhook_secret": CONNECT_SECRET,
            "webhook_urls": (receiver.url,),
            "settle_after_ms": 0,
            "fail_after_ms": 0,
            **settings,
        }
        app = create_app(SandboxSettings(stripe=StripeSettings(**chosen)), clock=clock)
        with requests.Session() as pool:
            async with server.serving(app) as url, aiohttp.ClientSession() as session:
                yield StripeHouse(url, session, receiver, stripe.RequestsClient(session=pool))
