"""The tester's side: the book, the switches, and a hand on every transfer. Needs no key."""

from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from bursar_sandbox import statement
from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.book import Reason, Status
from bursar_sandbox.currencies import to_minor
from bursar_sandbox.faults import Faults
from bursar_sandbox.mockbank.bank import Bank
from bursar_sandbox.mockbank.model import TransferAnswer
from bursar_sandbox.mockbank.refusals import EventNotFound, InvalidRequest, UnknownRoute
from bursar_sandbox.webhooks import WebhookSender

Asked = TypeVar("Asked")

TRANSFERS: Final = "/control/transfers/"
REPLAY: Final = "/control/replay/"

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


class DeliveryLine(msgspec.Struct, rename="camel"):
    """How the sending of one webhook goes."""

    event_id: str
    reference: str
    status: str
    attempts: int
    last_problem: str | None


class Control:
    """Answers `/book` and `/control`."""

    def __init__(self, bank: Bank, faults: Faults, sender: WebhookSender) -> None:
        """Steer this bank, its faults and its webhooks."""
        self._bank = bank
        self._faults = faults
        self._sender = sender
        self._fixed_routes: dict[tuple[str, str], Callable[[bytes], Answer]] = {
            ("GET", "/book/totals"): self._totals,
            ("GET", "/control/faults"): self._show_faults,
            ("POST", "/control/faults"): self._set_faults,
            ("DELETE", "/control/faults"): self._reset_faults,
            ("POST", "/control/float"): self._set_float,
            ("GET", "/control/webhooks"): self._list_webhooks,
        }

    async def serve(self, exchange: Exchange, body: bytes) -> None:
        """Answer one call."""
        if (exchange.method, exchange.path) == ("GET", "/book"):
            await self._write_book(exchange)
        else:
            await exchange.reply(self._answer(exchange.method, exchange.path, body))

    def _answer(self, method: str, path: str, body: bytes) -> Answer:
        fixed = self._fixed_routes.get((method, path))
        if fixed is not None:
            return fixed(body)
        if method == "POST" and path.startswith(TRANSFERS):
            return self._force(path.removeprefix(TRANSFERS), body)
        if method == "POST" and path.startswith(REPLAY):
            return self._replay(path.removeprefix(REPLAY))
        raise UnknownRoute

    async def _write_book(self, exchange: Exchange) -> None:
        book = self._bank.book
        if b"format=csv" in exchange.query.split(b"&"):
            await exchange.stream(statement.as_csv(book), content_type=b"text/csv; charset=utf-8")
        else:
            await exchange.stream(statement.as_json(book), content_type=b"application/json")

    def _totals(self, _body: bytes) -> Answer:
        return Answer(200, _encode(statement.summary(self._bank.book)))

    def _show_faults(self, _body: bytes) -> Answer:
        return Answer(200, _encode(self._faults.shown()))

    def _set_faults(self, body: bytes) -> Answer:
        try:
            self._faults.set(body)
        except msgspec.DecodeError as error:
            raise InvalidRequest.because(error) from error
        return self._show_faults(body)

    def _reset_faults(self, body: bytes) -> Answer:
        self._faults.reset()
        return self._show_faults(body)

    def _set_float(self, body: bytes) -> Answer:
        ask = _read(body, FloatAsk)
        available = None if ask.available is None else _minor(ask.available, ask.currency)
        self._bank.funds.limit(ask.currency, available)
        return Answer(200, _encode(ask))

    def _force(self, reference: str, body: bytes) -> Answer:
        ask = _read(body, ForceAsk)
        currency = self._bank.find(reference).currency
        amount_minor = None if ask.amount is None else _minor(ask.amount, currency)
        reason = Reason(ask.reason, ask.reason) if isinstance(ask.reason, str) else ask.reason
        transfer = self._bank.force(reference, ask.status, reason=reason, amount_minor=amount_minor)
        return Answer(200, _encode(TransferAnswer.of(transfer)))

    def _replay(self, event_id: str) -> Answer:
        if not self._sender.replay(event_id):
            raise EventNotFound
        return Answer(202, _encode({"eventId": event_id}))

    def _list_webhooks(self, _body: bytes) -> Answer:
        lines = [
            DeliveryLine(
                event_id=delivery.webhook.event_id,
                reference=delivery.webhook.reference,
                status=delivery.status,
                attempts=delivery.attempts,
                last_problem=delivery.last_problem,
            )
            for delivery in self._sender.deliveries
        ]
        return Answer(200, _encode({"items": lines}))


def _read(body: bytes, shape: type[Asked]) -> Asked:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:
        raise InvalidRequest.because(error) from error


def _minor(amount: str, currency: str) -> int:
    try:
        return to_minor(amount, currency)
    except ValueError as error:
        raise InvalidRequest(str(error), field="amount") from error
