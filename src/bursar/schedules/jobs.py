"""The jobs that carry a run out, each a doorbell: it names a run or a program, and the truth stands in the tables.

``batch.process`` hands a run's payouts over; ``payouts.send`` sends one batch of what is due in a program.
"""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

import msgspec

from bursar import dispatch
from bursar.foundation import log, queue
from bursar.foundation.db import Transaction
from bursar.foundation.settings import Settings
from bursar.schedules import actions
from bursar.schedules.model import Run, Standing

PROCESS: Final = "batch.process"
SEND: Final = "payouts.send"
RINGS_MAX: Final = 20  # Batches of a program that are asked for at once; each that was not empty asks for another.

_log = log.get(__name__)


class Process(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hand over what waits for this run."""

    run: UUID


class Send(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send one batch of this program's payouts that are due."""

    program: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Runner:
    """Carries runs out for one process."""

    def __init__(self, tools: dispatch.Tools, carrier: queue.Carrier) -> None:
        """Send with these tools; ring through ``carrier``."""
        self._tools = tools
        self._carrier = carrier
        self._dispatchers: dict[str, dispatch.Dispatcher] = {}  # Kept: each knows how many of its calls are under way.

    def answers(self, settings: Settings) -> Mapping[str, queue.Answer]:
        """The jobs that are answered here, within the limits of this process."""
        return {
            PROCESS: queue.Answer(
                Process, self.process, settings.batch_worker_concurrency, settings.batch_worker_rate_limit
            ),
            SEND: queue.Answer(Send, self.send, settings.payout_worker_concurrency, settings.payout_worker_rate_limit),
        }

    async def process(self, job: Process) -> None:
        """Hand a run's payouts over, and ask for as many batches as they make."""
        left = RINGS_MAX
        while handed := await self._hand_over(job.run):
            run, count = handed
            _log.info("run.handed_over", run=str(run.id), program=run.program, count=count)
            rings = min(left, -(-count // await self._batch_size(run.program)))
            left -= rings
            for _ in range(rings):
                await self._carrier.ring(SEND, Send(run.program))
            if run.standing is not Standing.BEGUN:
                return

    async def send(self, job: Send) -> None:
        """Send one batch, and ask for another unless there was nothing to send."""
        if job.program not in self._dispatchers:
            self._dispatchers[job.program] = dispatch.Dispatcher(self._tools, job.program)
        if await self._dispatchers[job.program].pass_once():
            await self._carrier.ring(SEND, job)

    async def _hand_over(self, run_id: UUID) -> tuple[Run, int] | None:
        async def work(tx: Transaction) -> tuple[Run, int] | None:
            return await actions.hand_over(tx, run_id)

        return await self._tools.database.retrying(work)

    async def _batch_size(self, program: str) -> int:
        async with self._tools.database.transaction(readonly=True) as tx:
            return (await self._tools.book.judge(tx, {program}))[program].dispatch.batch_size
