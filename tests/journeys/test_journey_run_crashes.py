"""Two hundred writers and workers that are killed wherever they are: the same totals as if nobody had died.

Workers are processes, and killed as an operating system kills them; Stripe's simulator fails now and then meanwhile.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest

from asking import account
from auditor import Asked
from balances_house import BALANCES
from bursar import holders, ledger, schedules
from bursar.foundation import db, queue
from bursar.foundation.crypto import Keyring, read_key
from bursar.foundation.money import Money
from bursar.holders import Destination, NewDestination, NewHolder
from ground import AT, funding
from processes import LOOK_SECONDS, SOON
from ways import STRIPE
from world import World, open_world

COUNT: Final = 200
LEAST: Final = 2_500  # The terms' minimum, in cents.
EARNED: Final = [LEAST - 1 if n % 5 == 4 else LEAST + n for n in range(COUNT)]
"""What each writer has: one in five a cent too little, and the first no more than enough."""
DUE: Final = [cents for cents in EARNED if cents >= LEAST]
TERMS: Final = {
    **BALANCES,
    "dispatch__cron": "0 0 29 2 *",
    "dispatch__batch_size": 10,
    "dispatch__concurrency": 5,
    "retry__max_attempts": 10,
}
SETTINGS: Final = {"run_chunk": 2, "payout_worker_rate_limit": 1000.0, "batch_worker_rate_limit": 1000.0}
BAD_DAY: Final = {
    "error_before_accept": {"next": 10},
    "error_after_accept": {"next": 10},
    "drop_after_accept": {"next": 10},
    "rate_limit": {"next": 10},
    "duplicate_webhooks": True,
    "reorder_webhooks": True,
    "reorder_ms": 200,
}


@asynccontextmanager
async def paying_writers(database_url: str, folder: Path) -> AsyncIterator[World]:
    """A world with so many writers, each with an account at Stripe."""
    async with open_world(database_url, folder, through=STRIPE, settings=SETTINGS, **TERMS) as world:
        async with world.database.transaction() as tx:
            people = [NewHolder("merchants", "merchant", f"w-{n:03}", "Anna Khan") for n in range(COUNT)]
            known = await holders.register(tx, people, at=AT)
            earned = [
                funding(one.id, _dollars(cents), currency="USD", program="merchants")
                for one, cents in zip(known, EARNED, strict=True)
            ]
            await ledger.credit(tx, earned, at=AT)
            begins = f"acct_sandbox{world.canary}"
            wishes = [NewDestination(one.id, _account(account(begins=begins)), 0, "test") for one in known]
            await holders.add_destinations(tx, wishes, keyring=_keyring(world), at=AT)
        yield world


def _dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _account(name: str) -> Destination:
    return Destination(STRIPE.bank_code, name, "Anna Khan", "GATEWAY_ACCOUNT")


def _keyring(world: World) -> Keyring:
    assert world.settings.encryption_key is not None
    return Keyring([read_key(world.settings.encryption_key.get_secret_value())])


async def begin(world: World) -> UUID:
    """Begin a run and tell the workers, as ``bursar runs start`` does."""
    async with world.database.transaction() as tx:
        run = await schedules.begin_now(tx, "merchants", actor="cli:test")
    carrier = queue.open_carrier(world.settings, world.database, partial(db.connect_alone, world.settings))
    await carrier.ring(schedules.PROCESS, schedules.Process(run.id))
    await carrier.close()
    return run.id


async def killed(world: World, condition: str = "true", *, more: int, workers: int) -> None:
    """So many workers live until there are so many more payouts of a kind, and then all of them die at once."""
    least = more + await world.count(condition)
    async with AsyncExitStack() as stack:
        doomed = [await stack.enter_async_context(world.process("worker")) for _ in range(workers)]
        await world.until(condition, least=least)
        for process in doomed:
            process.send(signal.SIGKILL)
        for process in doomed:
            assert await process.died() == signal.SIGKILL


async def over(world: World, run_id: UUID) -> schedules.Results:
    """What has become of a run, once it is over; nobody's waits are waited out."""
    async with asyncio.timeout(SOON):
        while not await world.count("id = $1 AND ended_at IS NOT NULL", run_id, table="runs"):
            await world.let_waits_end()
            await asyncio.sleep(LOOK_SECONDS)
    async with world.database.transaction(readonly=True) as tx:
        return (await schedules.results(tx, [run_id]))[run_id]


async def paid(world: World) -> dict[UUID, tuple[int, str]]:
    """What each writer was paid and how that ended; every law holds, and nobody was asked for twice."""
    async with world.database.transaction(readonly=True) as tx:
        stored = await holders.destinations_of(tx, [row["id"] for row in await tx.many("SELECT id FROM holders")])
        rows = await tx.many("SELECT id, holder_id, amount, state FROM payouts WHERE run_id IS NOT NULL")
    for row in rows:
        whole = holders.open_destination(stored[row["holder_id"]][0], _keyring(world))
        world.asked[row["id"]] = Asked(row["amount"], "USD", whole.bank_code, whole.account_number)
    await world.audit()
    assert len({row["holder_id"] for row in rows}) == len(rows), "nobody is asked for twice"
    return {row["holder_id"]: (row["amount"], row["state"]) for row in rows}


@pytest.mark.fault_lab
async def test_a_run_whose_workers_all_die_again_and_again_comes_to_what_it_would_have(
    database_url: str, tmp_path: Path
) -> None:
    async with paying_writers(database_url, tmp_path) as world:
        await world.faults(**BAD_DAY)
        run_id = await begin(world)
        for _ in range(2):
            await killed(world, more=10, workers=1)
        asked = await world.count("true")
        assert 20 <= asked < len(DUE), "they died while it was asking"
        await killed(world, more=10, workers=2)
        await killed(world, "state = 'completed'", more=20, workers=2)
        assert await world.count("state = 'approved'"), "and while it was sending"
        async with world.process("worker"), world.process("worker"):
            found = await over(world, run_id)
        given = await paid(world)
        assert sorted(given.values()) == sorted((cents, "completed") for cents in DUE), (
            "who has enough, and nobody else"
        )
        assert (found.total, found.succeeded, found.failed, found.waiting) == (len(DUE), len(DUE), 0, 0)
        assert found.paid == found.amounts == (Money(sum(DUE), "USD"),)
        struck = await world.struck()
        assert all(struck[fault] for fault in BAD_DAY if fault != "reorder_ms"), struck
