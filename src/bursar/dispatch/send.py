"""Prepare, call, record: the loop that hands a program's payouts to its gateway.

No transaction is open while the gateway is called. What was prepared and never recorded, because a worker died or an
answer was lost, is found by ``inquire`` once its lease has run out.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from msgspec.structs import replace

from bursar import programs
from bursar.dispatch.model import Prepared, Told
from bursar.dispatch.prepare import Batch, prepare
from bursar.dispatch.telling import calling, heard
from bursar.dispatch.tools import Tools
from bursar.foundation import log
from bursar.foundation.db import Transaction
from bursar.foundation.faults import fault
from bursar.foundation.loops import repeat
from bursar.gateways import Gateway, Outcome, check_echo

BELL: Final = "dispatch"
FIRST_LOOK_SECONDS: Final = 5.0  # Between two looks, until the program's terms are known.

_log = log.get(__name__)


class Dispatcher:
    """Hands one program's payouts to its gateway, in batches, several calls at a time."""

    def __init__(self, tools: Tools, program: str) -> None:
        """Dispatch for ``program``."""
        self._tools = tools
        self._program = program
        self._rest_seconds = FIRST_LOOK_SECONDS
        self._calls = 0  # Under way, or waiting for a place.
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._places: tuple[int, asyncio.Semaphore] = (0, asyncio.Semaphore(0))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; then claim nothing more and finish what is under way."""
        await repeat(self._claim_and_send, name="dispatch", stop=stop, pause=self._pause)
        await self.finish()

    async def pass_once(self, *, batch_size: int | None = None) -> int:
        """Send one batch, of the terms' size or this one, and wait for it; how many payouts were taken up for it.

        That may be more than were sent: what may not leave is made to wait, and others may be due behind it.
        """
        batch, terms = await self._claim(batch_size=batch_size)
        await self._begin(batch, terms)
        return batch.taken

    async def finish(self) -> None:
        """Wait for everything that is under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _pause(self) -> object:
        return await self._tools.listener.wait(BELL, at_most=self._rest_seconds)

    async def _claim_and_send(self) -> bool:
        """Claim one batch and start sending it; whether it was a full one, so that more may be waiting."""
        batch, terms = await self._claim()
        every = terms.dispatch.every_seconds or FIRST_LOOK_SECONDS
        self._rest_seconds = every if batch.next_in is None else min(every, batch.next_in)
        if batch.prepared:
            self._begin(batch, terms)
            while self._calls >= terms.dispatch.concurrency:  # What is claimed cannot be stopped, so no heap of it.
                self._room.clear()
                await self._room.wait()
        return batch.taken == terms.dispatch.batch_size

    async def _claim(self, *, batch_size: int | None = None) -> tuple[Batch, programs.Terms]:
        async def work(tx: Transaction) -> tuple[Batch, programs.Terms]:
            terms = _sized((await self._tools.book.judge(tx, {self._program}))[self._program], batch_size)
            gateway = self._tools.gateway(terms.route.gateway)
            tools = self._tools
            return await prepare(tx, terms=terms, gateway=gateway, keyring=tools.keyring, book=tools.book), terms

        batch, terms = await self._tools.database.retrying(work)
        if batch.prepared:
            fault("dispatch.after_intent")
        return batch, terms

    def _begin(self, batch: Batch, terms: programs.Terms) -> "asyncio.Future[list[None]]":
        """Make the calls that a batch needs, each recorded as soon as it is answered."""
        gateway = self._tools.gateway(terms.route.gateway)
        calls = list(_calls(batch.prepared, terms, gateway.capabilities.bulk_max))
        latest = time.monotonic() + terms.dispatch.lease_seconds - gateway.capabilities.deadline
        self._calls += len(calls)
        tasks = [asyncio.create_task(self._call(gateway, call, terms=terms, latest=latest)) for call in calls]
        self._tasks.update(tasks)
        for task in tasks:
            task.add_done_callback(self._tasks.discard)
        return asyncio.gather(*tasks)

    async def _call(
        self, gateway: Gateway, prepared: Sequence[Prepared], *, terms: programs.Terms, latest: float
    ) -> None:
        try:
            async with self._place_for(terms):
                await self._tools.paces.of(terms.program, terms.dispatch.rate_per_second).wait()
                if time.monotonic() > latest:  # The lease could end during the call; whoever inquires next sends it.
                    return
                with calling("send", gateway.name, prepared) as span:
                    outcomes = await send(gateway, prepared)
                    heard(span, outcomes)
            fault("dispatch.after_answer")
            await self._tools.circuits.heard(gateway.name, outcomes)
            await self._tools.recorder.record(
                [
                    Told(attempt_id=one.attempt_id, outcome=outcome, source="answer", lease_no=one.lease_no)
                    for one, outcome in zip(prepared, outcomes, strict=True)
                ]
            )
        except Exception:  # noqa: BLE001 - not recorded is not lost: the lease runs out and an inquiry finds out
            _log.exception("dispatch.record_failed", program=self._program, count=len(prepared))
        finally:
            self._calls -= 1
            self._room.set()
            if not self._calls:  # A retry may be due before the next look.
                self._tools.listener.ring_here(BELL)

    def _place_for(self, terms: programs.Terms) -> asyncio.Semaphore:
        """One of as many places as there may be calls under way."""
        most = terms.dispatch.concurrency
        if self._places[0] != most:  # New terms may bring another number.
            self._places = (most, asyncio.Semaphore(most))
        return self._places[1]


def _sized(terms: programs.Terms, batch_size: int | None) -> programs.Terms:
    if batch_size is None:
        return terms
    return replace(terms, dispatch=replace(terms.dispatch, batch_size=batch_size))


async def send(gateway: Gateway, prepared: Sequence[Prepared]) -> list[Outcome]:
    """Ask a gateway to pay these, and believe only what matches what was asked."""
    outcomes = await gateway.send([one.instruction for one in prepared])
    return [
        check_echo(outcome, amount=one.instruction.amount, destination_hash=one.instruction.destination.hash)
        for one, outcome in zip(prepared, outcomes, strict=True)
    ]


def _calls(prepared: Sequence[Prepared], terms: programs.Terms, bulk_max: int) -> Iterator[Sequence[Prepared]]:
    """Cut a batch into calls: by group where the terms say so, none larger than the gateway takes."""
    by_group = terms.dispatch.group_by is programs.GroupBy.BANK
    ordered = sorted(prepared, key=lambda one: one.group) if by_group else prepared
    for _, group in groupby(ordered, key=lambda one: one.group if by_group else ""):
        members = list(group)
        for start in range(0, len(members), bulk_max):
            yield members[start : start + bulk_max]
