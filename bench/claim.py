"""``claim``: how fast waiting payouts are claimed and settled, with their ledger, when the gateway costs nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bench import reference
from bench.effort import Effort
from bench.ground import CURRENCY, PROGRAM, Ground
from bench.rounds import Contest
from bench.waiting import Waiting
from bursar import bootstrap, dispatch
from bursar.foundation.doorbell import Listener
from bursar.gateways import Capabilities, Instruction, NeverArrived, Outcome, Report, Word
from bursar.house import House


class PaidAtOnce:
    """A gateway in this very process that pays whatever it is asked to, and stops the dispatcher when it is enough."""

    name = "mockbank"
    capabilities = Capabilities(currencies=frozenset({CURRENCY}), bulk_max=500)

    def __init__(self, enough: int) -> None:
        """Pay until ``enough`` payouts are paid."""
        self.paid = 0
        self.stop = asyncio.Event()
        self._enough = enough

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Pay them."""
        self.paid += len(instructions)
        if self.paid >= self._enough:
            self.stop.set()
        return [Outcome(Word.PAID, reference=instruction.key) for instruction in instructions]

    async def inquire(self, instruction: Instruction) -> Outcome | NeverArrived:
        """Nothing is ever in doubt."""
        return Outcome(Word.PAID, reference=instruction.key)

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report]:  # noqa: ARG002 - the protocol
        """Nothing is ever reported later."""
        return []


@asynccontextmanager
async def claim(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Each backlog has a database of its own, from whose queue both sides claim in turns: they meet the same tables."""
    async with AsyncExitStack() as stack:
        yield [await _contest(stack, ground, backlog, claimed=effort.claimed) for backlog in effort.waiting]


async def _contest(stack: AsyncExitStack, ground: Ground, backlog: int, *, claimed: int) -> Contest:
    waiting = await Waiting.of(ground, backlog)
    await reference.install(waiting.url)
    pgbench = reference.claiming(waiting.url, ground.folder)
    house = await stack.enter_async_context(ground.house(waiting.url))

    async def ours() -> float:
        await waiting.top_up(house, backlog + claimed)
        gateway = PaidAtOnce(claimed)
        began = time.perf_counter()
        await _dispatch(house, gateway)
        waiting.count -= gateway.paid
        return gateway.paid / (time.perf_counter() - began)

    async def theirs() -> float:
        await waiting.top_up(house, backlog + claimed)
        waiting.count -= claimed
        return await pgbench.rate(transactions=claimed)

    await ours()  # Warm: plans are made, and the clearing account is there.
    return Contest(f"claim.{_short(backlog)}", "payouts/s", ours, theirs)


async def _dispatch(house: House, gateway: PaidAtOnce) -> None:
    """The product's own dispatcher, until the gateway has paid enough and everything is recorded."""
    tools = dispatch.Tools(
        database=house.database,
        gateways={gateway.name: gateway},
        book=house.book,
        keyring=house.keyring,
        listener=Listener(lambda: bootstrap.listening_connection(house.settings)),  # Nothing rings: the queue is full.
        circuits=dispatch.Circuits(house.database),
    )
    await dispatch.Dispatcher(tools, PROGRAM).run(gateway.stop)


def _short(count: int) -> str:
    """A count as names have it: 0, 20k, 1m."""
    for size, letter in ((1_000_000, "m"), (1_000, "k")):
        if count >= size:
            return f"{count // size}{letter}"
    return str(count)
