"""v4's wire format, and what its statuses mean. Amounts are JSON numbers of major units, written and read exactly."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec

from bursar.gateways.flutterwave import causes
from bursar.gateways.flutterwave.answers import Text, echo_of
from bursar.gateways.flutterwave.references import References
from bursar.gateways.model import Echo, Instruction, Outcome, Word

TEXT_LENGTH_MAX: Final = 100  # Of a narration, as v3 has it; v4 documents no limit.

T = TypeVar("T")


class Amount(msgspec.Struct):
    """How much, and in which of the two currencies."""

    value: Decimal
    applies_to: str = "destination_currency"


class Account(msgspec.Struct):
    """A bank account."""

    account_number: str | None = None
    code: str | None = None


class Recipient(msgspec.Struct):
    """Who is paid."""

    bank: Account | None = None


class ProviderResponse(msgspec.Struct):
    """Why the bank or network said no; ``type`` is for machines."""

    type: str | None = None
    message: str | None = None


class Reversal(msgspec.Struct):
    """What became of the money after it was paid."""

    reconciliation_status: str | None = None


class Parent(msgspec.Struct):
    """The transfer that this one is a retry of."""

    parent_reference: Text | None = None


class Transfer(msgspec.Struct):
    """A transfer as v4 knows it; what is required here is compared with what was asked.

    Webhooks are flatter than answers: there the amount is a number, and the bank account stands at the top.
    """

    id: Text
    reference: Text
    status: Text
    amount: Amount | Decimal
    destination_currency: str
    recipient: Recipient | None = None
    bank: Account | None = None
    provider_response: ProviderResponse | None = None
    reversal: Reversal | None = None
    retry: Parent | None = None
    created_datetime: str = ""

    def key(self, references: References) -> str:
        """The attempt it belongs to, also when somebody has retried it under a reference of their own."""
        return references.key((self.retry and self.retry.parent_reference) or self.reference)


class Answered(msgspec.Struct, Generic[T]):
    """An answer that says what was asked for."""

    status: Literal["success"]
    data: T


def ordered(instruction: Instruction, references: References) -> dict[str, Any]:
    """Put an instruction into v4's words: at once, to a bank, exactly this much arriving."""
    amount, destination = instruction.amount, instruction.destination
    return {
        "action": "instant",
        "type": "bank",
        "reference": references.of(instruction.key),
        **({"narration": instruction.narration[:TEXT_LENGTH_MAX]} if instruction.narration else {}),
        "payment_instruction": {
            "source_currency": amount.currency,
            "destination_currency": amount.currency,
            "amount": {"value": msgspec.Raw(amount.text.encode()), "applies_to": "destination_currency"},
            "recipient": {"bank": {"account_number": destination.account_number, "code": destination.bank_code}},
        },
    }


def latest(transfers: Iterable[Transfer]) -> Transfer | None:
    """Of a transfer and its retries, the one that counts.

    None where there is none, and where two bear one reference: that should not be, and nobody could say which is ours.
    """
    ours = list(transfers)
    if not ours or len({transfer.reference for transfer in ours}) < len(ours):
        return None
    return max(ours, key=lambda transfer: (transfer.retry is not None, transfer.created_datetime))


def understand(transfer: Transfer) -> Outcome:
    """Put a transfer's record into our words; a status that we do not know is UNKNOWN."""
    said = transfer.provider_response or ProviderResponse()
    shown: dict[str, str | int | None] = {
        "status": transfer.status,
        "id": transfer.id,
        "message": causes.shown_message(said.message or said.type),
    }
    if transfer.status.upper() == "FAILED":
        return causes.failed(said.message, code=said.type, reference=transfer.id, echo=_echo(transfer), shown=shown)
    word = _word(transfer)
    reason = "unknown_status" if word is Word.UNKNOWN else None
    return Outcome(word, reference=transfer.id, reason=reason, echo=_echo(transfer), shown=shown)


def _word(transfer: Transfer) -> Word:
    match transfer.status.upper():
        case "SUCCESSFUL" if transfer.reversal and transfer.reversal.reconciliation_status == "REVERSED":
            return Word.RETURNED
        case "SUCCESSFUL":
            return Word.PAID
        case "NEW" | "PENDING":
            return Word.ACCEPTED
        case _:
            return Word.UNKNOWN


def _echo(transfer: Transfer) -> Echo:
    amount = transfer.amount.value if isinstance(transfer.amount, Amount) else transfer.amount
    bank = (transfer.recipient and transfer.recipient.bank) or transfer.bank or Account()
    return echo_of(
        amount,
        transfer.destination_currency,
        bank_code=bank.code,
        account_number=bank.account_number,
    )
