"""The third version's calls: a request in, an answer out."""

import hmac
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.clock import iso
from bursar_sandbox.faults import Call, Fault, Faults
from bursar_sandbox.flutterwave import directory, prices, rules
from bursar_sandbox.flutterwave.dialect import Refused, Route
from bursar_sandbox.flutterwave.processor import Processor
from bursar_sandbox.flutterwave.records import Ask, Batch, Parent, Record, Relation
from bursar_sandbox.flutterwave.rules import State
from bursar_sandbox.flutterwave.v3 import wire
from bursar_sandbox.flutterwave.v3.beneficiaries import Beneficiaries

DUPLICATE: Final = "Transfer with this reference already exists"
NO_SUCH_BANK: Final = "Invalid bank code passed"
NOT_FAILED: Final = "Only failed transfers can be retried"
DIGITS_MAX: Final = 18  # Of a number in a query; longer ones are mischief.

_TRANSFER: Final = re.compile(r"transfers/(\d{1,18})")
_RETRIES: Final = re.compile(r"transfers/(\d{1,18})/retries")
_BALANCE: Final = re.compile(r"balances/(\w{1,8})")
_BRANCHES: Final = re.compile(r"banks/(\d{1,9})/branches")
_BANKS: Final = re.compile(r"banks/([A-Za-z]{2})")
_BENEFICIARY: Final = re.compile(r"beneficiaries/(\d{1,18})")

Query = dict[str, str]


class V3Desk:
    """Answers the calls under `/v3`."""

    def __init__(self, processor: Processor, faults: Faults, *, secret_key: str) -> None:
        """Serve this account, to whoever shows this key."""
        self._processor = processor
        self._faults = faults
        self._beneficiaries = Beneficiaries(processor.accounts)
        self._authorization = f"Bearer {secret_key}".encode()

    def route(self, exchange: Exchange, path: str, body: bytes) -> Route:
        """Where a call leads; a doubled slash and an empty parameter are forgiven, as the official SDK sends both."""
        version, _, place = path.lstrip("/").partition("/")
        if version != "v3":
            raise Refused(wire.error(404, "Route not found"))
        if not hmac.compare_digest(exchange.header(b"authorization") or b"", self._authorization):
            raise Refused(wire.error(401, "Invalid authorization key"))
        query = dict(parse_qsl(exchange.query.decode("latin-1")))
        if exchange.method == "POST":
            return self._posted(place, body)
        if exchange.method == "GET":
            return Route(Call.READ, self._asked(place, query))
        if exchange.method == "DELETE" and (found := _BENEFICIARY.fullmatch(place)):
            return Route(Call.READ, _quiet(partial(self._beneficiaries.delete, int(found[1]))))
        raise Refused(wire.error(404, "Route not found"))

    def _posted(self, place: str, body: bytes) -> Route:
        if place == "transfers":
            return Route(Call.TRANSFER, partial(self._create, body))
        if place == "bulk-transfers":
            return Route(Call.BULK, partial(self._create_many, body))
        if place == "accounts/resolve":
            return Route(Call.READ, _quiet(partial(self._resolve, body)))
        if place == "beneficiaries":
            return Route(Call.READ, _quiet(partial(self._beneficiaries.create, body)))
        if found := _RETRIES.fullmatch(place):
            return Route(Call.TRANSFER, _quiet(partial(self._retry, int(found[1]))))
        raise Refused(wire.error(404, "Route not found"))

    def _asked(self, place: str, query: Query) -> Callable[[Fault | None], Answer]:
        match place:
            case "transfers":
                return partial(self._list, query)
            case "transfers/fee":
                return _quiet(partial(self._fee, query))
            case "transfers/rates":
                return _quiet(partial(self._rate, query))
            case "balances":
                return _quiet(self._balances)
            case "beneficiaries":
                return _quiet(self._beneficiaries.list)
        return self._asked_about_one(place)

    def _asked_about_one(self, place: str) -> Callable[[Fault | None], Answer]:
        if found := _TRANSFER.fullmatch(place):
            return partial(self._fetch, int(found[1]))
        if found := _RETRIES.fullmatch(place):
            return _quiet(partial(self._list_retries, int(found[1])))
        if found := _BALANCE.fullmatch(place):
            return _quiet(partial(self._balance, found[1]))
        if found := _BRANCHES.fullmatch(place):
            return _quiet(partial(_branches, int(found[1])))
        if found := _BANKS.fullmatch(place):
            return _quiet(partial(_banks, found[1].upper()))
        if found := _BENEFICIARY.fullmatch(place):
            return _quiet(partial(self._beneficiaries.fetch, int(found[1])))
        raise Refused(wire.error(404, "Route not found"))

    def _create(self, body: bytes, strike: Fault | None) -> Answer:
        ask = self._checked(wire.understand(self._with_beneficiary(wire.read(body, wire.TransferAsk))))
        objection = self._processor.objection(ask)
        if objection is not None:
            raise Refused(wire.error(400, objection))
        record = self._processor.take_on(ask)
        data = wire.created(record, wrong_by_minor=_lie(strike))
        return wire.success("Transfer Queued Successfully", data)

    def _create_many(self, body: bytes, strike: Fault | None) -> Answer:
        """The form of a bulk is checked as a whole; what is wrong with an item shows in the item, later."""
        asks = [wire.understand(item) for item in wire.read(body, wire.BulkAsk).bulk_data]
        if strike is Fault.PARTIAL_BATCH:
            asks = self._faults.some_of(asks)
        batch = self._processor.open_batch()
        for ask in asks:
            self._add_to(batch, ask)
        data = {"id": batch.id, "created_at": iso(batch.created_ms), "approver": "N/A"}
        return wire.success("Bulk transfer queued", data)

    def _add_to(self, batch: Batch, ask: Ask) -> None:
        """Take on one item, even one that is bound to fail; a reference that was used before is left out."""
        if ask.reference and self._processor.archive.find_by_reference(ask.reference):
            return
        listed = directory.is_listed(ask.bank_code, ask.currency)
        self._processor.take_on(ask, doomed=self._processor.objection(ask) if listed else NO_SUCH_BANK, batch=batch)

    def _list(self, query: Query, strike: Fault | None) -> Answer:
        page = self._processor.archive.page(
            number=max(1, _number(query, "page", default=1)),
            size=self._processor.behaviour.page_size,
            batch_id=_number(query, "batch_id", default=0) or None,
            reference=query.get("reference"),
            status=query["status"].upper() if "status" in query else None,
            days=(_day(query, "from"), _day(query, "to")),
        )
        data = [wire.Listed.of(record, wrong_by_minor=_lie(strike)) for record in page.records]
        return wire.success("Transfers fetched", data, page=page)

    def _fetch(self, number: int, strike: Fault | None) -> Answer:
        return wire.success("Transfer fetched", wire.Listed.of(self._find(number), wrong_by_minor=_lie(strike)))

    def _retry(self, number: int) -> Answer:
        """A failed transfer becomes a new one, with a new id and a reference that says so."""
        record = self._find(number)
        if record.state is not State.FAILED:
            raise Refused(wire.error(400, NOT_FAILED))
        archive = self._processor.archive
        reference = f"{rules.base_of(record.reference)}_RETRY_{len(archive.retries(record)) + 1}"
        ask = self._checked(record.ask.with_reference(reference))
        retry = self._processor.take_on(
            ask, doomed=self._processor.objection(ask), parent=Parent(record, Relation.RETRY)
        )
        return wire.success("Transfer retry attempt queued.", wire.Named.of(retry))

    def _list_retries(self, number: int) -> Answer:
        retries = self._processor.archive.retries(self._find(number))
        return wire.success("Transfer retry attempts fetched", [wire.Named.of(retry) for retry in retries])

    def _fee(self, query: Query) -> Answer:
        currency = query.get("currency", "NGN")
        fee = prices.fee(_amount(query), currency)
        return wire.success("Transfer fee fetched", [{"currency": currency, "fee_type": "value", "fee": fee}])

    def _rate(self, query: Query) -> Answer:
        source, destination = query.get("source_currency", ""), query.get("destination_currency", "")
        amount, rate = _amount(query), prices.rate(source, destination)
        if rate is None:
            raise Refused(wire.error(400, "This currency pair is not supported"))
        data = {
            "rate": rate,
            "source": {"currency": source, "amount": amount * rate},
            "destination": {"currency": destination, "amount": amount},
        }
        return wire.success("Transfer amount fetched", data)

    def _balances(self) -> Answer:
        data = [self._wallet(currency) for currency in self._processor.wallets.currencies]
        return wire.success("Wallet balances fetched", data)

    def _balance(self, currency: str) -> Answer:
        if currency not in self._processor.wallets.currencies:
            raise Refused(wire.error(400, f"No wallet found for {currency}"))
        return wire.success("Wallet balance fetched", self._wallet(currency))

    def _resolve(self, body: bytes) -> Answer:
        ask = wire.read(body, wire.ResolveAsk)
        name = self._processor.accounts.owner(ask.account_bank, ask.account_number)
        if name is None or not directory.is_listed(ask.account_bank, "NGN"):
            raise Refused(wire.error(400, rules.CANNOT_RESOLVE))
        return wire.success("Account details fetched", {"account_number": ask.account_number, "account_name": name})

    def _checked(self, ask: Ask) -> Ask:
        """What only the account knows: banks, rates, and references that were used before."""
        if not directory.is_listed(ask.bank_code, ask.currency):
            raise Refused(wire.error(400, NO_SUCH_BANK))
        if prices.rate(ask.wallet, ask.currency) is None:
            raise Refused(wire.error(400, "This currency pair is not supported"))
        if ask.reference and self._processor.archive.find_by_reference(ask.reference):
            raise Refused(wire.error(400, DUPLICATE))
        return ask

    def _with_beneficiary(self, fields: wire.TransferAsk) -> wire.TransferAsk:
        """Fill in the account of a saved beneficiary."""
        saved = self._beneficiaries.find(fields.beneficiary) if fields.beneficiary is not None else None
        if saved is not None:
            fields.account_bank = fields.account_bank or saved.bank_code
            fields.account_number = fields.account_number or saved.account_number
            fields.beneficiary_name = fields.beneficiary_name or saved.full_name
        return fields

    def _wallet(self, currency: str) -> wire.Balance:
        balance = self._processor.wallets.balance(currency)
        return wire.Balance(currency, balance, balance)

    def _find(self, number: int) -> Record:
        record = self._processor.archive.find(number)
        if record is None:
            raise Refused(wire.error(404, "Transfer not found"))
        return record


def _banks(country: str) -> Answer:
    banks = directory.BANKS.get(country)
    if banks is None:
        raise Refused(wire.error(400, "No banks found for this country"))
    return wire.success("Banks fetched successfully", [bank._asdict() for bank in banks])


def _branches(bank_id: int) -> Answer:
    found = directory.branches(bank_id)
    if not found:
        raise Refused(wire.error(400, "No branches found for specified bank id"))
    return wire.success("Bank branches fetched successfully", [branch._asdict() for branch in found])


def _quiet(act: Callable[[], Answer]) -> Callable[[Fault | None], Answer]:
    """An act that has nothing in its answer for a fault to lie about."""
    return lambda _strike: act()


def _lie(strike: Fault | None) -> int:
    return 1 if strike is Fault.WRONG_AMOUNT_ANSWER else 0


def _number(query: Query, name: str, *, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX):
        raise Refused(wire.error(400, f"{name} is invalid"))
    return int(text)


def _day(query: Query, name: str) -> date | None:
    try:
        return date.fromisoformat(query[name]) if query.get(name) else None
    except ValueError as wrong:
        raise Refused(wire.error(400, f"{name} is invalid")) from wrong


def _amount(query: Query) -> Decimal:
    try:
        amount = Decimal(query["amount"])
    except (KeyError, InvalidOperation) as wrong:
        raise Refused(wire.error(400, "amount is required")) from wrong
    if not amount.is_finite() or amount <= 0:
        raise Refused(wire.error(400, "amount must be a positive number"))
    return amount
