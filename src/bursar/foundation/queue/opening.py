"""The carrier that an installation has chosen."""

from bursar.foundation.db import Database
from bursar.foundation.queue.address import address
from bursar.foundation.queue.model import Carrier
from bursar.foundation.queue.side_jobs import Connect
from bursar.foundation.settings import Settings


def open_carrier(settings: Settings, database: Database, connect: Connect) -> Carrier:
    """The carrier of ``QUEUE_URL``; it opens no connection before it is used.

    ``database`` and ``connect`` are for PgQueuer: rings join the pool's transactions, answers have a connection of
    their own.

    Raises:
        QueueNotSafe: there is no such carrier, or it must not be used like this.
    """
    where = address(settings)
    match where.carrier:
        case "pgqueuer":
            from bursar.foundation.queue.on_postgresql import PgQueuerCarrier

            return PgQueuerCarrier(database, connect)
        case "redis":
            from bursar.foundation.queue.over_broker import BrokerCarrier
            from bursar.foundation.queue.redis import RedisStreams

            return BrokerCarrier(
                RedisStreams(where, pool_size=settings.redis_pool_size, clients_max=settings.redis_max_clients)
            )
        case "rabbitmq":
            from bursar.foundation.queue.over_broker import BrokerCarrier
            from bursar.foundation.queue.rabbitmq import RabbitMQ

            return BrokerCarrier(RabbitMQ(where))
