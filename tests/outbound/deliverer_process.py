"""One pass of a deliverer in a process of its own, for tests that kill it."""

import asyncio
import sys

from webhooks_house import KEY

from bursar.foundation import db
from bursar.foundation.addresses import Policy
from bursar.foundation.clock import SystemClock
from bursar.foundation.crypto import Keyring
from bursar.foundation.egress import Egress
from bursar.foundation.settings import Settings
from bursar.outbound import webhooks


async def _main(database_url: str) -> None:
    database = await db.connect(Settings(database_url=database_url, _env_file=None))
    egress = Egress.open(Policy(allow_loopback=True))
    deliverer = webhooks.Deliverer(database, egress, Keyring([KEY]), SystemClock(), concurrency=4)
    await deliverer.pass_once()


asyncio.run(_main(sys.argv[1]))
