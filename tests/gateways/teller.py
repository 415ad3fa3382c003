"""The mock bank's client with somebody else at the other end of the line: a teller who answers as told."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from multidict import CIMultiDict, CIMultiDictProxy

from bursar.foundation.clock import FakeClock
from bursar.foundation.http import CallFailed, Reply
from bursar.foundation.money import Money
from bursar.gateways import Instruction
from bursar.gateways.mockbank import MockBank
from bursar.holders.model import Destination
from ground import AT

SECRET = "a-secret-of-this-test"


class Teller:
    """Takes calls in the HTTP client's place, and answers all of them alike."""

    def __init__(self, status: int = 200, body: bytes | Any = b"", headers: Mapping[str, str] | None = None) -> None:
        self.calls: list[tuple[str, str, Any]] = []
        self._answer: Reply | CallFailed = Reply(
            status,
            CIMultiDictProxy(CIMultiDict(headers or {})),
            body if isinstance(body, bytes) else json.dumps(body).encode(),
        )

    @classmethod
    def failing(cls, cause: str, *, reached: bool) -> "Teller":
        """Nobody answers."""
        teller = cls()
        teller._answer = CallFailed(cause, reached=reached)
        return teller

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, deadline: float
    ) -> Reply:
        """What ``PoliteClient.call`` promises."""
        self.calls.append((method, url, json.loads(body) if body else None))
        if isinstance(self._answer, CallFailed):
            raise self._answer
        return self._answer


def bank(teller: Teller, clock: FakeClock | None = None) -> MockBank:
    """The mock bank's client, talking to this teller."""
    return MockBank(
        teller,  # type: ignore[arg-type]  # It answers as the client would.
        url="http://bank.test",
        api_key="key",
        webhook_secret=SECRET,
        clock=clock or FakeClock(AT),
    )


def instruction(number: int = 1, *, amount: str = "1000.00") -> Instruction:
    """Pay somebody."""
    return Instruction(
        key=f"key-{number}",
        payout_id=UUID(int=number),
        amount=Money.parse(amount, "PKR"),
        destination=Destination("HBL", "1234500001", "Anna Khan"),
    )


def answer(status: Any = "SUCCESS", *, number: int = 1, **changes: Any) -> dict[str, Any]:
    """What the mock bank answers about that instruction."""
    about = instruction(number)
    return {
        "reference": about.key,
        "status": status,
        "pspReference": f"PSP{number}",
        "reason": None,
        "amount": about.amount.text,
        "currency": "PKR",
        "accountNumberLast4": "0001",
        "destinationHash": about.destination.hash,
        "processedAt": "2026-11-20T09:00:00.000Z",
        **changes,
    }


def signed(body: bytes, *, at: int | None = None, secret: str = SECRET) -> dict[str, str]:
    """The headers of a webhook with this body."""
    timestamp = str(int(AT.timestamp()) if at is None else at)
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-psp-timestamp": timestamp, "x-psp-signature": f"v1={digest}"}
