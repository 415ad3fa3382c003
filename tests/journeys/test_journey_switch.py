"""The kill switch under load: stopping works within one claim, and letting go drains what had piled up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from bursar import dispatch
from bursar.dispatch import Scope
from world import Merchant, World, open_world

LOAD = 160


@pytest.fixture
async def busy(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world whose bank takes a while for each of its single calls, so that there is always something under way."""
    slow = {"latency_ms": 40}
    async with open_world(
        database_url, tmp_path, settings={"mockbank_bulk": False}, bank=slow, dispatch__concurrency=8
    ) as world:
        yield world


async def stop(world: World, scope: Scope, subject: str) -> datetime:
    """Stop money; the moment from which it is stopped for everybody."""
    async with world.database.transaction() as tx:
        await dispatch.stop(tx, scope, subject=subject, reason="fraud alarm", actor="person:anna")
    at: datetime = await world.connection.fetchval("SELECT clock_timestamp()")
    return at


async def until_nothing_is_under_way(world: World, stopped_at: datetime) -> None:
    """Wait for the claim that had begun before money was stopped, and for what was claimed to be answered."""
    begun_before = "datname = current_database() AND pid <> pg_backend_pid() AND xact_start <= $1"
    async with asyncio.timeout(30):
        while await world.count(begun_before, stopped_at, table="pg_stat_activity"):
            await asyncio.sleep(0.005)
        while await world.count("outcome IN ('open', 'unknown')", table="attempts"):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.RUN])  # See test_run_stops.
async def test_stopping_money_works_within_one_claim(busy: World, scope: Scope) -> None:
    acme = await busy.merchant()
    subjects = {Scope.GLOBAL: "", Scope.PROGRAM: "merchants", Scope.GATEWAY: "mockbank", Scope.HOLDER: str(acme.holder)}
    await busy.ask(acme, count=LOAD)
    async with busy.working():
        await busy.until("outcome = 'paid'", table="attempts", least=20)
        stopped_at = await stop(busy, scope, subjects[scope])
        await until_nothing_is_under_way(busy, stopped_at)
        book = await busy.book()
        await asyncio.sleep(0.5)  # Ten looks of the dispatcher.
        assert await busy.count("sent_at > $1", stopped_at, table="attempts") == 0, "not one new attempt"
        assert len((await busy.book())["transfers"]) == len(book["transfers"]) < LOAD, "not one new payment"
        await busy.audit()
        async with busy.database.transaction() as tx:
            await dispatch.go(tx, scope, subject=subjects[scope], actor="person:anna")
        await busy.until_at_rest()
    await busy.audit()


async def test_stopping_one_merchant_stops_nobody_else(busy: World) -> None:
    stopped, other = await busy.merchant(), await busy.merchant()
    at = await stop(busy, Scope.HOLDER, str(stopped.holder))
    await busy.ask(stopped, count=30)
    await busy.ask(other, count=30)
    async with busy.working():
        await busy.until("state = 'completed'", least=30)
        await asyncio.sleep(0.3)
        assert await _states_of(busy, stopped) == {"approved"}
        assert await _states_of(busy, other) == {"completed"}
        assert await busy.count("sent_at > $1 AND holder_id = $2", at, stopped.holder, table="attempts") == 0
    await busy.audit()


async def _states_of(world: World, merchant: Merchant) -> set[str]:
    rows = await world.connection.fetch("SELECT DISTINCT state FROM payouts WHERE holder_id = $1", merchant.holder)
    return {row["state"] for row in rows}


async def test_a_worker_that_is_told_to_end_finishes_what_is_under_way(busy: World) -> None:
    """SIGTERM: nothing new is claimed, what was claimed is recorded, and the process ends well."""
    acme = await busy.merchant()
    await busy.ask(acme, count=LOAD)
    async with busy.process("worker") as process:
        await busy.until("outcome = 'paid'", table="attempts", least=20)
        await process.stop()
    assert await busy.count("outcome IN ('open', 'unknown')", table="attempts") == 0
    assert await busy.count("state = 'approved'") > 0, "it did not wait for all of them"
    async with busy.working():
        await busy.until_at_rest()
    await busy.audit()
