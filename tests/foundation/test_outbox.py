"""Reading an append-only table: each committed row once, in whatever order rows were numbered and committed."""

import asyncio
from collections.abc import AsyncIterator
from itertools import permutations
from uuid import uuid4

import asyncpg
import pytest

from bursar.foundation import outbox
from bursar.foundation.db import Database, Transaction, transaction_is_open

SOON = 10.0


class Notes:
    """A table of notes, writers that commit when told, and a reader."""

    def __init__(self, database: Database, database_url: str) -> None:
        self.table = self.reader = f"notes_{uuid4().hex}"
        self._database = database
        self._url = database_url
        self._writers: list[asyncpg.Connection] = []

    async def make(self) -> None:
        """Make the table, and let the reader take its place."""
        async with self._database.transaction() as tx:
            await tx.run(
                f"CREATE TABLE {self.table} (id bigint GENERATED ALWAYS AS IDENTITY, text text NOT NULL, "
                "at timestamptz NOT NULL DEFAULT now() - interval '1 hour', "
                "xid xid8 NOT NULL DEFAULT pg_current_xact_id(), PRIMARY KEY (xid, id))"
            )
        await self.read()

    async def write(self, text: str) -> "asyncpg.Connection":
        """Write a note in a transaction of its own that stays open."""
        connection = await asyncpg.connect(self._url)
        self._writers.append(connection)
        await connection.execute("BEGIN")
        await connection.execute(f"INSERT INTO bursar.{self.table} (text) VALUES ($1)", text)
        return connection

    async def jot(self, *texts: str) -> None:
        """Write notes, each in a transaction that commits at once."""
        for text in texts:
            await (await self.write(text)).execute("COMMIT")

    async def until_quiet(self) -> None:
        """Wait for transactions that were open when the last note was written, in whatever database of the server."""
        async with self._database.session() as connection, asyncio.timeout(SOON):
            last = await connection.fetchval("SELECT pg_current_xact_id()::text")
            while not await connection.fetchval(
                "SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::text::xid8", last
            ):
                await asyncio.sleep(0.01)

    async def read(self, *, limit: int = outbox.READ_MAX) -> list[str]:
        """Read on and commit."""
        async with self._database.transaction() as tx:
            return await self.read_in(tx, limit=limit)

    async def read_in(self, tx: Transaction, *, limit: int = outbox.READ_MAX) -> list[str]:
        """Read on in this transaction."""
        rows = await outbox.read(tx, reader=self.reader, table=self.table, limit=limit)
        return [row["text"] for row in rows]

    async def close(self) -> None:
        """Close what was opened."""
        for connection in self._writers:
            await connection.close()


@pytest.fixture
async def notes(database: Database, database_url: str) -> AsyncIterator[Notes]:
    notes = Notes(database, database_url)
    await notes.make()
    yield notes
    await notes.close()


async def test_rows_come_once_and_in_order(notes: Notes) -> None:
    await notes.jot("a", "b")
    await notes.until_quiet()
    assert await notes.read() == ["a", "b"]
    assert await notes.read() == []
    await notes.jot("c")
    await notes.until_quiet()
    assert await notes.read() == ["c"]


async def test_a_row_that_commits_late_under_a_lower_number_is_not_lost(notes: Notes) -> None:
    early = await notes.write("numbered first, committed last")
    late = await notes.write("numbered last, committed first")
    await late.execute("COMMIT")
    assert await notes.read() == [], "nothing may be read past a transaction that is still open"
    await early.execute("COMMIT")
    await notes.until_quiet()
    assert await notes.read() == ["numbered first, committed last", "numbered last, committed first"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_in_whatever_order_transactions_commit_each_row_is_read_once(
    notes: Notes, order: tuple[int, ...]
) -> None:
    writers = [await notes.write(str(n)) for n in range(3)]
    read = []
    for n in order:
        await writers[n].execute("COMMIT")
        read += await notes.read()
    await notes.until_quiet()
    read += await notes.read()
    assert read == ["0", "1", "2"]


async def test_a_row_is_not_lost_while_transactions_are_open_that_are_younger_than_any_that_ended(notes: Notes) -> None:
    writers = [await notes.write(str(n)) for n in range(4)]
    await writers[1].execute("COMMIT")
    assert await notes.read() == [], "the first one is still open"
    for writer in (writers[0], *writers[2:]):
        await writer.execute("COMMIT")
    await notes.until_quiet()
    assert await notes.read() == ["0", "1", "2", "3"]


async def test_a_row_that_was_rolled_back_is_never_read(notes: Notes) -> None:
    gone = await notes.write("gone")
    await notes.jot("stays")
    await gone.execute("ROLLBACK")
    await notes.until_quiet()
    assert await notes.read() == ["stays"]


async def test_what_was_read_in_a_transaction_that_rolls_back_is_read_again(notes: Notes, database: Database) -> None:
    await notes.jot("a")
    await notes.until_quiet()
    with pytest.raises(KeyError):
        async with database.transaction() as tx:
            assert await notes.read_in(tx) == ["a"]
            raise KeyError
    assert await notes.read() == ["a"]


async def test_a_second_reader_of_the_same_name_gets_nothing_meanwhile(notes: Notes, database: Database) -> None:
    await notes.jot("a")
    await notes.until_quiet()
    async with database.transaction() as tx:
        assert await notes.read_in(tx) == ["a"]
        assert await asyncio.create_task(_read_as_another_process(notes)) == []
    assert await notes.read() == []


async def _read_as_another_process(notes: Notes) -> list[str]:
    transaction_is_open.set(False)  # A task begins with its parent's context; another process would not.
    return await notes.read()


async def test_a_transaction_may_read_twice_and_loses_nothing_in_between(notes: Notes, database: Database) -> None:
    async with database.transaction() as tx:
        assert await notes.read_in(tx) == []
        early = await notes.write("open all along")
        await notes.jot("committed since")
        seen = await notes.read_in(tx)
        await early.execute("COMMIT")
    await notes.until_quiet()
    assert seen + await notes.read() == ["open all along", "committed since"]


async def test_readers_of_two_names_each_read_everything(notes: Notes) -> None:
    await notes.jot("a")
    await notes.until_quiet()
    assert await notes.read() == ["a"]
    notes.reader += "_2"
    assert await notes.read() == ["a"], "a new reader begins at the beginning"
    assert await notes.read() == []


async def test_a_stretch_is_what_a_read_would_have_given(notes: Notes, database: Database) -> None:
    await notes.jot(*"abc")
    await notes.until_quiet()
    async with database.transaction() as tx:
        first = await outbox.stretch(tx, reader=notes.reader, table=notes.table, limit=2)
    assert first is not None
    assert first.count == 2
    between = "WHERE (xid, id) > ($1::text::xid8, $2) AND (xid, id) <= ($3::text::xid8, $4) ORDER BY xid, id"
    async with database.transaction() as tx:
        rows = await tx.many(f"SELECT text FROM {notes.table} {between}", *first.after, *first.to)
    assert [row["text"] for row in rows] == ["a", "b"]
    assert await notes.read() == ["c"], "both move the same place"
    async with database.transaction() as tx:
        assert await outbox.stretch(tx, reader=notes.reader, table=notes.table) is None


async def test_how_far_behind_a_reader_is_is_told_by_what_it_has_not_read(notes: Notes, database: Database) -> None:
    async with database.transaction() as tx:
        assert (await outbox.behind(tx, table=notes.table))[notes.reader] == 0.0
    await notes.jot("a")
    await notes.until_quiet()
    async with database.transaction(readonly=True) as tx:
        assert 3600 <= (await outbox.behind(tx, table=notes.table))[notes.reader] < 3700
    await notes.read()
    async with database.transaction(readonly=True) as tx:
        assert (await outbox.behind(tx, table=notes.table))[notes.reader] == 0.0


async def test_a_bounded_read_goes_on_where_it_stopped(notes: Notes) -> None:
    await notes.jot(*"abcde")
    await notes.until_quiet()
    assert [await notes.read(limit=2) for _ in range(4)] == [["a", "b"], ["c", "d"], ["e"], []]


async def test_readers_and_writers_side_by_side_lose_and_repeat_nothing(notes: Notes) -> None:
    """Four writers and three readers under one name, all at once."""
    read: list[str] = []

    async def write(who: int) -> None:
        await notes.jot(*(f"{who}.{n}" for n in range(25)))

    async def read_on() -> None:
        while True:
            read.extend(await notes.read())
            await asyncio.sleep(0.001)

    readers = [asyncio.create_task(read_on()) for _ in range(3)]
    await asyncio.gather(*(write(who) for who in range(4)))
    await notes.until_quiet()
    async with asyncio.timeout(SOON):
        while len(read) < 100:
            await asyncio.sleep(0.01)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    assert sorted(read) == sorted(f"{who}.{n}" for who in range(4) for n in range(25))
    assert await notes.read() == []
