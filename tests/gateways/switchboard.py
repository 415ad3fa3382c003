"""The two Flutterwave dialects with somebody else at the other end of the line: an operator who answers in turn."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from multidict import CIMultiDict, CIMultiDictProxy

from bursar.foundation.http import CallFailed, Reply
from bursar.foundation.money import Money
from bursar.gateways import Instruction
from bursar.gateways.flutterwave import Flutterwave, FlutterwaveV4
from bursar.holders.model import Destination

HASH = "a-secret-hash-of-this-test"
TOKEN = {"access_token": "token-1", "expires_in": 600}


@dataclass(frozen=True)
class Call:
    """One call as it was made."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes | None
    deadline: float

    @property
    def body(self) -> Any:
        """Its body, read as JSON."""
        return json.loads(self.raw or b"null")


class Switchboard:
    """Takes calls in the HTTP client's place, and gives one answer after the other; the last one again and again."""

    def __init__(self, *answers: Reply | CallFailed) -> None:
        self.calls: list[Call] = []
        self._answers = list(answers)

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, deadline: float
    ) -> Reply:
        """What ``PoliteClient.call`` promises."""
        parts = urlsplit(url)
        self.calls.append(Call(method, parts.path, dict(parse_qsl(parts.query)), headers, body, deadline))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, CallFailed):
            raise answer
        return answer


def reply(status: int, body: bytes | Any = b"", headers: Mapping[str, str] | None = None) -> Reply:
    """A complete answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, CIMultiDictProxy(CIMultiDict(headers or {})), raw)


def success(data: Any, **more: Any) -> Reply:
    """An answer that says what was asked for."""
    return reply(200, {"status": "success", "message": "done", "data": data, **more})


def listed(*transfers: Any, page: int = 1, pages: int = 1, total: int | None = None) -> Reply:
    """One page of a list."""
    info = {"total": len(transfers) if total is None else total, "current_page": page, "total_pages": pages}
    return success(list(transfers), meta={"page_info": info})


def error(message: str | None, status: int = 400) -> Reply:
    """How v3 refuses."""
    return reply(status, {"status": "error", "message": message, "data": None})


def v3(line: Switchboard, *, bulk_max: int = 100, test_suffix: str = "", secret_hash: str = HASH) -> Flutterwave:
    """The v3 client on this line."""
    return Flutterwave(
        line,  # type: ignore[arg-type]  # It answers as the client would.
        url="http://flw.test",
        secret_key="key",
        secret_hash=secret_hash,
        bulk_max=bulk_max,
        deadline=30.0,
        test_suffix=test_suffix,
    )


def v4(
    line: Switchboard, *, plain: bool = False, secret_hash: str = HASH, now: list[float] | None = None
) -> FlutterwaveV4:
    """The v4 client on this line; ``now`` is a clock that stands still."""
    seconds = now or [0.0]
    return FlutterwaveV4(
        line,  # type: ignore[arg-type]  # It answers as the client would.
        url="http://flw.test/v4",
        token_url="http://idp.test/token",
        client_id="id",
        client_secret="secret",
        secret_hash=secret_hash,
        deadline=30.0,
        plain_signature=plain,
        monotonic=lambda: seconds[0],
    )


def instruction(number: int = 1, *, amount: str = "1000.10", reference: str | None = None) -> Instruction:
    """Pay somebody."""
    return Instruction(
        key=f"key-{number}",
        payout_id=UUID(int=number),
        amount=Money.parse(amount, "NGN"),
        destination=Destination("044", "0690000031", "Ada Okafor"),
        reference=reference,
    )


def transfer(status: Any = "SUCCESSFUL", *, number: int = 1, **changes: Any) -> dict[str, Any]:
    """What v3 knows of that instruction."""
    return {
        "id": 100 + number,
        "account_number": "0690000031",
        "bank_code": "044",
        "full_name": "Ada Okafor",
        "created_at": "2026-11-20T09:00:00.000Z",
        "currency": "NGN",
        "debit_currency": "NGN",
        "amount": 1000.1,
        "fee": 26.88,
        "status": status,
        "reference": f"key-{number}",
        "meta": None,
        "narration": "",
        "complete_message": "",
        "requires_approval": 0,
        "is_approved": 1,
        "bank_name": "ACCESS BANK NIGERIA",
        **changes,
    }


def transfer_v4(status: Any = "SUCCESSFUL", *, number: int = 1, **changes: Any) -> dict[str, Any]:
    """What v4 knows of it."""
    return {
        "id": f"trf_{number}",
        "type": "bank",
        "action": "instant",
        "reference": f"key-{number}",
        "status": status,
        "source_currency": "NGN",
        "destination_currency": "NGN",
        "amount": {"value": 1000.1, "applies_to": "destination_currency"},
        "fee": {"currency": "NGN", "value": 26.88},
        "recipient": {"type": "bank", "bank": {"account_number": "0690000031", "code": "044"}},
        "created_datetime": "2026-11-20T09:00:00Z",
        **changes,
    }


def signed(body: bytes, *, secret: str = HASH) -> dict[str, str]:
    """The headers of a v4 webhook with this body."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"flutterwave-signature": base64.b64encode(digest).decode()}
