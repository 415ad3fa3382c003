"""A run over balances from beginning to end: killed wherever it hurts, it pays everybody, and everybody once."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from auditor import Asked
from balances_house import BALANCES, STAFF
from bursar import holders, ledger, schedules
from bursar.foundation import db, queue
from bursar.foundation.crypto import Keyring, read_key
from bursar.holders import Destination, NewDestination, NewHolder
from ground import AT, funding
from world import World, account, open_world

COUNT = 9
IN_STRETCHES_OF_TWO = {"run_chunk": 2, "payout_worker_rate_limit": 1000.0, "batch_worker_rate_limit": 1000.0}


@asynccontextmanager
async def paying_balances(
    database_url: str, folder: Path, *, count: int = COUNT, suffixes: str = "0001", **how: object
) -> AsyncIterator[World]:
    """A world whose merchants are paid their balances, with so many of them who have enough."""
    terms = {**BALANCES, "dispatch__cron": "0 0 29 2 *", "dispatch__batch_size": 5}
    settings = IN_STRETCHES_OF_TWO
    async with open_world(database_url, folder, settings=settings, bank_is_a_process=True, **{**terms, **how}) as world:
        await add_writers(world, count=count, suffixes=suffixes)
        yield world


async def add_writers(world: World, *, count: int, suffixes: str) -> None:
    """So many holders with 100.00 each and an account to be paid to, which the auditor is told of."""
    assert world.settings.encryption_key is not None
    keyring = Keyring([read_key(world.settings.encryption_key.get_secret_value())])
    endings = suffixes.split()
    async with world.database.transaction() as tx:
        people = [NewHolder("merchants", "merchant", f"w-{n:03}", "Anna Khan") for n in range(count)]
        known = await holders.register(tx, people, at=AT)
        await ledger.credit(tx, [funding(one.id, "100.00", program="merchants") for one in known], at=AT)
        numbers = [account(endings[n % len(endings)], begins=world.canary) for n in range(count)]
        wishes = [
            NewDestination(one.id, Destination("HBL", number, "Anna Khan"), 0, "test")
            for one, number in zip(known, numbers, strict=True)
        ]
        await holders.add_destinations(tx, wishes, keyring=keyring, at=AT)


async def begin(world: World) -> UUID:
    """Begin a run and tell the workers, as ``bursar runs start`` does."""
    async with world.database.transaction() as tx:
        run = await schedules.begin_now(tx, "merchants", actor="cli:test")
    carrier = queue.open_carrier(world.settings, world.database, partial(db.connect_alone, world.settings))
    await carrier.ring(schedules.PROCESS, schedules.Process(run.id))
    await carrier.close()
    return run.id


async def over(world: World, run_id: UUID) -> schedules.Results:
    """What has become of a run, once it is over."""
    await world.until("id = $1 AND ended_at IS NOT NULL", run_id, table="runs")
    await world.until_settled()
    async with world.database.transaction(readonly=True) as tx:
        return (await schedules.results(tx, [run_id]))[run_id]


async def audited(world: World) -> None:
    """Ask the auditor, who is told what was to be paid: to each account 100.00."""
    assert world.settings.encryption_key is not None
    keyring = Keyring([read_key(world.settings.encryption_key.get_secret_value())])
    async with world.database.transaction() as tx:
        stored = await holders.destinations_of(tx, [row["id"] for row in await tx.many("SELECT id FROM holders")])
        rows = await tx.many("SELECT id, holder_id FROM payouts WHERE run_id IS NOT NULL")
    for row in rows:
        whole = holders.open_destination(stored[row["holder_id"]][0], keyring)
        world.asked[row["id"]] = Asked(10_000, "PKR", whole.bank_code, whole.account_number)
    assert len({row["holder_id"] for row in rows}) == len(rows), "nobody is paid twice"
    await world.audit()


async def killed(world: World, point: str) -> None:
    """A worker lives until it comes to this point."""
    async with world.process("worker", faults=f"{point}:kill") as process:
        assert await process.died() == signal.SIGKILL


async def test_it_pays_everybody_who_has_enough(database_url: str, tmp_path: Path) -> None:
    async with paying_balances(database_url, tmp_path, suffixes="0001 0003 0001") as world:
        async with world.working():
            found = await over(world, await begin(world))
        assert (found.total, found.succeeded, found.failed, found.waiting) == (COUNT, 6, 3, 0)
        assert len(found.errors) == 3
        await audited(world)


@pytest.mark.parametrize("point", ["runs.before_asked", "runs.after_asked"])
async def test_killed_again_and_again_while_it_asks_it_asks_for_everybody_once(
    database_url: str, tmp_path: Path, point: str
) -> None:
    async with paying_balances(database_url, tmp_path) as world:
        run_id = await begin(world)
        for _ in range(2):
            await killed(world, point)
        asked = await world.count("true")
        # Of two jobs for one run in a worker, the idle one may come to this point first, and both die with it.
        expected = {0} if point == "runs.before_asked" else {2, 4}
        assert asked in expected, "two at a time, and what was committed stays"
        async with world.working():
            found = await over(world, run_id)
        assert (found.total, found.succeeded) == (COUNT, COUNT)
        await audited(world)


async def test_killed_while_it_sends_it_pays_everybody_once(database_url: str, tmp_path: Path) -> None:
    async with paying_balances(database_url, tmp_path) as world:
        run_id = await begin(world)
        await killed(world, "dispatch.after_answer")
        async with world.working():
            await world.let_waits_end()
            found = await over(world, run_id)
        assert (found.total, found.succeeded) == (COUNT, COUNT)
        await audited(world)


async def test_the_failsafe_stops_it_and_a_person_cancels_the_rest(database_url: str, tmp_path: Path) -> None:
    terms = {"runs__failures_min": 2, "runs__failure_rate_max": 20, "dispatch__batch_size": 2}
    many = 100  # So that not all have left by the time that a busy machine notices.
    async with paying_balances(database_url, tmp_path, count=many, suffixes="0003", **terms) as world:
        async with world.working():
            run_id = await begin(world)
            await world.until("id = $1 AND stopped_why = 'failure_rate'", run_id, table="runs")
            async with world.database.transaction() as tx:
                await schedules.cancel(tx, run_id, actor=STAFF)
            found = await over(world, run_id)
        assert found.total <= many, "what it had not asked for by then, it never asks for"
        assert (found.succeeded, found.failed + found.called_off) == (0, found.total)
        assert found.called_off >= 1, "some of it has not left"
        await audited(world)


async def test_the_documents_run_of_twenty_five_payouts(database_url: str, tmp_path: Path) -> None:
    """Its batches are of ten, with five calls at a time. That it takes less than a second, the bench shows."""
    terms = {"dispatch__batch_size": 10, "dispatch__concurrency": 5}
    async with paying_balances(database_url, tmp_path, count=25, **terms) as world:
        async with world.working():
            found = await over(world, await begin(world))
        assert (found.total, found.succeeded) == (25, 25)
        await audited(world)
