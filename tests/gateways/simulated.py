"""Every gateway with its simulator at the other end, which books for itself and can be told to misbehave."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from bursar.foundation.clock import Clock, SystemClock
from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money
from bursar.gateways import Gateway, Instruction, NeverArrived, Outcome, Report, Word, check_echo
from bursar.gateways.flutterwave import Flutterwave, FlutterwaveV4
from bursar.gateways.mockbank import MockBank
from bursar.gateways.razorpayx import RazorpayX
from bursar.gateways.simulated import Simulated
from bursar.gateways.stripe import Stripe, StripeTransfer
from bursar.holders.model import Destination, DestinationType
from bursar_sandbox import (
    FlutterwaveSettings,
    RazorpayXSettings,
    SandboxSettings,
    SimulatedSettings,
    StripeSettings,
    create_app,
    server,
)

BUSINESS_ACCOUNT = "7878780080316316"
LOOKS_MAX = 50  # At what has been accepted, before it counts as something that stays so.
PAID, REFUSED, RETRYABLE, ACCEPTED, HELD = "1234500001", "1234500003", "1234500002", "1234500004", "1234500005"
"""Accounts by what becomes of a payment to them; the simulators agree about these."""

Fate = tuple[Word, bool]
"""What becomes of a payment, and whether it may be tried again."""

FATES: Mapping[str, Fate] = {
    PAID: (Word.PAID, False),
    REFUSED: (Word.REFUSED, False),
    RETRYABLE: (Word.REFUSED, True),
    ACCEPTED: (Word.ACCEPTED, False),
    HELD: (Word.HELD, False),
}


@dataclass(frozen=True)
class Case:
    """One gateway: how to make it for a simulator's address, under which prefix that is, and whom it can pay.

    ``account`` gives an account's name there, and ``fates`` what becomes of payments otherwise than with the others.
    Of a payment that takes more than one of its ``steps``, a look-up may say between them that it never arrived. Not
    every gateway ``reports`` what it did.
    """

    make: Callable[[PoliteClient, str], Gateway]
    prefix: str
    bank_code: str
    currency: str
    account: Callable[[str], str] = str
    type: DestinationType = "BANK"
    fates: Mapping[str, Fate] = field(default_factory=dict)
    steps: int = 1
    reports: bool = True

    def ask(self, number: int = 1, *, account: str = PAID, amount: str = "1000.00") -> Instruction:
        """Pay somebody for the first time."""
        return Instruction(
            key=f"{UUID(int=number).hex}-1",
            payout_id=UUID(int=number),
            amount=Money.parse(amount, self.currency),
            destination=Destination(self.bank_code, self.account(account), "Anna Khan", self.type),
        )

    def fate(self, account: str) -> Fate:
        """What becomes of a payment to this account."""
        return self.fates.get(account, FATES[account])


def mockbank(client: PoliteClient, url: str) -> MockBank:
    """The mock bank of the simulators at this address."""
    return MockBank(client, url=url, api_key="k", webhook_secret="s", clock=SystemClock(), deadline=5.0)


def simulated_payments(client: PoliteClient, url: str) -> Simulated:
    """The marketplace's simulated payments there."""
    return Simulated(client, url=f"{url}/simulated", api_key="k", deadline=5.0)


def flutterwave(client: PoliteClient, url: str, *, test_suffix: str = "") -> Flutterwave:
    """Flutterwave v3 there."""
    return Flutterwave(
        client,
        url=f"{url}/flutterwave",
        secret_key="FLWSECK-k",
        secret_hash="s",
        bulk_max=100,
        deadline=5.0,
        test_suffix=test_suffix,
    )


def flutterwave_v4(client: PoliteClient, url: str, *, client_secret: str = "c") -> FlutterwaveV4:
    """Flutterwave v4 there."""
    return FlutterwaveV4(
        client,
        url=f"{url}/flutterwave/v4",
        token_url=f"{url}/flutterwave/v4/oauth/token",
        client_id="id",
        client_secret=client_secret,
        secret_hash="s",
        deadline=5.0,
    )


def stripe(client: PoliteClient, url: str) -> Stripe:
    """Stripe there, as far as the bank."""
    return Stripe(client, **platform(url))


def stripe_transfer(client: PoliteClient, url: str) -> StripeTransfer:
    """Stripe there, as far as the connected account."""
    return StripeTransfer(client, **platform(url))


def platform(url: str, *, clock: Clock | None = None) -> dict[str, Any]:
    """What either needs to know of the platform account there."""
    return {
        "url": f"{url}/stripe",
        "secret_key": "sk_test_k",
        "webhook_secrets": "whsec_platform,whsec_connect",
        "version": "2026-10-28.endive",
        "clock": clock or SystemClock(),
        "deadline": 5.0,
    }


def razorpayx(client: PoliteClient, url: str, *, key_id: str = "rzp_live_k") -> RazorpayX:
    """RazorpayX there."""
    return RazorpayX(
        client,
        url=f"{url}/razorpayx",
        key_id=key_id,
        key_secret="s",
        account_number=BUSINESS_ACCOUNT,
        webhook_secrets="new,s",
        deadline=5.0,
    )


CASES = {
    "mockbank": Case(mockbank, "", "HBL", "PKR"),
    "simulated": Case(
        simulated_payments,
        "/simulated",
        "HDFC0000001",
        "INR",
        fates={HELD: (Word.PAID, False)},  # Nothing is ever held there.
        reports=False,
    ),
    "flutterwave": Case(flutterwave, "/flutterwave", "044", "NGN"),
    "flutterwave-v4": Case(flutterwave_v4, "/flutterwave/v4", "044", "NGN", fates={HELD: (Word.ACCEPTED, False)}),
    "razorpayx": Case(razorpayx, "/razorpayx", "HDFC0000053", "INR"),
    "razorpayx-upi": Case(
        razorpayx,
        "/razorpayx",
        "okaxis",
        "INR",
        account="asha{}@okaxis".format,
        type="UPI",
    ),
    "stripe": Case(
        stripe,
        "/stripe",
        "stripe",
        "USD",
        account="acct_sandbox{}".format,
        type="GATEWAY_ACCOUNT",
        fates={HELD: (Word.REFUSED, False)},  # An account that may not be paid out; nothing is ever held.
        steps=2,
    ),
    "stripe-transfer": Case(
        stripe_transfer,
        "/stripe/transfers",
        "stripe-transfer",
        "USD",
        account=lambda number: f"acct_sandbox{'1234500006' if number == REFUSED else number}",
        type="GATEWAY_ACCOUNT",
        fates=dict.fromkeys((RETRYABLE, ACCEPTED, HELD), (Word.PAID, False)),  # What follows is the account's business.
        reports=False,
    ),
}


def simulators(mailbox: str) -> SandboxSettings:
    """Quick ones with short pages, all of which report to this address."""
    flutterwave = FlutterwaveSettings(
        secret_key="FLWSECK-k",
        secret_hash="s",
        webhook_url=mailbox,
        client_id="id",
        client_secret="c",
        v4_webhook_url=mailbox,
        settle_after_ms=20,
        page_size=10,
    )
    stripe = StripeSettings(
        secret_key="sk_test_k",
        webhook_urls=(mailbox,),
        webhook_secret="whsec_platform",
        connect_webhook_secret="whsec_connect",
        settle_after_ms=20,
    )
    return SandboxSettings(
        api_key="k",
        webhook_url=mailbox,
        webhook_secret="s",
        flutterwave=flutterwave,
        stripe=stripe,
        razorpayx=RazorpayXSettings(
            key_id="rzp_live_k",
            key_secret="s",
            account_number=BUSINESS_ACCOUNT,
            webhook_url=mailbox,
            webhook_secret="s",
            settle_after_ms=20,
        ),
        simulated=SimulatedSettings(api_key="k", success_rate=1.0, delay_seconds=0),
    )


class Mailbox:
    """Takes webhooks in as they come, raw."""

    def __init__(self) -> None:
        self.letters: asyncio.Queue[tuple[bytes, dict[str, str]]] = asyncio.Queue()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            for stage in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{stage}.complete"})
            return
        body = b""
        while (part := await receive()).get("more_body"):
            body += part["body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.letters.put_nowait((body + part["body"], headers))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True)
class Tried:
    """A gateway with its simulator at the other end."""

    gateway: Gateway
    case: Case
    client: PoliteClient
    url: str
    mailbox: Mailbox

    async def send(self, *asked: Instruction) -> list[Outcome]:
        """Ask it to pay, and believe only what matches."""
        outcomes = await self.gateway.send(asked)
        return [believed(one, outcome) for one, outcome in zip(asked, outcomes, strict=True)]

    async def inquire(self, *asked: Instruction) -> list[Outcome | NeverArrived]:
        """Ask what became of them, as often as the gateway's limit needs, and believe only what matches."""
        at_once = self.gateway.capabilities.inquire_max
        answers = [
            answer
            for start in range(0, len(asked), at_once)
            for answer in await self.gateway.inquire(asked[start : start + at_once])
        ]
        return [
            believed(one, answer) if isinstance(answer, Outcome) else answer
            for one, answer in zip(asked, answers, strict=True)
        ]

    async def settle(self, *asked: Instruction) -> list[Outcome]:
        """Ask it to pay, then look until nothing more becomes of what it has accepted."""
        return await self.follow(asked, await self.send(*asked))

    async def follow(self, asked: Sequence[Instruction], outcomes: list[Outcome]) -> list[Outcome]:
        """Look until nothing more becomes of what it has accepted, or may have; send again what stopped half-way."""
        for _ in range(LOOKS_MAX):
            open_ = [place for place, outcome in enumerate(outcomes) if outcome.word in {Word.ACCEPTED, Word.UNKNOWN}]
            still = [replace(asked[place], reference=outcomes[place].reference) for place in open_]
            for place, answer in zip(open_, await self.inquire(*still), strict=True):
                assert isinstance(answer, Outcome) or self.case.steps > 1, "what it accepted, it knows"
                outcomes[place] = answer if isinstance(answer, Outcome) else (await self.send(asked[place]))[0]
            if not open_:
                break
            await asyncio.sleep(0.005)
        return outcomes

    async def reported(self, word: Word) -> tuple[Report, bytes, dict[str, str]]:
        """The next report that says this, with the letter that it stood in; all others are passed over."""
        while True:
            body, headers = await asyncio.wait_for(self.mailbox.letters.get(), 5)
            for report in self.gateway.read_report(body, headers):
                if report.outcome.word is word:
                    return report, body, headers

    async def payments(self) -> list[dict[str, Any]]:
        """What its book says was really paid."""
        reply = await self.client.call("GET", f"{self.url}{self.case.prefix}/book", headers={}, deadline=5)
        return [line for line in json.loads(reply.body)["transfers"] if line["status"] == "SUCCESS"]

    async def misbehave(self, **faults: Any) -> None:
        """Let its simulator do so from now on; nothing named: let it behave again."""
        await self.control("POST" if faults else "DELETE", "faults", faults)

    async def control(self, method: str, what: str, said: Any) -> Any:
        """Have a tester's hand do something to its simulator."""
        url, body = f"{self.url}{self.case.prefix}/control/{what}", json.dumps(said).encode()
        reply = await self.client.call(method, url, headers={}, body=body, deadline=5)
        assert reply.status < 300, reply.body
        return json.loads(reply.body)


@asynccontextmanager
async def simulated(name: str) -> AsyncIterator[Tried]:
    """The gateway of this name, and a simulator that nobody else uses."""
    client, case, mailbox = PoliteClient.open(), CASES[name], Mailbox()
    async with server.serving(mailbox) as address, server.serving(create_app(simulators(address))) as url:
        gateway = case.make(client, url)
        assert name.startswith(gateway.name)
        yield Tried(gateway, case, client, url, mailbox)
        await client.close()


def believed(asked: Instruction, outcome: Outcome) -> Outcome:
    """What of an outcome is about what was asked."""
    return check_echo(outcome, amount=asked.amount, destination_hash=asked.destination.hash)


def words(outcomes: Sequence[Outcome | NeverArrived]) -> list[Word | None]:
    """The outcomes' words; None for what never arrived."""
    return [outcome.word if isinstance(outcome, Outcome) else None for outcome in outcomes]
