"""The fourth version's calls: a request in, an answer out."""

import re
from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.faults import Call, Fault
from bursar_sandbox.flutterwave import directory, prices, rules
from bursar_sandbox.flutterwave.dialect import Refused, Route
from bursar_sandbox.flutterwave.processor import Processor
from bursar_sandbox.flutterwave.records import Ask, Parent, Record, Relation
from bursar_sandbox.flutterwave.rules import State
from bursar_sandbox.flutterwave.v4 import wire
from bursar_sandbox.flutterwave.v4.parties import Parties
from bursar_sandbox.flutterwave.v4.tokens import Tokens

TOKEN: Final = "/oauth/token"  # noqa: S105 - a path.
DIGITS_MAX: Final = 9  # Of a number in a query; longer ones are mischief.
REMEMBERED_MAX: Final = 100_000  # Idempotency keys; the oldest are forgotten first.

_TRANSFER: Final = re.compile(r"/transfers/(trf_\w+)")
_RETRIES: Final = re.compile(r"/transfers/(trf_\w+)/retries")
_PARTY: Final = re.compile(r"/transfers/(recipients|senders)(?:/(\w+))?")

Query = dict[str, str]
Act = Callable[[Fault | None], Answer]


class V4Desk:
    """Answers the fourth version's calls."""

    def __init__(self, processor: Processor, *, tokens: Tokens) -> None:
        """Serve this account, to whoever shows one of these tokens."""
        self._processor = processor
        self._tokens = tokens
        self._parties = Parties(processor)
        self._remembered: dict[bytes, tuple[int, Answer]] = {}

    def route(self, exchange: Exchange, path: str, body: bytes) -> Route:
        """Where a call leads."""
        if (exchange.method, path) == ("POST", TOKEN):
            return Route(Call.READ, lambda _strike: self._tokens.issue(body))
        if not self._tokens.holds(exchange.header(b"authorization")):
            raise Refused(wire.error(401, "UNAUTHORIZED", "Unauthorized"))
        if found := _PARTY.fullmatch(path):
            act = self._parties.act(exchange.method, kind=found[1], code=found[2], body=body)
            return Route(Call.READ, lambda _strike: act())
        if exchange.method == "POST":
            return self._posted(path, body, once=exchange.header(b"x-idempotency-key"))
        if exchange.method == "GET":
            return Route(Call.READ, self._asked(path, dict(parse_qsl(exchange.query.decode("latin-1")))))
        raise _nowhere()

    def _posted(self, path: str, body: bytes, *, once: bytes | None) -> Route:
        if path == "/banks/account-resolve":
            return Route(Call.READ, lambda _strike: self._resolve(body))
        if path in {"/direct-transfers", "/transfers"}:
            act: Act = partial(self._create, body)
        elif found := _RETRIES.fullmatch(path):
            act = partial(self._repeat, found[1], body)
        else:
            raise _nowhere()
        return Route(Call.TRANSFER, act if once is None else partial(self._once, once, hash((path, body)), act))

    def _asked(self, path: str, query: Query) -> Act:
        if path == "/transfers":
            return partial(self._list, query)
        if path == "/banks":
            return lambda _strike: _banks(query.get("country", "NG"))
        if found := _TRANSFER.fullmatch(path):
            return partial(self._fetch, found[1])
        raise _nowhere()

    def _once(self, key: bytes, fingerprint: int, act: Act, strike: Fault | None) -> Answer:
        """Do it, or answer as before; a refusal leaves the key free."""
        if key in self._remembered:
            known, answer = self._remembered[key]
            if known != fingerprint:
                raise Refused(wire.error(409, "RESOURCE_CONFLICT", "Idempotency key was used for another request"))
            return answer
        answer = act(strike)
        self._remembered[key] = fingerprint, answer
        if len(self._remembered) > REMEMBERED_MAX:
            del self._remembered[next(iter(self._remembered))]
        return answer

    def _create(self, body: bytes, strike: Fault | None) -> Answer:
        asked = wire.read(body, wire.TransferAsk)
        ask = wire.understand(asked, self._parties.recipient_of(asked.payment_instruction))
        self._check(ask)
        objection = self._processor.objection(ask)
        if objection is not None:
            raise Refused(wire.error(400, "REQUEST_NOT_VALID", objection))
        record = self._processor.take_on(ask)
        return wire.success(201, "Transfer created", wire.shown(record, wrong_by_minor=_lie(strike)))

    def _repeat(self, code: str, body: bytes, strike: Fault | None) -> Answer:
        """Retry a failed transfer, or pay a successful one once more; both are new transfers."""
        asked, record = wire.read(body, wire.RetryAsk), self._find(code)
        relation = Relation(asked.action)
        wanted = State.FAILED if relation is Relation.RETRY else State.SUCCESSFUL
        if record.state is not wanted:
            raise wire.invalid("action", f"only a {wanted} transfer can be asked for a {relation}")
        ask = record.ask.with_reference(asked.reference or self._reference_after(record, relation))
        self._check(ask)
        repeated = self._processor.take_on(ask, doomed=self._processor.objection(ask), parent=Parent(record, relation))
        return wire.success(201, "Transfer created", wire.shown(repeated, wrong_by_minor=_lie(strike)))

    def _list(self, query: Query, strike: Fault | None) -> Answer:
        page = self._processor.archive.page(
            number=_number(query, "page", default=1),
            size=min(_number(query, "size", default=10), self._processor.behaviour.page_size),
            reference=query.get("reference"),
            status=query["status"].upper() if "status" in query else None,
        )
        data = [wire.shown(record, wrong_by_minor=_lie(strike)) for record in page.records]
        return wire.success(200, "Transfers fetched", data, page=page)

    def _fetch(self, code: str, strike: Fault | None) -> Answer:
        return wire.success(200, "Transfer fetched", wire.shown(self._find(code), wrong_by_minor=_lie(strike)))

    def _resolve(self, body: bytes) -> Answer:
        ask = wire.read(body, wire.ResolveAsk)
        account = ask.account
        name = self._processor.accounts.owner(account.code, account.number)
        if name is None or not directory.is_listed(account.code, ask.currency):
            raise Refused(wire.error(400, "REQUEST_NOT_VALID", rules.CANNOT_RESOLVE))
        data = {"bank_code": account.code, "account_number": account.number, "account_name": name}
        return wire.success(200, "Bank account resolved", data)

    def _check(self, ask: Ask) -> None:
        """What only the account knows: banks, rates, and references that were used before."""
        if not directory.is_listed(ask.bank_code, ask.currency):
            raise wire.invalid("payment_instruction.recipient.bank.code", "is not a bank that we know")
        if prices.rate(ask.wallet, ask.currency) is None:
            raise wire.invalid("payment_instruction.destination_currency", "is not supported for this source")
        if ask.reference and self._processor.archive.find_by_reference(ask.reference):
            raise Refused(wire.error(409, "RESOURCE_CONFLICT", "Transfer with this reference already exists"))

    def _reference_after(self, record: Record, relation: Relation) -> str | None:
        """What a retry is called whose caller does not care; a duplicate is something else to be paid."""
        if relation is Relation.DUPLICATE:
            return None
        return f"{rules.base_of(record.reference)}_RETRY_{len(self._processor.archive.retries(record)) + 1}"

    def _find(self, code: str) -> Record:
        record = self._processor.archive.find_by_code(code)
        if record is None:
            raise Refused(wire.error(404, "RESOURCE_NOT_FOUND", "Transfer not found"))
        return record


def _banks(country: str) -> Answer:
    banks = [bank._asdict() for bank in directory.BANKS.get(country.upper(), ())]
    return wire.success(200, "Banks fetched", banks)


def _lie(strike: Fault | None) -> int:
    return 1 if strike is Fault.WRONG_AMOUNT_ANSWER else 0


def _number(query: Query, name: str, *, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX and int(text) > 0):
        raise wire.invalid(name, "must be a whole number above 0")
    return int(text)


def _nowhere() -> Refused:
    return Refused(wire.error(404, "RESOURCE_NOT_FOUND", "Route not found"))
