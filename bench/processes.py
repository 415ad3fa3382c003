"""The product's processes as they run in production: web, worker, and the sandbox bank."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench.ground import Ground
from bursar import playground

BURSAR: Final = (sys.executable, "-m", "bursar")
HOST: Final = "127.0.0.1"
START_SECONDS_MAX: Final = 60.0  # RabbitMQ needs some ten.
STOP_SECONDS_MAX: Final = 30.0
POLL_SECONDS: Final = 0.02
FLUTTERWAVE_KEYS: Final = {
    f"flutterwave_{name}": playground.FLUTTERWAVE[name] for name in ("secret_key", "secret_hash")
}
"""What lets a process know Flutterwave's reports, and send through the sandbox's."""
LOG_SHOWN: Final = 2_000  # Characters of a dead process's log.


class ProcessFailed(Exception):
    """A process did not start, or died; its last words are in the message."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process that is ready."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    port: int = 0  # Where it listens, if it does.

    @property
    def url(self) -> str:
        """How to reach it."""
        return f"http://{HOST}:{self.port}"

    @property
    def peak_bytes(self) -> int:
        """The most memory that it ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def check(self) -> None:
        """Go on only while it lives.

        Raises:
            ProcessFailed: it does not.
        """
        if self.process.returncode is not None:
            raise ProcessFailed(
                f"{self.name} ended with {self.process.returncode}:\n{self.log.read_text()[-LOG_SHOWN:]}"
            )


@asynccontextmanager
async def web(ground: Ground, url: str, *, processes: int = 2, **settings: object) -> AsyncIterator[Running]:
    """Web processes on one socket, without workers; given once they answer."""
    port = free_port()
    environment = ground.environment(url, enable_workers="false", **settings)
    command = [*BURSAR, "web", "--port", str(port), "--processes", str(processes)]
    async with running("web", command, environment, ground, ready=partial(_is_healthy, port), port=port) as started:
        yield started


@asynccontextmanager
async def worker(ground: Ground, url: str, *, bank: Running, **settings: object) -> AsyncIterator[Running]:
    """One worker process that sends through this bank; given once it works."""
    through = {"mockbank_url": bank.url, **FLUTTERWAVE_KEYS, "flutterwave_url": f"{bank.url}/flutterwave"}
    environment = ground.environment(url, **(through | settings))
    file = ground.folder / f"worker-{bank.port}.ready"
    command = [*BURSAR, "worker", "--ready-file", str(file)]
    ready = partial(asyncio.to_thread, file.exists)
    async with running("worker", command, environment, ground, ready=ready) as started:
        yield started


@asynccontextmanager
async def bank(
    ground: Ground, *, latency_ms: int = 0, settle_after_ms: int = 0, reports_to: str | None = None
) -> AsyncIterator[Running]:
    """The sandbox: the mock bank, and Flutterwave beside it. It reports to the web process at that address.

    Each call takes ``latency_ms``. The mock bank answers at once what became of a transfer, or so much later.
    """
    port = free_port()
    command = [sys.executable, "-m", "bursar_sandbox", "--port", str(port), "--latency-ms", str(latency_ms)]
    command += ["--settle-after-ms", str(settle_after_ms)]
    if reports_to is not None:
        command += ["--webhook-url", f"{reports_to}/api/webhooks/mockbank/payout_status"]
        command += ["--flutterwave-webhook-url", f"{reports_to}/api/webhooks/flutterwave/payout_status"]
    environment = ground.environment("", sandbox_api_key=ground.settings("").mockbank_api_key.get_secret_value())
    async with running("bank", command, environment, ground, ready=partial(listens, port), port=port) as started:
        yield started


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    ground: Ground,
    *,
    ready: Callable[[], Awaitable[bool]],
    port: int = 0,
) -> AsyncIterator[Running]:
    """A process that ends with the block; given once it is ``ready``.

    Raises:
        ProcessFailed: it ended instead.
        TimeoutError: it took too long.
    """
    log = ground.folder / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ground.folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        started = Running(name, process, log, port)
        await _until(started, ready)
        yield started
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _until(running: Running, ready: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(START_SECONDS_MAX):
        while not await ready():
            running.check()
            await asyncio.sleep(POLL_SECONDS)


async def listens(port: int) -> bool:
    """Whether somebody listens on this port."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


async def _is_healthy(port: int) -> bool:
    """Whether a request is answered; several processes share the socket, and it listens before any of them is there."""
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"GET /api/health HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
    except OSError:
        return False
    return answer.startswith(b"HTTP/1.1 200")
