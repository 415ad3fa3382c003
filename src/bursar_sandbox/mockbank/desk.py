"""The bank's counter: a request in, an answer out, nothing in between but the bank itself."""

import hmac
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from bursar_sandbox.asgi import Answer
from bursar_sandbox.book import Transfer
from bursar_sandbox.currencies import DECIMALS_OF, to_major, to_minor
from bursar_sandbox.faults import Call, Fault, Faults
from bursar_sandbox.mockbank.bank import Bank
from bursar_sandbox.mockbank.model import (
    PAGE_MAX,
    Balance,
    Balances,
    BulkAnswer,
    BulkAsk,
    BulkProblem,
    TransferAnswer,
    TransferAsk,
    TransferPage,
)
from bursar_sandbox.query import Query
from bursar_sandbox.refusals import InvalidRequest, Refused, Unauthorized, UnknownRoute

PAGE_USUAL: Final = 100
TRANSFERS: Final = "/v1/transfers"
CANCEL: Final = "/cancel"
REPLAYED: Final = ((b"idempotent-replayed", b"true"),)

_transfer_decoder: Final = msgspec.json.Decoder(TransferAsk)
_bulk_decoder: Final = msgspec.json.Decoder(BulkAsk)
_encode: Final = msgspec.json.Encoder().encode


class Request(NamedTuple):
    """What a handler may look at."""

    body: bytes
    query: bytes
    idempotency_key: bytes | None
    reference: str  # From the path; empty where the path has none.
    strike: Fault | None  # The fault that this answer must show.


class Route(NamedTuple):
    """What a path leads to, and what kind of call that is."""

    call: Call
    handle: Callable[[Request], Answer]
    reference: str = ""


class Desk:
    """Answers the bank's `/v1` calls. Every method here is quick and never waits."""

    def __init__(self, bank: Bank, faults: Faults, *, api_key: str) -> None:
        """Serve this bank, to whoever shows this key."""
        self._bank = bank
        self._faults = faults
        self._authorization = f"Bearer {api_key}".encode()
        self._fixed_routes = {
            ("POST", TRANSFERS): Route(Call.TRANSFER, self.transfer),
            ("POST", f"{TRANSFERS}/bulk"): Route(Call.BULK, self.bulk),
            ("GET", TRANSFERS): Route(Call.READ, self.list_transfers),
            ("GET", "/v1/balance"): Route(Call.READ, self.balance),
        }

    def route(self, method: str, path: str) -> Route:
        """Where a path leads."""
        fixed = self._fixed_routes.get((method, path))
        if fixed is not None:
            return fixed
        reference = path.removeprefix(f"{TRANSFERS}/")
        if reference != path and method == "GET" and "/" not in reference:
            return Route(Call.READ, self.look_up, reference)
        if reference != path and method == "POST" and reference.endswith(CANCEL):
            return Route(Call.READ, self.cancel, reference.removesuffix(CANCEL))
        raise UnknownRoute

    def check(self, authorization: bytes | None) -> None:
        """Refuse whoever does not show the key."""
        if not hmac.compare_digest(authorization or b"", self._authorization):
            raise Unauthorized

    def transfer(self, request: Request) -> Answer:
        """Take on one transfer."""
        ask, amount_minor = _read_ask(request.body)
        if request.idempotency_key not in {None, ask.reference.encode()}:
            raise InvalidRequest("It must equal the reference.", field="Idempotency-Key")
        transfer, is_replay = self._bank.transfer(ask, amount_minor=amount_minor)
        body = _encode(_answer_about(transfer, request))
        return Answer(200, body, REPLAYED if is_replay else ())

    def bulk(self, request: Request) -> Answer:
        """Take on many transfers, each on its own."""
        try:
            ask = _bulk_decoder.decode(request.body)
        except msgspec.DecodeError as error:
            raise InvalidRequest.because(error) from error
        items = ask.items
        if request.strike is Fault.PARTIAL_BATCH:
            items = self._faults.some_of(items)
        answers = [self._bulk_item(item, request) for item in items]
        return Answer(200, _encode(BulkAnswer(ask.batch_reference, answers)))

    def look_up(self, request: Request) -> Answer:
        """Where one transfer stands."""
        return Answer(200, _encode(_answer_about(self._bank.find(request.reference), request)))

    def cancel(self, request: Request) -> Answer:
        """Stop one transfer."""
        return Answer(200, _encode(_answer_about(self._bank.cancel(request.reference), request)))

    def list_transfers(self, request: Request) -> Answer:
        """A page of all transfers, by the time they were taken on, oldest first."""
        asked = Query(request.query)
        limit = asked.number("limit", default=PAGE_USUAL)
        if not 1 <= limit <= PAGE_MAX:
            raise InvalidRequest(f"It must be from 1 to {PAGE_MAX}.", field="limit")
        start = asked.number("cursor", default=self._bank.book.position_since(asked.since_ms()))
        transfers, end = self._bank.book.page(start=start, limit=limit)
        items = [_answer_about(transfer, request) for transfer in transfers]
        return Answer(200, _encode(TransferPage(items, None if end is None else str(end))))

    def balance(self, request: Request) -> Answer:
        """The float of one currency, or of all that were used or limited."""
        currency = Query(request.query).text("currency")
        if currency is not None:
            return Answer(200, _encode(self._balance_in(currency)))
        currencies = sorted({*self._bank.book.totals, *self._bank.funds.limited})
        return Answer(200, _encode(Balances([self._balance_in(code) for code in currencies])))

    def _bulk_item(self, item: msgspec.Raw, request: Request) -> TransferAnswer | BulkProblem:
        try:
            ask, amount_minor = _read_ask(item)
            transfer, _ = self._bank.transfer(ask, amount_minor=amount_minor)
        except Refused as refused:
            return BulkProblem(_reference_in(item), refused.problem)
        return _answer_about(transfer, request)

    def _balance_in(self, currency: str) -> Balance:
        if currency not in DECIMALS_OF:
            raise InvalidRequest(f"{currency} is not a currency code", field="currency")
        available = self._bank.funds.available(currency)
        return Balance(currency, None if available is None else to_major(available, currency))


def _read_ask(body: bytes | msgspec.Raw) -> tuple[TransferAsk, int]:
    """Read one transfer and its amount in minor units, or say what is wrong with it."""
    try:
        ask = _transfer_decoder.decode(body)
    except msgspec.DecodeError as error:
        raise InvalidRequest.because(error) from error
    if ask.currency not in DECIMALS_OF:
        raise InvalidRequest(f"{ask.currency} is not a currency code", field="currency")
    try:
        amount_minor = to_minor(ask.amount, ask.currency)
    except ValueError as error:
        raise InvalidRequest(str(error), field="amount") from error
    if amount_minor == 0:
        raise InvalidRequest("It must be above zero.", field="amount")
    return ask, amount_minor


def _answer_about(transfer: Transfer, request: Request) -> TransferAnswer:
    lie = 1 if request.strike is Fault.WRONG_AMOUNT_ANSWER else 0
    return TransferAnswer.of(transfer, wrong_by_minor=lie)


def _reference_in(item: msgspec.Raw) -> str | None:
    """The reference of an item that could not be read as a whole."""
    try:
        fields = msgspec.json.decode(item, type=dict[str, object])
    except msgspec.DecodeError:
        return None
    reference = fields.get("reference")
    return reference if isinstance(reference, str) else None
