"""The tester's hand on the mock bank: its float, and where each transfer stands."""

from typing import Final

import msgspec

from bursar_sandbox.asgi import Answer
from bursar_sandbox.book import Reason, Status
from bursar_sandbox.control import OwnCalls, minor_units
from bursar_sandbox.mockbank.bank import Bank
from bursar_sandbox.mockbank.model import TransferAnswer
from bursar_sandbox.refusals import read

_encode: Final = msgspec.json.Encoder().encode


class ForceAsk(msgspec.Struct, forbid_unknown_fields=True):
    """Where a transfer is to stand from now on."""

    status: Status
    reason: Reason | str | None = None
    amount: str | None = None  # Of a return: what comes back. Otherwise: what is booked.


class FloatAsk(msgspec.Struct, forbid_unknown_fields=True):
    """What is available in one currency; None lifts the limit."""

    currency: str
    available: str | None


class Hand:
    """Moves what a tester wants moved."""

    def __init__(self, bank: Bank) -> None:
        """Steer this bank."""
        self._bank = bank

    @property
    def calls(self) -> OwnCalls:
        """What the mock bank's control answers beside what every simulator's does."""
        return OwnCalls({("POST", "/control/float"): self._set_float}, {("POST", "/control/transfers/"): self._force})

    def _set_float(self, body: bytes) -> Answer:
        ask = read(body, FloatAsk)
        available = None if ask.available is None else minor_units(ask.available, ask.currency)
        self._bank.funds.limit(ask.currency, available)
        return Answer(200, _encode(ask))

    def _force(self, reference: str, body: bytes) -> Answer:
        ask = read(body, ForceAsk)
        currency = self._bank.find(reference).currency
        amount_minor = None if ask.amount is None else minor_units(ask.amount, currency)
        reason = Reason(ask.reason, ask.reason) if isinstance(ask.reason, str) else ask.reason
        transfer = self._bank.force(reference, ask.status, reason=reason, amount_minor=amount_minor)
        return Answer(200, _encode(TransferAnswer.of(transfer)))
