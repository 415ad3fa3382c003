"""Jobs carried by a message broker, through the broker's taskiq client.

Of taskiq only the transport is used: sending, receiving, acknowledging. What a job may be, who answers it and how often
is the crew's, the same for every carrier.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import msgspec
from taskiq import AckableMessage, AsyncBroker, BrokerMessage
from taskiq.utils import maybe_awaitable

from bursar.foundation import log
from bursar.foundation.loops import rest
from bursar.foundation.queue.crew import Crew
from bursar.foundation.queue.envelope import Envelope
from bursar.foundation.queue.model import Figures

RING_SECONDS: Final = 5.0  # How long a ring may take; whoever rings has other things to do.
OPEN_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 1.0  # Before a broker that was lost is opened again.
CANCEL_SECONDS: Final = 1.0  # Between two attempts to cancel a call.
PROBE_SECONDS: Final = 5.0  # How often a silent broker is asked whether it is still there.

B = TypeVar("B", bound=AsyncBroker)
_log = log.get(__name__)


class Kind(Protocol[B]):
    """What is different between brokers."""

    @property
    def name(self) -> str:
        """How the carrier is called."""
        ...

    def broker(self, *, prefetch: int) -> B:
        """A client that is not connected yet, which takes so many messages ahead of their answers."""
        ...

    async def opened(self, broker: B) -> None:
        """Look after a client that has just connected.

        Raises:
            Exception: it must not be used.
        """
        ...

    async def closing(self, broker: B) -> None:
        """Make sure that nothing of a client stays that has been shut down, or was about to be."""
        ...

    async def probe(self, broker: B) -> int:
        """How many messages wait.

        Raises:
            Exception: the broker does not answer.
        """
        ...

    def connections(self, broker: B) -> int:
        """How many connections the client has."""
        ...


class BrokerCarrier:
    """Rings through a broker, and answers what comes out of it."""

    def __init__(self, kind: Kind[Any]) -> None:
        """Carry by this kind of broker."""
        self._kind = kind
        self._broker: AsyncBroker | None = None
        self._opening = asyncio.Lock()
        self._capacity = 0  # Nobody answers here yet.
        self._lost = 0

    @property
    def name(self) -> str:
        """Which broker it is."""
        return self._kind.name

    async def ring(self, job: str, payload: msgspec.Struct) -> None:
        """Send a job to the broker."""
        message = BrokerMessage(task_id="", task_name=job, message=Envelope.seal(job, payload), labels={})
        try:
            async with asyncio.timeout(RING_SECONDS):
                await (await self._open()).kick(message)
        except Exception as lost:  # noqa: BLE001 - whatever a broker's client makes of it: the ring is lost
            self._lost += 1
            _log.warning("ring.lost", carrier=self.name, job=job, cause=type(lost).__name__)
            if not self._capacity:  # Else whoever listens notices as well.
                await self.close()

    async def run(self, crew: Crew, stop: asyncio.Event) -> None:
        """Bring jobs to the crew."""
        self._capacity = crew.capacity
        async with self._opening:
            await self.close()  # A client that has only rung so far has no connection to listen on.
        under_way: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            try:
                async with asyncio.timeout(OPEN_SECONDS):
                    broker = await self._open()
                await self._listen(broker, crew, stop, under_way)
            except Exception as lost:  # noqa: BLE001 - whatever the client makes of a lost broker
                _log.warning("carrier.lost", carrier=self.name, cause=type(lost).__name__)
                await self.close()
            if not stop.is_set():
                await rest(stop, AGAIN_SECONDS)
        if under_way:
            await asyncio.wait(under_way)
        self._capacity = 0

    async def figures(self) -> Figures:
        """How it is used."""
        broker, waiting = self._broker, None
        if broker is None:
            return Figures(self.name, 0, None, self._lost)
        with suppress(Exception):  # Then it cannot be said just now.
            async with asyncio.timeout(RING_SECONDS):
                waiting = await self._kind.probe(broker)
        return Figures(self.name, self._kind.connections(broker), waiting, self._lost)

    async def close(self) -> None:
        """Give every connection back."""
        broker, self._broker = self._broker, None
        if broker is not None:
            await self._shut(broker)

    async def _open(self) -> AsyncBroker:
        """The one client of this process, connected."""
        async with self._opening:
            if self._broker is None:
                broker: AsyncBroker = self._kind.broker(prefetch=max(1, self._capacity))
                broker.is_worker_process = self._capacity > 0
                try:
                    await broker.startup()
                    await self._kind.opened(broker)
                except BaseException:
                    await self._shut(broker)
                    raise
                self._broker = broker
            return self._broker

    async def _shut(self, broker: AsyncBroker) -> None:
        for parting in (broker.shutdown, partial(self._kind.closing, broker)):
            with suppress(Exception):  # There may be nobody to say goodbye to.
                async with asyncio.timeout(CLOSE_SECONDS):
                    await parting()

    async def _listen(
        self, broker: AsyncBroker, crew: Crew, stop: asyncio.Event, under_way: set[asyncio.Task[None]]
    ) -> None:
        """Hand messages to the crew, as many at a time as it can work on, until told to stop or the broker is lost."""
        messages = broker.listen()
        assert isinstance(messages, AsyncGenerator)
        free = asyncio.Semaphore(crew.capacity)
        try:
            while await _unless(stop, free.acquire()):
                message = await self._next(broker, messages, stop)
                if message is None:
                    break
                task = asyncio.create_task(self._take(message, crew, stop))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                task.add_done_callback(lambda _: free.release())
        finally:
            with suppress(Exception):  # It may be what was lost.
                await messages.aclose()

    async def _next(
        self, broker: AsyncBroker, messages: AsyncGenerator[bytes | AckableMessage, None], stop: asyncio.Event
    ) -> AckableMessage | None:
        """The next message, or None when told to stop; a broker that is silent is asked whether it is still there."""
        coming = asyncio.ensure_future(anext(messages))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                await asyncio.wait({coming, stopping}, timeout=PROBE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    message = coming.result()
                    assert isinstance(message, AckableMessage), "both brokers wait to be told that a job was answered"
                    return message
                async with asyncio.timeout(RING_SECONDS):
                    await self._kind.probe(broker)
            return None
        finally:
            stopping.cancel()
            await _end(coming)

    async def _take(self, message: AckableMessage, crew: Crew, stop: asyncio.Event) -> None:
        try:
            if await crew.take(message.data, stop):
                await maybe_awaitable(message.ack())
        except Exception as lost:  # noqa: BLE001 - not acknowledged: it comes again, and is safe to answer twice
            _log.warning("job.not_acknowledged", carrier=self.name, cause=type(lost).__name__)


async def _end(task: "asyncio.Future[Any]") -> None:
    """Cancel a client's call until it has ended: redis-py may take a cancellation for its own time-out, and go on."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_SECONDS)
    if not task.cancelled():
        task.exception()  # Looked at: a message that came just then is not acknowledged, so it comes again.


async def _unless(stop: asyncio.Event, wanted: Awaitable[object]) -> bool:
    """Wait for something, unless told to stop first; whether it came."""
    coming, stopping = asyncio.ensure_future(wanted), asyncio.ensure_future(stop.wait())
    await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for waiting in (coming, stopping):
        waiting.cancel()
    await asyncio.gather(coming, stopping, return_exceptions=True)
    return not stop.is_set()
