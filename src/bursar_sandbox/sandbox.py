"""All simulators behind one address, each under a prefix of its own and with a book of its own."""

from pathlib import Path
from typing import Final, Protocol

from bursar_sandbox import statement
from bursar_sandbox.asgi import BodyTooLarge, Exchange, Receive, Scope, Send
from bursar_sandbox.book import Book
from bursar_sandbox.refusals import Refused, RequestTooLarge, UnknownRoute


class Simulator(Protocol):
    """One simulated gateway."""

    @property
    def name(self) -> str:
        """The gateway's name, as in the names of exported books."""
        ...

    @property
    def book(self) -> Book:
        """What it really paid."""
        ...

    async def start(self) -> None:
        """Begin what goes on in the background."""
        ...

    async def stop(self) -> None:
        """End what goes on in the background."""
        ...

    async def serve(self, exchange: Exchange, path: str, body: bytes) -> None:
        """Answer one call; `path` is what follows the simulator's prefix."""
        ...


class Sandbox:
    """An ASGI application that leads each call to its simulator."""

    def __init__(self, simulators: dict[str, Simulator], *, export_path: Path | None = None) -> None:
        """Simulators by prefix; the empty prefix takes what no other does."""
        # The longest first, so that a prefix inside another is found.
        self._simulators: Final = dict(sorted(simulators.items(), key=lambda item: -len(item[0])))
        self._export_path = export_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert scope["type"] == "http", "the server was told not to offer anything else"
        exchange = Exchange(scope, receive, send)
        try:
            await self._serve(exchange)
        except Refused as refused:
            await exchange.reply(refused.answer)
        except BodyTooLarge:
            await exchange.reply(RequestTooLarge().answer)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        for simulator in self._simulators.values():
            await simulator.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for simulator in self._simulators.values():
            await simulator.stop()
        self._export()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, exchange: Exchange) -> None:
        body = await exchange.body()
        for prefix, simulator in self._simulators.items():
            path = exchange.path.removeprefix(prefix)
            if not prefix or (path != exchange.path and path.startswith("/")):
                await simulator.serve(exchange, path, body)
                return
        raise UnknownRoute

    def _export(self) -> None:
        """Write each book to a file: the first simulator's to the given path, the others' beside it by name."""
        if self._export_path is None:
            return
        path = self._export_path
        for prefix, simulator in self._simulators.items():
            place = path.with_name(f"{path.stem}.{simulator.name}{path.suffix}") if prefix else path
            statement.export(simulator.book, place)
