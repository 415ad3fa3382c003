"""What the fourth version says and hears: the wire, and nothing else. Amounts are JSON numbers in major units."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from bursar_sandbox.asgi import Answer
from bursar_sandbox.clock import iso
from bursar_sandbox.currencies import exact_minor, major_number
from bursar_sandbox.flutterwave import directory, prices, rules
from bursar_sandbox.flutterwave.dialect import Refused
from bursar_sandbox.flutterwave.records import Ask, Page, Record
from bursar_sandbox.flutterwave.rules import State

T = TypeVar("T")

Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Reference = Annotated[str, Meta(min_length=1, max_length=100)]

CODES: Final = {400: "10400", 401: "10401", 404: "10404", 409: "10409", 429: "10429", 500: "10500", 503: "10503"}
PROVIDER_TYPES: Final = (
    ("DISBURSE FAILED: You can only spend", "transfer_amount_exceeds_limit"),
    (rules.NO_FUNDS, "insufficient_balance"),
    (rules.NO_DETAILS, "invalid_account"),
    ("", "transfer_failed"),
)
"""What kind of failure it is that a message of this beginning tells of. Of these only the first is documented."""

encode: Final = msgspec.json.Encoder(decimal_format="number").encode


# ---- What a merchant asks -------------------------------------------------------------------------------------------


class Amount(msgspec.Struct, gc=False):
    """How much, and in which of the two currencies."""

    value: Decimal
    applies_to: Literal["destination_currency", "source_currency"] = "destination_currency"


class Bank(msgspec.Struct, gc=False):
    """A bank account."""

    account_number: Annotated[str, Meta(min_length=1, max_length=34)]
    code: str


class MobileMoney(msgspec.Struct, gc=False):
    """A telephone."""

    network: str
    msisdn: str
    country: str | None = None


class Wallet(msgspec.Struct, gc=False):
    """Another merchant's wallet."""

    identifier: str
    provider: str = directory.WALLET


class Recipient(msgspec.Struct, omit_defaults=True):
    """Who is paid; one of the three says where."""

    bank: Bank | None = None
    mobile_money: MobileMoney | None = None
    wallet: Wallet | None = None
    name: dict[str, Any] | None = None
    id: str | None = None
    type: str | None = None
    currency: str | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Bank code and account number, or what stands for them."""
        if self.bank is not None:
            return self.bank.code, self.bank.account_number
        if self.mobile_money is not None:
            return self.mobile_money.network, self.mobile_money.msisdn
        if self.wallet is not None:
            return directory.WALLET, self.wallet.identifier
        raise invalid("payment_instruction.recipient", "must name a bank, mobile_money or wallet")

    @property
    def full_name(self) -> str | None:
        """First and last name, where they are given."""
        return " ".join(str(part) for part in (self.name or {}).values()) or None


class Instruction(msgspec.Struct):
    """How much is paid to whom; in the general flow, to somebody who was named before."""

    source_currency: Currency
    amount: Amount
    destination_currency: Currency | None = None
    recipient: Recipient | None = None
    recipient_id: str | None = None
    sender: dict[str, Any] | None = None
    sender_id: str | None = None


class TransferAsk(msgspec.Struct):
    """One transfer, in either flow. Only instant ones are simulated."""

    payment_instruction: Instruction
    action: Literal["instant"]
    type: Literal["bank", "mobile_money", "wallet"] = "bank"
    reference: Reference | None = None
    narration: str | None = None
    callback_url: str | None = None
    meta: dict[str, Any] | None = None


class RetryAsk(msgspec.Struct):
    """Once more."""

    action: Literal["retry", "duplicate"]
    reference: Reference | None = None
    callback_url: str | None = None
    meta: dict[str, Any] | None = None


class Account(msgspec.Struct):
    """An account, in the words of the look-up."""

    code: str
    number: str


class ResolveAsk(msgspec.Struct):
    """Whose account is this?"""

    account: Account
    currency: Currency = "NGN"


def read(body: bytes, shape: type[T]) -> T:
    """Read a request, or refuse it in the fourth version's words."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as wrong:
        message, _, place = str(wrong).partition(" - at `$")
        raise invalid(place.strip("`.") or "body", message) from wrong


def understand(ask: TransferAsk, recipient: Recipient) -> Ask:
    """What is asked for, or why it cannot be."""
    instruction = ask.payment_instruction
    source, destination = instruction.source_currency, instruction.destination_currency or instruction.source_currency
    if instruction.amount.applies_to == "source_currency" and source != destination:
        raise invalid("payment_instruction.amount.applies_to", "is simulated for the destination's currency only")
    try:
        amount_minor = exact_minor(instruction.amount.value, destination)
    except ValueError as wrong:
        raise invalid("payment_instruction.amount.value", str(wrong)) from wrong
    if amount_minor <= 0:
        raise invalid("payment_instruction.amount.value", "must be greater than 0")
    bank_code, account_number = recipient.place
    return Ask(
        reference=ask.reference,
        amount=instruction.amount.value,
        amount_minor=amount_minor,
        currency=destination,
        bank_code=bank_code,
        account_number=account_number,
        beneficiary_name=recipient.full_name,
        narration=ask.narration,
        debit_currency=source,
        callback_url=ask.callback_url,
        meta=ask.meta,
        type=ask.type,
        recipient_id=recipient.id,
    )


# ---- What Flutterwave answers ---------------------------------------------------------------------------------------


class Priced(msgspec.Struct, gc=False):
    """An amount in one currency."""

    currency: str
    value: Decimal


class Debit(msgspec.Struct, gc=False):
    """What the wallet paid."""

    currency: str
    actual_debit_amount: Decimal
    rate_used: Decimal
    vat: Decimal = Decimal(0)


class ProviderResponse(msgspec.Struct, gc=False):
    """Why the bank or network said no."""

    type: str
    code: str
    message: str


class ParentData(msgspec.Struct, gc=False):
    """The transfer from which this one came."""

    parent_id: str
    parent_reference: str


class Reversal(msgspec.Struct, gc=False):
    """What became of the money after it was paid."""

    reversal_datetime: str
    initial_status: str = "SUCCESSFUL"
    reconciliation_status: str = "REVERSED"


class TransferData(msgspec.Struct, omit_defaults=True, gc=False):
    """A transfer."""

    id: str
    type: str
    action: str
    reference: str
    status: str
    source_currency: str
    destination_currency: str
    amount: Amount
    fee: Priced
    recipient: dict[str, Any]
    created_datetime: str
    narration: str | None = None
    meta: Any = None
    callback_url: str | None = None
    debit_information: Debit | None = None
    payment_information: dict[str, str] | None = None
    provider_response: ProviderResponse | None = None
    retry: ParentData | None = None
    duplicate: ParentData | None = None
    reversal: Reversal | None = None


def shown(record: Record, *, wrong_by_minor: int = 0) -> TransferData:
    """A transfer as it stands; `wrong_by_minor` makes the amount a lie."""
    ask = record.ask
    amount = major_number(record.entry.amount_minor + wrong_by_minor, ask.currency)
    parent = record.parent and ParentData(record.parent.record.code, record.parent.record.reference)
    relation = record.parent and record.parent.relation
    return TransferData(
        id=record.code,
        type=ask.type,
        action=ask.action,
        reference=record.reference,
        status=record.state.value,
        source_currency=ask.wallet,
        destination_currency=ask.currency,
        amount=Amount(amount),
        fee=Priced(ask.currency, record.fee),
        recipient={"id": ask.recipient_id, "type": ask.type, **destination(record)},
        created_datetime=iso(record.created_ms),
        narration=ask.narration,
        meta=ask.meta,
        callback_url=ask.callback_url,
        debit_information=debit(record),
        payment_information=proof(record),
        provider_response=provider_response(record),
        retry=parent if relation == "retry" else None,
        duplicate=parent if relation == "duplicate" else None,
        reversal=reversal(record),
    )


def destination(record: Record) -> dict[str, Any]:
    """Where the money goes, under the name of its kind."""
    ask = record.ask
    match ask.type:
        case "mobile_money":
            return {"mobile_money": {"network": ask.bank_code, "msisdn": ask.account_number}}
        case "wallet":
            return {"wallet": {"provider": ask.bank_code, "identifier": ask.account_number}}
        case _:
            bank = {"account_number": ask.account_number, "code": ask.bank_code, "name": record.bank_name}
            return {"bank": bank}


def debit(record: Record) -> Debit | None:
    """What the wallet paid, once it has."""
    if not record.is_debited:
        return None
    return Debit(record.ask.wallet, record.cost, prices.rate(record.ask.wallet, record.ask.currency) or Decimal(1))


def proof(record: Record) -> dict[str, str] | None:
    """The number by which the receiving bank knows it."""
    return {"proof": f"{record.id:030d}"} if record.state is State.SUCCESSFUL else None


def provider_response(record: Record) -> ProviderResponse | None:
    """Why it failed, for machines and for people."""
    if record.state is not State.FAILED:
        return None
    kind = next(kind for beginning, kind in PROVIDER_TYPES if record.message.startswith(beginning))
    return ProviderResponse(kind, "99", record.message)


def reversal(record: Record) -> Reversal | None:
    """That the money came back, if it did."""
    return None if record.reversed_ms is None else Reversal(iso(record.reversed_ms))


def success(status: int, message: str, data: object, *, page: Page | None = None) -> Answer:
    """An answer; a list's says which page it is."""
    said: dict[str, object] = {"status": "success", "message": message, "data": data}
    if page is not None:
        info = {"total": page.total, "current_page": page.number, "total_pages": page.count}
        said["meta"] = {"page_info": info}
    return Answer(status, encode(said))


def error(status: int, kind: str, message: str, *, fields: dict[str, str] | None = None) -> Answer:
    """A refusal, with a type and a code for machines."""
    wrong = [{"field_name": name, "message": why} for name, why in (fields or {}).items()]
    said = {"type": kind, "code": CODES[status], "message": message, "validation_errors": wrong}
    return Answer(status, encode({"status": "failed", "error": said}))


def invalid(field: str, why: str) -> Refused:
    """The request is not valid, and where."""
    return Refused(error(400, "REQUEST_NOT_VALID", "Request is not valid", fields={field: why}))
