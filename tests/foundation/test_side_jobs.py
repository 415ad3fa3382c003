"""Side jobs: queued with the caller's transaction, and done."""

import asyncio
from datetime import timedelta
from functools import partial

from bursar.foundation import db, queue
from bursar.foundation.db import Database
from bursar.foundation.settings import Settings

JOB = "tests.side"


async def test_a_job_that_was_committed_is_done_once_and_another_never(settings: Settings, database: Database) -> None:
    done: list[bytes | None] = []
    stop = asyncio.Event()

    async def work(payload: bytes | None) -> None:
        done.append(payload)

    async with database.transaction() as tx:
        await queue.enqueue(tx, JOB, b"1", key="same")
        await queue.enqueue(tx, JOB, b"2", key="same")
        await queue.enqueue(tx, JOB, b"later", after=timedelta(hours=1))
    try:
        async with database.transaction() as tx:
            await queue.enqueue(tx, JOB, b"taken back")
            raise RuntimeError
    except RuntimeError:
        pass
    task = asyncio.create_task(queue.run(partial(db.connect_alone, settings), {JOB: work}, stop))
    async with asyncio.timeout(20):
        while not done:
            await asyncio.sleep(0.02)
        async with database.transaction() as tx:
            await queue.enqueue(tx, JOB, b"3")
        while len(done) < 2:
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(task, 20)
    assert done == [b"1", b"3"]
