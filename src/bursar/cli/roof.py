"""What stands above the command line. It may not be imported from here, so ``__main__`` hands it down."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import typer

if TYPE_CHECKING:
    from bursar.foundation.crypto import Keyring
    from bursar.foundation.settings import Settings
    from bursar.gateways import Gateway


class Web(Protocol):
    """The web process, as ``bursar.web`` offers it."""

    def listen(self, settings: "Settings", /) -> socket.socket:
        """The listening socket."""
        ...

    async def serve(
        self, settings: "Settings", stop: asyncio.Event, /, *, listening: socket.socket, ready: Callable[[], None]
    ) -> None:
        """Answer requests until told to stop."""
        ...


class Worker(Protocol):
    """The worker process, as ``bursar.worker`` offers it."""

    async def work(self, settings: "Settings", stop: asyncio.Event, /, *, ready: Callable[[], None]) -> None:
        """Do all jobs until told to stop."""
        ...


class Sandbox(Protocol):
    """The sandbox bank as a process beside ours."""

    def __call__(self, settings: "Settings", /, *, reports_to: str) -> "AbstractAsyncContextManager[Settings]":
        """Run it; gives the settings with which payouts go through it."""
        ...


@dataclass(frozen=True, slots=True)
class Roof:
    """What commands use from above. ``web`` and ``worker`` load the process they give, which takes a while."""

    settle: "Callable[[Settings], Settings]"
    keyring: "Callable[[Settings], Keyring]"
    gateways: "Callable[[Settings], AbstractAsyncContextManager[Mapping[str, Gateway]]]"
    sandbox: Sandbox
    web: Callable[[], Web]
    worker: Callable[[], Worker]

    @classmethod
    def over(cls, context: typer.Context) -> "Roof":
        """The roof over this command."""
        found = context.obj
        assert isinstance(found, cls), "``__main__`` hands it down"
        return found
