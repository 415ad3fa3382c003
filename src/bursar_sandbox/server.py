"""Runs an application under uvicorn, with what a misbehaving gateway needs beyond that."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bursar_sandbox.asgi import ABORT_EXTENSION, ASGIApp

GRACEFUL_SHUTDOWN_S: Final = 2  # Calls that hang on purpose would otherwise keep us for a minute.
KEEP_ALIVE_S: Final = 75  # Longer than a client's pool keeps a connection: no needless races.


class AbortableProtocol(HttpToolsProtocol):
    """HTTP/1.1 that lets the application cut the connection instead of answering."""

    def on_message_begin(self) -> None:
        """Offer the ASGI extension of which `Exchange.cut` makes use."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT_EXTENSION: {"call": self.transport.abort}}


@asynccontextmanager
async def serving(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve an application in this event loop and give its address; port 0 picks a free one."""
    listener = _bind(host, port)
    server = uvicorn.Server(_configure(app))
    # What `Server.serve` does, without its signal handlers and its ten looks around a second.
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listener])
    shown_host = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{shown_host}:{listener.getsockname()[1]}"
    finally:
        await server.shutdown(sockets=[listener])


def run(app: ASGIApp, *, host: str, port: int, when_ready: Callable[[str], None], follow_stdin: bool = False) -> None:
    """Serve until SIGINT or SIGTERM, then return; `when_ready` is given the address.

    With `follow_stdin` the end of standard input, a pipe, is the end as well: whoever holds it has gone.
    """

    async def serve() -> None:
        told_to_stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, told_to_stop.set)
        if follow_stdin:
            loop.add_reader(sys.stdin.fileno(), _read_on, told_to_stop)
        async with serving(app, host=host, port=port) as url:
            when_ready(url)
            await told_to_stop.wait()

    with asyncio.Runner(loop_factory=_configure(app).get_loop_factory()) as runner:
        runner.run(serve())


def _read_on(told_to_stop: asyncio.Event) -> None:
    """Drop what comes in, and notice when nothing can come any more."""
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        told_to_stop.set()


def _configure(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="auto",
        http=AbortableProtocol,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        backlog=4096,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
    )


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Naming TCP lets asyncio see that it may turn Nagle's delay off; each answer would wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener
