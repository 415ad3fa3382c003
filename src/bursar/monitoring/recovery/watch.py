"""Watching, on every worker, whether this is still the database that it was."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final

from bursar import dispatch
from bursar.foundation.db import Database
from bursar.foundation.doorbell import Ringer
from bursar.foundation.loops import repeat, rest
from bursar.gateways import Gateway
from bursar.monitoring.recovery.passing import pursue

EVERY_SECONDS: Final = 5.0
"""How long a restored database may be behind its own last sign of life, at most."""


class Watch:
    """Notes that somebody is alive, notices a restore, and works towards its end."""

    def __init__(self, database: Database, gateways: Mapping[str, Gateway], ringer: Ringer) -> None:
        """Watch this database."""
        self._database = database
        self._gateways = gateways
        self._ringer = ringer
        self._was_off = False

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until told to stop."""
        await repeat(self._look, name="recovery", stop=stop, pause=partial(rest, stop, EVERY_SECONDS))

    async def _look(self) -> bool:
        is_off = await pursue(self._database, self._gateways) is not None
        if self._was_off and not is_off:
            self._ringer.ring(dispatch.BELL)
        self._was_off = is_off
        return False
