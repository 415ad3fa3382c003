"""What the third version says and hears: the wire, and nothing else. Amounts are JSON numbers in major units."""

import re
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from bursar_sandbox.asgi import Answer
from bursar_sandbox.clock import iso
from bursar_sandbox.currencies import exact_minor, major_number
from bursar_sandbox.flutterwave.dialect import Refused
from bursar_sandbox.flutterwave.records import Ask, Page, Record

T = TypeVar("T")

AccountNumber = Annotated[str, Meta(max_length=20)]
Text = Annotated[str, Meta(max_length=100)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]

WITHOUT_ACCOUNT: Final = frozenset({"EUR", "GBP", "USD", "KES"})
"""Currencies whose transfers may name their account in `meta` alone, as the official SDK has it."""

_FIELD: Final = re.compile(r"required field `(\w+)`|at `\$(?:\.\w+\[\.\.\.\])?\.?(\w+)")
encode: Final = msgspec.json.Encoder(decimal_format="number").encode


# ---- What a merchant asks -------------------------------------------------------------------------------------------


class _TransferFields(msgspec.Struct, gc=False):
    """What a single transfer and an item of a bulk have in common."""

    amount: Decimal
    currency: Currency = "NGN"
    account_number: AccountNumber | None = None
    narration: Text | None = None
    reference: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    debit_currency: Currency | None = None
    beneficiary_name: Text | None = None
    destination_branch_code: Annotated[str, Meta(max_length=10)] | None = None
    callback_url: Text | None = None
    debit_subaccount: Text | None = None
    beneficiary: int | None = None
    meta: dict[str, Any] | list[dict[str, Any]] | None = None


class TransferAsk(_TransferFields, gc=False):
    """One transfer."""

    account_bank: str | None = None

    @property
    def bank(self) -> str | None:
        """Where to."""
        return self.account_bank


class BulkItem(_TransferFields, gc=False):
    """One transfer of a bulk; its bank has another name there."""

    bank_code: str | None = None

    @property
    def bank(self) -> str | None:
        """Where to."""
        return self.bank_code


class BulkAsk(msgspec.Struct):
    """Many transfers at once."""

    bulk_data: Annotated[list[BulkItem], Meta(min_length=1)]
    title: str | None = None


class ResolveAsk(msgspec.Struct):
    """Whose account is this?"""

    account_number: AccountNumber
    account_bank: str


class BeneficiaryAsk(msgspec.Struct):
    """Somebody to be paid more often."""

    account_number: AccountNumber
    account_bank: str
    beneficiary_name: Text | None = None
    currency: Currency | None = None
    bank_name: str | None = None


def read(body: bytes, shape: type[T]) -> T:
    """Read a request, or refuse it in the third version's words."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as wrong:
        place = _FIELD.search(str(wrong))
        if place is None:
            raise Refused(error(400, "Invalid request: the body could not be read")) from wrong
        raise Refused(error(400, f"{place[1]} is required" if place[1] else f"{place[2]} is invalid")) from wrong


def understand(fields: TransferAsk | BulkItem) -> Ask:
    """What is asked for, or why it cannot be."""
    bank, number = fields.bank, fields.account_number
    if fields.currency not in WITHOUT_ACCOUNT:
        _insist(bank, "account_bank is required" if isinstance(fields, TransferAsk) else "bank_code is required")
        _insist(number, "account_number is required")
    try:
        amount_minor = exact_minor(fields.amount, fields.currency)
    except ValueError as wrong:
        raise Refused(error(400, f"amount is invalid: {wrong}")) from wrong
    _insist(amount_minor > 0, "amount must be a positive number")
    return Ask(
        reference=fields.reference,
        amount=fields.amount,
        amount_minor=amount_minor,
        currency=fields.currency,
        bank_code=bank or "FOREIGN-BANK",
        account_number=number or "FOREIGN-ACCOUNT",
        beneficiary_name=fields.beneficiary_name,
        narration=fields.narration,
        debit_currency=fields.debit_currency,
        callback_url=fields.callback_url,
        meta=fields.meta,
    )


def _insist(fact: object, message: str) -> None:
    if not fact:
        raise Refused(error(400, message))


# ---- What Flutterwave answers ---------------------------------------------------------------------------------------


class Envelope(msgspec.Struct, omit_defaults=True):
    """Every answer; `meta` is there for lists alone."""

    status: str
    message: str
    data: Any
    meta: Any = None


class _TransferData(msgspec.Struct, gc=False):
    """A transfer, but for its payee's name, which is spelt in two ways."""

    id: int
    account_number: str
    bank_name: str
    bank_code: str
    created_at: str
    currency: str
    debit_currency: str | None
    amount: Decimal
    fee: Decimal
    status: str
    reference: str
    meta: Any
    narration: str | None
    complete_message: str
    requires_approval: int
    is_approved: int


class Created(_TransferData, gc=False):
    """A transfer as the answer to its creation shows it."""

    full_name: str


class Listed(_TransferData, gc=False):
    """A transfer as it is fetched and listed."""

    full_name: str
    approver: None = None

    @classmethod
    def of(cls, record: Record, *, wrong_by_minor: int = 0) -> "Listed":
        """A transfer as it stands; `wrong_by_minor` makes the amount a lie."""
        return cls(**_common(record, wrong_by_minor), full_name=record.full_name)


class Named(_TransferData, gc=False):
    """A transfer as webhooks and retries show it."""

    fullname: str
    approver: None = None

    @classmethod
    def of(cls, record: Record) -> "Named":
        """A transfer as it stands."""
        return cls(**_common(record, 0), fullname=record.full_name)


class Event(msgspec.Struct, gc=False):
    """The body of a webhook: one event for both outcomes, and a key with a dot in it."""

    data: Named
    event: str = "transfer.completed"
    event_type: str = msgspec.field(default="Transfer", name="event.type")

    @classmethod
    def of(cls, record: Record) -> "Event":
        """What has become of a transfer."""
        return cls(Named.of(record))


class Balance(msgspec.Struct):
    """One wallet."""

    currency: str
    available_balance: Decimal
    ledger_balance: Decimal


def created(record: Record, *, wrong_by_minor: int) -> Created:
    """The answer to a transfer's creation; `wrong_by_minor` makes the amount a lie."""
    return Created(**_common(record, wrong_by_minor), full_name=record.full_name)


def success(message: str, data: object, *, page: Page | None = None) -> Answer:
    """An answer; a list's says which page it is."""
    info = page and {"page_info": {"total": page.total, "current_page": page.number, "total_pages": page.count}}
    return Answer(200, encode(Envelope("success", message, data, info)))


def error(status: int, message: str) -> Answer:
    """A refusal. There are no machine-readable codes in this version."""
    return Answer(status, encode(Envelope("error", message, None)))


def _common(record: Record, wrong_by_minor: int) -> dict[str, Any]:
    """The fields of `_TransferData`."""
    ask, entry = record.ask, record.entry
    return {
        "id": record.id,
        "account_number": ask.account_number,
        "bank_name": record.bank_name,
        "bank_code": ask.bank_code,
        "created_at": iso(record.created_ms),
        "currency": ask.currency,
        "debit_currency": ask.debit_currency,
        "amount": major_number(entry.amount_minor + wrong_by_minor, ask.currency),
        "fee": record.fee,
        "status": record.state.value,
        "reference": entry.reference,
        "meta": ask.meta,
        "narration": ask.narration,
        "complete_message": record.message,
        "requires_approval": int(record.fate.needs_approval or not record.is_approved),
        "is_approved": int(record.is_approved),
    }
