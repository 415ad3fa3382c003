"""The product's processes as they run in production: web, worker, and the sandbox bank."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.ground import BENCH, Ground

HOST: Final = "127.0.0.1"
START_SECONDS_MAX: Final = 20.0
STOP_SECONDS_MAX: Final = 30.0
POLL_SECONDS: Final = 0.02
LOG_SHOWN: Final = 2_000  # Characters of a dead process's log.


class ProcessFailed(Exception):
    """A process did not start, or died; its last words are in the message."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process that is ready."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    url: str = ""

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

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
            raise ProcessFailed(f"{self.name} ended with {self.process.returncode}:\n{self.log.read_text()[-LOG_SHOWN:]}")


@asynccontextmanager
async def web(ground: Ground, url: str, *, processes: int = 2, **settings: object) -> AsyncIterator[Running]:
    """Web processes on one socket; given once they answer."""
    port = free_port()
    environment = ground.environment(url, port=port, enable_workers="false", web_processes=processes, **settings)
    command = [sys.executable, str(BENCH / "web.py")]
    async with _running("web", command, environment, ground) as running:
        ready = Running("web", running.process, running.log, f"http://{HOST}:{port}")
        await _until_it_listens(ready)
        yield ready


@asynccontextmanager
async def worker(ground: Ground, url: str, *, bank: str, **settings: object) -> AsyncIterator[Running]:
    """One worker process that sends through the bank at this address."""
    environment = ground.environment(url, mockbank_url=bank, **settings)
    async with _running("worker", [sys.executable, str(BENCH / "worker.py")], environment, ground) as running:
        yield running


@asynccontextmanager
async def bank(ground: Ground, *, latency_ms: int = 0) -> AsyncIterator[Running]:
    """The sandbox bank, which takes ``latency_ms`` for each call."""
    port = free_port()
    command = [sys.executable, "-m", "bursar_sandbox", "--port", str(port), "--latency-ms", str(latency_ms)]
    environment = ground.environment("", sandbox_api_key="sandbox")
    async with _running("bank", command, environment, ground) as running:
        ready = Running("bank", running.process, running.log, f"http://{HOST}:{port}")
        await _until_it_listens(ready)
        yield ready


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def _running(
    name: str, command: Sequence[str], environment: Mapping[str, str], ground: Ground
) -> AsyncIterator[Running]:
    log = ground.folder / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ground.folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield Running(name, process, log)
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


async def _until_it_listens(running: Running) -> None:
    async with asyncio.timeout(START_SECONDS_MAX):
        while True:
            running.check()
            try:
                _, writer = await asyncio.open_connection(HOST, running.port)
            except OSError:
                await asyncio.sleep(POLL_SECONDS)
            else:
                writer.close()
                return
