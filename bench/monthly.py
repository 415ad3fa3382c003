"""``runs.monthly``: a run over many balances, foretold and asked for; and the document's run of 25 payouts.

The reference of each figure is what was promised, so that a ratio below one keeps the promise.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from uuid import UUID

from bench import processes, writers
from bench.effort import Effort
from bench.ground import Ground
from bench.memory import MEGABYTE
from bench.processes import Running
from bench.rounds import Contest, Measure
from bursar import dispatch, schedules
from bursar.house import House

DOCUMENT: Final = 25  # Payouts; the document's own took 45 seconds.
POLL_SECONDS: Final = 0.01
SECONDS_MAX: Final = 600.0

DRY_RUN_SECONDS: Final = 5.0
ASKED_SECONDS: Final = 15.0
PEAK_MEGABYTES: Final = 250.0
DOCUMENT_SECONDS: Final = 1.0

OFTEN: Final = {"payout_worker_rate_limit": 1000, "batch_worker_rate_limit": 1000}


@asynccontextmanager
async def monthly(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """A worker and a bank that answers at once, for a database with many writers and for one with 25 who are paid."""
    async with AsyncExitStack() as stack:
        many = await _Month.open(stack, ground, name="monthly_many", count=effort.writers)
        few = await _Month.open(stack, ground, name="monthly_few", count=DOCUMENT * writers.EVERY)
        await few.stop(False)
        yield [
            Contest("runs.monthly.dry_run", "s", many.foretell, _promised(DRY_RUN_SECONDS)),
            Contest("runs.monthly.asked", "s", many.ask, _promised(ASKED_SECONDS)),
            Contest("runs.monthly.peak", "MB", many.peak, _promised(PEAK_MEGABYTES)),
            Contest("runs.monthly.document", "s", few.pay, _promised(DOCUMENT_SECONDS)),
        ]


class _Month:
    """A database with writers, and the worker that pays them; nothing leaves before it is let go."""

    def __init__(self, house: House, worker: Running, *, count: int) -> None:
        self._house = house
        self._worker = worker
        self._payable = count // writers.EVERY

    @classmethod
    async def open(cls, stack: AsyncExitStack, ground: Ground, *, name: str, count: int) -> "_Month":
        url = await ground.database(name)
        house = await stack.enter_async_context(ground.house(url, database_statement_timeout_ms=600_000))
        await writers.settle_in(house, url, count)
        bank = await stack.enter_async_context(processes.bank(ground))
        worker = await stack.enter_async_context(processes.worker(ground, url, bank=bank, **OFTEN))
        month = cls(house, worker, count=count)
        await month.stop(True)
        return month

    async def stop(self, wanted: bool) -> None:
        async with self._house.database.transaction() as tx:
            if wanted:
                await dispatch.stop(tx, dispatch.Scope.PROGRAM, subject=writers.PROGRAM, reason="bench", actor="bench")
            else:
                await dispatch.go(tx, dispatch.Scope.PROGRAM, subject=writers.PROGRAM, actor="bench")

    async def foretell(self) -> float:
        """A dry run, as ``bursar runs start --dry-run`` does it; seconds."""
        gc.freeze()
        began = time.perf_counter()
        async with self._house.database.transaction(readonly=True) as tx:
            plan = await schedules.plan(tx, writers.PROGRAM, desk=self._house.desk)
        took = time.perf_counter() - began
        gc.unfreeze()
        assert plan.count == self._payable, f"{plan.count} of {self._payable}"
        return took

    async def ask(self) -> float:
        """A run from its beginning until every payout is asked for; seconds."""
        began = time.perf_counter()
        run = await self._until(await self._begin(), lambda run: run.asked_at is not None)
        took = time.perf_counter() - began
        assert run.asked == self._payable, f"{run.asked} of {self._payable}"
        return took

    async def peak(self) -> float:
        """The most memory that the worker held; in megabytes."""
        await asyncio.sleep(0)
        return self._worker.peak_bytes / MEGABYTE

    async def pay(self) -> float:
        """A run from its beginning until everybody is paid; seconds."""
        began = time.perf_counter()
        run_id = await self._begin()
        while (await self._results(run_id)).succeeded < self._payable:
            self._worker.check()
            await asyncio.sleep(POLL_SECONDS)
        return time.perf_counter() - began

    async def _begin(self) -> UUID:
        async with self._house.database.transaction() as tx:
            run = await schedules.begin_now(tx, writers.PROGRAM, actor="bench")
        await self._house.carrier.ring(schedules.PROCESS, schedules.Process(run.id))
        return run.id

    async def _until(self, run_id: UUID, is_so: Callable[[schedules.Run], bool]) -> schedules.Run:
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                async with self._house.database.transaction(readonly=True) as tx:
                    run = await schedules.get(tx, run_id)
                if is_so(run):
                    return run
                self._worker.check()
                await asyncio.sleep(POLL_SECONDS)

    async def _results(self, run_id: UUID) -> schedules.Results:
        async with self._house.database.transaction(readonly=True) as tx:
            return (await schedules.results(tx, [run_id]))[run_id]


def _promised(figure: float) -> Measure:
    """What was promised, as a measurement."""

    async def promised() -> float:
        return figure

    return promised
