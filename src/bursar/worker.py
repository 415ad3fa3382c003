"""The worker process: dispatches payouts, asks about what is unknown, applies reports, delivers webhooks."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from bursar import bootstrap, dispatch, programs
from bursar.foundation import log
from bursar.foundation.doorbell import Listener
from bursar.foundation.settings import Settings
from bursar.house import House

_log = log.get(__name__)

NEW_PROGRAMS_SECONDS: Final = 10.0  # How soon a program that was just applied is dispatched for.


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Do all of a worker's jobs until told to stop; then finish what is under way."""
    async with bootstrap.furnish(settings, statement_timeout_ms=settings.worker_statement_timeout_ms) as house:
        listener = Listener(lambda: bootstrap.listening_connection(settings))
        listener.start()
        tools = dispatch.Tools(
            database=house.database,
            gateways=house.gateways,
            book=house.book,
            keyring=house.keyring,
            listener=listener,
            circuits=dispatch.Circuits(house.database),
        )
        _log.info("worker.started")
        jobs = [
            dispatch.Inquirer(tools).run(stop),
            dispatch.reports.Reader(tools).run(stop),
            _dispatch_all(house, tools, stop),
        ]
        await _together(jobs, stop, listener)
        await listener.stop()
        _log.info("worker.stopped")


async def _together(jobs: list[Coroutine[Any, Any, None]], stop: asyncio.Event, listener: Listener) -> None:
    """Run jobs side by side; wake those that sleep when it is time to stop."""
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(job)
        await stop.wait()
        listener.ring_all()


async def _dispatch_all(house: House, tools: dispatch.Tools, stop: asyncio.Event) -> None:
    """One dispatcher for each program that pays out all day; programs that are applied later join in."""
    running: dict[str, asyncio.Task[None]] = {}
    while not stop.is_set():
        async with house.database.transaction(readonly=True) as tx:
            wanted = [t.program for t in await programs.all(tx) if t.dispatch.mode is programs.Mode.CONTINUOUS]
        for program in wanted:
            if program not in running:
                running[program] = asyncio.create_task(dispatch.Dispatcher(tools, program).run(stop))
        await tools.listener.wait("programs", at_most=NEW_PROGRAMS_SECONDS)
    await asyncio.gather(*running.values())
