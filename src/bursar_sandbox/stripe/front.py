"""Where calls come in: who calls, what is asked, whether it was answered before, and the answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from bursar_sandbox.asgi import Answer, Exchange
from bursar_sandbox.faults import Call, Fault
from bursar_sandbox.settings import StripeSettings
from bursar_sandbox.stripe.accounts import Holder
from bursar_sandbox.stripe.expansion import Expander
from bursar_sandbox.stripe.form import read, understand
from bursar_sandbox.stripe.gate import Gate
from bursar_sandbox.stripe.idempotency import Answers, Request
from bursar_sandbox.stripe.money_desk import MoneyDesk
from bursar_sandbox.stripe.objects import Cause
from bursar_sandbox.stripe.people_desk import PeopleDesk
from bursar_sandbox.stripe.platform import Platform
from bursar_sandbox.stripe.refusals import Refused, ServerError, UnknownUrl
from bursar_sandbox.stripe.routes import Route, pattern_of

VERSION: Final = "v1"

_encode: Final = msgspec.json.Encoder().encode


class Expansion(msgspec.Struct):
    """Which names in an answer are to be whole objects; any call may ask."""

    expand: list[str] = []


class Visit(NamedTuple):
    """One call, understood."""

    id: str
    holder: Holder
    call: Call
    act: Callable[[], Any]
    paths: list[str]  # Names in the answer that are to be whole objects.
    request: Request
    key: str | None


class Front:
    """Answers clients."""

    def __init__(self, platform: Platform, settings: StripeSettings) -> None:
        """Serve this platform."""
        parts = (platform.accounts, platform.balances, platform.transfers, platform.payouts)
        self._api_version = settings.api_version.encode()
        self._behaviour = platform.behaviour
        self._events = platform.events
        self._ids = platform.ids
        self._gate = Gate(settings, accounts=platform.accounts, behaviour=platform.behaviour, clock=platform.clock)
        self._routes = {**MoneyDesk(*parts).routes, **PeopleDesk(platform.accounts, platform.events).routes}
        self._expander = Expander(*parts)
        self._answers = Answers(platform.clock)

    def new_id(self) -> str:
        """A name for the next request."""
        return self._ids.new("req")

    def admit(self, exchange: Exchange, path: str, body: bytes, *, request_id: str) -> Visit:
        """Let a call in.

        Raises:
            Refused: the caller may not call, or asks for nothing that there is.
        """
        holder = self._gate.admit(exchange)
        is_post = exchange.method == "POST"
        given = body if is_post else exchange.query
        tree = read(given)
        paths = understand({"expand": tree.pop("expand", [])}, Expansion).expand
        route, names = self._route(exchange.method, path)
        act = partial(route.act, holder, understand(tree, route.asks), *names)
        key = exchange.header(b"idempotency-key") if is_post else None
        request = Request(path, given)
        return Visit(request_id, holder, route.call, act, paths, request, key.decode("latin-1") if key else None)

    @contextmanager
    def holding(self, visit: Visit) -> Iterator[None]:
        """Let nobody else use a call's idempotency key until it is answered.

        Raises:
            Refused: somebody does.
        """
        if visit.key is None:
            yield
        else:
            with self._answers.using(visit.holder.id, visit.key):
                yield

    def answer(self, visit: Visit, strike: Fault | None) -> Answer:
        """Do what was asked, or give the answer that was given before."""
        answer = self._answered(visit, strike)
        return _lying(answer) if strike is Fault.WRONG_AMOUNT_ANSWER else answer

    def refuse(self, refused: Refused, request_id: str) -> Answer:
        """A refusal before anything was looked at."""
        answer = refused.answer(request_id)
        return answer._replace(headers=(*answer.headers, (b"request-id", request_id.encode())))

    def _route(self, method: str, path: str) -> tuple[Route, list[str]]:
        version, _, place = path.strip("/").partition("/")
        pattern, names = pattern_of(place)
        route = self._routes.get((method, pattern)) if version == VERSION else None
        if route is None:
            raise UnknownUrl(method, path)
        return route, names

    def _answered(self, visit: Visit, strike: Fault | None) -> Answer:
        if visit.key is None:
            return self._dressed(self._performed(visit, strike)[0], visit)
        try:
            kept = self._answers.find(visit.holder.id, visit.key, visit.request)
        except Refused as refused:
            return self.refuse(refused, visit.id)
        if kept is not None:
            return self._dressed(kept.answer, visit, original=kept.request_id)
        answer, is_kept = self._performed(visit, strike)
        if is_kept:
            self._answers.keep(visit.holder.id, visit.key, visit.request, answer=answer, request_id=visit.id)
        return self._dressed(answer, visit)

    def _performed(self, visit: Visit, strike: Fault | None) -> tuple[Answer, bool]:
        """The answer, and whether it is kept under the call's key: what was begun is, even where it went wrong."""
        if strike is Fault.ERROR_BEFORE_ACCEPT:
            return ServerError().answer(visit.id), self._behaviour.keeps_every_error
        self._events.cause = Cause(visit.id, visit.key)
        try:
            thing = visit.act()
        except Refused as refused:
            return refused.answer(visit.id), refused.is_kept
        finally:
            self._events.cause = Cause()
        if strike is Fault.ERROR_AFTER_ACCEPT:
            return ServerError().answer(visit.id), True
        return self._shown(thing, visit), True

    def _shown(self, thing: Any, visit: Visit) -> Answer:
        """What was done, as it is answered."""
        try:
            shown = self._expander.expanded(thing, visit.paths, holder=visit.holder) if visit.paths else thing
        except Refused as refused:
            return refused.answer(visit.id)
        return Answer(200, _encode(shown))

    def _dressed(self, answer: Answer, visit: Visit, *, original: str | None = None) -> Answer:
        """With the headers that say which request this was, and which it was a repetition of."""
        headers = [*answer.headers, (b"request-id", visit.id.encode()), (b"stripe-version", self._api_version)]
        if visit.key is not None:
            headers.append((b"idempotency-key", visit.key.encode("latin-1")))
            headers.append((b"original-request", (original or visit.id).encode()))
        if original is not None:
            headers.append((b"idempotent-replayed", b"true"))
        return answer._replace(headers=tuple(headers))


def _lying(answer: Answer) -> Answer:
    """Another amount than was booked, where there is one."""
    said = msgspec.json.decode(answer.body)
    if "amount" in said:
        said["amount"] += 1
    return answer._replace(body=_encode(said))
