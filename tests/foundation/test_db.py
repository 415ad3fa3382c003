"""Transactions: whole or not at all, tried again only where that is safe, and never one inside another."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from bursar.api import problems
from bursar.foundation import db
from bursar.foundation.db import Database, DatabaseBusy, Interrupted, RowBusy, Transaction, transaction_is_open
from bursar.foundation.settings import Settings
from pg_proxy import proxied

HURRIED = {"database_lock_timeout_ms": 100, "database_statement_timeout_ms": 300, "database_acquire_timeout": 0.1}


@pytest.fixture
async def figures(database: Database) -> Database:
    """A table with two rows to fight over."""
    async with database.transaction() as tx:
        await tx.run("DROP TABLE IF EXISTS figures")
        await tx.run("CREATE TABLE figures (id integer PRIMARY KEY, amount integer NOT NULL CHECK (amount >= 0))")
        await tx.run("INSERT INTO figures VALUES (1, 0), (2, 0)")
    return database


async def amount_of(database: Database, row: int) -> int:
    async with database.transaction(readonly=True) as tx:
        return int(await tx.value("SELECT amount FROM figures WHERE id = $1", row))


async def add_one(tx: Transaction, row: int) -> None:
    await tx.run("UPDATE figures SET amount = amount + 1 WHERE id = $1", row)


async def test_a_transaction_commits_at_its_end(figures: Database) -> None:
    async with figures.transaction() as tx:
        await add_one(tx, 1)
    assert await amount_of(figures, 1) == 1


async def test_an_exception_rolls_everything_back(figures: Database) -> None:
    with pytest.raises(KeyError):
        async with figures.transaction() as tx:
            await add_one(tx, 1)
            raise KeyError
    assert await amount_of(figures, 1) == 0
    assert not transaction_is_open.get()


async def test_a_transaction_inside_a_transaction_is_a_mistake(figures: Database) -> None:
    async with figures.transaction():
        with pytest.raises(AssertionError, match="inside a transaction"):
            async with figures.transaction():
                pass
    async with figures.transaction():
        pass


async def test_a_readonly_transaction_writes_nothing(figures: Database) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with figures.transaction(readonly=True) as tx:
            await add_one(tx, 1)


async def test_a_deadlock_is_tried_again_until_both_are_through(figures: Database) -> None:
    """Two units of work that take the same rows in opposite order; at first they are sure to lock each other out."""
    both_hold_one = asyncio.Barrier(2)
    tries = []

    async def work(tx: Transaction, order: tuple[int, int]) -> None:
        await tx.run("SET LOCAL deadlock_timeout = '10ms'")
        await tx.run("SET LOCAL lock_timeout = '5s'")
        tries.append(order)
        await add_one(tx, order[0])
        if tries.count(order) == 1:
            await both_hold_one.wait()
        await add_one(tx, order[1])

    await asyncio.gather(
        figures.retrying(lambda tx: work(tx, (1, 2))),
        figures.retrying(lambda tx: work(tx, (2, 1))),
    )
    assert len(tries) > 2, "at least one was the victim and came again"
    assert (await amount_of(figures, 1), await amount_of(figures, 2)) == (2, 2)


async def test_it_gives_up_after_so_many_tries(figures: Database) -> None:
    tries = []

    async def unlucky(tx: Transaction) -> None:
        tries.append(1)
        await tx.run("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = 'serialization_failure'; END $$")

    with pytest.raises(asyncpg.SerializationError):
        await figures.retrying(unlucky)
    assert len(tries) == db.TRIES_MAX


async def test_other_errors_are_not_tried_again(figures: Database) -> None:
    tries = []

    async def wrong(tx: Transaction) -> None:
        tries.append(1)
        await tx.run("UPDATE figures SET amount = -1")

    with pytest.raises(asyncpg.CheckViolationError):
        await figures.retrying(wrong)
    assert len(tries) == 1


async def test_a_lock_that_is_not_to_be_had_in_time_is_a_conflict(figures: Database, settings: Settings) -> None:
    hurried = await db.connect(settings.model_copy(update=HURRIED))
    try:
        async with figures.transaction() as tx:
            await add_one(tx, 1)
            with pytest.raises(RowBusy):
                await asyncio.create_task(in_a_transaction_of_its_own(hurried, 1))
    finally:
        await hurried.close()


async def in_a_transaction_of_its_own(database: Database, row: int) -> None:
    transaction_is_open.set(False)  # A task begins with its parent's context; this one's transaction is its own.
    async with database.transaction() as tx:
        await add_one(tx, row)


async def test_a_statement_that_takes_too_long_is_unavailable(settings: Settings) -> None:
    hurried = await db.connect(settings.model_copy(update=HURRIED))
    with pytest.raises(DatabaseBusy):
        async with hurried.transaction() as tx:
            await tx.run("SELECT pg_sleep(5)")
    await hurried.close()


async def test_an_exhausted_pool_is_unavailable_with_status_503(settings: Settings) -> None:
    small = await db.connect(settings.model_copy(update=HURRIED), pool_max=1)
    async with small.session():
        with pytest.raises(DatabaseBusy) as busy:
            async with small.transaction():
                pass
    async with small.transaction():
        pass
    await small.close()
    assert problems.status_of(busy.value) == 503


async def test_a_server_that_is_gone_is_unavailable(settings: Settings, database_url: str) -> None:
    async with proxied(database_url) as proxy:
        through = await db.connect(settings.model_copy(update={"database_url": proxy.url, "database_pool_min": 1}))
        async with through.transaction():
            pass
    with pytest.raises(DatabaseBusy):  # The proxy is closed by now, and took its connections with it.
        async with through.transaction():
            pass
    through.pool.terminate()


@pytest.mark.parametrize("arrives", [True, False], ids=["carried out", "lost on the way"])
async def test_a_connection_lost_at_commit_is_an_error_and_the_pool_recovers(
    figures: Database, settings: Settings, database_url: str, *, arrives: bool
) -> None:
    """Whether it was committed is not known, so neither success nor "nothing was done" may be told."""
    async with proxied(database_url) as proxy:
        through = await db.connect(settings.model_copy(update={"database_url": proxy.url}))
        proxy.cut_at_commit(arrives=arrives)
        with pytest.raises(Interrupted) as told:
            async with through.transaction() as tx:
                await add_one(tx, 1)
        assert (proxy.cuts, problems.status_of(told.value)) == (1, 503)
        async with through.transaction() as tx:
            await add_one(tx, 2)
        assert not transaction_is_open.get()
        await through.close()
    assert await amount_of(figures, 1) == int(arrives)
    assert await amount_of(figures, 2) == 1


async def test_a_connection_lost_before_commit_did_nothing(
    figures: Database, settings: Settings, database_url: str
) -> None:
    async with proxied(database_url) as proxy:
        through = await db.connect(settings.model_copy(update={"database_url": proxy.url}))
        with pytest.raises(DatabaseBusy):
            async with through.transaction() as tx:
                await add_one(tx, 1)
                proxy.cut_all()
                await add_one(tx, 1)
        await through.close()
    assert await amount_of(figures, 1) == 0


async def test_a_mistake_of_ours_is_not_called_a_lost_connection(database: Database) -> None:
    with pytest.raises(asyncpg.InterfaceError, match="expects 1 argument"):
        async with database.transaction() as tx:
            await tx.value("SELECT $1::int")


async def test_a_session_knows_where_and_when_it_is(database: Database, settings: Settings) -> None:
    async with database.transaction() as tx:
        shown = {name: await tx.value("SELECT current_setting($1)", name) for name in ("search_path", "TimeZone")}
        timeout = await tx.value("SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'")
    assert shown == {"search_path": "bursar", "TimeZone": "UTC"}
    assert timeout == settings.database_statement_timeout_ms


async def test_json_goes_in_and_out_as_values(tx: Transaction) -> None:
    value = {"a": [1, None, "two"], "deep": {"er": True}}
    assert await tx.value("SELECT $1::jsonb", value) == value


async def test_rows_can_be_streamed(tx: Transaction) -> None:
    rows = [row["n"] async for row in tx.stream("SELECT n FROM generate_series(1, 2500) n")]
    assert rows == list(range(1, 2501))


async def test_run_says_how_many_rows_changed(figures: Database) -> None:
    async with figures.transaction() as tx:
        assert await tx.run("UPDATE figures SET amount = 5") == 2
        assert await tx.run("DELETE FROM figures WHERE id = 9") == 0


async def test_one_insists_on_a_row(tx: Transaction) -> None:
    assert (await tx.one("SELECT 1 AS n"))["n"] == 1
    assert await tx.one_or_none("SELECT 1 WHERE false") is None
    with pytest.raises(AssertionError, match="always gives a row"):
        await tx.one("SELECT 1 WHERE false")


def test_columns_are_what_unnest_wants() -> None:
    assert db.columns([(1, "a"), (2, "b")], 2) == [[1, 2], ["a", "b"]]
    assert db.columns([], 3) == [[], [], []]


async def test_the_pool_shows_how_it_is_used(database: Database, settings: Settings) -> None:
    shown = database.figures()
    assert shown["max"] == settings.database_pool_max
    assert shown["min"] == settings.database_pool_min


async def test_times_come_back_in_utc(tx: Transaction) -> None:
    at = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert await tx.value("SELECT $1::timestamptz", at) == at
