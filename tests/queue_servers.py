"""The queues that the tests use: PostgreSQL's, and Redis and RabbitMQ servers of their own, real ones on free ports.

A test is handed a ``Line``, which it may cut, empty or speak into, whichever carrier is behind it.
Loaded by ``tests/conftest.py``; where a server is not installed, what needs it is skipped.
"""

import asyncio
import gc
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import aio_pika
import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr
from redis.asyncio import Redis

STARTS_WITHIN: Final = 60.0  # RabbitMQ needs some ten seconds where nothing else runs.
LOOK_SECONDS: Final = 0.05

# A server that is killed in the middle of a greeting leaves its client with loose ends that aiormq forgets to tie up.
FORGIVING: Final = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:coroutine 'Connection.close' was never awaited:RuntimeWarning"),
]


@dataclass
class Server(ABC):
    """A server process that can be killed; it comes back on the same port, with its data or without."""

    command: tuple[str, ...]
    folder: Path
    port: int
    url: str
    environment: dict[str, str] = field(default_factory=dict)
    ca_file: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it unless it runs, and wait until it serves."""
        process = self.process
        if process is None or process.poll() is not None:
            process = self._launch()
        async with asyncio.timeout(STARTS_WITHIN):
            while not await self.serves():
                assert process.poll() is None, (self.folder / "log").read_text()[-3000:]
                await asyncio.sleep(LOOK_SECONDS)

    def _launch(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self.process

    def kill(self) -> None:
        """End it without a word, with all its helpers."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def lose_data(self) -> None:
        """Forget everything that it has stored; for a server that does not run."""
        data = self.folder / "data"
        shutil.rmtree(data)
        data.mkdir()

    @abstractmethod
    async def serves(self) -> bool:
        """Whether it answers."""

    @abstractmethod
    async def drop_messages(self) -> None:
        """Lose every message that waits."""

    @abstractmethod
    async def forget(self) -> None:
        """Be as good as new."""

    @abstractmethod
    async def put(self, body: bytes) -> None:
        """Slip in a message of somebody else's."""


class RedisServer(Server):
    """A Redis with a password, and as many clients as it is told."""

    def client(self) -> "Redis":
        """A client to look at it with."""
        more: dict[str, Any] = {} if self.ca_file is None else {"ssl_ca_certs": str(self.ca_file)}
        return Redis.from_url(self.url, **more)

    async def serves(self) -> bool:
        try:
            async with self.client() as client:
                return bool(await client.ping())
        except Exception:  # noqa: BLE001 - whatever its client makes of a server that is not there
            return False

    async def drop_messages(self) -> None:
        async with self.client() as client:
            await client.xtrim("bursar:jobs", maxlen=0, approximate=False)

    async def forget(self) -> None:
        async with self.client() as client:
            await client.flushall()

    async def put(self, body: bytes) -> None:
        async with self.client() as client:
            await client.xadd("bursar:jobs", {b"data": body})

    async def clients(self) -> list[str]:
        """The names of all clients but the one that asks."""
        async with self.client() as client:
            own = await client.client_id()
            return [one["name"] for one in await client.client_list() if int(one["id"]) != own]


class RabbitServer(Server):
    """A RabbitMQ node without plugins."""

    async def _link(self) -> aio_pika.abc.AbstractConnection:
        trusted = None if self.ca_file is None else ssl.create_default_context(cafile=str(self.ca_file))
        return await aio_pika.connect(self.url, timeout=5, ssl_context=trusted)

    async def serves(self) -> bool:
        try:
            link = await self._link()
        except Exception:  # noqa: BLE001 - whatever its client makes of a server that is not there
            return False
        await link.close()
        return True

    async def drop_messages(self) -> None:
        async with await self._link() as link:
            channel = await link.channel()
            await (await channel.get_queue("bursar.jobs", ensure=False)).purge()

    async def forget(self) -> None:
        async with await self._link() as link:
            channel = await link.channel()
            for queue in ("bursar.jobs", "bursar.jobs.dead"):
                await channel.queue_delete(queue)

    async def put(self, body: bytes) -> None:
        async with await self._link() as link:
            channel = await link.channel()
            await channel.default_exchange.publish(aio_pika.Message(body), "bursar.jobs")


@dataclass
class Line:
    """One carrier as a test holds it: the settings that choose it, and the means to spoil it."""

    name: str
    server: Server | None  # None: PostgreSQL, and only its queue is spoiled.
    database_url: str

    @property
    def settings(self) -> dict[str, Any]:
        """What chooses this carrier."""
        return {"queue_url": SecretStr("pgqueuer://" if self.server is None else self.server.url)}

    async def cut(self, *, lose: bool = False) -> None:
        """Kill the queue's server, and lose what it has stored if told to; of PostgreSQL, the queue's connections."""
        if self.server is None:
            await self._sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " + _QUEUEING)
            if lose:
                await self._sql("DELETE FROM bursar.pgqueuer")
        else:
            self.server.kill()
            if lose:
                self.server.lose_data()

    async def mend(self) -> None:
        """Bring the server back."""
        if self.server is not None:
            await self.server.start()

    async def drop_messages(self) -> None:
        """Lose every message that waits."""
        if self.server is None:
            await self._sql("DELETE FROM bursar.pgqueuer WHERE entrypoint LIKE '%.%'")
        else:
            await self.server.drop_messages()

    async def put(self, body: bytes, *, job: str) -> None:
        """Slip in a message of somebody else's; PostgreSQL's queue alone asks which job it is meant to be."""
        if self.server is None:
            insert = "INSERT INTO bursar.pgqueuer (priority, status, entrypoint, payload) VALUES (0, 'queued', $1, $2)"
            await self._sql(insert, job, body)
        else:
            await self.server.put(body)

    async def _sql(self, statement: str, *arguments: object) -> None:
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()


_QUEUEING: Final = "datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE '%pgqueuer%'"


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for the whole session; whoever needs it starts it."""
    with redis_server(tmp_path_factory.mktemp("redis") / "server") as server:
        yield server


@pytest.fixture(scope="session")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    """A RabbitMQ for the whole session; whoever needs it starts it."""
    with rabbit_server(tmp_path_factory.mktemp("rabbit") / "server") as server:
        yield server


@pytest.fixture(params=["pgqueuer", "redis", "rabbitmq"])
async def line(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Line]:
    """Each carrier in turn, empty."""
    fixture = {"redis": "redis", "rabbitmq": "rabbit"}.get(request.param)
    line = Line(request.param, request.getfixturevalue(fixture) if fixture else None, database_url)
    if line.server is not None:
        await line.server.start()
        await line.server.forget()
    else:
        await line.drop_messages()
    yield line
    gc.collect()  # What is to be forgiven is forgiven here, and not to a later test.


@contextmanager
def redis_server(folder: Path, *, clients_max: int = 1000, encrypted: bool = False) -> Iterator[RedisServer]:
    """A Redis, to be started and in the end killed."""
    program = _program("redis-server")
    port, password = free_port(), secrets.token_hex(16)
    (folder / "data").mkdir(parents=True)
    words = ["--bind", "127.0.0.1", "--dir", str(folder / "data"), "--requirepass", password, "--save", ""]
    words += ["--maxclients", str(clients_max)]
    words += ["--appendonly", "yes", "--appendfsync", "no"]  # What was written survives a kill, if not a power cut.
    ca_file = None
    if encrypted:
        ca_file, key_file = certificate(folder)
        words += ["--port", "0", "--tls-port", str(port), "--tls-cert-file", str(ca_file)]
        words += ["--tls-key-file", str(key_file), "--tls-auth-clients", "no"]
    else:
        words += ["--port", str(port)]
    url = f"{'rediss' if encrypted else 'redis'}://:{password}@127.0.0.1:{port}/0"
    server = RedisServer((program, *words), folder, port, url, ca_file=ca_file)
    with _running(server):
        yield server


@contextmanager
def rabbit_server(folder: Path, *, encrypted: bool = False) -> Iterator[RabbitServer]:
    """A RabbitMQ with an Erlang port mapper of its own, to be started and in the end killed."""
    program = Path(_program("rabbitmq-server")).resolve()
    # Debian's starter insists on root or on the system's own user; the node's own script does not.
    script = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    port, mapper, link = free_port(), free_port(), free_port()
    for part in ("data", "home"):
        (folder / part).mkdir(parents=True)
    (folder / "enabled_plugins").write_text("[].")
    lines = ["listeners.tcp = none"] if encrypted else [f"listeners.tcp.1 = 127.0.0.1:{port}"]
    ca_file = None
    if encrypted:
        ca_file, key_file = certificate(folder)
        lines += [f"listeners.ssl.1 = 127.0.0.1:{port}", f"ssl_options.cacertfile = {ca_file}"]
        lines += [f"ssl_options.certfile = {ca_file}", f"ssl_options.keyfile = {key_file}"]
    password = secrets.token_hex(16)
    lines += ["default_user = bursar", f"default_pass = {password}", "loopback_users = none"]
    lines += ["disk_free_limit.absolute = 1MB", "log.console = true", "log.file = false"]
    (folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
    environment = {
        "HOME": str(folder / "home"),
        "RABBITMQ_HOME": "/usr/lib/rabbitmq",
        "RABBITMQ_NODENAME": f"bursar{port}@localhost",
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_DIST_PORT": str(link),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
    url = f"{'amqps' if encrypted else 'amqp'}://bursar:{password}@localhost:{port}/"
    command = (str(script if script.exists() else program),)
    server = RabbitServer(command, folder, port, url, environment, ca_file)
    with _port_mapper(mapper), _running(server):
        yield server


@contextmanager
def _port_mapper(port: int) -> Iterator[None]:
    """Erlang's port mapper, as a process that ends with us; the one that a node starts for itself stays for ever."""
    process = subprocess.Popen((_program("epmd"), "-port", str(port), "-address", "127.0.0.1"))
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def _running(server: Server) -> Iterator[None]:
    try:
        yield
    finally:
        server.kill()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*form))
    return certificate_file, key_file


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found
