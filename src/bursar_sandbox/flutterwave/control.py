"""The tester's hand on a simulated account: its transfers, its wallets, other people's accounts, and how it behaves."""

from enum import StrEnum
from typing import Final

import msgspec

from bursar_sandbox.asgi import Answer
from bursar_sandbox.control import OwnCalls, changed, minor_units
from bursar_sandbox.currencies import DECIMALS_OF, major_number
from bursar_sandbox.flutterwave.processor import Processor
from bursar_sandbox.flutterwave.records import Record
from bursar_sandbox.flutterwave.rules import State
from bursar_sandbox.refusals import InvalidRequest, TransferNotFound, read

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


class Order(StrEnum):
    """Where a transfer is to go: one of Flutterwave's states, or something that happens to it."""

    NEW = "NEW"
    PENDING = "PENDING"
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"
    APPROVED = "APPROVED"  # By somebody on the dashboard.
    RETURNED = "RETURNED"  # The payee had the money, and it came back.


class ForceAsk(msgspec.Struct, forbid_unknown_fields=True):
    """What is to happen to a transfer."""

    status: Order
    message: str = ""  # What its `complete_message` is to say.
    amount: str | None = None  # Of a return: what comes back.


class FloatAsk(msgspec.Struct, forbid_unknown_fields=True):
    """What a wallet holds from now on; None: what it began with."""

    currency: str
    available: str | None


class AccountAsk(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Whose account a number is from now on; None: there is no such account."""

    bank_code: str
    account_number: str
    name: str | None


class TransferLine(msgspec.Struct, rename="camel"):
    """A transfer as a tester sees it."""

    reference: str
    id: int
    code: str
    status: State
    message: str
    is_returned: bool

    @classmethod
    def of(cls, record: Record) -> "TransferLine":
        """A transfer as it stands."""
        returned = record.reversed_ms is not None
        return cls(record.reference, record.id, record.code, record.state, record.message, returned)


class Hand:
    """Moves what a tester wants moved."""

    def __init__(self, processor: Processor) -> None:
        """Steer this account."""
        self._processor = processor

    @property
    def calls(self) -> OwnCalls:
        """What this simulator's control answers beside what every simulator's does."""
        return OwnCalls(
            {
                ("GET", "/control/behaviour"): self._show_behaviour,
                ("POST", "/control/behaviour"): self._set_behaviour,
                ("GET", "/control/float"): self._show_float,
                ("POST", "/control/float"): self._set_float,
                ("POST", "/control/accounts"): self._register,
            },
            {("POST", "/control/transfers/"): self._force},
        )

    def _show_behaviour(self, _body: bytes) -> Answer:
        return Answer(200, _encode(self._processor.behaviour))

    def _set_behaviour(self, body: bytes) -> Answer:
        """Change what the body names; the rest stays as it is."""
        self._processor.behaviour = changed(self._processor.behaviour, body)
        return self._show_behaviour(body)

    def _show_float(self, _body: bytes) -> Answer:
        wallets = self._processor.wallets
        return Answer(200, _encode({currency: wallets.balance(currency) for currency in wallets.currencies}))

    def _set_float(self, body: bytes) -> Answer:
        ask = read(body, FloatAsk)
        if ask.currency not in DECIMALS_OF:
            raise InvalidRequest(f"{ask.currency} is not a currency code", field="currency")
        minor = None if ask.available is None else minor_units(ask.available, ask.currency)
        self._processor.wallets.set(ask.currency, None if minor is None else major_number(minor, ask.currency))
        return Answer(200, _encode(ask))

    def _register(self, body: bytes) -> Answer:
        ask = read(body, AccountAsk)
        self._processor.accounts.register(ask.bank_code, ask.account_number, name=ask.name)
        return Answer(200, _encode(ask))

    def _force(self, reference: str, body: bytes) -> Answer:
        ask = read(body, ForceAsk)
        record = self._processor.archive.find_by_reference(reference)
        if record is None:
            raise TransferNotFound
        self._carry_out(ask, record)
        return Answer(200, _encode(TransferLine.of(record)))

    def _carry_out(self, ask: ForceAsk, record: Record) -> None:
        match ask.status:
            case Order.RETURNED:
                if record.state is not State.SUCCESSFUL or record.reversed_ms is not None:
                    raise InvalidRequest("Only what was paid can come back, and only once.", field="status")
                minor = None if ask.amount is None else minor_units(ask.amount, record.ask.currency)
                self._processor.reverse(record, amount_minor=minor)
            case Order.APPROVED:
                if record.is_approved:
                    raise InvalidRequest("It does not wait for approval.", field="status")
                self._processor.approve(record)
            case _:
                self._processor.force(record, State(ask.status), message=ask.message)
