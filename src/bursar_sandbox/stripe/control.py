"""The tester's hand on a simulated platform: its payouts and transfers, its balance, its accounts, how it behaves."""

from enum import StrEnum
from typing import Final

import msgspec

from bursar_sandbox.asgi import Answer
from bursar_sandbox.control import OwnCalls, changed, minor_units
from bursar_sandbox.currencies import DECIMALS_OF, to_major
from bursar_sandbox.refusals import InvalidRequest, TransferNotFound, read
from bursar_sandbox.stripe.accounts import Holder
from bursar_sandbox.stripe.asks import ReversalAsk
from bursar_sandbox.stripe.ids import PLATFORM
from bursar_sandbox.stripe.life import Behaviour, Underway
from bursar_sandbox.stripe.numbers import MESSAGES
from bursar_sandbox.stripe.objects import PayoutStatus
from bursar_sandbox.stripe.platform import Platform
from bursar_sandbox.stripe.refusals import Refused
from bursar_sandbox.stripe.transfers import Sent

DEFAULT_FAILURE: Final = "could_not_process"

_encode: Final = msgspec.json.Encoder().encode


class Order(StrEnum):
    """Where something is to go: one of a payout's statuses, or what happens to a transfer."""

    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"
    REVERSED = "reversed"  # A transfer, by somebody on the dashboard.


class ForceAsk(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What is to happen to a payout or a transfer."""

    status: Order
    failure_code: str = DEFAULT_FAILURE
    amount: str | None = None  # Of a reversal: what comes back.


class FloatAsk(msgspec.Struct, forbid_unknown_fields=True):
    """What an account holds from now on; None: what it began with."""

    currency: str
    available: str | None
    account: str = PLATFORM


class AccountAsk(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a connected account may do from now on, and what it is called."""

    account: str
    payouts_enabled: bool | None = None
    transfers_enabled: bool | None = None
    name: str | None = None  # Of its business.


class RollAsk(msgspec.Struct, forbid_unknown_fields=True):
    """What signs for an endpoint from now on, beside what did before."""

    secret: str


class Hand:
    """Moves what a tester wants moved."""

    def __init__(self, platform: Platform) -> None:
        """Steer this platform."""
        self._platform = platform

    @property
    def calls(self) -> OwnCalls:
        """What this simulator's control answers beside what every simulator's does."""
        return OwnCalls(
            {
                ("GET", "/control/behaviour"): self._show_behaviour,
                ("POST", "/control/behaviour"): self._set_behaviour,
                ("GET", "/control/float"): self._show_float,
                ("POST", "/control/float"): self._set_float,
                ("POST", "/control/accounts"): self._allow,
            },
            {("POST", "/control/transfers/"): self._force, ("POST", "/control/endpoints/"): self._roll},
        )

    def _show_behaviour(self, _body: bytes) -> Answer:
        return Answer(200, _encode(self._platform.behaviour))

    def _set_behaviour(self, body: bytes) -> Answer:
        """Change what the body names; the rest stays as it is."""
        behaviour = self._platform.behaviour
        wanted = changed(behaviour, body)
        for name in Behaviour.__struct_fields__:  # Its desks hold it, too.
            setattr(behaviour, name, getattr(wanted, name))
        return self._show_behaviour(body)

    def _show_float(self, _body: bytes) -> Answer:
        shown = self._platform.balances.shown(PLATFORM, currency="usd").available
        return Answer(200, _encode({each.currency: to_major(each.amount, each.currency.upper()) for each in shown}))

    def _set_float(self, body: bytes) -> Answer:
        ask = read(body, FloatAsk)
        currency = ask.currency.upper()
        if currency not in DECIMALS_OF:
            raise InvalidRequest(f"{ask.currency} is not a currency code", field="currency")
        amount = None if ask.available is None else minor_units(ask.available, currency)
        self._platform.balances.set(self._holder(ask.account).id, currency.lower(), amount=amount)
        return Answer(200, _encode(ask))

    def _allow(self, body: bytes) -> Answer:
        ask = read(body, AccountAsk)
        self._platform.accounts.allow(
            self._holder(ask.account),
            payouts=ask.payouts_enabled,
            transfers=ask.transfers_enabled,
            name=ask.name,
        )
        return Answer(200, _encode(ask))

    def _roll(self, name: str, body: bytes) -> Answer:
        endpoint = self._platform.events.endpoints.find(name)
        if endpoint is None:
            raise InvalidRequest("There is no such endpoint", field="name")
        self._platform.events.roll(endpoint, secret=read(body, RollAsk).secret)
        return Answer(200, _encode({"id": name, "secrets": len(endpoint.secrets)}))

    def _force(self, reference: str, body: bytes) -> Answer:
        ask = read(body, ForceAsk)
        if ask.status is Order.REVERSED:
            return self._reverse(self._transfer(reference), ask)
        if ask.failure_code not in MESSAGES:
            raise InvalidRequest("There is no such failure", field="failureCode")
        payout = self._payout(reference)
        self._platform.payouts.life.move(payout, PayoutStatus(ask.status.value), failure_code=ask.failure_code)
        return Answer(200, _encode(payout.shown))

    def _reverse(self, sent: Sent, ask: ForceAsk) -> Answer:
        amount = None if ask.amount is None else minor_units(ask.amount, sent.shown.currency.upper())
        try:
            reversal = self._platform.transfers.reverse(sent, ReversalAsk(amount=amount))
        except Refused as refused:
            raise InvalidRequest(str(refused), field="status") from refused
        return Answer(200, _encode(reversal))

    def _payout(self, reference: str) -> Underway:
        """The payout of this name, or the latest that pays for this."""
        shelf = self._platform.payouts.shelf
        found = shelf.find(reference) or next(iter(reversed(shelf.marked(reference))), None)
        if found is None:
            raise TransferNotFound
        return found

    def _transfer(self, reference: str) -> Sent:
        """The transfer of this name, or the latest of this group."""
        shelf = self._platform.transfers.shelf
        found = shelf.find(reference) or next(iter(reversed(shelf.marked(("group", reference)))), None)
        if found is None:
            raise TransferNotFound
        return found

    def _holder(self, name: str) -> Holder:
        holder = self._platform.accounts.find(name)
        if holder is None:
            raise InvalidRequest("There is no such account", field="account")
        return holder
