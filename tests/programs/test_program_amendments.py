"""Single fields are changed in the file that people wrote, and a change that breaks a rule is refused by its field."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from program_text import SCHEDULED, TEXT, with_value, with_values

from bursar import programs
from bursar.foundation import texts
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.programs.writing import amended

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
COMMENTED = """\
# Ours, since 2026.
program: merchants
title: Merchants      # What people call it.
holder_kinds: [merchant]
currency: PKR
funding: holder

dispatch:
  mode: continuous
  every_seconds: 5    # As the document says.
  batch_size: 10      # Small.
# The bank of our choice.
route:
  gateway: mockbank

destinations:
  types: [BANK]
  bank_codes:         # Two are enough.
    - HBL             # Habib
    - UBL             # United
"""


def read(text: str) -> programs.Terms:
    return programs.read(text, file="merchants")


def change(text: str, changes: dict[str, programs.Given]) -> str:
    return amended(text, read(text), changes)


def test_a_value_is_replaced_where_it_stands_and_its_comment_stays_in_its_column() -> None:
    assert change(COMMENTED, {"dispatch.batch_size": 250}) == COMMENTED.replace(
        "batch_size: 10      # Small.", "batch_size: 250     # Small."
    )
    assert change(COMMENTED, {"title": "People: all # of them"}) == COMMENTED.replace(
        "title: Merchants      #", 'title: "People: all # of them" #'
    )


def test_a_list_with_a_line_for_each_item_becomes_one_line() -> None:
    before = COMMENTED[COMMENTED.index("  bank_codes:") :]
    after = "  bank_codes: [HBL, MCB] # Two are enough.\n"
    assert change(COMMENTED, {"destinations.bank_codes": ["HBL", "MCB"]}) == COMMENTED.replace(before, after)


def test_a_field_that_was_left_out_joins_its_group() -> None:
    assert change(COMMENTED, {"dispatch.concurrency": 3, "dispatch.group_by": "bank"}) == COMMENTED.replace(
        "# Small.\n", "# Small.\n  concurrency: 3\n  group_by: bank\n"
    )


@pytest.mark.parametrize("ending", ["\n", "", "\n\n\n"])
def test_groups_that_were_left_out_are_added_at_the_end(ending: str) -> None:
    text = change(COMMENTED.rstrip() + ending, {"limits.minimum": Decimal("25.5"), "alerts.emails": ["a@b.org"]})
    assert text == COMMENTED + "\nlimits:\n  minimum: 25.5\n\nalerts:\n  emails: [a@b.org]\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("route:\n  gateway: mockbank\n", "route: {gateway: mockbank}\n"),
        ("destinations:\n  types: [BANK]", "alerts:\ndestinations:\n  types: [BANK]"),
    ],
)
def test_a_file_that_cannot_be_changed_in_place_is_written_anew_with_every_field(old: str, new: str) -> None:
    text = COMMENTED.replace(old, new)
    changed = change(text, {"route.gateway": "stripe", "alerts.enabled": False})
    assert changed.startswith("# Written by Bursar")
    assert [one.field for one in programs.diff(read(text), read(changed))] == ["route.gateway", "alerts.enabled"]


def test_what_is_not_a_list_of_its_own_says_the_same_in_a_file_of_windows() -> None:
    text = COMMENTED.replace("\n", "\r\n")
    changed = change(text, {"dispatch.batch_size": 20, "limits.minimum": 5})
    assert "# As the document says.\r\n" in changed
    assert [one.field for one in programs.diff(read(text), read(changed))] == ["limits.minimum", "dispatch.batch_size"]


TEXTS = [COMMENTED, TEXT, with_values(SCHEDULED), *(programs.load(path) for path in programs.ready().values())]


@pytest.mark.parametrize("text", TEXTS, ids=["commented", "all", "scheduled", *programs.ready()])
def test_every_field_of_every_file_can_be_given_in_place(text: str) -> None:
    terms = read(text)
    changed = amended(text, terms, programs.fields(terms))
    assert not changed.startswith("# Written")
    assert programs.diff(terms, read(changed)) == []
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line and "- " not in line]
    assert all(comment in changed for comment in comments)


@settings(max_examples=20, deadline=None)
@given(title=st.text(min_size=1, max_size=80), factor=st.floats(1, 1000), hours=st.floats(0, 720))
def test_what_is_given_is_what_the_file_says_afterwards(title: str, factor: float, hours: float) -> None:
    assume(is_title(title))
    changes: dict[str, programs.Given] = {
        "title": title, "risk.amount_factor": round(factor, 6), "destinations.cool_off_hours": round(hours, 6)
    }  # fmt: skip
    found = programs.fields(read(change(TEXT, changes)))
    assert {path: found[path] for path in changes} == changes


def is_title(text: str) -> bool:
    try:
        texts.insist_line(text, field="title", most=80)
    except Invalid:
        return False
    return True


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dispatch.batch_size": 0}, ['dispatch.batch_size must be a whole number from 1 to 1000 (given "0")']),
        ({"dispatch.batch_size": 2.5}, ['dispatch.batch_size must be a whole number from 1 to 1000 (given "2.5")']),
        ({"dispatch.batch_size": None}, ["dispatch.batch_size must be a whole number from 1 to 1000 (given nothing)"]),
        ({"dispatch.batch_size": "ten\n"}, ["dispatch.batch_size must be a whole number from 1 to 1000 (given"]),
        ({"schedule.frequency": "daily"}, ["schedule must have a frequency when dispatch.mode is schedule"]),
        ({"alerts.emails": ["a@b.org", "x"]}, ['alerts.emails[1] must be an e-mail address (given "x")']),
        ({"alerts.enabled": "maybe", "bulk.rows_max": -1}, ["bulk.rows_max must be a whole", "alerts.enabled must be"]),
        ({"limits.minimum": Money(2500, "USD")}, ["limits.minimum must be an amount of PKR (given 25.00 USD)"]),
        ({"program": "others"}, ["program stays for ever (given others)"]),
        ({"dispatch.batch": 1}, ["dispatch.batch is not a field; did you mean dispatch.batch_size?"]),
        ({"dispatch": "x"}, ["dispatch is not a field; the fields here are program, title, "]),
        ({"colour": 1, "x.y": 2}, ["colour is not a field; ", "x.y is not a field; "]),
    ],
)
def test_a_change_that_breaks_rules_is_refused_by_its_fields(
    changes: dict[str, programs.Given], said: list[str]
) -> None:
    with pytest.raises(programs.BadTerms) as refused:
        change(TEXT, changes)
    problems = [str(problem).removeprefix("merchants: ") for problem in refused.value.problems]
    assert len(problems) == len(said)
    assert all(problem.startswith(start) for problem, start in zip(sorted(problems), sorted(said), strict=True))


async def test_an_amendment_makes_a_version_by_somebody_and_keeps_the_file(tx: Transaction) -> None:
    await programs.apply(tx, COMMENTED, actor="cli:amina", at=AT)
    done = await programs.amend(
        tx, "merchants", {"dispatch.batch_size": 20}, actor="person:ben", note="a busy week", at=AT
    )
    assert (done.version, done.changed, done.terms.dispatch.batch_size) == (2, True, 20)
    assert await programs.terms(tx, "merchants") == done.terms
    assert await programs.source_of(tx, "merchants") == COMMENTED.replace(
        "batch_size: 10      # Small.", "batch_size: 20      # Small."
    )
    newest = (await programs.versions(tx, "merchants"))[0]
    assert (newest.applied_by, newest.note, newest.applied_at) == ("person:ben", "a busy week", AT)


async def test_what_stands_there_already_makes_no_version(tx: Transaction) -> None:
    before = await programs.apply(tx, COMMENTED, actor="cli:amina", at=AT)
    same: dict[str, programs.Given] = {"dispatch.batch_size": 10, "limits.minimum": None, "returns_to": "holder"}
    done = await programs.amend(tx, "merchants", same, actor="cli:amina", at=AT)
    assert done == programs.Applied(before.terms, changed=False)
    assert await programs.amend(tx, "merchants", {}, actor="cli:amina", at=AT) == done


async def test_terms_whose_file_says_less_than_they_do_are_written_anew(tx: Transaction) -> None:
    """A default that changes with a new release of ours changes no terms that were applied before."""
    await programs.apply(tx, COMMENTED, actor="cli:amina", at=AT)
    await tx.run("SET LOCAL session_replication_role = replica")
    await tx.run("""UPDATE program_versions SET terms = jsonb_set(terms, '{bulk,rows_max}', '500')""")
    done = await programs.amend(tx, "merchants", {"dispatch.batch_size": 20}, actor="cli:amina", at=AT)
    assert done.terms.bulk.rows_max == 500
    assert (await programs.source_of(tx, "merchants")).startswith("# Written by Bursar")


async def test_two_who_amend_at_once_undo_nothing_of_each_other(database: Database) -> None:
    async with database.transaction() as tx:
        await programs.apply(tx, TEXT, actor="cli:amina", at=AT)

    async def amend(path: str, value: programs.Given) -> None:
        async with database.transaction() as tx:
            await programs.amend(tx, "merchants", {path: value}, actor="cli:amina", at=AT)

    changes: dict[str, programs.Given] = {
        "dispatch.batch_size": 20, "retry.max_attempts": 5, "alerts.enabled": False, "limits.minimum": "7"
    }  # fmt: skip
    await asyncio.gather(*(amend(path, value) for path, value in changes.items()))
    async with database.transaction() as tx:
        terms = await programs.terms(tx, "merchants")
    assert (terms.version, terms.dispatch.batch_size, terms.retry.max_attempts) == (5, 20, 5)
    assert (terms.alerts.enabled, terms.limits.minimum) == (False, Money(700, "PKR"))


async def test_a_program_that_is_not_there_cannot_be_amended(database: Database) -> None:
    async with database.transaction() as tx:
        with pytest.raises(programs.NoSuchProgram):
            await programs.amend(tx, "nobody", {"title": "X"}, actor="cli:amina", at=AT)
    async with database.transaction() as tx:
        assert await programs.all(tx) == []


async def test_a_refused_amendment_leaves_everything_as_it_was(tx: Transaction) -> None:
    await programs.apply(tx, TEXT, actor="cli:amina", at=AT)
    with pytest.raises(programs.BadTerms):
        await programs.amend(tx, "merchants", {"dispatch.batch_size": 0}, actor="cli:amina", at=AT)
    assert await programs.current(tx, ["merchants"]) == {"merchants": 1}


async def test_the_versions_in_force_since_a_moment_begin_with_the_one_that_counted_then(tx: Transaction) -> None:
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 10, 20)]
    for number, day in enumerate(days, 1):
        await programs.apply(tx, with_value("bulk.rows_max", str(number)), actor="cli:amina", at=day)

    async def since(moment: datetime | None) -> list[int]:
        found = await programs.in_force(tx, {"merchants": moment, "nobody": moment})
        assert found["nobody"] == []
        return [version.version for version in found["merchants"]]

    assert await since(None) == [1, 2, 3]
    assert await since(datetime(2026, 10, 1, tzinfo=UTC)) == [1, 2, 3]
    assert await since(days[1]) == [2, 3]
    assert await since(datetime(2026, 11, 19, tzinfo=UTC)) == [2, 3]
    assert await since(datetime(2026, 12, 1, tzinfo=UTC)) == [3]
