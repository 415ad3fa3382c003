"""The tester's hand on the simulated gateway: how it behaves, and where each payment stands."""

from typing import Any, Final

import msgspec

from bursar_sandbox.asgi import Answer
from bursar_sandbox.book import Reason, Status
from bursar_sandbox.control import OwnCalls, changed, minor_units
from bursar_sandbox.refusals import read
from bursar_sandbox.simulated.model import PaymentAnswer, Standing
from bursar_sandbox.simulated.payments import Payments
from bursar_sandbox.simulated.rules import Verdict

STATUS_OF: Final = {
    Standing.PROCESSING: Status.PENDING,
    Standing.PAID: Status.SUCCESS,
    Standing.FAILED: Status.FAILED,
    Standing.RETURNED: Status.RETURNED,
}

_encode: Final = msgspec.json.Encoder().encode


class ForceAsk(msgspec.Struct, forbid_unknown_fields=True):
    """Where a payment is to stand from now on."""

    status: Standing
    reason: str | None = None
    amount: str | None = None  # Of a return: what comes back. Otherwise: what is booked.


class Hand:
    """Moves what a tester wants moved."""

    def __init__(self, payments: Payments) -> None:
        """Steer these payments."""
        self._payments = payments

    @property
    def calls(self) -> OwnCalls:
        """What this simulator's control answers beside what every simulator's does."""
        return OwnCalls(
            {("GET", "/control/behaviour"): self._show, ("POST", "/control/behaviour"): self._behave},
            {("POST", "/control/transfers/"): self._force},
        )

    def _show(self, _body: bytes) -> Answer:
        return Answer(200, _encode(self._payments.behaviour))

    def _behave(self, body: bytes) -> Answer:
        """Change what the body names; chance begins again where it names the seed."""
        behaviour = changed(self._payments.behaviour, body)
        if "seed" in read(body, dict[str, Any]):
            self._payments.behave(behaviour)
        else:
            self._payments.behaviour = behaviour
        return self._show(body)

    def _force(self, key: str, body: bytes) -> Answer:
        ask, payment = read(body, ForceAsk), self._payments.find(key)
        amount = None if ask.amount is None else minor_units(ask.amount, payment.currency)
        reason = None if ask.reason is None else Reason(ask.reason, ask.reason)
        self._payments.move(payment, Verdict(STATUS_OF[ask.status], reason), amount_minor=amount)
        return Answer(200, _encode(PaymentAnswer.of(payment)))
