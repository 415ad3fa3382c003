"""A book costs one small statement, fetches each version once, and never believes what may be rolled back."""

from datetime import UTC, datetime

import pytest
from program_text import TEXT, with_value

from bursar import programs
from bursar.foundation.db import Database, Record, Transaction

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WRITERS = TEXT.replace("program: merchants", "program: writers")


class Watched(Transaction):
    """A transaction that remembers what was asked, and whether terms came back."""

    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx._connection)
        self.asked = 0
        self.fetched = 0

    async def many(self, sql: str, *args: object) -> list[Record]:
        """All rows, counted."""
        rows = await super().many(sql, *args)
        self.asked += 1
        self.fetched += sum(row["terms"] is not None for row in rows)
        return rows


def rows_max(rows: int) -> str:
    return with_value("bulk.rows_max", str(rows))


async def apply(database: Database, *texts: str) -> None:
    async with database.transaction() as tx:
        for text in texts:
            await programs.apply(tx, text, actor="person:amina", at=AT)


async def test_one_statement_judges_any_number_of_programs(database: Database) -> None:
    await apply(database, TEXT, WRITERS)
    async with database.transaction() as tx:
        watched = Watched(tx)
        terms = await programs.Book().judge(watched, {"merchants", "writers"})
    assert {name: one.version for name, one in terms.items()} == {"merchants": 1, "writers": 1}
    assert (watched.asked, watched.fetched) == (1, 2)


async def test_terms_are_fetched_once_for_each_version(database: Database) -> None:
    await apply(database, TEXT)
    book = programs.Book()
    async with database.transaction() as tx:
        first = await book.judge(tx, ["merchants"])
        watched = Watched(tx)
        again = await book.judge(watched, ["merchants"])
    assert again["merchants"] is first["merchants"]
    assert (watched.asked, watched.fetched) == (1, 0)


async def test_a_new_version_counts_from_the_next_judgement_on(database: Database) -> None:
    await apply(database, rows_max(10))
    book = programs.Book()
    async with database.transaction() as tx:
        await book.judge(tx, ["merchants"])
    await apply(database, rows_max(20))
    async with database.transaction() as tx:
        terms = await book.judge(tx, ["merchants"])
    assert (terms["merchants"].version, terms["merchants"].bulk.rows_max) == (2, 20)


async def test_old_versions_are_had_beside_the_current_one(database: Database) -> None:
    await apply(database, rows_max(10), rows_max(20), WRITERS)
    book = programs.Book()
    pairs = [("merchants", 1), ("merchants", 2), ("writers", 1)]
    async with database.transaction() as tx:
        terms = await book.at_versions(tx, pairs)
        watched = Watched(tx)
        again = await book.at_versions(watched, pairs)
    assert [terms[pair].bulk.rows_max for pair in pairs] == [10, 20, 10_000]
    assert again == terms
    assert watched.asked == 0


async def test_an_old_version_in_the_book_does_not_stand_for_the_current_one(database: Database) -> None:
    await apply(database, rows_max(10), rows_max(20))
    book = programs.Book()
    async with database.transaction() as tx:
        await book.at_versions(tx, [("merchants", 1)])
        assert (await book.judge(tx, ["merchants"]))["merchants"].version == 2


async def test_what_was_rolled_back_is_not_in_the_book(database: Database) -> None:
    await apply(database, rows_max(10))
    book = programs.Book()

    async def apply_and_give_up() -> None:
        async with database.transaction() as tx:
            await programs.apply(tx, rows_max(20), actor="person:amina", at=AT)
            assert await both(tx) == (20, 20)
            raise ZeroDivisionError

    async def both(tx: Transaction) -> tuple[int, int]:
        now = await book.judge(tx, ["merchants"])
        pinned = await book.at_versions(tx, [("merchants", 2)])
        return now["merchants"].bulk.rows_max, pinned["merchants", 2].bulk.rows_max

    with pytest.raises(ZeroDivisionError):
        await apply_and_give_up()
    await apply(database, rows_max(30))
    async with database.transaction() as tx:
        assert await both(tx) == (30, 30)


async def test_a_program_that_does_not_exist_is_refused(database: Database) -> None:
    await apply(database, TEXT)
    book = programs.Book()
    async with database.transaction() as tx:
        with pytest.raises(programs.NoSuchProgram, match="no program 'nobody'"):
            await book.judge(tx, ["merchants", "nobody"])
        with pytest.raises(programs.NoSuchProgram, match="no version 2 of program 'merchants'"):
            await book.at_versions(tx, [("merchants", 2)])


async def test_nothing_asked_is_nothing_answered(tx: Transaction) -> None:
    book = programs.Book()
    assert await book.judge(tx, []) == {}
    assert await book.at_versions(tx, []) == {}
