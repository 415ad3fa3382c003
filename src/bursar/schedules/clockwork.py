"""What makes runs begin and keeps them going: a tick that begins what is due, and a sweep that rings for what was lost.

Every worker has one. A unique row decides who begins a run, and a turn in database time who sweeps.
"""

import asyncio
from functools import partial
from typing import Final
from uuid import UUID

from bursar import dispatch, payouts, programs
from bursar.foundation import log, queue
from bursar.foundation.db import Transaction
from bursar.foundation.loops import repeat, rest
from bursar.schedules import actions, store, telling
from bursar.schedules.due import begin_due
from bursar.schedules.jobs import PROCESS, SEND, Process, Send
from bursar.schedules.model import Run
from bursar.schedules.occurrences import next_time
from bursar.schedules.stopping import stopped_ids

TICK_SECONDS: Final = 5.0  # How soon a program that was just applied has its schedule kept.
SWEEP_SECONDS: Final = 3.0  # How long after it was lost a message is made up for.

_log = log.get(__name__)


class Clockwork:
    """Begins runs and keeps them going."""

    def __init__(self, tools: dispatch.Tools, carrier: queue.Carrier) -> None:
        """Look into this database; ring through ``carrier``."""
        self._tools = tools
        self._carrier = carrier
        self._tick_in = TICK_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        """Tick and sweep until told to stop."""
        await asyncio.gather(
            repeat(self.tick, name="schedules", stop=stop, pause=lambda: rest(stop, self._tick_in)),
            repeat(self.sweep, name="sweep", stop=stop, pause=partial(rest, stop, SWEEP_SECONDS)),
        )

    async def tick(self) -> bool:
        """Begin the runs that are due; nothing more waits afterwards."""
        self._tick_in = TICK_SECONDS
        async with self._tools.database.transaction() as tx:
            at, known = await tx.now(), await programs.all(tx)
            begun = await begin_due(tx, known, book=self._tools.book, at=at)
        for run in begun:
            _log.info("run.begun", run=str(run.id), program=run.program, count=run.count)
            await self._carrier.ring(PROCESS, Process(run.id))
        for terms in known:
            if (moment := next_time(terms, after=at)) is not None:
                self._tick_in = min(self._tick_in, (moment - at).total_seconds())
        return False

    async def sweep(self) -> bool:
        """Ring for what waits although it need not, and call runs finished; if it is our turn."""
        lost, due, finished, over = await self._tools.database.retrying(self._look)
        for run_id in lost:
            await self._carrier.ring(PROCESS, Process(run_id))
        for program in due:
            await self._carrier.ring(SEND, Send(program))
        for run in finished:
            telling.completed(run)
        for run_id in over:
            _log.info("run.ended", run=str(run_id))
        return False

    async def _look(self, tx: Transaction) -> tuple[list[UUID], list[str], list[Run], list[UUID]]:
        if not await store.take_turn(tx, "schedules.sweep", every_seconds=SWEEP_SECONDS / 2):
            return [], [], [], []
        sent_here = [
            terms.program
            for terms in await programs.all(tx)
            if terms.dispatch.mode is programs.Mode.SCHEDULE and terms.route.gateway in self._tools.gateways
        ]
        return (
            await store.take_unanswered(tx, older_than_seconds=SWEEP_SECONDS),
            sorted(await payouts.with_due(tx, sent_here, except_runs=await stopped_ids(tx))),
            await actions.finish(tx),
            await actions.end(tx),
        )
