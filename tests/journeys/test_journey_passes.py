"""An hourly pass as the marketplace document describes it: ten at a time, one after another, and told line by line."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from runs_house import IN_RUNS, begin, run_of, until_finished

from bursar import holders, ledger, programs, schedules
from bursar.foundation import db, queue
from bursar.foundation.crypto import Keyring, read_key
from bursar.holders import Destination, Every, NewDestination, NewHolder, OwnSchedule
from ground import AT, funding
from processes import Process
from ways import SIMULATED
from world import World, account, open_world

PASS = {**IN_RUNS, "dispatch__batch_size": 10, "dispatch__concurrency": 1, "runs__payouts_max": 10}
COUNT = 25


async def ring(world: World, run_id: UUID) -> None:
    """Tell the workers of a run, as whoever begins one does."""
    carrier = queue.open_carrier(world.settings, world.database, partial(db.connect_alone, world.settings))
    await carrier.ring(schedules.PROCESS, schedules.Process(run_id))
    await carrier.close()


async def passed(world: World) -> UUID:
    """A pass from its beginning until nothing of it is due any more."""
    run_id = await begin(world)
    await ring(world, run_id)
    await until_finished(world, run_id)
    return run_id


def lines(process: Process) -> list[dict[str, Any]]:
    """What a process has logged so far with a sentence for people."""
    read = [json.loads(line) for line in process.log.read_text("utf-8").splitlines() if line.startswith("{")]
    return [line for line in read if "text" in line]


async def test_ten_of_twenty_five_leave_with_each_pass_oldest_first(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path, through=SIMULATED, **PASS) as world:
        merchant = await world.merchant()
        asked = [payout for _ in range(COUNT) for payout in await world.ask(merchant)]
        async with world.working():
            for done, kept in ((10, 15), (20, 5), (25, 0)):
                run = await run_of(world, await passed(world))
                assert (run["kept_waiting"], run["payouts_max"]) == (kept, 10)
                await world.until("state = 'completed'", least=done)
                completed = {payout for payout, state in (await world.states()).items() if state == "completed"}
                assert completed == set(asked[:done])
        await world.audit()


async def test_a_pass_is_told_in_the_documents_words(database_url: str, tmp_path: Path) -> None:
    patient = {"settings": {"log_level": "info", "simulated_deadline": 30.0}, "lease_seconds": 120.0}
    async with open_world(database_url, tmp_path, through=SIMULATED, **patient, **PASS) as world:
        merchant = await world.merchant()
        asked = [payout for _ in range(3) for payout in await world.ask(merchant, amount="10.00")]
        async with world.process("worker") as worker:
            run_id = await passed(world)
            await world.until("id = $1 AND ended_at IS NOT NULL", run_id, table="runs")
            await worker.stop()
            told = lines(worker)
        [name] = {row["reference"] for row in await world.connection.fetch("SELECT reference FROM holders")}
    assert [line["event"] for line in told] == [
        "run.started", "run.found", *["payout.completed"] * 3, "run.completed",
    ]  # fmt: skip
    assert [line["text"] for line in told if line["event"] != "payout.completed"] == [
        "🔄 Starting automated payout processing...",
        "📋 Found 3 pending payouts",
        "✅ Automated payout processing completed",
    ]
    paid = [line for line in told if line["event"] == "payout.completed"]
    assert [line["payout_id"] for line in paid] == [str(one) for one in asked], "one after another, oldest first"
    for line, payout in zip(paid, asked, strict=True):
        sentence, _, user = line["text"].partition(" to user ")
        assert sentence == f"✅ Payout {payout} completed: ₹10.00"
        assert user == name or "[redacted]" in user, "a long number is masked wherever it stands"
        assert line["correlation_id"] is not None
    assert {line["run"] for line in told if line["event"].startswith("run.")} == {str(run_id)}


async def test_a_payout_that_fails_is_told_of(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path, **PASS) as world:
        merchant = await world.merchant()
        [payout] = await world.ask(merchant, suffixes="0003")
        async with world.process("worker") as worker:
            await passed(world)
            await worker.stop()
            [failed] = [line for line in lines(worker) if line["event"] == "payout.failed"]
    assert failed["text"] == f"❌ Payout {payout} failed"
    assert (failed["level"], failed["program"]) == ("warning", "merchants")
    assert failed["reason_code"] is not None


@asynccontextmanager
async def choosing(database_url: str, folder: Path, *, count: int) -> AsyncIterator[World]:
    """A world whose holders chose to be paid every day, and whose day has come; stretches are of two holders."""
    terms = {**IN_RUNS, "runs__own_schedules": True}
    settings = {"run_chunk": 2}
    async with open_world(database_url, folder, settings=settings, bank_is_a_process=True, **terms) as world:
        assert world.settings.encryption_key is not None
        keyring = Keyring([read_key(world.settings.encryption_key.get_secret_value())])
        async with world.database.transaction() as tx:
            people = [NewHolder("merchants", "merchant", f"s-{n:03}", "Anna Khan") for n in range(count)]
            known = await holders.register(tx, people, at=AT)
            await ledger.credit(tx, [funding(one.id, "100.00", program="merchants") for one in known], at=AT)
            wishes = [
                NewDestination(one.id, Destination("HBL", account(begins=world.canary), "Anna Khan"), 0, "test")
                for one in known
            ]
            await holders.add_destinations(tx, wishes, keyring=keyring, at=AT)
            wish = OwnSchedule(Every.DAY)
            await schedules.choose(tx, known, wish, book=programs.Book(), actor="cli:test")
            await tx.run("UPDATE own_schedules SET next_at = now()")
        yield world


@pytest.mark.parametrize("point", ["runs.before_asked", "runs.after_asked"])
async def test_killed_again_and_again_while_it_asks_for_those_who_are_due_it_pays_each_once(
    database_url: str, tmp_path: Path, point: str
) -> None:
    async with choosing(database_url, tmp_path, count=9) as world:
        run_id = await begin(world)
        await ring(world, run_id)
        for _ in range(2):
            async with world.process("worker", faults=f"{point}:kill") as process:
                assert await process.died() == signal.SIGKILL
        asked = await world.count("true")
        # Of two jobs for one run in a worker, the idle one may come to this point first, and both die with it.
        expected = {0} if point == "runs.before_asked" else {2, 4}
        assert asked in expected, "two at a time, and what was committed stays"
        async with world.working():
            await until_finished(world, run_id)
            await world.until("state = 'completed'", least=9)
            await asyncio.wait_for(world.until_settled(), 60)
        paid = await world.connection.fetch("SELECT holder_id, amount FROM payouts")
        assert len({row["holder_id"] for row in paid}) == len(paid) == 9
        assert {row["amount"] for row in paid} == {10_000}
        assert await world.count("next_at > now() AND last_reason IS NULL", table="own_schedules") == 9
