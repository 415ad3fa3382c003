"""The worker process: pays out all day and in runs, asks about what is unknown, applies reports, tells the world."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from bursar import bootstrap, dispatch, monitoring, programs, schedules
from bursar.api import merchants, serve_metrics
from bursar.foundation import log, queue
from bursar.foundation.addresses import Policy
from bursar.foundation.doorbell import Listener
from bursar.foundation.egress import Egress
from bursar.foundation.loops import repeat, rest, side_by_side
from bursar.foundation.settings import Settings
from bursar.house import House
from bursar.outbound import notices, webhooks

NEW_PROGRAMS_SECONDS: Final = 5.0  # How soon a program that was just applied is dispatched for.
FAN_OUT_SECONDS: Final = 0.25  # How soon what happened becomes messages; looking costs two small statements.
QUEUE_SECONDS: Final = 5.0  # Before the queue's connection is opened again after it was lost.

_log = log.get(__name__)


async def work(settings: Settings, stop: asyncio.Event, *, ready: Callable[[], None] = lambda: None) -> None:
    """Do all of a worker's jobs until told to stop; then claim nothing more and finish what is under way.

    ``ready`` is called once the jobs are about to begin.
    """
    async with _tools(settings) as (house, tools, egress):
        await monitoring.housekeeping.plan(house.database, _errands(house))
        _log.info("worker.started", pid=os.getpid())
        ready()
        await side_by_side(stop, *_jobs(house, tools, egress, stop))
        _log.info("worker.stopped", pid=os.getpid())


def _jobs(
    house: House, tools: dispatch.Tools, egress: Egress, stop: asyncio.Event
) -> Iterator[Coroutine[Any, Any, object]]:
    """Everything that a worker does, side by side. A new job is one more line here."""
    bell = tools.listener
    courier = notices.courier(house.settings, house.database, house.clock, egress)  # Refuses settings that are wrong.
    yield _wake_the_sleeping(bell, stop)
    yield _Dispatchers(house, tools, stop).run()
    yield from _runs(house, tools, stop)
    yield dispatch.Inquirer(tools).run(stop)
    yield dispatch.reports.Reader(tools).run(stop)
    yield dispatch.FloatWatcher(tools).run(stop)
    yield dispatch.AccountChecker(tools).run(stop)
    yield _tell_holders(house, stop)
    yield notices.Herald(house.database, house.book, house.clock, house.ringer).run(stop)
    yield courier.run(stop, bell)
    yield _deliverer(house, egress).run(stop, bell)
    if house.settings.metrics_port is not None:
        yield serve_metrics(house, stop)
    yield _side_jobs(house, stop)
    yield monitoring.housekeeping.seal_all_day(house.database, stop)
    yield monitoring.recovery.Watch(house.database, house.gateways, house.ringer).run(stop)
    yield monitoring.tallies.count_all_day(house.database, stop)
    yield monitoring.alerts.Watcher(house.database, house.ringer).run(stop)
    yield _poster(house, egress).run(stop, bell)


def _runs(house: House, tools: dispatch.Tools, stop: asyncio.Event) -> Iterator[Coroutine[Any, Any, object]]:
    """What pays out the programs that do so in runs, and what shows that this worker is there to do it."""
    carrier = house.carrier

    async def bury(letter: queue.DeadLetter) -> None:
        async with house.database.transaction() as tx:
            await queue.bury(tx, letter, carrier=carrier.name)

    runner = schedules.Runner(tools, carrier, chunk=house.settings.run_chunk)
    crew = queue.Crew(runner.answers(house.settings), bury=bury)
    presence = monitoring.workers.Presence(
        house.database,
        carrier,
        crew,
        health_seconds=house.settings.worker_health_seconds,
        pulse=house.pulse,
        pools=[house.lanes],
    )
    yield schedules.Clockwork(tools, carrier).run(stop)
    yield carrier.run(crew, stop)
    yield presence.run(stop, host=socket.gethostname(), pid=os.getpid())


@asynccontextmanager
async def _tools(settings: Settings) -> AsyncIterator[tuple[House, dispatch.Tools, Egress]]:
    async with bootstrap.furnish(settings, statement_timeout_ms=settings.worker_statement_timeout_ms) as house:
        listener = Listener(lambda: bootstrap.listening_connection(settings))
        egress = Egress.open(Policy(allow_loopback=settings.webhook_allow_loopback))
        listener.start()
        try:
            yield (
                house,
                dispatch.Tools(
                    database=house.database,
                    gateways=house.gateways,
                    book=house.book,
                    keyring=house.keyring,
                    listener=listener,
                    circuits=dispatch.Circuits(house.database),
                ),
                egress,
            )
        finally:
            await listener.stop()
            await egress.close()


async def _wake_the_sleeping(bell: Listener, stop: asyncio.Event) -> None:
    """Let nobody sleep through the end."""
    await stop.wait()
    bell.ring_all()


class _Dispatchers:
    """One dispatcher for each program that pays out all day; programs that are applied later join in."""

    def __init__(self, house: House, tools: dispatch.Tools, stop: asyncio.Event) -> None:
        self._house = house
        self._tools = tools
        self._stop = stop
        self._running: dict[str, asyncio.Task[None]] = {}
        self._without_gateway: set[str] = set()

    async def run(self) -> None:
        """Dispatch until told to stop; then let every dispatcher finish what is under way."""
        await repeat(
            self._look, name="programs", stop=self._stop, pause=partial(rest, self._stop, NEW_PROGRAMS_SECONDS)
        )
        await asyncio.gather(*self._running.values())

    async def _look(self) -> bool:
        async with self._house.database.transaction(readonly=True) as tx:
            known = await programs.all(tx)
        for terms in known:
            if terms.route.gateway not in self._house.gateways:
                self._miss_gateway(terms)
            elif terms.dispatch.mode is programs.Mode.CONTINUOUS and terms.program not in self._running:
                dispatcher = dispatch.Dispatcher(self._tools, terms.program)
                self._running[terms.program] = asyncio.create_task(dispatcher.run(self._stop))
        return False

    def _miss_gateway(self, terms: programs.Terms) -> None:
        """Tell once of a program that cannot be paid from here, all day or in runs."""
        if terms.program not in self._without_gateway:
            self._without_gateway.add(terms.program)
            _log.warning("program.not_dispatched", program=terms.program, gateway=terms.route.gateway)


async def _tell_holders(house: House, stop: asyncio.Event) -> None:
    """Turn what happened into messages to the holders' endpoints."""

    async def fan_out() -> bool:
        async with house.database.transaction() as tx:
            events, messages = await webhooks.fan_out(tx, tell=merchants.WORDS, book=house.book, at=house.clock.now())
        if messages:
            house.ringer.ring(webhooks.BELL)
        return events > 0

    await repeat(fan_out, name="fan_out", stop=stop, pause=partial(rest, stop, FAN_OUT_SECONDS))


def _deliverer(house: House, egress: Egress) -> webhooks.Deliverer:
    secret = house.settings.webhook_secret
    return webhooks.Deliverer(
        house.database,
        egress,
        house.keyring,
        house.clock,
        concurrency=house.settings.webhook_concurrency,
        installation_secret=secret.get_secret_value() if secret else None,
    )


def _poster(house: House, egress: Egress) -> monitoring.alerts.Poster:
    secret = house.settings.alert_webhook_secret or house.settings.webhook_secret
    return monitoring.alerts.Poster(
        house.database, egress, house.clock, secret=secret.get_secret_value() if secret else None
    )


def _errands(house: House) -> list[monitoring.Errand]:
    """What is done now and then and calls others."""
    return [monitoring.reconciliation.daily(house.database, house.gateways)]


async def _side_jobs(house: House, stop: asyncio.Event) -> None:
    """Run what other transactions have queued; open the queue's connection again when it is lost."""
    handlers = {
        **monitoring.housekeeping.handlers(house.database, _errands(house)),
        **monitoring.reconciliation.handlers(house.database, house.gateways),
    }

    async def run() -> bool:
        await queue.run(partial(bootstrap.listening_connection, house.settings), handlers, stop)
        return False

    await repeat(run, name="queue", stop=stop, pause=partial(rest, stop, QUEUE_SECONDS))
