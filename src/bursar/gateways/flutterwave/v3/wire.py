"""v3's wire format, and what its statuses mean. Amounts are JSON numbers of major units, written and read exactly."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Final, Generic, Literal, TypeVar

import msgspec

from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money, exponent
from bursar.gateways.flutterwave import causes
from bursar.gateways.flutterwave.answers import Text, echo_of
from bursar.gateways.flutterwave.references import References, retries_in
from bursar.gateways.model import CannotList, Instruction, Outcome, Payment, Word

TEXT_LENGTH_MAX: Final = 100  # Of a name or a narration.

T = TypeVar("T")


class Ordered(msgspec.Struct, omit_defaults=True):
    """One transfer as v3 wants it."""

    account_bank: str
    account_number: str
    amount: msgspec.Raw
    currency: str
    reference: str
    beneficiary_name: str
    narration: str = ""


class OrderedInBulk(msgspec.Struct, omit_defaults=True):
    """One transfer among several; the bank goes by another name there."""

    bank_code: str
    account_number: str
    amount: msgspec.Raw
    currency: str
    reference: str
    beneficiary_name: str
    narration: str = ""


class Transfer(msgspec.Struct):
    """A transfer as v3 knows it.

    What is required here is what its documentation shows in every answer: an answer that lacks any of it cannot be
    compared with what was asked, and is not believed.
    """

    id: int
    reference: Text
    status: Text
    amount: Decimal
    currency: str
    account_number: str
    bank_code: str
    complete_message: str | None = None
    requires_approval: int | bool | None = None
    is_approved: int | bool | None = None
    created_at: datetime | None = None


class PageInfo(msgspec.Struct):
    """Where in a list an answer is."""

    total: int
    total_pages: int = 1


class Meta(msgspec.Struct):
    """What a list says about itself."""

    page_info: PageInfo | None = None


class Answered(msgspec.Struct, Generic[T]):
    """An answer that says what was asked for."""

    status: Literal["success"]
    data: T
    meta: Meta | None = None

    @property
    def total(self) -> int | None:
        """How many there are in the whole list, where it says so."""
        return self.meta.page_info.total if self.meta and self.meta.page_info else None

    @property
    def pages(self) -> int:
        """How many pages the whole list has."""
        return self.meta.page_info.total_pages if self.meta and self.meta.page_info else 1


class Bulk(msgspec.Struct):
    """What a bulk is known by; its members have no ids yet."""

    id: int


class Fee(msgspec.Struct):
    """What a transfer would cost."""

    currency: str
    fee: Decimal


class Balance(msgspec.Struct):
    """What our account there holds in one currency; the ledger balance includes what is under way."""

    currency: str
    available_balance: Decimal
    ledger_balance: Decimal

    @property
    def available(self) -> Money | None:
        """What may be paid out; None for what is no amount.

        Nothing when it is overdrawn, and rounded down where fees have left fractions.
        """
        try:
            whole = self.available_balance.quantize(Decimal(1).scaleb(-exponent(self.currency)), ROUND_DOWN)
            return Money.parse(whole, self.currency) if whole > 0 else Money.zero(self.currency)
        except (InvalidOperation, Refusal):
            return None


def ordered(instruction: Instruction, references: References) -> Ordered:
    """Put an instruction into v3's words."""
    return Ordered(
        account_bank=instruction.destination.bank_code,
        account_number=instruction.destination.account_number,
        amount=exactly(instruction.amount),
        currency=instruction.amount.currency,
        reference=references.of(instruction.key),
        beneficiary_name=instruction.destination.account_title[:TEXT_LENGTH_MAX],
        narration=instruction.narration[:TEXT_LENGTH_MAX],
    )


def ordered_in_bulk(instruction: Instruction, references: References) -> OrderedInBulk:
    """Put an instruction among several into v3's words."""
    one = ordered(instruction, references)
    return OrderedInBulk(
        bank_code=one.account_bank,
        account_number=one.account_number,
        amount=one.amount,
        currency=one.currency,
        reference=one.reference,
        beneficiary_name=one.beneficiary_name,
        narration=one.narration,
    )


def exactly(amount: Money) -> msgspec.Raw:
    """An amount as a JSON number of major units, digit for digit; a float would be neither."""
    return msgspec.Raw(amount.text.encode())


def understand(transfer: Transfer) -> Outcome:
    """Put a transfer's record into our words; a status that we do not know is UNKNOWN."""
    echo = echo_of(
        transfer.amount, transfer.currency, bank_code=transfer.bank_code, account_number=transfer.account_number
    )
    shown: dict[str, str | int | None] = {
        "status": transfer.status,
        "id": transfer.id,
        "message": causes.shown_message(transfer.complete_message),
    }
    reference = str(transfer.id)
    if transfer.status.upper() == "FAILED":
        return causes.failed(transfer.complete_message, reference=reference, echo=echo, shown=shown)
    word = _word(transfer)
    reason = "unknown_status" if word is Word.UNKNOWN else "gateway_approval" if word is Word.HELD else None
    return Outcome(word, reference=reference, reason=reason, echo=echo, shown=shown)


def payment(transfer: Transfer, references: References) -> Payment:
    """Put a line of the list into our words.

    Raises:
        CannotList: it does not say how much, or when.
    """
    try:
        amount = Money.parse(transfer.amount, transfer.currency)
    except Refusal as unreadable:
        raise CannotList(cause="malformed_answer") from unreadable
    if transfer.created_at is None:
        raise CannotList(cause="malformed_answer")
    at = transfer.created_at if transfer.created_at.tzinfo else transfer.created_at.replace(tzinfo=UTC)
    outcome = understand(transfer)
    return Payment(str(transfer.id), references.key(transfer.reference), amount, outcome.word, at)


def latest(transfers: Iterable[Transfer]) -> Transfer | None:
    """Of a transfer and its retries, the one that counts.

    None where there is none, and where two bear one reference: that should not be, and nobody could say which is ours.
    """
    by_id = {transfer.id: transfer for transfer in transfers}  # A page may repeat what the one before it showed.
    by_retry = {retries_in(transfer.reference): transfer for transfer in by_id.values()}
    return by_retry[max(by_retry)] if by_retry and len(by_retry) == len(by_id) else None


def _word(transfer: Transfer) -> Word:
    match transfer.status.upper():
        case "SUCCESSFUL":
            return Word.PAID
        case "NEW" | "PENDING":
            waits_for_us = bool(transfer.requires_approval) and not transfer.is_approved
            return Word.HELD if waits_for_us else Word.ACCEPTED
        case _:
            return Word.UNKNOWN
