"""``report.ingest``: how fast webhooks are taken in, verified and applied, until the last payout is completed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

import msgspec

from bench import load, processes, providers, reference, runs
from bench.drain import Line
from bench.effort import Effort
from bench.ground import PROGRAM, Ground
from bench.processes import Running
from bench.rounds import Contest, Measure
from bench.waiting import Waiting
from bursar import playground
from bursar.foundation.db import Record
from bursar.foundation.money import Money
from bursar.house import House
from bursar_sandbox.mockbank.signature import signer
from bursar_sandbox.settings import DEFAULT_WEBHOOK_SECRET

CONNECTIONS: Final = 32
LATER_MS: Final = 3_600_000  # The mock bank promises an answer, and a turn is long over when it would come.
SECONDS_MAX: Final = 600.0
ACCEPTED: Final = "SELECT key, amount, currency, gateway_reference FROM attempts WHERE outcome = 'accepted'"
PATH: Final = "/api/webhooks/{gateway}/payout_status"

_sign: Final = signer(DEFAULT_WEBHOOK_SECRET)


@asynccontextmanager
async def ingest(ground: Ground, effort: Effort) -> AsyncIterator[list[Contest]]:
    """One web process and one worker, told by a gateway whose word is proof, and by one whose word is a hint."""
    async with AsyncExitStack() as stack:
        proven = await _proven(stack, ground, count=effort.reported)
        hinted = await _hinted(stack, ground, count=effort.reported)
        against = await _claiming(stack, ground, count=effort.claimed)
        yield [
            Contest("report.ingest", "webhooks/s", proven, against),
            Contest("report.ingest.hint", "webhooks/s", hinted, against),
        ]


async def _proven(stack: AsyncExitStack, ground: Ground, *, count: int) -> Measure:
    """The mock bank has taken everything on; then its signed webhooks say that all is paid."""
    url = await ground.database("ingest")
    web = await stack.enter_async_context(processes.web(ground, url, processes=1))
    bank = await stack.enter_async_context(processes.bank(ground, settle_after_ms=LATER_MS))
    worker = await stack.enter_async_context(processes.worker(ground, url, bank=bank))
    house = await stack.enter_async_context(ground.house(url))
    waiting = Waiting(ground, url)

    async def take_in() -> float:
        await waiting.top_up(house, count)
        waiting.count = 0
        await runs.until_accepted(house, PROGRAM, by=worker)
        return await _tell(house, web, worker, program=PROGRAM, render=_signed)

    await take_in()  # Warm: plans are made, and the clearing account is there.
    return take_in


async def _hinted(stack: AsyncExitStack, ground: Ground, *, count: int) -> Measure:
    """The simulator has paid everything and told nobody; then webhooks hint at it, and it is asked."""
    line = await Line.open(stack, ground, name="ingest_hint", reporting=False)

    async def take_in() -> float:
        await line.hand_in(count)
        return await _tell(line.house, line.web, line.worker, program=providers.PROGRAM, render=_hinting)

    await take_in()
    return take_in


async def _claiming(stack: AsyncExitStack, ground: Ground, *, count: int) -> Measure:
    """The reference: what settling a payout writes, and more, since it is claimed and sent in the same go."""
    waiting = await Waiting.of(ground, 0)
    await reference.install(waiting.url)
    pgbench = reference.claiming(waiting.url, ground.folder)
    house = await stack.enter_async_context(ground.house(waiting.url))

    async def claim() -> float:
        await waiting.top_up(house, count)
        waiting.count -= count
        return await pgbench.rate(transactions=count)

    return claim


async def _tell(
    house: House, web: Running, worker: Running, *, program: str, render: Callable[[Sequence[Record]], list[bytes]]
) -> float:
    """Post a webhook about each accepted attempt, and wait until all are applied; webhooks per second."""
    async with house.database.transaction(readonly=True) as tx:
        accepted = await tx.many(
            "SELECT key, amount, currency, gateway_reference FROM attempts WHERE outcome = 'accepted'"
        )
    requests = await asyncio.to_thread(render, accepted)
    post = partial(load.drive, processes.HOST, web.port, requests, wanted=load.TAKEN)
    began = time.perf_counter()
    await asyncio.to_thread(post, connections=CONNECTIONS, seconds=SECONDS_MAX)
    await runs.until_completed(house, program, by=worker)
    return len(requests) / (time.perf_counter() - began)


def _signed(accepted: Sequence[Record]) -> list[bytes]:
    """The mock bank's webhooks, signed now."""
    at = int(time.time())
    requests = []
    for row in accepted:
        body = msgspec.json.encode(
            {
                "eventId": f"told-{row['key']}",
                "reference": row["key"],
                "status": "SUCCESS",
                "pspReference": row["gateway_reference"],
                "amount": Money(row["amount"], row["currency"]).text,
                "currency": row["currency"],
            }
        )
        requests.append(load.post(PATH.format(gateway="mockbank"), _sign("", at, body), body))
    return requests


def _hinting(accepted: Sequence[Record]) -> list[bytes]:
    """Flutterwave's webhooks, whose hash covers nothing; the worker asks by the reference, so any id will do."""
    headers = {"verif-hash": playground.FLUTTERWAVE["secret_hash"]}
    path = PATH.format(gateway="flutterwave")
    return [
        load.post(
            path,
            headers,
            msgspec.json.encode(
                {
                    "event": "transfer.completed",
                    "event.type": "Transfer",
                    "data": {"id": number, "reference": row["key"], "status": "SUCCESSFUL"},
                }
            ),
        )
        for number, row in enumerate(accepted, start=int(time.time() * 1000))
    ]
