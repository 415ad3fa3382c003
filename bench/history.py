"""A past: payouts that were asked for and completed in earlier weeks, so that the rules have something to look at."""

from datetime import timedelta
from typing import Final

from bench import runs
from bench.claim import dispatch_until
from bench.waiting import Waiting
from bursar import payouts
from bursar.house import House

WEEKS: Final = 5


async def live_through(waiting: Waiting, house: House, *, count: int, program: str) -> None:
    """Let about ``count`` payouts have been completed, evenly over some weeks, the last of them a week ago."""
    now, each = house.clock.now(), -(-count // WEEKS)
    for week in range(WEEKS):
        await waiting.top_up(house, (week + 1) * each, at=now - timedelta(weeks=WEEKS + 1 - week))
    await runs.insist_that_none_is_held(house, program)
    async with house.database.transaction() as tx:
        await payouts.hand_over(tx, program)
    waiting.count -= await dispatch_until(house, enough=waiting.count, program=program)
