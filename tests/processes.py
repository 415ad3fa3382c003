"""Bursar's processes, and the bank's, as an operating system sees them: started, stopped, stalled and killed."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from bursar.foundation.settings import Settings
from bursar_sandbox import SandboxSettings

SOON: Final = 60.0  # Far more than anything here should need, even on a busy machine.
LOOK_SECONDS: Final = 0.03


@dataclass
class Process:
    """One of Bursar's processes."""

    running: asyncio.subprocess.Process
    log: Path
    ready: Path

    async def died(self) -> int:
        """Wait for its end; the signal that ended it, or 0."""
        code = await asyncio.wait_for(self.running.wait(), SOON)
        assert code <= 0, f"it ended with {code}:\n{self.log.read_text()[-4000:]}"
        return -code

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.running.send_signal(number)

    async def stop(self) -> None:
        """Ask it to end, as a machine that shuts down would; it must do so properly."""
        if self.running.returncode is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
            ended_by = await self.died()
            assert ended_by == 0, f"it was ended by signal {ended_by}:\n{self.log.read_text()[-4000:]}"


@asynccontextmanager
async def running(
    *arguments: str, settings: Settings, log: Path, ready: Path, faults: str = ""
) -> AsyncIterator[Process]:
    """``bursar`` with these arguments, once it is ready; killed in the end if it still runs.

    What it says goes to the log, and what it says of itself when it is ready to the file ``ready``.
    """
    environment = _environment(settings) | ({"BURSAR_FAULTS": faults} if faults else {})
    with log.open("wb") as file:
        started = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bursar", *arguments, "--ready-file", str(ready)),
            env=environment,
            cwd=log.parent,
            stdout=file,
            stderr=file,
        )
    try:
        async with asyncio.timeout(SOON):
            while not ready.exists() and started.returncode is None:  # noqa: ASYNC240 - a look; it may have died by then
                await asyncio.sleep(LOOK_SECONDS)
        yield Process(started, log, ready)
    finally:
        await _kill(started)


@asynccontextmanager
async def running_bank(chosen: SandboxSettings) -> AsyncIterator[str]:
    """The sandbox bank; its address."""
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bursar_sandbox", "--port", "0", "--webhook-url", str(chosen.webhook_url)),
        env=os.environ | {"SANDBOX_API_KEY": chosen.api_key, "SANDBOX_WEBHOOK_SECRET": chosen.webhook_secret},
        stdout=asyncio.subprocess.PIPE,
    )
    assert started.stdout is not None
    try:
        yield str(json.loads(await asyncio.wait_for(started.stdout.readline(), SOON))["url"])
    finally:
        await _kill(started)


async def _kill(started: asyncio.subprocess.Process) -> None:
    if started.returncode is None:
        started.kill()
        await started.wait()


def _environment(settings: Settings) -> dict[str, str]:
    """What a process finds in its environment: these settings, and nothing of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
    fields = settings.model_fields_set - {"environment"}
    return kept | {name.upper(): _written(getattr(settings, name)) for name in fields}


def _written(value: object) -> str:
    """A setting as one would type it."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case bool():
            return str(value).lower()
        case _:
            return str(value)
