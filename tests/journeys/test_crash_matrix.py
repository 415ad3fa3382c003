"""A process dies, by ``kill -9``, at each point that has a name; another takes over; everybody is paid exactly once.

The matrix is part 1 of the catalogue of faults. What was true at the moment of death is asserted first, so that each
round is known to have died where it says.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

from bursar.foundation import faults
from bursar.foundation.addresses import Policy
from bursar.foundation.clock import SystemClock
from bursar.foundation.crypto import Keyring, read_key
from bursar.foundation.egress import Egress
from bursar.outbound import webhooks
from world import World, open_world

EVERY_END: Final = "0001 0002 0003 0004 0005 0001"
COUNT: Final = 6

Scenario = Callable[[str, Path], Awaitable[None]]


async def killed_at(world: World, point: str) -> None:
    """A worker lives until it comes to this point."""
    async with world.process("worker", faults=f"{point}:kill") as process:
        assert await process.died() == signal.SIGKILL


async def taken_over(world: World) -> None:
    """Another worker finds what the dead one left, once its leases are over."""
    async with world.working():
        await world.let_waits_end()
        await world.until_at_rest()
    await world.audit()


@asynccontextmanager
async def asked(database_url: str, folder: Path, **how: Any) -> AsyncIterator[World]:
    """A world in which payouts wait for a worker, before a bank of its own process that tells nothing by itself."""
    async with open_world(database_url, folder, bank_is_a_process=True, **how) as world:
        await world.faults(drop_webhooks=True)
        await world.ask(await world.merchant(), count=COUNT, suffixes=EVERY_END)
        yield world


async def before_the_intent(database_url: str, folder: Path) -> None:
    """Claimed, nothing written: nothing happened."""
    async with asked(database_url, folder) as world:
        await killed_at(world, "dispatch.before_intent")
        assert await world.count("true", table="attempts") == 0
        assert await world.count("state = 'approved'") == COUNT
        await taken_over(world)


async def after_the_intent(database_url: str, folder: Path) -> None:
    """Written down, nothing sent: it is asked about, never arrived, and is sent under the same key."""
    async with asked(database_url, folder) as world:
        await killed_at(world, "dispatch.after_intent")
        assert await world.count("outcome = 'open'", table="attempts") == COUNT
        assert (await world.book())["transfers"] == []
        await taken_over(world)
        assert await world.count("generation = 1 AND lease_no > 1", table="attempts") == COUNT


async def after_the_answer(database_url: str, folder: Path) -> None:
    """Booked by the bank, known only to the dead: asking finds it, and nothing is sent again."""
    async with asked(database_url, folder) as world:
        await killed_at(world, "dispatch.after_answer")
        assert await world.count("outcome = 'open'", table="attempts") == COUNT
        assert len((await world.book())["transfers"]) == COUNT
        await taken_over(world)


async def before_the_record(database_url: str, folder: Path) -> None:
    """The outcome was about to be committed: it was not, and is found out again."""
    async with asked(database_url, folder) as world:
        await killed_at(world, "dispatch.before_record_commit")
        assert await world.count("outcome = 'open'", table="attempts") == COUNT
        assert len((await world.book())["transfers"]) == COUNT
        await taken_over(world)


async def after_the_record(database_url: str, folder: Path) -> None:
    """All was done: whoever comes next has nothing to do about it."""
    async with asked(database_url, folder) as world:
        await killed_at(world, "dispatch.after_record")
        assert await world.count("outcome = 'open'", table="attempts") == 0
        assert await world.count("state = 'completed'") == 2
        await taken_over(world)
        assert await world.count("generation = 1 AND outcome = 'paid' AND lease_no > 1", table="attempts") == 0


async def after_the_inbox(database_url: str, folder: Path) -> None:
    """The web process has stored a report and dies before it says so: the bank repeats it, and it counts once."""
    async with open_world(database_url, folder, web_faults="reports.after_inbox:kill") as world:
        await world.ask(await world.merchant(), count=COUNT, suffixes=EVERY_END)
        async with world.working():
            assert world.web is not None
            assert await world.web.died() == signal.SIGKILL
            port = int(world.web_url.rpartition(":")[2])
            async with world.serving(port=port):
                await world.until_at_rest()
        async with world.session.get(f"{world.bank_url}/control/webhooks") as reply:
            sent = (await reply.json())["items"]
        assert max(webhook["attempts"] for webhook in sent) > 1, "the bank had to repeat itself"
        heard = [webhook for webhook in sent if webhook["status"] == "delivered"]  # A slow start is not waited for.
        assert await world.count("true", table="reports") == len(heard)
        await world.audit()


async def after_the_delivery(database_url: str, folder: Path) -> None:
    """A merchant has our message, and the worker dies before it notes that: the same message comes again."""
    async with open_world(database_url, folder) as world, receiving() as (url, heard):
        acme = await world.merchant()
        await register(world, acme.holder, url)
        await world.ask(acme, count=COUNT, suffixes=EVERY_END)
        await killed_at(world, "outbound.after_delivery")
        before = dict(heard)
        assert len(before) >= 1
        assert await world.count("state = 'delivered'", table="deliveries") == 0
        async with world.working():
            async with asyncio.timeout(60):
                while await world.count("state <> 'delivered'", table="deliveries") or not await settled(world):
                    await world.let_waits_end()
                    await asyncio.sleep(0.05)
        assert all(heard[name][0] == body and heard[name][1] > 1 for name, (body, _) in before.items())
        assert len(heard) == await world.count("true", table="messages")
        await world.audit()


async def settled(world: World) -> bool:
    """Whether every message there will be has been written: payouts have come to their ends, and all is told."""
    moving = await world.count("state IN ('approved', 'sending', 'retrying')")
    unread = await world.connection.fetchval(
        "SELECT count(*) FROM payout_events e, cursors c WHERE c.reader = 'webhooks' AND (e.xid, e.id) > (c.xid, c.id)"
    )
    return moving + unread == 0


Heard = dict[str, tuple[bytes, int]]
"""Messages by their id: the bytes, and how often they came."""


@asynccontextmanager
async def receiving() -> AsyncIterator[tuple[str, Heard]]:
    """A merchant's server that takes every message."""
    heard: Heard = {}

    async def take(request: web.BaseRequest) -> web.Response:
        name, body = request.headers["webhook-id"], await request.read()
        heard[name] = (body, heard.get(name, (body, 0))[1] + 1)
        return web.Response()

    runner = web.ServerRunner(web.Server(take), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", heard
    finally:
        await runner.cleanup()


async def register(world: World, holder: Any, url: str) -> None:
    """Tell a merchant's payouts to this address."""
    egress = Egress.open(Policy(allow_loopback=True))
    assert world.settings.encryption_key is not None
    keyring = Keyring([read_key(world.settings.encryption_key.get_secret_value())])
    wish = webhooks.EndpointWish(holder, await egress.vet(url))
    async with world.database.transaction() as tx:
        await webhooks.add_endpoint(tx, wish, keyring=keyring, at=SystemClock().now())
    await egress.close()


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "dispatch.before_intent": before_the_intent,
    "dispatch.after_intent": after_the_intent,
    "dispatch.after_answer": after_the_answer,
    "dispatch.before_record_commit": before_the_record,
    "dispatch.after_record": after_the_record,
    "reports.after_inbox": after_the_inbox,
    "outbound.after_delivery": after_the_delivery,
}


@pytest.mark.parametrize("point", sorted(SCENARIOS))
async def test_a_process_that_dies_here_leaves_the_books_straight(
    database_url: str, tmp_path: Path, point: str
) -> None:
    await SCENARIOS[point](database_url, tmp_path)


ELSEWHERE: Final = {"outbound.after_notice", "runs.before_asked", "runs.after_asked"}
"""Died at in ``tests/outbound/test_notices_mail.py``, where there is a mail server to ask, and in
``tests/journeys/test_journey_balances.py``, where there is a run to die in."""


def test_every_point_there_is_is_died_at() -> None:
    assert SCENARIOS.keys() | ELSEWHERE == faults.POINTS


async def test_a_frozen_worker_that_thaws_after_its_lease_changes_nothing(database_url: str, tmp_path: Path) -> None:
    """SIGSTOP while the bank is answering, the lease ends, another worker finds out, SIGCONT: the old word is late."""
    slow = {"latency_ms": 2000}
    patient = {"mockbank_deadline": 10.0}
    async with open_world(database_url, tmp_path, lease_seconds=30.0, settings=patient, bank=slow) as world:
        await world.faults(drop_webhooks=True)
        await world.ask(await world.merchant(), count=COUNT, suffixes=EVERY_END)
        async with world.process("worker") as frozen:
            async with asyncio.timeout(60):
                while not (await world.book())["transfers"]:
                    await asyncio.sleep(0.02)
            frozen.send(signal.SIGSTOP)  # The bank has booked; its answer is still on its way.
            assert await world.count("outcome = 'open'", table="attempts") == COUNT
            await world.faults(latency_ms=0)
            async with world.working():
                await world.let_waits_end()
                await world.until_at_rest()
            await world.audit()
            versions = await world.connection.fetch("SELECT id, version FROM payouts ORDER BY id")
            frozen.send(signal.SIGCONT)
            await frozen.stop()
        assert await world.connection.fetch("SELECT id, version FROM payouts ORDER BY id") == versions
        await world.audit()
