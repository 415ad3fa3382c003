"""RazorpayX's webhooks, signed over their raw bytes and without a time.

What they tell of a payout is a reason to ask: they come in any order, and whether a reversed payout has come back or
was never paid, only its story says. What they tell of a bank's downtime counts as it stands.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from bursar.foundation.errors import Invalid
from bursar.gateways.model import Downtime, ForgedReport, Report
from bursar.gateways.razorpayx import causes, wire
from bursar.gateways.razorpayx.modes import Mode

HEADER: Final = "x-razorpay-signature"
EVENT_HEADER: Final = "x-razorpay-event-id"
EVENT_ID_LENGTH_MAX: Final = 100

T = TypeVar("T")

_BANK: Final = re.compile(r"[A-Z0-9]{2,11}", re.ASCII)
_ABOUT_PAYOUTS: Final = frozenset(
    f"payout.{what}"
    for what in (
        "pending", "rejected", "queued", "initiated", "processed", "updated", "reversed", "failed", "cancelled",
    )
)  # fmt: skip


class _Instrument(msgspec.Struct):
    bank: wire.Text | None = None


class _Downtime(msgspec.Struct):
    """A bank that RazorpayX cannot reach by some modes, from ``begin`` on, in epoch seconds."""

    begin: int
    method: list[str] = []
    instrument: _Instrument = msgspec.field(default_factory=_Instrument)


class _Thing(msgspec.Struct, Generic[T]):
    entity: T


class _Payload(msgspec.Struct):
    payout: msgspec.Raw = msgspec.Raw()
    downtime: msgspec.Raw = msgspec.field(name="payout.downtime", default=msgspec.Raw())


class _Event(msgspec.Struct):
    """A webhook's body. What it is about stands in ``payload``, under the kind of thing that it is."""

    event: str
    payload: _Payload = msgspec.field(default_factory=_Payload)


def secrets(text: str) -> tuple[bytes, ...]:
    """The webhook secrets of a setting: the present one, and the one before for as long as it signs retries."""
    return tuple(part.strip().encode() for part in text.split(",") if part.strip())


def read(
    body: bytes, headers: Mapping[str, str], *, secrets: Sequence[bytes], modes: frozenset[Mode]
) -> Sequence[Report | Downtime]:
    """Verify a webhook over its raw bytes and read it; ``modes`` are those by which we pay to bank accounts.

    Nothing comes of one that is about neither a payout of ours nor a bank that they could not reach.

    Raises:
        ForgedReport: no secret of ours gives its signature.
        Invalid: signed properly, but not an event of the form that RazorpayX documents.
    """
    _insist_on_signature(body, headers.get(HEADER, ""), secrets=secrets)
    event_id = _event_id(body, headers)
    try:
        event = _EVENT.decode(body)
        match event.event:
            case "payout.downtime.started" | "payout.downtime.resolved" as kind:
                found = _DOWNTIME.decode(event.payload.downtime).entity
                return _downtime(found, event_id, is_over=kind.endswith("resolved"), modes=modes)
            case kind if kind in _ABOUT_PAYOUTS:
                return _report(_PAYOUT.decode(event.payload.payout).entity, event_id)
            case _:  # One webhook may be told of everything that happens in an account.
                return []
    except (msgspec.MsgspecError, ValueError, OverflowError, OSError) as unreadable:
        raise Invalid("This is not an event of the documented form.") from unreadable


def _insist_on_signature(body: bytes, given: str, *, secrets: Sequence[bytes]) -> None:
    expected = [hmac.new(secret, body, hashlib.sha256).hexdigest().encode() for secret in secrets]
    if not any(hmac.compare_digest(ours, given.encode()) for ours in expected):
        raise ForgedReport


def _event_id(body: bytes, headers: Mapping[str, str]) -> str:
    """The event's own name; one that came without is named by its bytes, so that it is told apart all the same."""
    named = headers.get(EVENT_HEADER, "")
    is_fit = 0 < len(named) <= EVENT_ID_LENGTH_MAX and named.isascii() and named.isprintable()
    return named if is_fit else f"sha256:{hashlib.sha256(body).hexdigest()}"


def _report(payout: wire.Payout, event_id: str) -> Sequence[Report]:
    """A report, if it is about what we made: other payouts of the same account bear no mark of ours."""
    return [Report(event_id, payout.key, causes.told(payout, paid=False))] if payout.key else []


def _downtime(found: _Downtime, event_id: str, *, is_over: bool, modes: frozenset[Mode]) -> Sequence[Downtime]:
    """A downtime that keeps payouts of ours from a bank; other modes than ours may be down for all we care.

    RazorpayX names a bank by the letters that its branches' IFSCs begin with. One without a bank is about all of it.
    """
    if found.method and modes.isdisjoint(found.method):
        return []
    bank = (found.instrument.bank or "").upper()
    if bank and not _BANK.fullmatch(bank):
        raise ValueError(bank)
    return [Downtime(event_id, bank or None, wire.at(found.begin), is_over)]


_EVENT: Final = msgspec.json.Decoder(_Event)
_PAYOUT: Final = msgspec.json.Decoder(_Thing[wire.Payout])
_DOWNTIME: Final = msgspec.json.Decoder(_Thing[_Downtime])
