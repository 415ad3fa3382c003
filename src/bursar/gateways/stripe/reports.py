"""Stripe's webhooks, signed over their raw bytes and the time. What they tell is a reason to ask (see ``gateway``)."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from bursar.foundation.errors import Invalid
from bursar.gateways.model import ForgedReport, Outcome, Report, Word
from bursar.gateways.stripe import causes, wire

HEADER: Final = "stripe-signature"
AGE_MAX: Final = 300  # Seconds; Stripe's own library allows as much. Ours allows no more of a time to come, either.
HEADER_LENGTH_MAX: Final = 4_096  # A signature for each of a few secrets; nothing longer is looked at.

_REVERSED: Final = Outcome(Word.RETURNED, reason=causes.TAKEN_BACK.reason)
"""A transfer that came back whole; a part of one is left to reconciliation."""


class _Data(msgspec.Struct):
    object: msgspec.Raw


class _Event(msgspec.Struct):
    """A webhook's body. ``account`` is whose payout it is about, and absent from what happens in our own account."""

    id: wire.Text
    type: str
    data: _Data
    account: wire.Text | None = None


def secrets(text: str) -> tuple[bytes, ...]:
    """The signing secrets of a setting: one for each webhook endpoint, and old ones while they are being replaced."""
    return tuple(part.strip().encode() for part in text.split(",") if part.strip())


def read(
    body: bytes, headers: Mapping[str, str], *, secrets: Sequence[bytes], gateway: str, now: datetime
) -> Sequence[Report]:
    """Verify a webhook over its raw bytes and read it; nothing comes of one that is not about a payment of ours.

    Raises:
        ForgedReport: no secret of ours gives its signature, or it was signed more than ``AGE_MAX`` seconds from now.
        Invalid: signed properly, but not an event of the form that Stripe documents.
    """
    _insist_on_signature(body, headers.get(HEADER, ""), secrets=secrets, now=now)
    try:
        event = _EVENT.decode(body)
        match event.type:
            case "payout.paid" | "payout.failed" | "payout.canceled" | "payout.updated":
                payout = _PAYOUT.decode(event.data.object)
                return _report(event.id, causes.told(payout), payout, gateway)
            case "transfer.reversed":
                transfer = _TRANSFER.decode(event.data.object)
                return _report(event.id, _REVERSED, transfer, gateway) if transfer.reversed else []
            case _:  # One endpoint may be told of everything that happens in all accounts.
                return []
    except msgspec.MsgspecError as unreadable:
        raise Invalid("This is not an event of the documented form.") from unreadable


def _insist_on_signature(body: bytes, header: str, *, secrets: Sequence[bytes], now: datetime) -> None:
    parts = [part.strip().partition("=") for part in header[:HEADER_LENGTH_MAX].split(",")]
    time = next((value for name, _, value in parts if name == "t"), "")
    given = [value.encode() for name, _, value in parts if name == "v1"]
    expected = [
        hmac.new(secret, time.encode() + b"." + body, hashlib.sha256).hexdigest().encode() for secret in secrets
    ]
    if not any(hmac.compare_digest(ours, theirs) for ours in expected for theirs in given):
        raise ForgedReport
    if not (time.isascii() and time.isdigit()) or abs(now.timestamp() - int(time)) > AGE_MAX:
        raise ForgedReport("The report was signed too long ago, or too far ahead.")


def _report(event_id: str, said: Outcome, about: wire.Payout | wire.Transfer, gateway: str) -> Sequence[Report]:
    """A report, if it is about what this gateway sent: connected accounts have payouts of their own."""
    key = about.metadata.get(wire.KEY)
    if not key or about.metadata.get(wire.GATEWAY) != gateway:
        return []
    return [Report(event_id, key, replace(said, echo=wire.echo(about)))]


_EVENT: Final = msgspec.json.Decoder(_Event)
_PAYOUT: Final = msgspec.json.Decoder(wire.Payout)
_TRANSFER: Final = msgspec.json.Decoder(wire.Transfer)
