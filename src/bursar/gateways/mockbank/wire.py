"""The mock bank's wire format, and what its words mean in ours."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from bursar.foundation.errors import Invalid, Refusal
from bursar.foundation.money import Money
from bursar.gateways.model import CannotList, Echo, ForgedReport, Instruction, Outcome, Payment, Report, Word

SIGNATURE_AGE_MAX: Final = 300  # Seconds either way, as Standard Webhooks has it.

_WORDS: Final = {
    "SUCCESS": Word.PAID,
    "PENDING": Word.ACCEPTED,
    "ON_HOLD": Word.HELD,
    "FAILED": Word.REFUSED,
    "RETRY": Word.REFUSED,
    "RETURNED": Word.RETURNED,
}


class Asked(msgspec.Struct, rename="camel"):
    """One transfer as the mock bank wants it."""

    reference: str
    order_id: str
    amount: str
    currency: str
    bank_code: str
    account_number: str
    account_title: str
    narration: str


class Reason(msgspec.Struct):
    """Why it says what it says."""

    code: str
    message: str = ""


class Answered(msgspec.Struct, rename="camel"):
    """One transfer as the mock bank sees it; in a bulk answer, ``error`` in its place."""

    reference: str
    status: str | None = None
    psp_reference: str | None = None
    reason: Reason | None = None
    amount: str | None = None
    currency: str | None = None
    destination_hash: str | None = None
    error: Reason | None = None


class BulkAnswered(msgspec.Struct):
    """The answer to a bulk call, one item each."""

    items: list[Answered]


class ListedOne(msgspec.Struct, rename="camel"):
    """One transfer in its list; nothing here may be missing."""

    reference: str
    psp_reference: str
    status: str
    amount: str
    currency: str
    processed_at: datetime


class Listed(msgspec.Struct, rename="camel"):
    """A page of its list, oldest first; None as cursor on the last one."""

    items: list[ListedOne]
    next_cursor: str | None


class Declined(msgspec.Struct):
    """The answer to a call that it did not act on."""

    error: Reason


class Told(Answered, rename="camel", kw_only=True):
    """A webhook's body."""

    event_id: str


def asked(instruction: Instruction) -> Asked:
    """Put an instruction into the mock bank's words."""
    return Asked(
        reference=instruction.key,
        order_id=str(instruction.payout_id),
        amount=instruction.amount.text,
        currency=instruction.amount.currency,
        bank_code=instruction.destination.bank_code,
        account_number=instruction.destination.account_number,
        account_title=instruction.destination.account_title,
        narration=instruction.narration,
    )


def understand(answer: Answered) -> Outcome:
    """Put the mock bank's answer into our words; what we do not understand is UNKNOWN."""
    if answer.error is not None:
        refused = answer.error.code == "invalid_request"
        return Outcome(Word.REFUSED if refused else Word.UNKNOWN, reason=answer.error.code)
    word = _WORDS.get(answer.status or "", Word.UNKNOWN)
    return Outcome(
        word=word,
        reference=answer.psp_reference,
        reason=answer.reason.code if answer.reason else None,
        retryable=answer.status == "RETRY",
        echo=_echo(answer),
        shown={"status": answer.status, "pspReference": answer.psp_reference},
    )


def payment(listed: ListedOne) -> Payment:
    """Put a line of its list into our words.

    Raises:
        CannotList: its amount is none.
    """
    try:
        amount = Money.parse(listed.amount, listed.currency)
    except Refusal as unreadable:
        raise CannotList(cause="malformed_answer") from unreadable
    return Payment(
        reference=listed.psp_reference,
        key=listed.reference,
        amount=amount,
        word=_WORDS.get(listed.status, Word.UNKNOWN),
        at=listed.processed_at,
    )


def read(body: bytes, headers: Mapping[str, str], *, secret: bytes, now: datetime) -> Report:
    """Verify a webhook over its raw bytes and read it.

    Raises:
        ForgedReport: wrong signature, or signed more than ``SIGNATURE_AGE_MAX`` seconds from now.
        Invalid: signed properly, but not a transfer's update.
    """
    timestamp, signature = headers.get("x-psp-timestamp", ""), headers.get("x-psp-signature", "")
    signed = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"v1={signed}".encode(), signature.encode()):
        raise ForgedReport
    if not timestamp.isdigit() or abs(now.timestamp() - int(timestamp)) > SIGNATURE_AGE_MAX:
        raise ForgedReport("The report was signed too long ago, or too far ahead.")
    try:
        told = _TOLD.decode(body)
    except msgspec.MsgspecError as unreadable:
        raise Invalid("This is not a transfer's update.") from unreadable
    return Report(event_id=told.event_id, key=told.reference, outcome=understand(told))


def _echo(answer: Answered) -> Echo | None:
    if answer.amount is None or answer.currency is None:
        return Echo(None, answer.destination_hash)
    try:
        amount = Money.parse(answer.amount, answer.currency)
    except Refusal:
        return Echo(Money(0, "XXX"), answer.destination_hash)  # Unreadable: equal to nothing that was ever asked.
    return Echo(amount, answer.destination_hash)


_TOLD: Final = msgspec.json.Decoder(Told)
