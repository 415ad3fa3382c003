"""RazorpayX's counter: a request in, an answer out. Every method here is quick and never waits."""

import hmac
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from bursar_sandbox import refusals
from bursar_sandbox.asgi import Answer
from bursar_sandbox.faults import Call, Fault
from bursar_sandbox.query import Query
from bursar_sandbox.razorpayx import asks
from bursar_sandbox.razorpayx.business import Business
from bursar_sandbox.razorpayx.idempotency import Answers
from bursar_sandbox.razorpayx.payouts import Wanted
from bursar_sandbox.razorpayx.refusals import NotValid, Refused, ServerError, Unauthenticated, UnknownUrl
from bursar_sandbox.settings import RazorpayXSettings

VERSION: Final = "/v1/"
PAGE_USUAL: Final = 10
PAGE_MAX: Final = 100

_encode: Final = msgspec.json.Encoder().encode


class Request(NamedTuple):
    """What a handler may look at."""

    body: bytes
    query: bytes
    key: str  # Idempotency key; empty where there is none.
    name: str = ""  # From the path.


Handle = Callable[[Request], Answer]


class Route(NamedTuple):
    """What a path leads to, and what kind of call that is."""

    handle: Handle
    call: Call
    name: str


class Desk:
    """Answers clients."""

    def __init__(self, business: Business, settings: RazorpayXSettings) -> None:
        """Serve whoever shows the key of this business."""
        self._business = business
        self._key = f"{settings.key_id}:{settings.key_secret}".encode()
        self._answers = Answers()
        self._routes: dict[tuple[str, str], Handle] = {
            ("POST", "payouts"): self._pay,
            ("GET", "payouts"): self._list_payouts,
            ("GET", "payouts/*"): self._show_payout,
            ("POST", "payouts/*/cancel"): self._cancel,
            ("POST", "contacts"): self._know,
            ("GET", "contacts"): self._list_contacts,
            ("GET", "contacts/*"): self._show_contact,
            ("PATCH", "contacts/*"): self._change_contact,
            ("POST", "fund_accounts"): self._open,
            ("GET", "fund_accounts"): self._list_accounts,
            ("GET", "fund_accounts/*"): self._show_account,
            ("PATCH", "fund_accounts/*"): self._change_account,
            ("POST", "fund_accounts/validations"): self._validate,
            ("GET", "fund_accounts/validations/*"): self._show_validation,
            ("GET", "banking_balances"): self._balances,
            ("GET", "transactions"): self._list_transactions,
            ("GET", "transactions/*"): self._show_transaction,
        }

    def check(self, authorization: bytes | None) -> None:
        """Let in who shows the key.

        Raises:
            Unauthenticated: it is missing or wrong.
        """
        scheme, _, given = (authorization or b"").partition(b" ")
        try:
            shown = b64decode(given, validate=True) if scheme.lower() == b"basic" else b""
        except Error:
            shown = b""
        if not hmac.compare_digest(shown, self._key):
            raise Unauthenticated

    def route(self, method: str, path: str) -> Route:
        """What this call leads to.

        Raises:
            UnknownUrl: nothing.
        """
        place = path.removeprefix(VERSION)
        parts = place.split("/")
        named = next(((n, part) for n, part in enumerate(parts) if n and part not in {"validations", "cancel"}), None)
        pattern = place if named is None else "/".join([*parts[: named[0]], "*", *parts[named[0] + 1 :]])
        handle = self._routes.get((method, pattern)) if place != path else None
        if handle is None:
            raise UnknownUrl
        call = Call.TRANSFER if (method, pattern) == ("POST", "payouts") else Call.READ
        return Route(handle, call, named[1] if named else "")

    def answer(self, route: Route, request: Request, strike: Fault | None) -> Answer:
        """Do what was asked, and answer it or refuse it; a fault may make the answer a bad one."""
        try:
            answer = route.handle(request._replace(name=route.name))
        except Refused as refused:
            return refused.answer
        except refusals.InvalidRequest as invalid:
            return NotValid(str(invalid), field=invalid.field).answer
        if strike is Fault.ERROR_AFTER_ACCEPT:
            return ServerError().answer
        return _lying(answer) if strike is Fault.WRONG_AMOUNT_ANSWER else answer

    # ---- Payouts ----------------------------------------------------------------------------------------------------

    def _pay(self, request: Request) -> Answer:
        kept = self._answers.find(request.key, request.body)
        if kept is not None:
            return kept
        ask = asks.read(request.body, asks.PayoutAsk)
        payout = self._business.payouts.create(ask)
        answer = _answered(payout.whole if ask.fund_account else payout.shown)
        self._answers.keep(request.key, request.body, answer)
        return answer

    def _show_payout(self, request: Request) -> Answer:
        return _answered(self._business.payouts.find(request.name).shown)

    def _cancel(self, request: Request) -> Answer:
        payout = self._business.payouts.find(request.name)
        self._business.payouts.cancel(payout)
        return _answered(payout.shown)

    def _list_payouts(self, request: Request) -> Answer:
        query = Query(request.query)
        self._insist_on_account(query)
        skip, count = _span(query)
        wanted = Wanted(
            reference_id=query.text("reference_id"),
            status=query.text("status"),
            mode=query.text("mode"),
            fund_account_id=query.text("fund_account_id"),
            contact_id=query.text("contact_id"),
            first=query.number("from", default=0),
            last=query.number("to", default=0) or None,
        )
        page = self._business.payouts.page(wanted, skip=skip, count=count)
        return _listed([payout.shown for payout in page])

    # ---- Who is paid ------------------------------------------------------------------------------------------------

    def _know(self, request: Request) -> Answer:
        contact, is_new = self._business.parties.know(asks.read(request.body, asks.ContactAsk))
        return _answered(contact, status=201 if is_new else 200)

    def _show_contact(self, request: Request) -> Answer:
        return _answered(self._business.parties.contact(request.name))

    def _change_contact(self, request: Request) -> Answer:
        contact = self._business.parties.contact(request.name)
        self._business.parties.change(contact, asks.read(request.body, asks.ContactChange))
        return _answered(contact)

    def _list_contacts(self, request: Request) -> Answer:
        return _paged(self._business.parties.contacts, Query(request.query))

    def _open(self, request: Request) -> Answer:
        account, is_new = self._business.parties.open(asks.read(request.body, asks.FundAccountAsk))
        return _answered(account, status=201 if is_new else 200)

    def _show_account(self, request: Request) -> Answer:
        return _answered(self._business.parties.account(request.name))

    def _change_account(self, request: Request) -> Answer:
        account = self._business.parties.account(request.name)
        account.active = asks.read(request.body, asks.ActiveChange).active
        return _answered(account)

    def _list_accounts(self, request: Request) -> Answer:
        query = Query(request.query)
        contact = query.text("contact_id")
        accounts = [each for each in self._business.parties.accounts if contact in {None, each.contact_id}]
        return _paged(accounts, query)

    def _validate(self, request: Request) -> Answer:
        validations = self._business.validations
        if b'"source_account_number"' in request.body:
            return _answered(validations.begin_composite(asks.read(request.body, asks.CompositeValidationAsk)))
        return _answered(validations.begin(asks.read(request.body, asks.ValidationAsk)))

    def _show_validation(self, request: Request) -> Answer:
        return _answered(self._business.validations.find(request.name))

    # ---- The account ------------------------------------------------------------------------------------------------

    def _balances(self, request: Request) -> Answer:
        shown, kind = self._business.money.shown, Query(request.query).text("account_type")
        return _listed([shown] if kind in {None, shown.account_type} else [])

    def _list_transactions(self, request: Request) -> Answer:
        query = Query(request.query)
        self._insist_on_account(query)
        return _paged(self._business.money.movements, query)

    def _show_transaction(self, request: Request) -> Answer:
        return _answered(self._business.money.movement(request.name))

    def _insist_on_account(self, query: Query) -> None:
        if query.text("account_number") != self._business.money.account_number:
            raise NotValid("The account number field is required, and must be yours.", field="account_number")


def _answered(thing: Any, *, status: int = 200) -> Answer:
    return Answer(status, _encode(thing))


def _listed(things: Sequence[Any]) -> Answer:
    return _answered({"entity": "collection", "count": len(things), "items": things})


def _paged(things: Sequence[Any], query: Query) -> Answer:
    """One page of these, which are given oldest first."""
    skip, count = _span(query)
    first, last = query.number("from", default=0), query.number("to", default=0)
    chosen = [each for each in reversed(things) if first <= each.created_at and (not last or each.created_at <= last)]
    return _listed(chosen[skip : skip + count])


def _span(query: Query) -> tuple[int, int]:
    """How many to skip, and how many to give."""
    count = query.number("count", default=PAGE_USUAL)
    if not 1 <= count <= PAGE_MAX:
        raise NotValid("The count must be between 1 and 100.", field="count")
    return query.number("skip", default=0), count


def _lying(answer: Answer) -> Answer:
    """Another amount than was booked, where there is one."""
    said = msgspec.json.decode(answer.body)
    for thing in said.get("items", [said]):
        if "amount" in thing:
            thing["amount"] += 1
    return answer._replace(body=_encode(said))
