"""Programs that pay out in runs, through each carrier: nobody is paid twice or never, whatever messages come to.

Nothing here waits for the clock on the wall: the schedule's next occurrence is far away, and runs are begun by hand, as
``bursar runs start`` does.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
from runs_house import IN_RUNS, begin, run_of, until_finished

from bursar import payouts, schedules
from bursar.foundation import db, queue
from processes import SOON
from queue_servers import FORGIVING, Line
from world import World, open_world

pytestmark = FORGIVING

COUNT = 40


class Wrong(msgspec.Struct):
    """A payload that no job of ours has."""

    run: str = "tomorrow"


@pytest.fixture
async def world(database_url: str, line: Line, tmp_path: Path) -> AsyncIterator[World]:
    """An installation whose merchants are paid in runs, through each carrier in turn."""
    async with open_world(database_url, tmp_path, settings=line.settings, **IN_RUNS) as world:
        yield world


@asynccontextmanager
async def carrier(world: World) -> AsyncIterator[queue.Carrier]:
    """The carrier, as another process holds it."""
    opened = queue.open_carrier(world.settings, world.database, partial(db.connect_alone, world.settings))
    yield opened
    await opened.close()


async def test_what_is_approved_waits_for_the_run_and_leaves_with_it(world: World, line: Line) -> None:
    merchant = await world.merchant()
    early = await world.ask(merchant, count=COUNT)
    async with world.working(), carrier(world) as ringing:
        await asyncio.sleep(0.5)
        assert await world.count("state = 'approved' AND due_at = 'infinity'") == COUNT, "nobody leaves before the run"
        run_id = await begin(world)
        await ringing.ring(schedules.PROCESS, schedules.Process(run_id))
        await until_finished(world, run_id)
        await world.until_at_rest()
        late = await world.ask(merchant)
        await asyncio.sleep(0.3)
        assert (await world.states())[late[0]] == "approved", "and whoever comes too late waits for the next one"
        assert {(await world.states())[one] for one in early} == {"completed"}
    run = await run_of(world, run_id)
    assert (run["count"], run["amounts"]) == (COUNT, '{"PKR": 4000000}')
    assert await world.count("carrier = $1 AND stopped_at IS NOT NULL", line.name, table="workers") == 1


async def test_messages_that_are_lost_doubled_or_wrong_change_nothing(world: World, line: Line) -> None:
    merchant = await world.merchant()
    await world.ask(merchant, count=COUNT, suffixes="0001 0002 0003")
    run_id = await begin(world)
    async with carrier(world) as ringing:
        await ringing.ring(schedules.PROCESS, schedules.Process(run_id))
        await line.drop_messages()
        await ringing.ring(schedules.PROCESS, Wrong())
        async with world.working():
            await world.until("handed_over_at IS NOT NULL", table="runs")  # The sweeper made up for what was lost.
            for _ in range(5):
                await ringing.ring(schedules.PROCESS, schedules.Process(run_id))
                await ringing.ring(schedules.SEND, schedules.Send("merchants"))
            await world.until_at_rest()
            await until_finished(world, run_id)
    assert await world.count("job = $1 AND reason = 'wrong_payload'", schedules.PROCESS, table="dead_letters") == 1
    assert (await run_of(world, run_id))["count"] == COUNT, "counted once, though it was asked for often"
    await world.audit()


async def test_a_queue_that_is_killed_in_the_middle_of_a_run_and_forgets_everything(world: World, line: Line) -> None:
    merchant = await world.merchant()
    await world.ask(merchant, count=COUNT)
    async with world.working(), carrier(world) as ringing:
        run_id = await begin(world)
        await ringing.ring(schedules.PROCESS, schedules.Process(run_id))
        await world.until("state <> 'approved'")
        await line.cut(lose=True)
        await world.ask(merchant, count=5)  # Asking needs no queue.
        await line.mend()
        await until_finished(world, run_id)
        second = await begin(world)
        await until_finished(world, second)
        await world.until_at_rest()
    await world.audit()


async def test_a_worker_that_is_killed_in_the_middle_of_a_batch(world: World) -> None:
    merchant = await world.merchant()
    await world.ask(merchant, count=COUNT)
    run_id = await begin(world)
    async with world.process("worker", faults="dispatch.after_intent:kill") as doomed:
        await doomed.died()
    assert await world.count("state = 'sending'") > 0, "it had written down what it meant to send"
    async with world.process("worker") as first, world.process("worker") as second:
        await world.until_at_rest()
        await until_finished(world, run_id)
        await first.stop()
        await second.stop()
    assert await world.count("stopped_at IS NOT NULL", table="workers") == 2, "both said goodbye"
    assert await world.count("stopped_at IS NULL", table="workers") == 1, "the killed one could not"
    await world.audit()


async def test_a_payout_that_is_due_again_leaves_without_another_run(world: World) -> None:
    """A retry comes round in its own time, and so does one that somebody hurries; the sweeper rings for them."""
    merchant = await world.merchant()
    [payout] = await world.ask(merchant)
    async with world.working():
        async with world.database.transaction() as tx:
            await payouts.hurry(tx, [payout])
        async with asyncio.timeout(SOON):
            await world.until_at_rest()
    assert await world.count("true", table="runs") == 0
    await world.audit()
