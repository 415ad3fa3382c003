"""RazorpayX's client with somebody else at the other end of the line, who answers in RazorpayX's words."""

import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

from switchboard import Switchboard, reply

from bursar.foundation.http import CallFailed, Reply
from bursar.foundation.money import Money
from bursar.gateways import Instruction, Outcome, check_echo
from bursar.gateways.razorpayx import RazorpayX
from bursar.holders import Destination, upi
from ground import AT

SECRET = "whsec-of-this-test"
KEY = "00000000000000000000000000000001-1"
ACCOUNT = "7878780080316316"
NOW = int(AT.timestamp())
LOST = CallFailed("timed_out", reached=True)
BANK = Destination("HDFC0001234", "1121431121541121", "Gaurav Kumar")
VPA = upi("gauravkumar@okaxis", title="Gaurav Kumar")


def razorpayx(line: Switchboard, *, secrets: str = SECRET, key_id: str = "rzp_live_1", **more: Any) -> RazorpayX:
    """The gateway on this line."""
    return RazorpayX(
        line,  # type: ignore[arg-type]  # It answers as the client would.
        url="http://rzp.test/",
        key_id=key_id,
        key_secret="of this test",
        account_number=ACCOUNT,
        webhook_secrets=secrets,
        deadline=30.0,
        **more,
    )


def instruction(*, amount: str = "25.10", to: Destination = BANK, **more: Any) -> Instruction:
    """Pay somebody."""
    return Instruction(key=KEY, payout_id=UUID(int=1), amount=Money.parse(amount, "INR"), destination=to, **more)


def payout(status: Any = "processing", *, reason: str | None = None, **changes: Any) -> dict[str, Any]:
    """What RazorpayX has of that instruction, as its list shows it."""
    return {
        "id": "pout_1",
        "entity": "payout",
        "fund_account_id": "fa_1",
        "amount": 2510,
        "currency": "INR",
        "notes": {"bursar_key": KEY, "bursar_payout": str(UUID(int=1))},
        "fees": 590,
        "tax": 90,
        "status": status,
        "purpose": "payout",
        "utr": None,
        "mode": "IMPS",
        "reference_id": KEY,
        "narration": "Acme Corp",
        "batch_id": None,
        "status_details": {"description": "Told in words.", "source": "beneficiary_bank", "reason": reason},
        "created_at": NOW,
        "fee_type": "",
        **changes,
    }


def whole(status: Any = "processing", *, to: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The same as the composite call answers it: with where it goes."""
    account = to or {"bank_account": {"ifsc": "HDFC0001234", "account_number": "1121431121541121", "notes": []}}
    found = {"id": "fa_1", "entity": "fund_account", "account_type": next(iter(account)), "active": True, **account}
    return payout(status, fund_account=found, **changes)


def said(body: Any) -> Reply:
    """An answer that says what was asked for."""
    return reply(200, body)


def listed(*items: Any) -> Reply:
    """One page of a list."""
    return said({"entity": "collection", "count": len(items), "items": list(items)})


def error(reason: str | None, status: int = 400, *, headers: Any = None, **more: Any) -> Reply:
    """How RazorpayX refuses."""
    said_ = {"code": "BAD_REQUEST_ERROR", "description": "No.", "source": "business", "step": "NA", "reason": reason}
    return reply(status, {"error": {**said_, "metadata": {}, **more}}, headers)


def paths(line: Switchboard) -> list[str]:
    """Which calls were made."""
    return [f"{call.method} {call.path.removeprefix('/v1')}" for call in line.calls]


def believed(outcome: Any, about: Instruction | None = None) -> Outcome:
    """What of an outcome is about what was asked."""
    assert isinstance(outcome, Outcome)
    asked = about or instruction()
    return check_echo(outcome, amount=asked.amount, destination_hash=asked.destination.hash)


def event(kind: str, about: Any = None, **more: Any) -> bytes:
    """A webhook's body about a payout."""
    return json.dumps(
        {
            "entity": "event",
            "account_id": "acc_1",
            "event": kind,
            "contains": ["payout"],
            "payload": {"payout": {"entity": about}},
            "created_at": NOW,
            **more,
        }
    ).encode()


def downtime(kind: str = "started", **changes: Any) -> bytes:
    """A webhook's body about a bank."""
    entity = {
        "id": "poutdown_1",
        "entity": "payout.downtime",
        "scheduled": False,
        "method": ["IMPS"],
        "begin": NOW,
        "end": None,
        "status": kind,
        "source": "beneficiary",
        "instrument": {"bank": "HDFC"},
        **changes,
    }
    return event(f"payout.downtime.{kind}", payload={"payout.downtime": {"entity": entity}})


def signed(body: bytes, *, secret: str = SECRET, event_id: str = "evt_1") -> dict[str, str]:
    """The headers of a webhook with this body."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-razorpay-signature": signature, "x-razorpay-event-id": event_id}
