"""What every request passes on its way to the framework, and every answer on its way back.

A request gets its id, which every log line and event it causes carries too; an answer gets that id and the headers that
keep browsers from doing anything clever with it. A route that needs other headers sets them itself.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final

from bursar.api import requests
from bursar.api.observed import observed
from bursar.foundation import log
from bursar.monitoring.exposition import Requests

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
RawHeaders = list[tuple[bytes, bytes]]

PREFIX: Final = "/api"
HARDENED: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
ASKING: Final = "OPTIONS?"
"""Stands for OPTIONS, so that no route answers it: the framework's own answers leave out methods. See ``app``."""

TLS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")  # One year: OWASP ASVS 3.4.1.


def dressed(headers: RawHeaders, scope: Scope, request_id: str) -> RawHeaders:
    """An answer's headers with ours beside them; what is set already stays."""
    present = {name.lower() for name, _ in headers}
    ours = [*HARDENED, (requests.REQUEST_ID, request_id.encode())]
    if requests.is_secure(scope):
        ours.append(TLS_ONLY)
    return [*headers, *(pair for pair in ours if pair[0] not in present)]


class Porch:
    """Stands in front of an application.

    ``unprefixed`` names first steps of paths that are served without ``/api`` too, for documents whose base address
    ends in it.
    """

    def __init__(self, app: App, *, counts: Requests, unprefixed: Collection[str] = ()) -> None:
        """Stand in front of ``app``, and count what is asked of it."""
        self._app = app
        self._counts = counts
        self._unprefixed = frozenset(unprefixed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = scope
        if scope["path"].lstrip("/").partition("/")[0] in self._unprefixed:
            scope = {**scope, "path": PREFIX + scope["path"]}
        if scope["method"] == "OPTIONS":
            scope = {**scope, "method": ASKING}
        request_id = requests.request_id(scope["headers"])

        with log.correlated(request_id), observed(self._counts, asked, request_id=request_id) as answered:

            async def send_dressed(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = dressed(list(message.get("headers", ())), scope, request_id)
                    answered.status = message["status"]
                await send(message)

            await self._app(scope, receive, send_dressed)
            answered.route = scope.get("path_template")  # Where the framework writes which route it found.
