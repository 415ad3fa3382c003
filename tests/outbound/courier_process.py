"""One pass of a courier in a process of its own, for tests that kill it."""

import asyncio
import sys

from notices_house import SENDER

from bursar.foundation import db
from bursar.foundation.clock import SystemClock
from bursar.foundation.settings import Settings
from bursar.outbound import notices


async def _main(database_url: str, port: int) -> None:
    database = await db.connect(Settings(database_url=database_url, _env_file=None))
    mail = notices.MailServer(host="127.0.0.1", port=port, sender=SENDER, security="none")
    await notices.Courier(database, notices.Templates(), SystemClock(), mail=mail, push=None).pass_once()


asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
