"""Redis and RabbitMQ as processes of their own: on loopback, empty, as durable as PostgreSQL beside them."""

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

import aio_pika
from redis.asyncio import Redis

from bench import processes
from bench.ground import Ground

Broker = Callable[[Ground, str], AbstractAsyncContextManager[str]]
"""Runs a broker's server program, given its path, and gives the address of its queue once it serves."""

RABBIT_HOME: Final = Path("/usr/lib/rabbitmq")  # Debian's starter insists on root or the system's user; this does not.
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/sbin:/usr/bin"  # Where servers lie; people's own paths often end before.


def program(name: str) -> str | None:
    """Where a server program is installed, if it is."""
    return shutil.which(name) or shutil.which(name, path=SYSTEM_PATH)


@asynccontextmanager
async def redis(ground: Ground, server: str) -> AsyncIterator[str]:
    """A Redis that has everything on disk before it answers."""
    port, password = processes.free_port(), secrets.token_urlsafe(16)
    command = [server, "--bind", processes.HOST, "--port", str(port), "--requirepass", password]
    command += ["--dir", str(ground.folder), "--save", "", "--appendonly", "yes", "--appendfsync", "always"]
    url = f"redis://:{password}@{processes.HOST}:{port}/0"
    async with processes.running("redis", command, dict(os.environ), ground, ready=partial(_redis_serves, url)):
        yield url


@asynccontextmanager
async def rabbitmq(ground: Ground, server: str) -> AsyncIterator[str]:
    """A RabbitMQ node without plugins, and the port mapper that Erlang wants, as a process that ends with it."""
    folder = ground.folder / "rabbitmq"
    port, mapper, password = processes.free_port(), processes.free_port(), secrets.token_urlsafe(16)
    _configure(folder, port=port, password=password)
    node = [program(str(RABBIT_HOME / "bin/rabbitmq-server")) or server]
    url = f"amqp://bursar:{password}@{processes.HOST}:{port}/"
    mapping = [program("epmd") or "epmd", "-port", str(mapper), "-address", processes.HOST]
    environment = _environment(folder, node_name=f"bursar{port}", mapper=mapper)
    async with (
        processes.running("epmd", mapping, dict(os.environ), ground, ready=partial(processes.listens, mapper)),
        processes.running("rabbitmq", node, environment, ground, ready=partial(_rabbitmq_serves, url, port)),
    ):
        yield url


SERVERS: Final[Mapping[str, tuple[str, Broker]]] = MappingProxyType(
    {"redis": ("redis-server", redis), "rabbitmq": ("rabbitmq-server", rabbitmq)}
)
"""For each carrier that needs a server: its program, and how to run it."""


def _configure(folder: Path, *, port: int, password: str) -> None:
    for part in ("data", "home"):
        (folder / part).mkdir(parents=True)
    (folder / "enabled_plugins").write_text("[].")
    lines: Sequence[str] = (
        f"listeners.tcp.1 = {processes.HOST}:{port}", "default_user = bursar", f"default_pass = {password}",
        "loopback_users = none", "disk_free_limit.absolute = 1MB", "log.console = true", "log.file = false",
    )  # fmt: skip
    (folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")


def _environment(folder: Path, *, node_name: str, mapper: int) -> dict[str, str]:
    return dict(os.environ) | {
        "HOME": str(folder / "home"),
        "RABBITMQ_HOME": str(RABBIT_HOME),
        "RABBITMQ_NODENAME": f"{node_name}@localhost",
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_DIST_PORT": str(processes.free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": processes.HOST,
    }


async def _redis_serves(url: str) -> bool:
    with suppress(Exception):  # Whatever its client makes of a server that is not there yet.
        async with Redis.from_url(url) as client:
            return bool(await client.ping())
    return False


async def _rabbitmq_serves(url: str, port: int) -> bool:
    if not await processes.listens(port):  # Its client would complain aloud.
        return False
    with suppress(Exception):  # As above.
        async with asyncio.timeout(2):
            await (await aio_pika.connect(url)).close()
            return True
    return False
