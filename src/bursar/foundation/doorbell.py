"""Doorbells: telling the workers that something may be waiting, so that they need not sleep until the next look.

A bell carries no truth. What waits stands in its own table, and every listener also looks by itself now and then, so a
bell that is lost costs a few seconds and nothing else. Rings are gathered: one statement at most per ``_SPACING``.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

import asyncpg

from bursar.foundation import log
from bursar.foundation.db import Database

CHANNEL: Final = "bursar_bell"
_SPACING: Final = 0.01  # Seconds between two rings of one process; bounds the cost under load, not the delay alone.

_log = log.get(__name__)


class Ringer:
    """Rings bells on behalf of one process; ringing never waits and never fails its caller."""

    def __init__(self, database: Database) -> None:
        """Ring over this database."""
        self._database = database
        self._wanted: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def ring(self, bell: str) -> None:
        """Ask for a ring, soon, after the caller's commit."""
        self._wanted.add(bell)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send())

    async def drain(self) -> None:
        """Wait until everything that was asked for has been rung."""
        if self._task is not None:
            await self._task

    async def _send(self) -> None:
        while self._wanted:
            bells, self._wanted = sorted(self._wanted), set()
            try:
                async with self._database.session() as connection:
                    await connection.execute("SELECT pg_notify($1, bell) FROM unnest($2::text[]) bell", CHANNEL, bells)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as lost:
                _log.warning("doorbell.lost", cause=type(lost).__name__)  # The listeners look by themselves.
            await asyncio.sleep(_SPACING)


class Listener:
    """Hears bells over one connection, which it opens again when it is lost."""

    def __init__(self, connect: Callable[[], Awaitable["asyncpg.Connection[Any]"]]) -> None:
        """Listen over a connection of its own, made by ``connect``."""
        self._connect = connect
        self._ears: dict[str, WeakKeyDictionary[asyncio.Task[Any], asyncio.Event]] = defaultdict(WeakKeyDictionary)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Stop listening and close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self, bell: str, *, at_most: float) -> bool:
        """Sleep until the bell rings or ``at_most`` seconds have passed; whether it rang.

        Each task hears every ring for itself: one that rang while the task was busy counts at its next wait.
        """
        task = asyncio.current_task()
        assert task is not None, "only a task can wait"
        event = self._ears[bell].setdefault(task, asyncio.Event())
        try:
            async with asyncio.timeout(at_most):
                await event.wait()
        except TimeoutError:
            return False
        event.clear()
        return True

    def ring_here(self, bell: str) -> None:
        """Ring for this process alone, as after finding that more is waiting."""
        for event in self._ears[bell].values():
            event.set()

    def ring_all(self) -> None:
        """Wake everybody who waits here, as on shutdown."""
        for bell in self._ears:
            self.ring_here(bell)

    async def _listen(self) -> None:
        while True:
            try:
                connection = await self._connect()
                try:
                    await connection.add_listener(CHANNEL, lambda _c, _p, _ch, bell: self.ring_here(str(bell)))
                    while not connection.is_closed():
                        await asyncio.sleep(5)
                        await connection.execute("SELECT 1")  # Notices a dead link that TCP has not noticed.
                finally:
                    await connection.close(timeout=2)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as lost:
                _log.warning("doorbell.reconnecting", cause=type(lost).__name__)
                await asyncio.sleep(1)
