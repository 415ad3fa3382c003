"""The tester's side of every simulator: its book, its switches and its webhooks. Needs no key.

A simulator adds calls of its own, such as a hand on each transfer.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import msgspec

from bursar_sandbox import statement
from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.book import Book
from bursar_sandbox.currencies import to_minor
from bursar_sandbox.faults import Faults
from bursar_sandbox.refusals import EventNotFound, InvalidRequest, UnknownRoute, read
from bursar_sandbox.webhooks import WebhookSender

Handle: TypeAlias = Callable[[bytes], Answer]
HandleNamed: TypeAlias = Callable[[str, bytes], Answer]
"""Is also given the rest of the path, such as a reference."""

REPLAY: Final = "/control/replay/"

_encode: Final = msgspec.json.Encoder().encode


class DeliveryLine(msgspec.Struct, rename="camel"):
    """How the sending of one webhook goes."""

    event_id: str
    reference: str
    status: str
    attempts: int
    last_problem: str | None


B = TypeVar("B", bound=msgspec.Struct)


def changed(behaviour: B, body: bytes) -> B:
    """A simulator's behaviour with what the body names changed; the rest stays as it is.

    Raises:
        InvalidRequest: it names what there is not, or gives it a value that it cannot have.
    """
    wanted: dict[str, Any] = msgspec.to_builtins(behaviour) | read(body, dict[str, Any])
    try:
        return msgspec.convert(wanted, type(behaviour))
    except msgspec.ValidationError as error:
        raise InvalidRequest.because(error) from error


class OwnCalls(NamedTuple):
    """What a simulator adds: calls by method and path, and calls by method and the beginning of a path."""

    fixed: Mapping[tuple[str, str], Handle]
    named: Mapping[tuple[str, str], HandleNamed]


class Control:
    """Answers `/book` and `/control`."""

    def __init__(self, book: Book, faults: Faults, sender: WebhookSender, *, own: OwnCalls) -> None:
        """Steer these faults and webhooks, show this book, and answer a simulator's `own` calls too."""
        self._book = book
        self._faults = faults
        self._sender = sender
        self._fixed: dict[tuple[str, str], Handle] = {
            ("GET", "/book/totals"): self._totals,
            ("GET", "/control/faults"): self._show_faults,
            ("POST", "/control/faults"): self._set_faults,
            ("DELETE", "/control/faults"): self._reset_faults,
            ("GET", "/control/webhooks"): self._list_webhooks,
            **own.fixed,
        }
        self._named: dict[tuple[str, str], HandleNamed] = {("POST", REPLAY): self._replay, **own.named}

    async def serve(self, exchange: Exchange, path: str, body: bytes) -> None:
        """Answer one call; `path` is relative to the simulator."""
        if (exchange.method, path) == ("GET", "/book"):
            await self._write_book(exchange)
        else:
            await exchange.reply(self._answer(exchange.method, path, body))

    def _answer(self, method: str, path: str, body: bytes) -> Answer:
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed(body)
        for (known, beginning), handle in self._named.items():
            if method == known and path.startswith(beginning):
                return handle(path.removeprefix(beginning), body)
        raise UnknownRoute

    async def _write_book(self, exchange: Exchange) -> None:
        if b"format=csv" in exchange.query.split(b"&"):
            await exchange.stream(statement.as_csv(self._book), content_type=b"text/csv; charset=utf-8")
        else:
            await exchange.stream(statement.as_json(self._book), content_type=b"application/json")

    def _totals(self, _body: bytes) -> Answer:
        return Answer(200, _encode(statement.summary(self._book)))

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

    def _replay(self, event_id: str, _body: bytes) -> Answer:
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


def minor_units(amount: str, currency: str) -> int:
    """An amount that a tester wrote in major units, or a refusal."""
    try:
        return to_minor(amount, currency)
    except ValueError as error:
        raise InvalidRequest(str(error), field="amount") from error
