"""v4's webhooks, signed over their raw bytes."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from bursar.foundation.errors import Invalid
from bursar.gateways.flutterwave.answers import Text
from bursar.gateways.flutterwave.references import References
from bursar.gateways.flutterwave.v4 import wire
from bursar.gateways.model import ForgedReport, Outcome, Report, Word

HEADER: Final = "flutterwave-signature"


class _Body(msgspec.Struct):
    """A webhook's body. Older samples call its id just that."""

    type: str
    data: msgspec.Raw
    webhook_id: Text | None = None
    id: Text | None = None


def read(
    body: bytes, headers: Mapping[str, str], *, secret_hash: str, plain: bool, references: References
) -> Sequence[Report]:
    """Verify a webhook over its raw bytes and read it; nothing comes of one that is not about a transfer.

    ``plain`` expects the secret itself instead of a signature, as an earlier description had it; the two are never
    tried one after the other, since a secret that has leaked from a header could then vouch for any body.

    Raises:
        ForgedReport: the signature is wrong, or we have no secret to compare it with.
        Invalid: signed properly, but not a transfer's update.
    """
    expected = secret_hash.encode() if plain else _signature(body, secret_hash)
    if not secret_hash or not hmac.compare_digest(headers.get(HEADER, "").encode(), expected):
        raise ForgedReport
    try:
        said = _BODY.decode(body)
        if said.type not in {"transfer.disburse", "transfer.reversal"}:
            return []
        transfer = _TRANSFER.decode(said.data)
    except msgspec.MsgspecError as unreadable:
        raise Invalid("This is not a transfer's update.") from unreadable
    event_id = said.webhook_id or said.id
    if event_id is None:
        raise Invalid("This report has no id.")
    outcome = wire.understand(transfer)
    if said.type == "transfer.reversal":
        outcome = _reversed(transfer, outcome)
    return [Report(event_id, transfer.key(references), outcome)]


def _signature(body: bytes, secret_hash: str) -> bytes:
    return base64.b64encode(hmac.new(secret_hash.encode(), body, hashlib.sha256).digest())


def _reversed(transfer: wire.Transfer, outcome: Outcome) -> Outcome:
    """The event itself says that the money came back, unless its own reconciliation is not there yet."""
    status = transfer.reversal.reconciliation_status if transfer.reversal else None
    if status in {None, "REVERSED"}:
        return replace(outcome, word=Word.RETURNED, reason="reversed", retryable=False, lacks_funds=False)
    return replace(outcome, word=Word.UNKNOWN, reason="reversal_not_final", retryable=False, lacks_funds=False)


_BODY: Final = msgspec.json.Decoder(_Body)
_TRANSFER: Final = msgspec.json.Decoder(wire.Transfer)
