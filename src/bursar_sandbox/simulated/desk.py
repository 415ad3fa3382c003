"""The simulated gateway's counter: a request in, an answer out."""

import hmac
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import msgspec

from bursar_sandbox.asgi import Answer
from bursar_sandbox.currencies import DECIMALS_OF
from bursar_sandbox.faults import Call, Fault
from bursar_sandbox.query import Query
from bursar_sandbox.refusals import InvalidRequest, Unauthorized, UnknownRoute
from bursar_sandbox.simulated.model import PAGE_MAX, PaymentAnswer, PaymentAsk, PaymentPage
from bursar_sandbox.simulated.payments import Payments

PAYMENTS: Final = "/payments"
PAGE_USUAL: Final = 100
REPLAYED: Final = ((b"idempotent-replayed", b"true"),)

_decode: Final = msgspec.json.Decoder(PaymentAsk).decode
_encode: Final = msgspec.json.Encoder().encode


class Request(NamedTuple):
    """What an answer may look at."""

    body: bytes
    query: bytes
    strike: Fault | None  # The fault that this answer must show.

    @property
    def lie(self) -> int:
        """How much the answer's amounts are to be wrong by."""
        return 1 if self.strike is Fault.WRONG_AMOUNT_ANSWER else 0


class Route(NamedTuple):
    """What a path leads to, and what kind of call that is."""

    call: Call
    handle: Callable[[Request], Answer]


class Desk:
    """Answers clients. Every method here is quick and never waits."""

    def __init__(self, payments: Payments, *, api_key: str) -> None:
        """Serve whoever shows this key."""
        self._payments = payments
        self._authorization = f"Bearer {api_key}".encode()

    def check(self, authorization: bytes | None) -> None:
        """Let in who shows the key.

        Raises:
            Unauthorized: it is missing or wrong.
        """
        if not hmac.compare_digest(authorization or b"", self._authorization):
            raise Unauthorized

    def route(self, method: str, path: str) -> Route:
        """What this call leads to.

        Raises:
            UnknownRoute: nothing.
        """
        key = path.removeprefix(f"{PAYMENTS}/")
        match method:
            case "POST" if path == PAYMENTS:
                return Route(Call.TRANSFER, self._pay)
            case "GET" if path == PAYMENTS:
                return Route(Call.READ, self._list)
            case "GET" if key != path and key and "/" not in key:
                return Route(Call.READ, partial(self._look_up, key))
        raise UnknownRoute

    def _pay(self, request: Request) -> Answer:
        try:
            ask = _decode(request.body)
        except msgspec.DecodeError as error:
            raise InvalidRequest.because(error) from error
        if ask.currency not in DECIMALS_OF:
            raise InvalidRequest(f"{ask.currency} is not a currency code", field="currency")
        payment, is_replay = self._payments.pay(ask)
        return Answer(200, _encode(PaymentAnswer.of(payment, wrong_by=request.lie)), REPLAYED if is_replay else ())

    def _look_up(self, key: str, request: Request) -> Answer:
        return Answer(200, _encode(PaymentAnswer.of(self._payments.find(key), wrong_by=request.lie)))

    def _list(self, request: Request) -> Answer:
        asked, book = Query(request.query), self._payments.book
        limit = asked.number("limit", default=PAGE_USUAL)
        if not 1 <= limit <= PAGE_MAX:
            raise InvalidRequest(f"It must be from 1 to {PAGE_MAX}.", field="limit")
        start = asked.number("cursor", default=book.position_since(asked.since_ms()))
        payments, end = book.page(start=start, limit=limit)
        items = [PaymentAnswer.of(payment, wrong_by=request.lie) for payment in payments]
        return Answer(200, _encode(PaymentPage(items, None if end is None else str(end))))
