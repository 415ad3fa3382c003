"""Redis streams: one stream, one group of consumers, acknowledged when answered."""

from typing import Any, Final

from redis.asyncio import Redis
from taskiq_redis import RedisStreamBroker

from bursar.foundation.errors import Unavailable
from bursar.foundation.queue.address import Address

STREAM: Final = "bursar:jobs"
GROUP: Final = "bursar"
KEPT_MAX: Final = 10_000  # Messages in the stream, answered ones included; what falls out is rung again.
BLOCK_MS: Final = 2_000  # How long one call waits for messages; bounds how long a lost connection goes unnoticed.
IDLE_MS: Final = 10 * 60_000  # After so long an unanswered message is another worker's; the leases are much shorter.
CONNECTIONS_MIN: Final = 2  # One waits for messages, another does everything else.
GONE_MS: Final = 24 * 60 * 60_000  # A consumer that was last heard of so long ago was a worker that is no more.
TIMEOUT_SECONDS: Final = 5.0


class RedisFull(Unavailable):
    """Redis has as many clients as it may have (REDIS_MAX_CLIENTS); no connection is left for this process."""

    code = "redis_full"


class RedisStreams:
    """Redis, by one pool of connections for the whole process."""

    name: Final = "redis"

    def __init__(self, where: Address, *, pool_size: int, clients_max: int) -> None:
        """Reach Redis there; at most ``pool_size`` connections, and never the last of ``clients_max`` clients."""
        self._where = where
        self._pool_size = pool_size
        self._clients_max = clients_max

    def broker(self, *, prefetch: int) -> RedisStreamBroker:
        """A client for the stream, which reads from its beginning when the group is new: the ring may come first."""
        return RedisStreamBroker(
            self._where.url,
            queue_name=STREAM,
            consumer_group_name=GROUP,
            consumer_id="0",
            max_connection_pool_size=self._pool_size,
            maxlen=KEPT_MAX,
            xread_block=BLOCK_MS,
            xread_count=prefetch,
            idle_timeout=IDLE_MS,
            unacknowledged_batch_size=prefetch,
            unacknowledged_lock_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            socket_timeout=BLOCK_MS / 1000 + TIMEOUT_SECONDS,
            client_name="bursar",
            **self._encryption(),
        )

    async def opened(self, broker: RedisStreamBroker) -> None:
        """Take no more than what others leave, and clear away the names of workers that are no more.

        Raises:
            RedisFull: they leave nothing.
        """
        async with _client(broker) as client:
            clients = await client.info("clients")
        others = int(clients["connected_clients"]) - self.connections(broker)
        left = self._clients_max - others
        if left < CONNECTIONS_MIN:
            raise RedisFull
        broker.connection_pool.max_connections = min(self._pool_size, left)
        async with _client(broker) as client:
            for consumer in await client.xinfo_consumers(STREAM, GROUP):
                if consumer["idle"] > GONE_MS:
                    await client.xgroup_delconsumer(STREAM, GROUP, consumer["name"])

    async def closing(self, broker: RedisStreamBroker) -> None:
        """Nothing stays."""

    async def probe(self, broker: RedisStreamBroker) -> int:
        """How many messages are in the stream that nobody has answered."""
        async with _client(broker) as client:
            groups = await client.xinfo_groups(STREAM)
        return sum(int(group["pending"]) + int(group.get("lag") or 0) for group in groups)

    def connections(self, broker: RedisStreamBroker) -> int:
        """How many connections the pool has open."""
        return sum(count for count, _ in broker.connection_pool.get_connection_count())

    def _encryption(self) -> dict[str, Any]:
        if not self._where.encrypted:
            return {}
        return {
            "ssl_cert_reqs": "required",
            "ssl_check_hostname": True,
            "ssl_ca_certs": None if self._where.ca_file is None else str(self._where.ca_file),
        }


def _client(broker: RedisStreamBroker) -> Redis:
    """A client over the broker's own pool, which outlives it."""
    return Redis(connection_pool=broker.connection_pool)
