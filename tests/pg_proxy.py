"""A TCP proxy in front of PostgreSQL that loses the connection at the worst moment: around a COMMIT.

In ``async with proxied(database_url) as proxy`` whatever connects to ``proxy.url`` goes through it, and after
``proxy.cut_at_commit(arrives=True)`` the server carries the next COMMIT out while its client never hears of it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from urllib.parse import parse_qs, urlsplit, urlunsplit

COMMIT = b"COMMIT;\0"  # As the driver sends it, in a message of its own.
CHUNK = 65_536
SOON = 5.0  # Seconds in which a server surely answers a COMMIT.

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Proxy:
    """Passes bytes both ways between clients and one server, until it is told to cut."""

    def __init__(self, connect: Connect) -> None:
        self.url = ""
        self.cuts = 0
        self.statements = 0  # That clients have sent so far.
        self.commit_arrives: bool | None = None  # None: nothing is to be cut.
        self._connect = connect
        self._links: set[_Link] = set()

    def cut_at_commit(self, *, arrives: bool) -> None:
        """Lose the connection of the next COMMIT: once the server has carried it out, or before it gets it."""
        self.commit_arrives = arrives

    def cut_all(self) -> None:
        """Lose every connection there is."""
        for link in list(self._links):
            link.cut()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        link = _Link(self, reader, writer, *await self._connect())
        self._links.add(link)
        try:
            await link.run()
        except asyncio.CancelledError:  # The test is over; nobody is left to tell.
            link.cut()
        finally:
            self._links.discard(link)


class _Link:
    """One client's connection and ours to the server for it."""

    def __init__(
        self,
        proxy: Proxy,
        client_reader: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._client_reader, self._client = client_reader, client
        self._server_reader, self._server = server_reader, server
        self._counter = _Counter()
        self._is_deaf = False  # The client is to hear no more.
        self._answered = asyncio.Event()

    async def run(self) -> None:
        """Pass bytes on until either side leaves or the link is cut."""
        ways = [asyncio.create_task(self._up()), asyncio.create_task(self._down())]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self.cut()

    def cut(self) -> None:
        """Drop both connections without a word."""
        self._client.transport.abort()
        self._server.transport.abort()

    async def _up(self) -> None:
        with suppress(ConnectionError):
            while chunk := await self._client_reader.read(CHUNK):
                self._proxy.statements += self._counter.count(chunk)
                if COMMIT in chunk and self._proxy.commit_arrives is not None:
                    await self._cut_at_commit(chunk)
                    return
                self._server.write(chunk)
                await self._server.drain()

    async def _cut_at_commit(self, chunk: bytes) -> None:
        arrives, self._proxy.commit_arrives = self._proxy.commit_arrives, None
        self._is_deaf = True
        if arrives:
            self._server.write(chunk)
            await asyncio.wait_for(self._answered.wait(), SOON)
        self._proxy.cuts += 1

    async def _down(self) -> None:
        with suppress(ConnectionError):
            while chunk := await self._server_reader.read(CHUNK):
                if self._is_deaf:
                    self._answered.set()
                    continue
                self._client.write(chunk)
                await self._client.drain()


class _Counter:
    """Counts the statements in what a client sends: simple queries and executions of prepared ones.

    A message is a letter, its length in four bytes (themselves included), and so much; only the first has no letter.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._skip = 0  # Bytes of a message that has begun.
        self._has_greeted = False

    def count(self, chunk: bytes) -> int:
        """How many statements begin in these bytes."""
        skipped = min(self._skip, len(chunk))
        self._skip -= skipped
        data, found = self._rest + chunk[skipped:], 0
        while len(data) >= (head := 5 if self._has_greeted else 4):
            length = int.from_bytes(data[head - 4 : head], "big") + head - 4
            found += self._has_greeted and data[:1] in {b"Q", b"E"}
            self._has_greeted = True
            self._skip, data = max(0, length - len(data)), data[length:]
        self._rest = data
        return found


@asynccontextmanager
async def proxied(database_url: str) -> AsyncIterator[Proxy]:
    """A proxy in front of the server of this address; its ``url`` is the same database through it."""
    parts = urlsplit(database_url)
    proxy = Proxy(_way_to(database_url))
    listening = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    login = parts.netloc.rpartition("@")[0]
    place = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    proxy.url = urlunsplit(parts._replace(netloc=f"{login}@{place}" if login else place, query=""))
    try:
        yield proxy
    finally:
        listening.close()
        proxy.cut_all()


def _way_to(database_url: str) -> Connect:
    """How to reach the server: over TCP, or by the socket in the folder that the address names as its host."""
    parts = urlsplit(database_url)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    port = int(given.get("port", parts.port or 5432))
    if given.get("host", "").startswith("/"):
        return partial(asyncio.open_unix_connection, f"{given['host']}/.s.PGSQL.{port}")
    return partial(asyncio.open_connection, parts.hostname or "127.0.0.1", port)
