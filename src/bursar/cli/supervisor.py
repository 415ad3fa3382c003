"""Keeping processes alive: several of one kind, each started again when it dies, all ended with whoever keeps them.

Each child has a session of its own, so that Ctrl-C reaches the supervisor alone, which then asks them to finish. Its
standard input is a pipe that nobody writes to: should the supervisor be killed, that pipe ends, and the child with
it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from bursar.foundation import log
from bursar.foundation.errors import Unavailable
from bursar.foundation.loops import rest, side_by_side

STEADY_SECONDS: Final = 10.0  # Whoever lived so long had started well.
DEATHS_MAX: Final = 5  # In a row without ever being steady: then it cannot run here, and somebody has to look.
WAIT_SECONDS: Final = 0.5
FINISH_SECONDS: Final = 45.0  # More than a child gives itself to finish what is under way.

_log = log.get(__name__)


class KeepsDying(Unavailable):
    """A process died again and again soon after its start; the log says why."""

    code = "keeps_dying"


@dataclass(frozen=True, slots=True)
class Child:
    """A command to be kept running, and what differs in its environment."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    sockets: Sequence[int] = ()  # Descriptors that it inherits under the same numbers.


def ours(*arguments: str) -> tuple[str, ...]:
    """The command ``bursar`` with these arguments, as a child of the one that runs."""
    return sys.executable, "-m", "bursar", *arguments


async def keep(
    children: Sequence[Child],
    stop: asyncio.Event,
    *,
    changes: AsyncIterator[object] | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> None:
    """Keep these running until told to stop, and start them anew whenever something comes out of ``changes``.

    One that dies is started again after ``wait_seconds``, and after twice as long each further time.

    Raises:
        KeepsDying: one of them cannot be kept alive; the others have been ended.
    """
    keepers = [_Keeper(child, stop, wait_seconds) for child in children]
    works = [keeper.run() for keeper in keepers]
    if changes is not None:
        works.append(_renew(keepers, changes))
    await side_by_side(stop, *works)


class _Keeper:
    """Keeps one child alive."""

    def __init__(self, child: Child, stop: asyncio.Event, wait_seconds: float) -> None:
        self._child = child
        self._stop = stop
        self._wait_seconds = wait_seconds
        self._renewed = asyncio.Event()

    def renew(self) -> None:
        """End the child that runs, so that a new one takes its place."""
        self._renewed.set()

    async def run(self) -> None:
        deaths = 0
        while not self._stop.is_set():
            began = asyncio.get_running_loop().time()
            process = await self._start()
            await self._until_over(process)
            if self._stop.is_set() or self._renewed.is_set():
                self._renewed.clear()
                await _finish(process)
                continue
            deaths = 1 if asyncio.get_running_loop().time() - began > STEADY_SECONDS else deaths + 1
            _log.warning("process.died", pid=process.pid, status=process.returncode, count=deaths)
            if deaths == DEATHS_MAX:
                raise KeepsDying
            await rest(self._stop, self._wait_seconds * 2 ** (deaths - 1))

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._child.command,
            env=os.environ | self._child.environment,
            pass_fds=tuple(self._child.sockets),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )

    async def _until_over(self, process: asyncio.subprocess.Process) -> None:
        """Wait until the child dies, is to be renewed, or everything is to end."""
        reasons = [asyncio.create_task(over) for over in (process.wait(), self._renewed.wait(), self._stop.wait())]
        await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
        for reason in reasons:
            reason.cancel()


async def _finish(process: asyncio.subprocess.Process) -> None:
    """Let a child finish what it has under way; kill it when that takes too long."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(FINISH_SECONDS):
            await process.wait()
    except TimeoutError:
        _log.warning("process.killed", pid=process.pid)
        process.kill()
        await process.wait()


async def _renew(keepers: Sequence[_Keeper], changes: AsyncIterator[object]) -> None:
    async for _ in changes:
        for keeper in keepers:
            keeper.renew()
