"""The herald: reads what happened, again and again, and writes down who is to be told."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from bursar import programs
from bursar.foundation.clock import Clock
from bursar.foundation.db import Database, Transaction
from bursar.foundation.doorbell import Ringer
from bursar.foundation.loops import repeat, rest
from bursar.outbound.notices import announcing
from bursar.outbound.notices.sending import BELL

FAN_OUT_SECONDS: Final = 0.5  # How soon what happened becomes notices; looking costs two small statements.
LOOK_SECONDS: Final = 15.0  # How often overdue reviews and denied accounts are looked for.


class Herald:
    """Turns moves of payouts, overdue reviews and denied accounts into notices; any number of them may run."""

    def __init__(self, database: Database, book: programs.Book, clock: Clock, ringer: Ringer) -> None:
        """Ring the couriers over ``ringer``."""
        self._database = database
        self._book = book
        self._clock = clock
        self._ringer = ringer

    async def run(self, stop: asyncio.Event) -> None:
        """Look until told to stop."""
        await asyncio.gather(
            self._repeat("notices_fan_out", self.fan_out, stop, FAN_OUT_SECONDS),
            self._repeat("notices_overdue", partial(self._write, announcing.tell_overdue), stop, LOOK_SECONDS),
            self._repeat("notices_denied", partial(self._write, announcing.tell_denied), stop, LOOK_SECONDS),
        )

    async def fan_out(self) -> bool:
        """Read the next moves; whether there were any."""
        async with self._database.transaction() as tx:
            moves, notices = await announcing.fan_out(tx, book=self._book, at=self._clock.now())
        if notices:
            self._ringer.ring(BELL)
        return moves > 0

    async def _write(self, look: Callable[..., Awaitable[int]]) -> bool:
        """One look; whether it found anything, so that it is worth to look again at once."""

        async def work(tx: Transaction) -> int:
            return await look(tx, book=self._book, at=self._clock.now())

        notices = await self._database.retrying(work)
        if notices:
            self._ringer.ring(BELL)
        return notices > 0

    async def _repeat(
        self, name: str, work: Callable[[], Awaitable[bool]], stop: asyncio.Event, seconds: float
    ) -> None:
        await repeat(work, name=name, stop=stop, pause=partial(rest, stop, seconds))
