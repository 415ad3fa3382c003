"""v3's webhooks. Their hash is the secret itself and covers nothing, so what they say is a hint and never proof."""

import hmac
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from bursar.foundation.errors import Invalid
from bursar.gateways.flutterwave import causes
from bursar.gateways.flutterwave.answers import Text, echo_of
from bursar.gateways.flutterwave.references import References
from bursar.gateways.model import Echo, ForgedReport, Outcome, Report, Word

HEADER: Final = "verif-hash"

_HINTS: Final = {"transfer.success": "SUCCESSFUL", "transfer.failed": "FAILED"}
"""Events that say by their name what became of a transfer, where its status is missing.

They are another provider's names; the providers document uses them, so that they are understood all the same.
"""


class _Told(msgspec.Struct):
    """A transfer as webhooks tell of it; nothing but its id and reference can be relied on."""

    id: int
    reference: Text
    status: Text | None = None
    amount: Decimal | None = None
    currency: str | None = None
    account_number: str | None = None
    bank_code: str | None = None
    complete_message: str | None = None


class _Body(msgspec.Struct):
    """A webhook's body; one key really contains a dot. v2 has no event, and the transfer under another name."""

    event: str | None = None
    event_type: str | None = msgspec.field(name="event.type", default=None)
    data: msgspec.Raw = msgspec.Raw()
    transfer: msgspec.Raw = msgspec.Raw()


def read(body: bytes, headers: Mapping[str, str], *, secret_hash: str, references: References) -> Sequence[Report]:
    """Check a webhook's hash and read it; nothing comes of one that is about something else than a transfer.

    Raises:
        ForgedReport: the hash is wrong, or we have none to compare it with.
        Invalid: the hash is right, but this is not a transfer's update.
    """
    given = headers.get(HEADER, "")
    if not secret_hash or not hmac.compare_digest(given.encode(), secret_hash.encode()):
        raise ForgedReport
    try:
        said = _BODY.decode(body)
        name = (said.event or said.event_type or "").casefold()
        if not name:
            raise Invalid("This is not a transfer's update.")
        if not name.startswith("transfer"):  # One address is told of everything that happens in the account.
            return []
        told = _TOLD.decode(bytes(said.data) or bytes(said.transfer))
    except msgspec.MsgspecError as unreadable:
        raise Invalid("This is not a transfer's update.") from unreadable
    status = (told.status or _HINTS.get(name, "")).upper()
    return [Report(f"{told.id}:{status}", references.key(told.reference), _hint(told, status))]


def _hint(told: _Told, status: str) -> Outcome:
    """What it says, in our words. It is stored and shown; the gateway is asked before anything moves."""
    echo = None
    if told.amount is not None and told.currency is not None:
        echo = echo_of(told.amount, told.currency, bank_code=told.bank_code, account_number=told.account_number)
    reference = str(told.id)
    shown: dict[str, str | int | None] = {
        "status": status,
        "id": told.id,
        "message": causes.shown_message(told.complete_message),
    }
    if status == "FAILED":
        return causes.failed(told.complete_message, reference=reference, echo=echo or Echo(), shown=shown)
    return Outcome(_WORDS.get(status, Word.UNKNOWN), reference=reference, echo=echo, shown=shown)


_WORDS: Final = {"SUCCESSFUL": Word.PAID, "NEW": Word.ACCEPTED, "PENDING": Word.ACCEPTED}
_BODY: Final = msgspec.json.Decoder(_Body)
_TOLD: Final = msgspec.json.Decoder(_Told)
