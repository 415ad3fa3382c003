"""One worker process, as `python bench/worker.py`."""

import asyncio
import signal

import uvloop

from bursar import worker
from bursar.foundation.settings import Settings


async def main() -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await worker.work(Settings(_env_file=None), stop)


uvloop.run(main())
