"""Every carrier keeps the same promises, against real servers that are killed, emptied and spoken into."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from queue_house import JOB, SOON, Crewing, Note, answering, ring_until, until

from bursar.foundation import db, queue
from bursar.foundation.db import Database
from bursar.foundation.queue import Carrier
from bursar.foundation.settings import Settings
from queue_servers import FORGIVING, Line

pytestmark = FORGIVING


@pytest.fixture
async def opening(line: Line, settings: Settings, database: Database) -> Callable[[], Carrier]:
    """Opens the carrier once more, as another process would."""
    chosen = settings.model_copy(update=line.settings)
    return lambda: queue.open_carrier(chosen, database, partial(db.connect_alone, chosen))


async def test_what_one_process_rings_another_answers(opening: Callable[[], Carrier], line: Line) -> None:
    ringing, here = opening(), Crewing()
    for number in range(5):  # Before anybody listens.
        await ringing.ring(JOB, Note(number))
    async with answering(opening(), here.crew):
        await until(lambda: len(here.heard) == 5)
        await ringing.ring(JOB, Note(5))
        await until(lambda: len(here.heard) == 6)
    assert sorted(here.heard) == list(range(6)), "each once: nothing went wrong"
    assert (here.crew.tallies[JOB].done, here.crew.tallies[JOB].failed) == (6, 0)
    assert ringing.name == line.name
    assert (await ringing.figures()).connections <= 1, "one that only rings needs no more"
    await ringing.close()


async def test_several_processes_share_the_jobs(opening: Callable[[], Carrier]) -> None:
    ringing, crews = opening(), [Crewing(), Crewing()]
    async with answering(opening(), crews[0].crew), answering(opening(), crews[1].crew):
        for number in range(20):
            await ringing.ring(JOB, Note(number))
        await until(lambda: sum(len(one.heard) for one in crews) == 20)
    assert sorted(crews[0].heard + crews[1].heard) == list(range(20))
    await ringing.close()


async def test_a_wrong_message_is_buried_and_nobody_stumbles(opening: Callable[[], Carrier], line: Line) -> None:
    ringing, here = opening(), Crewing()
    await ringing.ring(JOB, Note(1))  # Makes the queue.
    for body in (b"\xff\x00", b'{"job":"tests.note","payload":{"number":"many"}}', b"[" * 10_000):
        await line.put(body, job=JOB)
    async with answering(opening(), here.crew):
        await until(lambda: len(here.buried) == 3)
        await ringing.ring(JOB, Note(2))
        await until(lambda: sorted(here.heard) == [1, 2])
    assert {letter.reason for letter in here.buried} == {"unreadable", "wrong_payload", "too_long"}
    assert max(len(letter.body) for letter in here.buried) == 4096, "no more of it than a job may be long"
    assert here.crew.dropped == 3
    await ringing.close()


@pytest.mark.parametrize("lose", [False, True], ids=["data kept", "data lost"])
async def test_a_killed_server_comes_back_and_so_do_the_jobs(
    opening: Callable[[], Carrier], line: Line, lose: bool
) -> None:
    ringing, here = opening(), Crewing()
    async with answering(opening(), here.crew):
        await ringing.ring(JOB, Note(1))
        await until(lambda: here.heard == [1])
        await line.cut(lose=lose)
        async with asyncio.timeout(15):
            await ringing.ring(JOB, Note(2))  # Lost, or not; whoever rings is not to suffer.
        await line.mend()
        await ring_until(ringing, Note(3), lambda: 3 in here.heard)
    await ringing.close()
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})  # No client goes on looking for its server.


async def test_what_waited_in_a_killed_server_that_kept_its_data_is_still_there(
    opening: Callable[[], Carrier], line: Line
) -> None:
    ringing, here = opening(), Crewing()
    await ringing.ring(JOB, Note(7))
    await line.cut()
    await line.mend()
    async with answering(opening(), here.crew):
        await until(lambda: here.heard == [7])
    await ringing.close()


async def test_a_lost_message_is_gone_and_the_next_one_comes(opening: Callable[[], Carrier], line: Line) -> None:
    ringing, here = opening(), Crewing()
    await ringing.ring(JOB, Note(1))
    await line.drop_messages()
    async with answering(opening(), here.crew):
        await ringing.ring(JOB, Note(2))
        await until(lambda: here.heard == [2])
    await ringing.close()


async def test_a_process_that_ends_finishes_its_jobs_and_leaves_the_rest(opening: Callable[[], Carrier]) -> None:
    ringing, leaving, staying = opening(), Crewing(concurrency=1), Crewing()
    leaving.hold.clear()
    for number in range(4):
        await ringing.ring(JOB, Note(number))
    stop, carrier = asyncio.Event(), opening()
    task = asyncio.create_task(carrier.run(leaving.crew, stop))
    await until(lambda: len(leaving.heard) == 1)
    stop.set()
    await asyncio.sleep(0.1)
    assert not task.done(), "one job is under way"
    leaving.hold.set()
    await asyncio.wait_for(task, SOON)
    await carrier.close()
    assert len(leaving.heard) == 1
    assert leaving.crew.tallies[JOB].done == 1
    async with answering(opening(), staying.crew):
        await ring_until(ringing, Note(9), lambda: 9 in staying.heard)
    assert not set(leaving.heard) & set(staying.heard), "what was finished does not come again"
    await ringing.close()


async def test_figures_tell_of_connections_and_of_what_waits(opening: Callable[[], Carrier], line: Line) -> None:
    carrier, here = opening(), Crewing()
    assert (await carrier.figures()).connections == 0, "nothing is opened before it is used"
    here.hold.clear()
    async with answering(carrier, here.crew):
        for number in range(12):
            await carrier.ring(JOB, Note(number))
        await until(lambda: len(here.heard) == 4)
        figures = await carrier.figures()
        assert figures.carrier == line.name
        assert 1 <= figures.connections <= 3
        assert figures.waiting is not None
        assert here.crew.tallies[JOB].running == 4, "as many at once as it says"
        here.hold.set()
        await until(lambda: len(here.heard) == 12)
    assert (await carrier.figures()).connections == 0, "and all of it is given back"
