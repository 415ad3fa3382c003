"""``claim``: how fast waiting payouts are claimed and settled, with their ledger, when the gateway costs nothing."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bench import reference
from bench.effort import Effort
from bench.ground import PROGRAM, Ground
from bench.rounds import Contest
from bench.waiting import Waiting
from bursar import bootstrap, dispatch, programs
from bursar.foundation.doorbell import Listener
from bursar.gateways import Capabilities, Instruction, NeverArrived, Outcome, Report, Word
from bursar.house import House


class PaidAtOnce:
    """A gateway in this very process that pays whatever it is asked to, and says so when it is enough."""

    def __init__(self, terms: programs.Terms, enough: int, tell: Callable[[], None]) -> None:
        """Stand in for the gateway of these terms; call ``tell`` once ``enough`` payouts are paid."""
        self.name = terms.route.gateway
        self.capabilities = Capabilities(currencies=frozenset({terms.currency}), bulk_max=500)
        self.paid = 0
        self._enough = enough
        self._tell = tell

    async def send(self, instructions: Sequence[Instruction]) -> Sequence[Outcome]:
        """Pay them."""
        self.paid += len(instructions)
        if self.paid >= self._enough:
            self._tell()
        return [_paid(instruction) for instruction in instructions]

    async def inquire(self, instructions: Sequence[Instruction]) -> Sequence[Outcome | NeverArrived]:
        """Nothing is ever in doubt."""
        return [_paid(instruction) for instruction in instructions]

    def read_report(self, body: bytes, headers: Mapping[str, str]) -> Sequence[Report]:  # noqa: ARG002 - the protocol
        """Nothing is ever reported later."""
        return []


@asynccontextmanager
async def claim(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """Each backlog has a database of its own, from whose queue both sides claim in turns: they meet the same tables."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*bootstrap.COLLECTOR_THRESHOLDS)  # As in a worker's process.
    async with AsyncExitStack() as stack:
        yield [await _contest(stack, ground, backlog, claimed=effort.claimed) for backlog in effort.waiting]


async def _contest(stack: AsyncExitStack, ground: Ground, backlog: int, *, claimed: int) -> Contest:
    waiting = await Waiting.of(ground, backlog)
    await reference.install(waiting.url)
    pgbench = reference.claiming(waiting.url, ground.folder)
    house = await stack.enter_async_context(ground.house(waiting.url))

    async def ours() -> float:
        await waiting.top_up(house, backlog + claimed)
        began = time.perf_counter()
        paid = await dispatch_until(house, enough=claimed)
        waiting.count -= paid
        return paid / (time.perf_counter() - began)

    async def theirs() -> float:
        await waiting.top_up(house, backlog + claimed)
        waiting.count -= claimed
        return await pgbench.rate(transactions=claimed)

    await ours()  # Warm: plans are made, and the clearing account is there.
    return Contest(f"claim.{_short(backlog)}", "payouts/s", ours, theirs)


async def dispatch_until(house: House, *, enough: int, program: str = PROGRAM) -> int:
    """Let the product's own dispatcher work until ``enough`` payouts are paid and recorded; how many it were."""
    async with house.database.transaction(readonly=True) as tx:
        terms = await programs.terms(tx, program)
    stop = asyncio.Event()
    listener = Listener(lambda: bootstrap.listening_connection(house.settings))  # Only rung from here.

    def tell() -> None:
        stop.set()
        listener.ring_all()

    gateway = PaidAtOnce(terms, enough, tell)
    tools = dispatch.Tools(
        database=house.database,
        gateways={gateway.name: gateway},
        book=house.book,
        keyring=house.keyring,
        listener=listener,
        circuits=dispatch.Circuits(house.database),
    )
    await dispatch.Dispatcher(tools, program).run(stop)
    return gateway.paid


def _paid(instruction: Instruction) -> Outcome:
    """What the sandbox bank would say, to the letter."""
    number = f"PSP{instruction.key[:22]}"
    return Outcome(Word.PAID, reference=number, shown={"status": "SUCCESS", "pspReference": number})


def _short(count: int) -> str:
    """A count as names have it: 0, 20k, 1m."""
    for size, letter in ((1_000_000, "m"), (1_000, "k")):
        if count >= size:
            return f"{count // size}{letter}"
    return str(count)
