"""The simulated gateway's wire format, and what its words mean in ours. Amounts are whole minor units there, too."""

from datetime import datetime
from typing import Final

import msgspec

from bursar.foundation.money import Money
from bursar.gateways.model import Echo, Instruction, Outcome, Payment, Word

_WORDS: Final = {
    "processing": Word.ACCEPTED,
    "paid": Word.PAID,
    "failed": Word.REFUSED,
    "returned": Word.RETURNED,
}


class Recipient(msgspec.Struct):
    """Who is to be paid."""

    type: str
    bank_code: str
    account: str
    name: str


class Asked(msgspec.Struct):
    """One payment as it wants it."""

    key: str
    amount: int
    currency: str
    recipient: Recipient
    narration: str


class Failure(msgspec.Struct):
    """Why nobody was paid."""

    code: str
    retryable: bool


class Answered(msgspec.Struct):
    """One payment as it stands there; nothing here may be missing."""

    key: str
    payment_reference: str
    status: str
    amount: int
    currency: str
    recipient_hash: str
    failure: Failure | None
    created_at: datetime


class Listed(msgspec.Struct):
    """A page of its list, oldest first; None as cursor on the last one."""

    items: list[Answered]
    next_cursor: str | None


class Problem(msgspec.Struct):
    """Why it did not act."""

    code: str


class Declined(msgspec.Struct):
    """The answer to a call that it did not act on."""

    error: Problem


def asked(instruction: Instruction) -> Asked:
    """Put an instruction into its words."""
    destination = instruction.destination
    return Asked(
        key=instruction.key,
        amount=instruction.amount.minor,
        currency=instruction.amount.currency,
        recipient=Recipient(
            type=destination.type,
            bank_code=destination.bank_code,
            account=destination.account_number,
            name=destination.account_title,
        ),
        narration=instruction.narration,
    )


def understand(answer: Answered) -> Outcome:
    """Put its answer into our words; what we do not understand is UNKNOWN."""
    failure = answer.failure
    return Outcome(
        word=_WORDS.get(answer.status, Word.UNKNOWN),
        reference=answer.payment_reference,
        reason=failure.code if failure else None,
        retryable=failure.retryable if failure else False,
        echo=Echo(Money(answer.amount, answer.currency), answer.recipient_hash),
        shown={"status": answer.status, "paymentReference": answer.payment_reference},
    )


def payment(listed: Answered) -> Payment:
    """Put a line of its list into our words."""
    return Payment(
        reference=listed.payment_reference,
        key=listed.key,
        amount=Money(listed.amount, listed.currency),
        word=_WORDS.get(listed.status, Word.UNKNOWN),
        at=listed.created_at,
    )
