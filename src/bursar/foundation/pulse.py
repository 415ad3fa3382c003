"""How one process feels: how late its event loop is, and what it takes of the machine."""

import asyncio
import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psutil

BEAT_SECONDS: Final = 0.25
KEPT: Final = 240  # A minute of beats.


@dataclass(frozen=True, slots=True)
class Vitals:
    """One process at one moment. Lags are in seconds, ``cpu_percent`` is of one core since the last look."""

    pid: int
    loop_lag: float
    loop_lag_max: float  # Within the last minute.
    cpu_percent: float
    memory_bytes: int


class Pulse:
    """Beats in the background and notices how late each beat is: by so much does everything else wait as well."""

    def __init__(self) -> None:
        """Begin without a beat; ``start`` in the event loop that is to be watched."""
        self._lags: deque[float] = deque(maxlen=KEPT)
        self._task: asyncio.Task[None] | None = None
        self._process = psutil.Process()
        self._process.cpu_percent()  # Counted from here on.

    def start(self) -> None:
        """Beat until ``stop``."""
        self._task = asyncio.create_task(self._beat(), name="pulse")

    async def stop(self) -> None:
        """Beat no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    def vitals(self) -> Vitals:
        """How this process is; a look takes some microseconds."""
        with self._process.oneshot():
            return Vitals(
                pid=os.getpid(),
                loop_lag=self._lags[-1] if self._lags else 0.0,
                loop_lag_max=max(self._lags, default=0.0),
                cpu_percent=self._process.cpu_percent(),
                memory_bytes=self._process.memory_info().rss,
            )

    async def _beat(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            due = now() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            self._lags.append(max(now() - due, 0.0))
