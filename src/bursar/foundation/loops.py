"""Loops of a worker: they outlive the failure of any one pass, and end when they are told to."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from bursar.foundation import log

_log = log.get(__name__)


async def repeat(
    work: Callable[[], Awaitable[bool]], *, name: str, stop: asyncio.Event, pause: Callable[[], Awaitable[object]]
) -> None:
    """Do one pass after the other until ``stop``; pause after a pass that says that nothing more is waiting.

    A pass that fails is logged and followed by a pause. Whatever it left half done is its room's business: leases run
    out, transactions roll back, and a later pass finds it.
    """
    while not stop.is_set():
        try:
            with log.correlated():
                more = await work()
        except Exception:  # noqa: BLE001 - one bad pass must not end the process that everything else runs in
            _log.exception("pass.failed", job=name)
            more = False
        if not more and not stop.is_set():
            await pause()


async def rest(stop: asyncio.Event, seconds: float) -> None:
    """Pause, but not beyond the end."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def side_by_side(stop: asyncio.Event, *works: Coroutine[Any, Any, object]) -> None:
    """Do all of these until each is over; as soon as one is over or fails, the others are told to ``stop``.

    Raises:
        Exception: the first failure, once all have ended.
    """
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(lambda _: stop.set())
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended
