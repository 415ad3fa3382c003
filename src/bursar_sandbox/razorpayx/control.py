"""The tester's hand on a simulated business: its payouts and its account, banks and their customers, its behaviour."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from bursar_sandbox.asgi import Answer
from bursar_sandbox.control import OwnCalls, changed, minor_units
from bursar_sandbox.currencies import to_major
from bursar_sandbox.razorpayx import rules
from bursar_sandbox.razorpayx.business import Business
from bursar_sandbox.razorpayx.life import Behaviour
from bursar_sandbox.razorpayx.rules import Mode, PayoutStatus, Step
from bursar_sandbox.refusals import InvalidRequest, TransferNotFound, read

CURRENCY: Final = "INR"
USUAL_REASONS: Final = {
    PayoutStatus.FAILED: "beneficiary_bank_failure",
    PayoutStatus.REVERSED: "beneficiary_bank_rejected",
    PayoutStatus.QUEUED: "beneficiary_bank_down",
    PayoutStatus.PENDING: "pending_approval",
}

_encode: Final = msgspec.json.Encoder().encode


class ForceAsk(msgspec.Struct, forbid_unknown_fields=True):
    """Where a payout is to stand from now on, and why."""

    status: PayoutStatus
    reason: str | None = None


class FloatAsk(msgspec.Struct, forbid_unknown_fields=True):
    """What the account holds from now on; None: what it began with."""

    available: str | None
    currency: Literal["INR"] = "INR"


class OwnerAsk(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Whose account this is from now on; None: there is no such account. Of a UPI address, `bankCode` is its handle."""

    bank_code: str
    account_number: str
    name: str | None


class DowntimeAsk(msgspec.Struct, forbid_unknown_fields=True):
    """Whether a bank can be reached; it is named by the letters that its branches' IFSCs begin with."""

    bank: Annotated[str, Meta(min_length=1)]
    status: Literal["started", "resolved"]
    method: tuple[Mode, ...] = (Mode.IMPS,)


class SecretAsk(msgspec.Struct, forbid_unknown_fields=True):
    """What signs webhooks about everything that happens from now on."""

    secret: str


class Hand:
    """Moves what a tester wants moved."""

    def __init__(self, business: Business) -> None:
        """Steer this business."""
        self._business = business

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
                ("POST", "/control/downtime"): self._cut_off,
                ("POST", "/control/secret"): self._roll,
            },
            {("POST", "/control/transfers/"): self._force},
        )

    def _show_behaviour(self, _body: bytes) -> Answer:
        return Answer(200, _encode(self._business.behaviour))

    def _set_behaviour(self, body: bytes) -> Answer:
        """Change what the body names; the rest stays as it is."""
        behaviour = self._business.behaviour
        wanted = changed(behaviour, body)
        for name in Behaviour.__struct_fields__:  # Others hold it, too.
            setattr(behaviour, name, getattr(wanted, name))
        return self._show_behaviour(body)

    def _show_float(self, _body: bytes) -> Answer:
        return Answer(200, _encode({CURRENCY: to_major(self._business.money.held, CURRENCY)}))

    def _set_float(self, body: bytes) -> Answer:
        ask = read(body, FloatAsk)
        self._business.money.set(None if ask.available is None else minor_units(ask.available, CURRENCY))
        self._business.life.pay_waiting()
        return Answer(200, _encode(ask))

    def _register(self, body: bytes) -> Answer:
        ask = read(body, OwnerAsk)
        self._business.validations.names[f"{ask.bank_code}|{ask.account_number}"] = ask.name
        return Answer(200, _encode(ask))

    def _cut_off(self, body: bytes) -> Answer:
        ask = read(body, DowntimeAsk)
        if ask.status == "started":
            return Answer(200, _encode(self._business.downtimes.start(ask.bank, [mode.value for mode in ask.method])))
        downtime = self._business.downtimes.resolve(ask.bank)
        if downtime is None:
            raise InvalidRequest("This bank can be reached.", field="bank")
        return Answer(200, _encode(downtime))

    def _roll(self, body: bytes) -> Answer:
        self._business.events.roll(read(body, SecretAsk).secret)
        return Answer(200, _encode({}))

    def _force(self, reference: str, body: bytes) -> Answer:
        ask, payout = read(body, ForceAsk), self._business.payouts.find_any(reference)
        if payout is None:
            raise TransferNotFound
        if ask.reason is not None and ask.reason not in rules.DETAILS:
            raise InvalidRequest("There is no such reason", field="reason")
        self._business.life.force(payout, Step(ask.status, ask.reason or USUAL_REASONS.get(ask.status)))
        return Answer(200, _encode(payout.shown))
