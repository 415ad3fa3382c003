"""The web process: the API (and later the portals) on uvicorn."""

import asyncio
import signal
import socket
from collections.abc import Callable
from typing import Any, Final

import uvicorn

from bursar import bootstrap
from bursar.api import create_app
from bursar.api.fastlane import FastLane
from bursar.foundation.clock import SystemClock
from bursar.foundation.settings import Settings

SHUTDOWN_SECONDS: Final = 25  # Below the 30 that container platforms give before they kill.
BACKLOG: Final = 2048


def app(settings: Settings | None = None) -> FastLane:
    """The application on this installation's settings; also an entry point for other ASGI servers."""
    settled = bootstrap.settle(settings)
    return create_app(lambda: bootstrap.furnish(settled), clock=SystemClock())


def server(settings: Settings, *, started: Callable[[], Any] | None = None) -> uvicorn.Server:
    """A server for one process; more of them may share a port."""
    config = uvicorn.Config(
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
    return uvicorn.Server(config)


def listen(settings: Settings) -> socket.socket:
    """The listening socket, shared by all web processes of this machine."""
    listening = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((settings.host, settings.port))
    listening.listen(BACKLOG)
    return listening
