"""``lifecycle``: payouts from requested to completed, through the worker, the sandbox bank and back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from bench import naive, processes
from bench.effort import Effort
from bench.ground import PROGRAM, Ground
from bench.processes import Running
from bench.rounds import Contest, Measure
from bench.waiting import Waiting
from bursar import dispatch, payouts
from bursar.house import House

SECONDS_MAX: Final = 120.0
POLL_SECONDS: Final = 0.02
LATENCY_MS: Final = 200


@asynccontextmanager
async def lifecycle(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """One worker process and one bank, once with the bank's bulk endpoint and once with slow single calls."""
    async with AsyncExitStack() as stack:
        bulk = await _line(stack, ground, count=effort.lifecycle, latency_ms=0, in_bulk=True)
        single = await _line(stack, ground, count=effort.lifecycle_single, latency_ms=LATENCY_MS, in_bulk=False)
        against = await naive.worker(stack, ground, name="naive_lifecycle", seconds=effort.naive_seconds)
        yield [
            Contest("lifecycle.bulk.0ms", "payouts/s", bulk, against),
            Contest(f"lifecycle.single.{LATENCY_MS}ms", "payouts/s", single, against),
        ]


async def _line(stack: AsyncExitStack, ground: Ground, *, count: int, latency_ms: int, in_bulk: bool) -> Measure:
    """A database, a bank and a worker that stay; gives what sends ``count`` payouts and says how fast that went."""
    waiting = Waiting(ground, await ground.database(f"lifecycle_{latency_ms}"))
    bank = await stack.enter_async_context(processes.bank(ground, latency_ms=latency_ms))
    worker = await stack.enter_async_context(
        processes.worker(ground, waiting.url, bank=bank, mockbank_bulk=str(in_bulk).lower())
    )
    house = await stack.enter_async_context(ground.house(waiting.url))

    async def send() -> float:
        await _switch(house, stop=True)
        await waiting.top_up(house, count)
        waiting.count = 0
        began = time.perf_counter()
        await _switch(house, stop=False)
        await _until_all_are_done(house, worker)
        return count / (time.perf_counter() - began)

    await send()  # Warm: connections to the bank are open, and plans are made.
    return send


async def _switch(house: House, *, stop: bool) -> None:
    """Let nothing leave, or let everything go and wake the worker, so that its own start is not measured."""
    async with house.database.transaction() as tx:
        if stop:
            await dispatch.stop(tx, dispatch.Scope.PROGRAM, subject=PROGRAM, reason="not yet", actor="bench")
        else:
            await dispatch.go(tx, dispatch.Scope.PROGRAM, subject=PROGRAM, actor="bench")
    if not stop:
        house.ringer.ring(dispatch.BELL)


async def _until_all_are_done(house: House, worker: Running) -> None:
    """Wait until no payout waits and no attempt is live; both have an index of their own, which is nearly empty.

    Raises:
        TimeoutError: it takes far too long.
    """
    async with asyncio.timeout(SECONDS_MAX):
        while not await _is_all_done(house):
            worker.check()
            await asyncio.sleep(POLL_SECONDS)
    async with house.database.transaction(readonly=True) as tx:
        states = set(await payouts.count_by_state(tx, PROGRAM))
    assert states == {payouts.PayoutState.COMPLETED}, f"every account here is one that is paid, but there are {states}"


async def _is_all_done(house: House) -> bool:
    async with house.database.transaction(readonly=True) as tx:
        is_done: bool = await tx.value(
            """
            SELECT NOT EXISTS (SELECT FROM payouts WHERE program = $1 AND state IN ('approved', 'retrying'))
               AND NOT EXISTS (SELECT FROM attempts WHERE outcome IN ('open', 'unknown', 'accepted', 'held'))
            """,
            PROGRAM,
        )
    return is_done
