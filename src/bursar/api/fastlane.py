"""``POST /api/v1/payouts`` without a framework: the one hot route, answered by plain ASGI.

It does what the documented route in ``merchants.payouts`` does, through the same ``Creation``; the router, dependency
injection and serialisation of the framework would cost more than the work itself. Everything else goes on to it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from bursar.api import porch, problems, requests
from bursar.api.merchants.create import BODY_BYTES_MAX, Creation, Replayed
from bursar.api.porch import App, Receive, Scope, Send
from bursar.foundation import log
from bursar.foundation.clock import Clock
from bursar.foundation.errors import Refusal

PATH: Final = "/api/v1/payouts"

_log = log.get(__name__)


class FastLane:
    """Answers the hot route itself and passes everything else on."""

    def __init__(self, app: App, creation: Callable[[], Creation], clock: Clock) -> None:
        """Stand in front of ``app``; ``creation`` is asked for once the application has started."""
        self._app = app
        self._creation = creation
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI scope."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            await self._create(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _create(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        request_id = requests.request_id(headers)
        extra: list[tuple[bytes, bytes]] = []
        try:
            answer = await self._creation().create(
                api_key=requests.api_key(headers),
                idempotency_key=requests.header(headers, b"x-idempotency-key", b"idempotency-key"),
                body=await _read(receive),
                is_json=requests.is_json(headers),
                ip=requests.address(scope),
                request_id=request_id,
            )
        except asyncio.CancelledError:
            raise
        except Exception as failure:  # noqa: BLE001 - whatever happened, the caller gets an answer with an id
            await self._refuse(failure, scope, request_id, send)
            return
        if isinstance(answer, Replayed):
            answer, extra = answer.answer, [(b"idempotent-replayed", b"true")]
        headers = porch.dressed([(b"content-type", b"application/json"), *extra], scope, request_id)
        await _respond(send, answer.status, answer.body, headers)

    async def _refuse(self, failure: Exception, scope: Scope, request_id: str, send: Send) -> None:
        refusal = failure if isinstance(failure, Refusal) else problems.Unexpected()
        if refusal is not failure:
            _log.error("request.failed", path=PATH, correlation_id=request_id, exc_info=failure)
        problem = problems.PROBLEM_JSON in (requests.header(scope["headers"], b"accept") or "")
        body = problems.body_of(refusal, request_id=request_id, at=self._clock.now(), problem=problem)
        media = problems.PROBLEM_JSON if problem else "application/json"
        extra = [(name.encode(), value.encode()) for name, value in problems.headers_of(refusal).items()]
        headers = porch.dressed([(b"content-type", media.encode()), *extra], scope, request_id)
        await _respond(send, problems.status_of(refusal), body, headers)


async def _read(receive: Receive) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: more than ``BODY_BYTES_MAX``.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        if len(body) > BODY_BYTES_MAX:
            break
        message = await receive()
        body += message.get("body", b"")
    if len(body) > BODY_BYTES_MAX:
        raise problems.BodyTooLarge(field="body", rule=f"at most {BODY_BYTES_MAX} bytes")
    return body


async def _respond(send: Send, status: int, body: bytes, headers: porch.RawHeaders) -> None:
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
