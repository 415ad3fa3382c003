"""The reference is a fair one: what pgbench writes for a payout is what the product writes, row by row and in size."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from bench import claim, ground, load, processes, reference, waiting
from bursar.foundation.db import SCHEMA

COUNT = 32
TABLES = ("payouts", "payout_events", "transfers", "attempts", "idempotency_keys")

Written = dict[str, tuple[int, float, set[str]]]


@pytest.fixture
async def server() -> AsyncIterator[ground.Ground]:
    """A server with merchants."""
    async with ground.prepared() as prepared:
        yield prepared


async def written(url: str) -> Written:
    """For each table how many rows there are, how large they are, and which columns are filled."""
    connection = await asyncpg.connect(url, server_settings={"search_path": SCHEMA})
    try:
        return {
            table: _figures(
                await connection.fetchrow(
                    f"""
                    SELECT count(*), coalesce(avg(pg_column_size(t.*)), 0)::float,
                           (SELECT array_agg(DISTINCT f.key) FROM {table} o, jsonb_each(to_jsonb(o)) f
                            WHERE f.value <> 'null')
                    FROM {table} t
                    """
                )
            )
            for table in TABLES
        }
    finally:
        await connection.close()


def _figures(row: asyncpg.Record | None) -> tuple[int, float, set[str]]:
    assert row is not None, "an aggregate is one row"
    rows, size, filled = row
    return rows, size, set(filled or ())


def assert_alike(ours: Written, theirs: Written) -> None:
    for table in TABLES:
        assert theirs[table][0] == ours[table][0], f"{table}: rows"
        assert theirs[table][1] == pytest.approx(ours[table][1], rel=0.05), f"{table}: bytes of a row"
        assert theirs[table][2] == ours[table][2], f"{table}: columns"


async def test_creating(server: ground.Ground) -> None:
    ours, theirs = await server.database("ours"), await server.database("theirs")
    async with processes.web(server, ours, processes=1) as web:
        requests = load.render(server.merchants, count=COUNT, seed=0)
        load.drive(processes.HOST, web.port, requests, connections=1, seconds=60)
    await reference.install(theirs)
    pgbench = await reference.creating(theirs, server.folder, sample=ours)
    await pgbench.rate(transactions=COUNT)
    assert_alike(await written(ours), await written(theirs))


async def test_claiming(server: ground.Ground) -> None:
    ours, theirs = await waiting.Waiting.of(server, 1), await waiting.Waiting.of(server, 2)
    for side in (ours, theirs):
        async with server.house(side.url) as house:
            await side.top_up(house, COUNT)
            if side is ours:
                await claim.dispatch_until(house, enough=COUNT)
    await reference.install(theirs.url)
    await reference.claiming(theirs.url, server.folder).rate(transactions=COUNT)
    assert_alike(await written(ours.url), await written(theirs.url))
