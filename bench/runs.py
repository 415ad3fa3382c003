"""Runs of the providers' program, begun by hand; and looking until nothing of a program is on its way."""

import asyncio
from typing import Final

from bench.processes import Running
from bursar import payouts, schedules
from bursar.house import House

POLL_SECONDS: Final = 0.05
SECONDS_MAX: Final = 600.0

UNSENT: Final = "SELECT EXISTS (SELECT FROM payouts WHERE program = $1 AND state IN ('approved', 'retrying'))"
UNANSWERED: Final = "SELECT EXISTS (SELECT FROM attempts WHERE outcome IN ('open', 'unknown'))"
LIVE: Final = "SELECT EXISTS (SELECT FROM attempts WHERE outcome IN ('open', 'unknown', 'accepted', 'held'))"


async def begin(house: House, program: str) -> None:
    """Begin a run, as ``bursar runs start`` does."""
    async with house.database.transaction() as tx:
        run = await schedules.begin_now(tx, program, actor="bench")
    await house.carrier.ring(schedules.PROCESS, schedules.Process(run.id))


async def insist_that_none_is_held(house: House, program: str) -> None:
    """Go on only if all of this program's payouts may leave without a person: that is what is to be measured."""
    async with house.database.transaction(readonly=True) as tx:
        found = set(await payouts.count_by_state(tx, program))
    assert found <= {payouts.PayoutState.APPROVED, payouts.PayoutState.COMPLETED}, f"held by a rule: {found}"


async def until_accepted(house: House, program: str, *, by: Running) -> None:
    """Wait until every payout of this program is in its gateway's hands."""
    await _until_none(house, program, [UNSENT, UNANSWERED], by=by)


async def until_completed(house: House, program: str, *, by: Running) -> None:
    """Wait until every payout of this program has reached its holder."""
    await _until_none(house, program, [UNSENT, LIVE], by=by)
    async with house.database.transaction(readonly=True) as tx:
        states = set(await payouts.count_by_state(tx, program))
    assert states == {payouts.PayoutState.COMPLETED}, f"every account here is one that is paid, but there are {states}"


async def _until_none(house: House, program: str, questions: list[str], *, by: Running) -> None:
    """Look until none of these is so; each has an index of its own, which is nearly empty by then.

    Raises:
        TimeoutError: it takes far too long.
        ProcessFailed: the worker has died.
    """
    async with asyncio.timeout(SECONDS_MAX):
        for question in questions:
            while await _is_so(house, program, question):
                by.check()
                await asyncio.sleep(POLL_SECONDS)


async def _is_so(house: House, program: str, question: str) -> bool:
    async with house.database.transaction(readonly=True) as tx:
        return bool(await tx.value(question, *([program] if "$1" in question else [])))
