"""A very thin layer over ASGI: read a body, answer it, and also answer badly on purpose.

There is no framework here because benchmarks let the simulator share two cores with the
server and the database they measure.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any, Final, NamedTuple, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_BYTES_MAX: Final = 2 * 1024 * 1024  # A thousand transfers need about 400 KiB.
ABORT_EXTENSION: Final = "bursar_sandbox.abort"
"""Name of the ASGI extension with which our own server lets an application cut the connection."""


class Answer(NamedTuple):
    """One HTTP answer, ready to be sent."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    content_type: bytes = b"application/json"


class BodyTooLarge(Exception):
    """The request's body is larger than two mebibytes."""


class Exchange:
    """One HTTP request and the means to answer it."""

    __slots__ = ("_receive", "_scope", "_send", "headers", "method", "path", "query")

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap what the server handed over."""
        self._scope = scope
        self._receive = receive
        self._send = send
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]

    def header(self, name: bytes) -> bytes | None:
        """A header's value by its lower-case name."""
        for known, value in self.headers:
            if known == name:
                return value
        return None

    async def body(self) -> bytes:
        """The request's whole body."""
        message = await self._receive()
        body: bytes = message.get("body", b"")
        while message.get("more_body", False):
            if len(body) > BODY_BYTES_MAX:
                raise BodyTooLarge
            message = await self._receive()
            body += message.get("body", b"")
        return body

    async def reply(self, answer: Answer) -> None:
        """Answer properly."""
        await self._start(answer, length=len(answer.body))
        await self._send({"type": "http.response.body", "body": answer.body})

    async def stream(self, chunks: Iterator[bytes], *, content_type: bytes) -> None:
        """Answer with a body of unknown length, letting other calls in between the chunks."""
        await self._start(Answer(200, b"", (), content_type), length=None)
        for chunk in chunks:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            await asyncio.sleep(0)
        await self._send({"type": "http.response.body", "body": b""})

    async def trickle(self, answer: Answer, *, pause_s: float) -> None:
        """Answer one byte at a time, until the client has had enough."""
        await self._start(answer, length=len(answer.body))
        last = len(answer.body) - 1
        for index in range(len(answer.body)):
            byte = answer.body[index : index + 1]
            await self._send({"type": "http.response.body", "body": byte, "more_body": index < last})
            if index < last and await self._is_left_within(pause_s):
                return

    async def hang(self, seconds: float) -> None:
        """Say nothing for so long, or until the client leaves; then cut the connection."""
        if not await self._is_left_within(seconds):
            await self.cut()

    async def cut(self) -> None:
        """Close the connection without an answer.

        ASGI has no word for this, so our own server offers one (`ABORT_EXTENSION`). Under any
        other server the answer breaks off after its first byte, which a client sees as a
        connection closed too early.
        """
        abort = (self._scope.get("extensions") or {}).get(ABORT_EXTENSION)
        if abort is None:
            await self._start(Answer(200, b""), length=2)
            await self._send({"type": "http.response.body", "body": b"{", "more_body": True})
            return
        abort["call"]()
        await self._receive()  # Returns once the server has noticed that the connection is gone.

    async def _start(self, answer: Answer, *, length: int | None) -> None:
        headers = [(b"content-type", answer.content_type), *answer.headers]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})

    async def _is_left_within(self, seconds: float) -> bool:
        """Wait so long; whether the client left meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        return True
