"""What makes runs begin by themselves, and what makes up for messages that were lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import msgspec
import pytest
from schedules_house import in_runs, waiting

from balances_house import desk
from bursar import dispatch, payouts, programs, schedules
from bursar.foundation import db
from bursar.foundation.db import Database
from bursar.foundation.doorbell import Listener
from bursar.foundation.queue import Crew, Figures
from bursar.foundation.settings import Settings
from ground import KEYRING


class Bells:
    """A carrier that only remembers what was rung."""

    name = "bells"

    def __init__(self) -> None:
        self.rung: list[tuple[str, msgspec.Struct]] = []

    async def ring(self, job: str, payload: msgspec.Struct) -> None:
        self.rung.append((job, payload))

    async def run(self, crew: Crew, stop: object) -> None:
        raise AssertionError("nobody answers here")

    async def figures(self) -> Figures:
        return Figures(self.name, 0, None, 0)

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def bells() -> Bells:
    return Bells()


@pytest.fixture
async def clockwork(database: Database, bells: Bells) -> AsyncIterator[schedules.Clockwork]:
    """The clockwork of a worker in whose house there is the mock bank, which nobody calls here."""
    tools = dispatch.Tools(
        database=database,
        gateways={"mockbank": None},
        book=programs.Book(),
        keyring=KEYRING,
        listener=Listener(partial(db.connect_alone, Settings(_env_file=None))),
        circuits=dispatch.Circuits(database),
    )
    async with database.transaction() as tx:  # Other tests' programs have no runs to make up for.
        await tx.run("UPDATE runs SET finished_at = now(), handed_over_at = now() WHERE finished_at IS NULL")
    yield schedules.Clockwork(tools, bells)
    async with database.transaction() as tx:
        await tx.run("DELETE FROM turns")


async def test_the_tick_begins_what_is_due_and_tells_a_worker_once(
    database: Database, bells: Bells, clockwork: schedules.Clockwork
) -> None:
    async with database.transaction() as tx:
        terms = await in_runs(tx, applied=timedelta(minutes=61))
    await clockwork.tick()
    async with database.transaction() as tx:
        [run] = await schedules.recent(tx, terms.program)
    assert (schedules.PROCESS, schedules.Process(run.id)) in bells.rung
    bells.rung.clear()
    await clockwork.tick()
    assert bells.rung == []


async def test_the_sweep_rings_again_for_a_run_that_nobody_has_answered(
    database: Database, bells: Bells, clockwork: schedules.Clockwork
) -> None:
    async with database.transaction() as tx:
        terms = await in_runs(tx, applied=timedelta(0))
        run = await schedules.begin_now(tx, terms.program, actor="cli:test")
    await sweep(database, clockwork)
    assert bells.rung == [], "it was rung for a moment ago"
    await age(database, run)
    await sweep(database, clockwork)
    assert bells.rung == [(schedules.PROCESS, schedules.Process(run.id))]
    await sweep(database, clockwork)
    assert len(bells.rung) == 1, "and not at once again"


async def test_the_sweep_rings_for_payouts_that_are_due_and_ends_the_run_once_none_is(
    database: Database, bells: Bells, clockwork: schedules.Clockwork
) -> None:
    async with database.transaction() as tx:
        terms = await in_runs(tx, applied=timedelta(0))
        await waiting(tx, terms, count=2)
        run = await schedules.begin_now(tx, terms.program, actor="cli:test")
        await schedules.carry_on(tx, run.id, desk=desk())
    await sweep(database, clockwork)
    assert bells.rung == [(schedules.SEND, schedules.Send(terms.program))]
    async with database.transaction() as tx:
        taken, _ = await payouts.take_waiting(tx, terms.program, limit=9, except_holders=[])
        await payouts.wait_longer(tx, taken, reason="over_limit", seconds=3600)
    bells.rung.clear()
    await sweep(database, clockwork)
    assert bells.rung == []
    async with database.transaction() as tx:
        assert (await schedules.get(tx, run.id)).standing is schedules.Standing.FINISHED


async def test_one_worker_sweeps_for_all(database: Database, bells: Bells, clockwork: schedules.Clockwork) -> None:
    async with database.transaction() as tx:
        terms = await in_runs(tx, applied=timedelta(0))
        run = await schedules.begin_now(tx, terms.program, actor="cli:test")
    await age(database, run)
    await asyncio.gather(*(clockwork.sweep() for _ in range(5)))
    assert len(bells.rung) == 1


async def sweep(database: Database, clockwork: schedules.Clockwork) -> None:
    """Sweep, whoever's turn it would be."""
    async with database.transaction() as tx:
        await tx.run("DELETE FROM turns")
    await clockwork.sweep()


async def age(database: Database, run: schedules.Run) -> None:
    """Let workers have been told of a run a minute ago."""
    async with database.transaction() as tx:
        await tx.run("UPDATE runs SET rung_at = now() - interval '1 minute' WHERE id = $1", run.id)
