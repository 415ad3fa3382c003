"""The web process: the API (and later the portals) on uvicorn."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn

from bursar import bootstrap
from bursar.api import create_app
from bursar.foundation import log
from bursar.foundation.clock import SystemClock
from bursar.foundation.errors import Unavailable
from bursar.foundation.settings import Settings

SHUTDOWN_SECONDS: Final = 25  # Below the 30 that container platforms give before they kill.
BACKLOG: Final = 2048

Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application."""

_log = log.get(__name__)


class CannotListen(Unavailable):
    """The address to listen on is not to be had."""

    code = "cannot_listen"


class WebNotStarted(Unavailable):
    """The web process could not start; the log says why."""

    code = "web_not_started"


def app(settings: Settings | None = None) -> Application:
    """The application on this installation's settings; also an entry point for other ASGI servers."""
    settled = bootstrap.settle(settings)
    return create_app(
        lambda: bootstrap.furnish(settled),
        clock=SystemClock(),
        body_bytes_max=settled.body_bytes_max,
        base_alias=settled.payout_base_alias,
    )


def server(settings: Settings) -> uvicorn.Server:
    """A server for one process of its own, signals included; several may share a listening socket."""
    return uvicorn.Server(_config(settings))


def listen(settings: Settings) -> socket.socket:
    """The listening socket, shared by all web processes of this machine; port 0 picks a free one.

    Raises:
        CannotListen: another process has the port, or the address is not this machine's.
    """
    # Naming TCP lets asyncio see that it may turn Nagle's delay off; each answer would wait 40 ms.
    listening = socket.socket(_family(settings.host), socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as refused:
        listening.close()
        raise CannotListen(
            f"Cannot listen on {settings.host} port {settings.port}: {refused.strerror}. "
            "Another port can be chosen with --port or PORT."
        ) from refused
    listening.listen(BACKLOG)
    return listening


async def serve(
    settings: Settings, stop: asyncio.Event, *, listening: socket.socket, ready: Callable[[], None]
) -> None:
    """Serve until told to stop, then finish the requests under way, for ``SHUTDOWN_SECONDS`` at most.

    ``ready`` is called once requests are answered. The socket is closed in the end.

    Raises:
        WebNotStarted: the application could not be started.
    """
    host, port = listening.getsockname()[:2]

    def announce() -> None:
        _log.info("web.started", host=host, port=port, pid=os.getpid())
        ready()

    running = _Server(_config(settings), announce)
    ending = asyncio.create_task(_end_when_told(running, stop))
    try:
        await running.serve([listening])
    except SystemExit as failed:  # Uvicorn's word for an application that does not start.
        raise WebNotStarted from failed
    finally:
        ending.cancel()
        listening.close()
    _log.info("web.stopped", host=host, port=port, pid=os.getpid())


class _Server(uvicorn.Server):
    """A server among other things that its process does: it tells when it is ready and leaves signals alone."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


async def _end_when_told(running: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    running.should_exit = True


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        lifespan="on",
    )


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
