"""Looking at our own accounts that are low, and letting payouts go again as they are funded."""

import asyncio
from typing import Final, cast

from bursar import payouts, programs
from bursar.dispatch.floats import store
from bursar.dispatch.floats.model import Queue, let_go
from bursar.dispatch.send import BELL
from bursar.dispatch.tools import Tools
from bursar.foundation import log
from bursar.foundation.db import Transaction
from bursar.foundation.loops import repeat, rest
from bursar.foundation.money import Money
from bursar.gateways import FloatKeeper

LOOK_EVERY_SECONDS: Final = 5.0  # How soon an account that another process marked as low is noticed here.

_log = log.get(__name__)


class FloatWatcher:
    """Looks at accounts that are low, and lets payouts go again as they are funded."""

    def __init__(self, tools: Tools) -> None:
        """Use these tools."""
        self._tools = tools
        self._rest_seconds = LOOK_EVERY_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""

        async def more() -> bool:
            return await self.pass_once() > 0

        await repeat(more, name="floats", stop=stop, pause=lambda: rest(stop, self._rest_seconds))

    async def pass_once(self) -> int:
        """Look at every account that is due for it, once; how many that were."""
        due = await self._tools.database.retrying(self._take)
        for gateway, currency in due:
            await self._look(gateway, currency)
        return len(due)

    async def _take(self, tx: Transaction) -> list[tuple[str, str]]:
        due = await store.take_low(tx, self._tools.gateways)
        next_look = None if due else await store.next_look(tx, self._tools.gateways)
        self._rest_seconds = LOOK_EVERY_SECONDS if next_look is None else min(next_look, LOOK_EVERY_SECONDS)
        return due

    async def _look(self, gateway: str, currency: str) -> None:
        keeper = self._tools.gateway(gateway)
        held: Money | None = None
        if keeper.capabilities.floats:
            held = await cast("FloatKeeper", keeper).float_of(currency)
            if held is None:  # It could not be asked, and it is asked again.
                return

        async def work(tx: Transaction) -> Money | None:
            account = await store.lock_float(tx, gateway, currency)
            left = let_go(account, await _queue(tx, gateway, currency), held=held)
            await store.looked_at(
                tx, gateway, currency, held=held.minor if held else None, left=left.minor if left else None
            )
            return left

        left = await self._tools.database.retrying(work)
        _log.info("float.looked_at", gateway=gateway, state="low" if left is not None else "sufficient")
        if left is None or left.minor:
            self._tools.listener.ring_here(BELL)


async def _queue(tx: Transaction, gateway: str, currency: str) -> Queue:
    """What is due to leave through this gateway."""
    through = [t.program for t in await programs.all(tx) if t.route.gateway == gateway and t.currency == currency]
    count, smallest, total = await payouts.measure_due(tx, through, currency=currency)
    return Queue(count, smallest, total)
