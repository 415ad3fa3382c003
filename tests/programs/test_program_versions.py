"""Applying files makes versions, each kept for ever, and nothing is lost when several people apply at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from program_text import TEXT, changed, with_value

from bursar import programs
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Kind
from bursar.foundation.money import MINOR_MAX, Money

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OTHER = with_value("review.amount_at", "50000.00")
WRITERS = TEXT.replace("program: merchants", "program: writers")


async def apply(tx: Transaction, text: str, *, note: str = "", at: datetime = AT) -> programs.Applied:
    return await programs.apply(tx, text, actor="person:amina", note=note, at=at, file="merchants.yaml")


async def test_the_first_file_makes_version_one(database: Database) -> None:
    async with database.transaction() as tx:
        applied = await apply(tx, TEXT)
    async with database.transaction() as tx:
        assert await programs.terms(tx, "merchants") == applied.terms
    assert (applied.version, applied.changed) == (1, True)
    assert programs.diff(applied.terms, programs.read(TEXT, file="merchants.yaml")) == []


async def test_another_file_makes_the_next_version_and_the_old_one_stays(tx: Transaction) -> None:
    first = await apply(tx, TEXT)
    second = await apply(tx, OTHER)
    assert second.version == 2
    assert await programs.terms(tx, "merchants") == second.terms
    assert await programs.terms(tx, "merchants", 1) == first.terms


@pytest.mark.parametrize("same", [TEXT, "# Only a comment.\n" + TEXT, changed("100000.00", "100000"), TEXT + "\n\n"])
async def test_a_file_that_says_the_same_makes_no_version(tx: Transaction, same: str) -> None:
    first = await apply(tx, TEXT)
    assert await apply(tx, same) == programs.Applied(first.terms, changed=False)
    assert await programs.current(tx, ["merchants"]) == {"merchants": 1}


async def test_going_back_makes_a_version_too(tx: Transaction) -> None:
    for text in (TEXT, OTHER, TEXT):
        await apply(tx, text)
    assert await programs.current(tx, ["merchants"]) == {"merchants": 3}
    assert programs.diff(await programs.terms(tx, "merchants", 1), await programs.terms(tx, "merchants", 3)) == []


async def test_each_new_version_is_written_into_the_journal(tx: Transaction) -> None:
    for text in (TEXT, TEXT, OTHER):
        await apply(tx, text, note="why")
    rows = await tx.many("SELECT actor, action, subject, facts FROM audit_notes ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("person:amina", "terms.applied", "merchants", {"version": version, "note": "why"}) for version in (1, 2)
    ]


async def test_a_bad_file_leaves_everything_as_it_was(tx: Transaction) -> None:
    with pytest.raises(programs.BadTerms, match=r"merchants\.yaml:11: review\.amount_at"):
        await apply(tx, with_value("review.amount_at", "much"))
    assert await programs.all(tx) == []


async def test_the_largest_amount_survives_the_database(tx: Transaction) -> None:
    largest = Money(MINOR_MAX, "PKR")
    text = with_value("review.amount_at", largest.text)
    await apply(tx, text)
    assert (await programs.terms(tx, "merchants")).review.amount_at == largest


async def test_versions_tell_when_by_whom_and_why_newest_first(tx: Transaction) -> None:
    await apply(tx, TEXT, note="launch")
    later = AT + timedelta(days=1)
    await apply(tx, OTHER, note="fewer surprises", at=later)
    assert await programs.versions(tx, "merchants") == [
        programs.Version("merchants", 2, "person:amina", "fewer surprises", later),
        programs.Version("merchants", 1, "person:amina", "launch", AT),
    ]


async def test_the_file_is_kept_as_it_was_typed(tx: Transaction) -> None:
    commented = "# Why: see the meeting of May.\n" + TEXT
    await apply(tx, commented)
    await apply(tx, OTHER)
    assert await programs.source_of(tx, "merchants", 1) == commented
    assert await programs.source_of(tx, "merchants") == OTHER


async def test_all_programs_come_in_the_order_of_their_names(tx: Transaction) -> None:
    for text in (WRITERS, TEXT, OTHER):
        await apply(tx, text)
    assert [(terms.program, terms.version) for terms in await programs.all(tx)] == [("merchants", 2), ("writers", 1)]


async def test_what_does_not_exist_is_refused_by_name(tx: Transaction) -> None:
    await apply(tx, TEXT)
    for missing in (
        programs.terms(tx, "nobody"),
        programs.terms(tx, "merchants", 2),
        programs.current(tx, ["merchants", "nobody"]),
        programs.versions(tx, "nobody"),
        programs.source_of(tx, "nobody"),
        programs.source_of(tx, "merchants", 2),
    ):
        with pytest.raises(programs.NoSuchProgram) as refused:
            await missing
        assert refused.value.kind is Kind.MISSING
        assert refused.value.facts["program"] in {"nobody", "merchants"}


async def test_two_who_apply_at_once_make_two_versions(database: Database) -> None:
    async with database.transaction() as tx:
        await apply(tx, TEXT)

    async def apply_alone(text: str) -> int:
        async with database.transaction() as tx:
            return (await apply(tx, text)).version

    texts = [with_value("bulk.rows_max", str(rows)) for rows in (10, 20, 30, 40)]
    assert sorted(await asyncio.gather(*map(apply_alone, texts))) == [2, 3, 4, 5]


async def test_twins_who_apply_the_same_new_file_at_once_make_one_version(database: Database) -> None:
    async def apply_alone() -> programs.Applied:
        async with database.transaction() as tx:
            return await apply(tx, TEXT)

    applied = await asyncio.gather(*(apply_alone() for _ in range(4)))
    assert {one.version for one in applied} == {1}
    assert [one.changed for one in applied].count(True) == 1


@pytest.mark.parametrize("statement", ["UPDATE program_versions SET source = ''", "DELETE FROM program_versions"])
async def test_a_version_never_changes(tx: Transaction, statement: str) -> None:
    await apply(tx, TEXT)
    with pytest.raises(asyncpg.RestrictViolationError):
        await tx.run(statement)


async def test_a_program_cannot_count_by_a_version_it_does_not_have(database: Database) -> None:
    async with database.transaction() as tx:
        await apply(tx, TEXT)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with database.transaction() as tx:
            await tx.run("UPDATE programs SET current_version = 9")
