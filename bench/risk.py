"""``create.http.risk``: what the risk rules cost where payouts are created fastest."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final
from uuid import UUID

from bench import create, history, processes, runs
from bench.effort import Effort
from bench.ground import BENCH, PROGRAM, TERMS, Ground
from bench.rounds import Contest, Measure
from bench.waiting import Waiting
from bursar import holders, programs
from bursar.house import House

ALL_RULES: Final = BENCH / "merchants-risk.yaml"
NO_LIST: Final = "\nrisk:\n  denied: false\n"  # The one rule that a program asks unless it says otherwise.
CONNECTIONS: Final = 128


@asynccontextmanager
async def http(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """The load of ``create.http`` under the merchants' own rules, and under all, beside the amount's rule alone."""
    own = TERMS.read_text("utf-8")
    async with AsyncExitStack() as stack:
        shipped = await _side(stack, ground, effort, name="risk_shipped", terms=own)
        every = await _side(stack, ground, effort, name="risk_all", terms=ALL_RULES.read_text("utf-8"))
        alone = await _side(stack, ground, effort, name="no_risk", terms=own + NO_LIST)
        yield [
            Contest("create.http.risk.shipped", "payouts/s", shipped, alone),
            Contest("create.http.risk.all", "payouts/s", every, alone),
        ]


async def _side(stack: AsyncExitStack, ground: Ground, effort: Effort, *, name: str, terms: str) -> Measure:
    """A database under these terms whose merchants have a past, and web processes; gives what creates payouts there."""
    url = await ground.database(name)
    async with ground.house(url) as house:
        await _begin(house, ground, terms)
        await history.live_through(Waiting(ground, url), house, count=effort.history, program=PROGRAM)
    web = await stack.enter_async_context(processes.web(ground, url))
    drive = create.Driver(web, ground.merchants, CONNECTIONS)
    await drive(effort.warm_up_seconds)
    async with ground.house(url) as house:
        await runs.insist_that_none_is_held(house, PROGRAM)

    async def measure() -> float:
        return await drive(effort.load_seconds)

    return measure


async def _begin(house: House, ground: Ground, terms: str) -> None:
    ids = [UUID(merchant.holder_id) for merchant in ground.merchants]
    async with house.database.transaction() as tx:
        await programs.apply(tx, terms, actor="bench", at=house.clock.now())
        await holders.verify(tx, ids, verified=True, actor="bench", at=house.clock.now())
