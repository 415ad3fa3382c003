"""The hot routes without a framework, answered by plain ASGI.

They are creating a payout, completing an order with a key, and taking a gateway's report in. They do what the
documented routes in ``merchants.payouts``, ``marketplace.orders`` and ``reports`` do, through the same ``Creation``,
``Completing`` and ``Inbox``; the router, dependency injection and serialisation of the framework would cost more than
the work itself. Everything else goes on to it.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bursar import identity
from bursar.api import porch, problems, reports, requests
from bursar.api.gathered import Replayed
from bursar.api.marketplace.completing import ByKey, Completing, Wanted
from bursar.api.merchants import create
from bursar.api.merchants.create import Creation
from bursar.api.observed import observed
from bursar.api.porch import App, RawHeaders, Receive, Scope, Send
from bursar.api.reports import Inbox
from bursar.foundation import log
from bursar.foundation.clock import Clock
from bursar.foundation.errors import Refusal
from bursar.foundation.idempotency import Answer
from bursar.monitoring.exposition import Requests

PATH: Final = "/api/v1/payouts"
REPORTS: Final = re.compile(r"/api/webhooks/([^/]+)/payout_status")
ORDERS: Final = re.compile(r"/api/orders/([^/]+)/complete")

Told = tuple[int, bytes, RawHeaders]
"""Status, body, and the headers that only this answer has."""

Lane = Callable[[Scope, Receive, str], Awaitable[Told]]
"""Answers a request, which goes by the id given, or raises why it will not."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class _Hot:
    """A hot route: what it is called in figures, how it is answered, and how names are written there."""

    route: str
    lane: Lane
    naming: problems.Naming = problems.camel


class FastLane:
    """Answers the hot routes itself and passes everything else on."""

    def __init__(
        self,
        app: App,
        *,
        creation: Callable[[], Creation],
        completing: Callable[[], Completing],
        inbox: Callable[[], Inbox],
        clock: Clock,
        counts: Requests,
        is_unprefixed: bool = False,
    ) -> None:
        """Stand in front of ``app``; what does the work is asked for once the application has started.

        ``is_unprefixed``: orders are served without ``/api`` too.
        """
        self._app = app
        self._counts = counts
        self._creation = creation
        self._completing = completing
        self._inbox = inbox
        self._clock = clock
        self._prefixes = ("", porch.PREFIX) if is_unprefixed else ("",)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI scope."""
        hot = self._hot(scope) if scope["type"] == "http" else None
        if hot is None:
            await self._app(scope, receive, send)
        else:
            await self._answer(hot, scope, receive, send)

    def _hot(self, scope: Scope) -> _Hot | None:
        match scope["method"]:
            case "POST" if scope["path"] == PATH:
                return _Hot(PATH, self._create)
            case "POST" if REPORTS.fullmatch(scope["path"]):
                return _Hot("/api/webhooks/{gateway}/payout_status", self._take_report)
            case "PATCH" if self._is_completing(scope):
                return _Hot("/api/orders/{order}/complete", self._complete, problems.snake)
            case _:
                return None

    def _is_completing(self, scope: Scope) -> bool:
        """Whether an order is to be completed with what looks like a key; who is signed in, goes the usual way."""
        return not scope["query_string"] and bool(self._order(scope)) and _key_hash(scope) is not None

    def _order(self, scope: Scope) -> re.Match[str] | None:
        return next((found for prefix in self._prefixes if (found := ORDERS.fullmatch(prefix + scope["path"]))), None)

    async def _answer(self, hot: _Hot, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = requests.request_id(scope["headers"])
        with observed(self._counts, scope, request_id=request_id) as answered:
            answered.route = hot.route
            try:
                answered.status, body, extra = await hot.lane(scope, receive, request_id)
            except asyncio.CancelledError:
                raise
            except Exception as failure:  # noqa: BLE001 - whatever happened, the caller gets an answer with an id
                answered.status = await self._refuse(failure, hot, scope, request_id, send)
                return
            headers = porch.dressed([(b"content-type", b"application/json"), *extra], scope, request_id)
            await _respond(send, answered.status, body, headers)

    async def _create(self, scope: Scope, receive: Receive, request_id: str) -> Told:
        headers = scope["headers"]
        answer = await self._creation().create(
            api_key=requests.api_key(headers),
            idempotency_key=requests.header(headers, b"x-idempotency-key", b"idempotency-key"),
            body=await _read(receive, most=create.BODY_BYTES_MAX),
            is_json=requests.is_json(headers),
            ip=requests.address(scope),
            request_id=request_id,
        )
        return _told(answer)

    async def _complete(self, scope: Scope, receive: Receive, request_id: str) -> Told:
        await _read(receive, most=create.BODY_BYTES_MAX)  # Nothing is said in it.
        headers, found, key_hash = scope["headers"], self._order(scope), _key_hash(scope)
        assert found is not None and key_hash is not None, "the lane was chosen by them"  # noqa: PT018 - one fact
        answer = await self._completing().complete(
            Wanted(
                by=ByKey(key_hash, requests.address(scope)),
                order=found[1],
                idempotency_key=requests.header(headers, b"idempotency-key", b"x-idempotency-key"),
                request_id=request_id,
            )
        )
        return _told(answer)

    async def _take_report(self, scope: Scope, receive: Receive, request_id: str) -> Told:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        found = REPORTS.fullmatch(scope["path"])
        assert found is not None, "the lane was chosen by it"
        with log.correlated(request_id):
            await self._inbox().take(found[1], await _read(receive, most=reports.BODY_BYTES_MAX), headers)
        return 200, reports.RECEIVED, []

    async def _refuse(self, failure: Exception, hot: _Hot, scope: Scope, request_id: str, send: Send) -> int:
        refusal = failure if isinstance(failure, Refusal) else problems.Unexpected()
        if refusal is not failure:
            _log.error("request.failed", path=scope["path"], correlation_id=request_id, exc_info=failure)
        problem = problems.PROBLEM_JSON in (requests.header(scope["headers"], b"accept") or "")
        body = problems.body_of(
            refusal, request_id=request_id, at=self._clock.now(), problem=problem, naming=hot.naming
        )
        media = problems.PROBLEM_JSON if problem else "application/json"
        extra = [(name.encode(), value.encode()) for name, value in problems.headers_of(refusal).items()]
        headers = porch.dressed([(b"content-type", media.encode()), *extra], scope, request_id)
        status = problems.status_of(refusal)
        await _respond(send, status, body, headers)
        return status


def _told(answer: Answer | Replayed) -> Told:
    if isinstance(answer, Replayed):
        return answer.answer.status, answer.answer.body, [(b"idempotent-replayed", b"true")]
    return answer.status, answer.body, []


def _key_hash(scope: Scope) -> bytes | None:
    return identity.key_hash(requests.api_key(scope["headers"]) or "")


async def _read(receive: Receive, *, most: int) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: more than ``most`` bytes.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        if len(body) > most:
            break
        message = await receive()
        body += message.get("body", b"")
    if len(body) > most:
        raise problems.BodyTooLarge(field="body", rule=f"at most {most} bytes")
    return body


async def _respond(send: Send, status: int, body: bytes, headers: porch.RawHeaders) -> None:
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
