"""RabbitMQ: one durable queue, acknowledged when answered."""

import logging
import ssl
from typing import Any, Final

from taskiq_aio_pika import AioPikaBroker
from taskiq_aio_pika.exchange import Exchange
from taskiq_aio_pika.queue import Queue, QueueType

from bursar.foundation.queue.address import Address

QUEUE: Final = "bursar.jobs"
DEAD: Final = "bursar.jobs.dead"
KEPT_MAX: Final = 10_000  # Messages in the queue; what falls out at its head is rung again.
HEARTBEAT_SECONDS: Final = 10  # A link that is silent for twice as long is lost.


class RabbitMQ:
    """RabbitMQ, by one connection for ringing and one for listening."""

    name: Final = "rabbitmq"

    def __init__(self, where: Address) -> None:
        """Reach RabbitMQ there."""
        self._where = where

    def broker(self, *, prefetch: int) -> AioPikaBroker:
        """A client for the queue, which it makes if it is not there.

        A classic queue, although quorum queues are RabbitMQ's newer ones: nothing here needs a second copy of a
        doorbell, and after a crash a classic queue serves at once.
        """
        for noisy in ("aio_pika", "aiormq"):  # They tell at length what the carrier says in one line.
            logging.getLogger(noisy).setLevel(logging.CRITICAL)
        limits: dict[str, Any] = {"x-max-length": KEPT_MAX, "x-overflow": "drop-head"}
        return AioPikaBroker(
            self._where.url,
            qos=prefetch,
            exchange=Exchange(name="bursar"),
            task_queues=[Queue(name=QUEUE, type=QueueType.CLASSIC, arguments=limits)],
            dead_letter_queue=Queue(name=DEAD, type=QueueType.CLASSIC, arguments=limits),
            heartbeat=HEARTBEAT_SECONDS,
            ssl_context=self._encryption(),
        )

    async def opened(self, broker: AioPikaBroker) -> None:
        """Nothing is to be looked after."""

    async def closing(self, broker: AioPikaBroker) -> None:
        """Close the connections themselves: where a channel is lost, its client stops short of that.

        They would find their way back one day, and hold on to messages that nobody takes from them.
        """
        for link in (broker.read_conn, broker.write_conn):
            if link is not None:
                await link.close()

    async def probe(self, broker: AioPikaBroker) -> int:
        """How many messages wait in the queue."""
        channel = broker.read_channel or broker.write_channel
        assert channel is not None, "it has been started"
        queue = await channel.declare_queue(QUEUE, passive=True)
        return queue.declaration_result.message_count or 0

    def connections(self, broker: AioPikaBroker) -> int:
        """How many connections are open."""
        return sum(link is not None and not link.is_closed for link in (broker.read_conn, broker.write_conn))

    def _encryption(self) -> ssl.SSLContext | None:
        if not self._where.encrypted:
            return None
        return ssl.create_default_context(cafile=None if self._where.ca_file is None else str(self._where.ca_file))
