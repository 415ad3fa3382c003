"""A merchant's endpoint: takes webhooks and remembers when each payout's success was told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, Self

HOST: Final = "127.0.0.1"
ANSWER: Final = b"HTTP/1.1 204 No Content\r\n\r\n"


class Receiver:
    """Listens on loopback, and answers every message with a 204."""

    def __init__(self) -> None:
        """Begin with nothing received."""
        self.told_at: dict[str, datetime] = {}
        self.url = ""
        self._awaited = 0
        self._complete = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Self]:
        """A receiver that listens."""
        receiver = cls()
        async with await asyncio.start_server(receiver._serve, HOST, 0) as server:
            receiver.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}/"
            yield receiver

    def expect(self, count: int) -> None:
        """Forget what was told, and begin to wait for so many payouts."""
        self.told_at.clear()
        self._complete.clear()
        self._awaited = count

    async def complete(self, *, within: float) -> None:
        """Wait until the success of each was told.

        Raises:
            TimeoutError: not within so many seconds.
        """
        async with asyncio.timeout(within):
            await self._complete.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"content-length: ")[2].partition(b"\r")[0]
                self._note(await reader.readexactly(int(length)))
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _note(self, body: bytes) -> None:
        message = json.loads(body)
        if message["status"] == "SUCCESS":
            self.told_at.setdefault(message["payoutId"], datetime.now(UTC))
        if len(self.told_at) == self._awaited:
            self._complete.set()
