"""The jobs that carry a run out, each a doorbell: it names a run or a program, and the truth stands in the tables.

``batch.process`` carries a run on: it asks for payouts where the run pays balances, hands them over, or cancels them;
``payouts.send`` sends one batch of what is due in a program.
"""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

import msgspec

from bursar import dispatch, payouts
from bursar.foundation import log, queue
from bursar.foundation.db import Transaction
from bursar.foundation.faults import fault
from bursar.foundation.settings import Settings
from bursar.schedules import actions, telling
from bursar.schedules.model import Run, Standing

PROCESS: Final = "batch.process"
SEND: Final = "payouts.send"
RINGS_MAX: Final = 20  # Batches of a program that are asked for at once; each that was not empty asks for another.

_log = log.get(__name__)


class Process(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Carry this run on until there is nothing more to do but to send."""

    run: UUID


class Send(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send one batch of this program's payouts that are due."""

    program: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Runner:
    """Carries runs out for one process."""

    def __init__(self, tools: dispatch.Tools, carrier: queue.Carrier, *, chunk: int = actions.CHUNK) -> None:
        """Send with these tools; ring through ``carrier``. One transaction is about ``chunk`` holders or payouts."""
        self._tools = tools
        self._chunk = chunk
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
        """Carry a run on piece by piece, and ask for as many batches as its payouts make."""
        left = RINGS_MAX
        while progress := await self._carry_on(job.run):
            run, count = progress.run, progress.handed_over
            telling.carried_on(run, handed_over=count, is_first=progress.is_first)
            if run.standing is Standing.STOPPED:
                _log.error("run.stopped", run=str(run.id), program=run.program, reason_code=run.stopped_why)
            rings = min(left, -(-count // (run.batch_size or await self._batch_size(run.program))))
            left -= rings
            for _ in range(rings):
                await self._carrier.ring(SEND, Send(run.program))
            if not progress.is_more:
                if left == RINGS_MAX:  # Nothing is sent, so nobody else will notice that it is at its end.
                    await self._wind_up(run.program)
                return

    async def send(self, job: Send) -> None:
        """Send one batch, and ask for another unless nothing was due; then runs may have come to their end."""
        batch_size = await self._watch(job.program)
        if job.program not in self._dispatchers:
            self._dispatchers[job.program] = dispatch.Dispatcher(self._tools, job.program)
        if await self._dispatchers[job.program].pass_once(batch_size=batch_size):
            await self._carrier.ring(SEND, job)
        else:
            await self._wind_up(job.program)

    async def _carry_on(self, run_id: UUID) -> actions.Progress | None:
        desk = payouts.Desk(self._tools.book, self._tools.keyring)

        async def work(tx: Transaction) -> actions.Progress | None:
            return await actions.carry_on(tx, run_id, desk=desk, at_most=self._chunk)

        progress = await self._tools.database.retrying(work)
        fault("runs.after_asked")
        return progress

    async def _watch(self, program: str) -> int | None:
        """Let the failsafe look before anything more leaves; the batch size that a run wants, if any does."""

        async def work(tx: Transaction) -> tuple[int | None, list[Run]]:
            return await actions.watch(tx, program, book=self._tools.book)

        batch_size, stopped = await self._tools.database.retrying(work)
        for run in stopped:
            _log.error("run.stopped", run=str(run.id), program=program, reason_code=run.stopped_why)
        return batch_size

    async def _wind_up(self, program: str) -> None:
        """Call what is done finished and over at once, and not at the next sweep: somebody may be waiting for it."""

        async def work(tx: Transaction) -> tuple[list[Run], list[UUID]]:
            return await actions.finish(tx, program), await actions.end(tx, program)

        finished, _ = await self._tools.database.retrying(work)
        for run in finished:
            telling.completed(run)

    async def _batch_size(self, program: str) -> int:
        async with self._tools.database.transaction(readonly=True) as tx:
            return (await self._tools.book.judge(tx, {program}))[program].dispatch.batch_size
