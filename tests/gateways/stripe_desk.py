"""Stripe's clients with somebody else at the other end of the line, who answers in Stripe's words."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from switchboard import Call, Switchboard, reply

from bursar.foundation.clock import FakeClock
from bursar.foundation.http import CallFailed, Reply
from bursar.foundation.money import Money
from bursar.gateways import Instruction, Outcome, check_echo
from bursar.gateways.stripe import Stripe, StripeTransfer
from bursar.holders.model import Destination
from ground import AT

ACCOUNT = "acct_1Anna"
SECRET = "whsec_of_this_test"
KEY = "key-1"
NOW = int(AT.timestamp())
LOST = CallFailed("timed_out", reached=True)


def stripe(line: Switchboard, *, secrets: str = SECRET) -> Stripe:
    """The gateway that pays out, on this line."""
    return _on(Stripe, line, secrets)


def stripe_transfer(line: Switchboard, *, secrets: str = SECRET) -> StripeTransfer:
    """The gateway that stops at the account."""
    return _on(StripeTransfer, line, secrets)


def _on(kind: type[Any], line: Switchboard, secrets: str) -> Any:
    return kind(
        line,
        url="http://stripe.test",
        secret_key="sk_test_1",
        webhook_secrets=secrets,
        version="2026-10-28.endive",
        clock=FakeClock(AT),
        deadline=30.0,
    )


def instruction(*, amount: str = "25.10", account: str = ACCOUNT, **more: Any) -> Instruction:
    """Pay somebody."""
    return Instruction(
        key=KEY,
        payout_id=UUID(int=1),
        amount=Money.parse(amount, "USD"),
        destination=Destination("stripe", account, "Anna Khan", "GATEWAY_ACCOUNT"),
        **more,
    )


def ours(**more: str) -> dict[str, str]:
    """Our metadata on what we made."""
    return {"bursar_key": KEY, "bursar_payout": str(UUID(int=1)), "bursar_gateway": "stripe", **more}


def transfer(**changes: Any) -> dict[str, Any]:
    """What Stripe has of that instruction's transfer."""
    return {
        "id": "tr_1",
        "object": "transfer",
        "amount": 2510,
        "amount_reversed": 0,
        "balance_transaction": "txn_1",
        "created": NOW,
        "currency": "usd",
        "description": None,
        "destination": ACCOUNT,
        "destination_payment": "py_1",
        "livemode": False,
        "metadata": ours(),
        "reversals": {"object": "list", "data": [], "has_more": False, "total_count": 0, "url": "/v1/transfers/tr_1"},
        "reversed": False,
        "source_transaction": None,
        "source_type": "card",
        "transfer_group": KEY,
        **changes,
    }


def reversal(amount: int = 2510, **metadata: str) -> dict[str, Any]:
    """What Stripe has of its coming back."""
    return {
        "id": "trr_1",
        "object": "transfer_reversal",
        "amount": amount,
        "currency": "usd",
        "created": NOW,
        "metadata": metadata,
        "transfer": "tr_1",
    }


def taken_back(**metadata: str) -> dict[str, Any]:
    """The transfer once it has come back whole."""
    whole = {"object": "list", "data": [reversal(**metadata)], "has_more": False, "url": "/v1/transfers/tr_1"}
    return transfer(amount_reversed=2510, reversed=True, reversals=whole)


def payout(status: Any = "pending", **changes: Any) -> dict[str, Any]:
    """What Stripe has of that instruction's payout."""
    return {
        "id": "po_1",
        "object": "payout",
        "amount": 2510,
        "arrival_date": NOW + 86_400,
        "automatic": False,
        "balance_transaction": "txn_2",
        "created": NOW,
        "currency": "usd",
        "destination": "ba_1",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": ours(),
        "method": "standard",
        "status": status,
        "type": "bank_account",
        **changes,
    }


def account(**changes: Any) -> dict[str, Any]:
    """What Stripe has of the account."""
    return {
        "id": ACCOUNT,
        "object": "account",
        "payouts_enabled": True,
        "capabilities": {"transfers": "active"},
        "requirements": {"disabled_reason": None},
        "settings": {"payouts": {"schedule": {"delay_days": 2, "interval": "manual"}}},
        "individual": {"first_name": "Anna", "last_name": "Khan"},
        **changes,
    }


def said(body: Any) -> Reply:
    """An answer that says what was asked for."""
    return reply(200, body)


def listed(*objects: Any, has_more: bool = False) -> Reply:
    """One page of a list."""
    return said({"object": "list", "data": list(objects), "has_more": has_more, "url": "/v1/things"})


def error(
    code: str | None, status: int = 400, *, type_: str = "invalid_request_error", headers: Any = None, **more: Any
) -> Reply:
    """How Stripe refuses."""
    return reply(status, {"error": {"type": type_, "code": code, "message": "No.", **more}}, headers)


def kept_500() -> Reply:
    """A server's error that Stripe answers again, because it has kept it for the key."""
    return error(None, 500, type_="api_error", headers={"Idempotent-Replayed": "true"})


def form(call: Call) -> Mapping[str, str]:
    """A call's body, read as the form that it is."""
    assert call.headers["content-type"] == "application/x-www-form-urlencoded"
    return dict(parse_qsl((call.raw or b"").decode()))


def paths(line: Switchboard) -> list[str]:
    """Which calls were made."""
    return [f"{call.method} {call.path.removeprefix('/v1')}" for call in line.calls]


def believed(outcome: Any, about: Instruction | None = None) -> Outcome:
    """What of an outcome is about what was asked."""
    assert isinstance(outcome, Outcome)
    asked = about or instruction()
    return check_echo(outcome, amount=asked.amount, destination_hash=asked.destination.hash)


def event(kind: str, about: Any, **more: Any) -> bytes:
    """A webhook's body."""
    return json.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "account": ACCOUNT,
            "api_version": "2026-10-28.endive",
            "created": NOW,
            "data": {"object": about},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
            **more,
        }
    ).encode()


def signed(body: bytes, *, secret: str = SECRET, at: int = NOW) -> dict[str, str]:
    """The headers of a webhook with this body."""
    return {"stripe-signature": f"t={at},v1={signature(body, secret=secret, at=at)}"}


def signature(body: bytes, *, secret: str = SECRET, at: int | str = NOW) -> str:
    """A signature as Stripe makes it."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
