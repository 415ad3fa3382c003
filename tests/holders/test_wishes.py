"""What holders and staff say to runs: it counts from when until when, and only what was said."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from bursar import holders
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.holders import Every, KeptSchedule, OwnSchedule, Preferences, Round, Wish
from ground import AT, merchant, program

ID = UUID(int=1)
DAY = timedelta(days=1)
HUNDRED = Money(10_000, "PKR")


@pytest.fixture
async def holder(tx: Transaction) -> UUID:
    """Somebody of whom nothing was said."""
    return await merchant(tx, (await program(tx)).program)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Preferences(ID), None),
        (Preferences(ID, minimum=HUNDRED), None),
        (Preferences(ID, minimum=Money(10_001, "PKR")), Wish.OWN_MINIMUM),
        (Preferences(ID, minimum=Money(10_001, "USD")), None),
        (Preferences(ID, paused_from=AT), Wish.PAUSED),
        (Preferences(ID, paused_from=AT + DAY), None),
        (Preferences(ID, paused_from=AT - DAY, paused_until=AT), None),
        (Preferences(ID, paused_from=AT - DAY, paused_until=AT + DAY), Wish.PAUSED),
        (Preferences(ID, held_why="x", held_by="y", held_at=AT + DAY), Wish.HELD),
    ],
)
def test_what_stands_against_paying_a_hundred(said: Preferences, expected: Wish | None) -> None:
    assert said.against(HUNDRED, at=AT) == expected


async def test_one_wish_leaves_the_others_as_they_were(tx: Transaction, holder: UUID) -> None:
    await holders.set_minimum(tx, [holder], minimum=HUNDRED, actor="holder")
    await holders.pause(tx, [holder], since=AT, until=AT + DAY, actor="holder")
    await holders.hold(tx, [holder], why="first", actor="person:anna")
    await holders.hold(tx, [holder], why="second", actor="person:ben")
    said = (await holders.preferences(tx, [holder]))[holder]
    assert (said.minimum, said.paused_from, said.paused_until) == (HUNDRED, AT, AT + DAY)
    assert (said.held_why, said.held_by, said.held_at) == ("first", "person:anna", await tx.now())
    await holders.resume(tx, [holder], actor="holder")
    await holders.release(tx, [holder], actor="person:ben")
    said = (await holders.set_minimum(tx, [holder], minimum=None, actor="holder"))[holder]
    assert said == Preferences(holder)


async def test_who_said_so_is_on_record(tx: Transaction, holder: UUID) -> None:
    await holders.hold(tx, [holder], why="check", actor="person:anna")
    await holders.release(tx, [holder], actor="person:ben")
    notes = await tx.many("SELECT actor, action FROM audit_notes WHERE subject = $1 ORDER BY id", f"holder:{holder}")
    assert [tuple(note) for note in notes] == [("person:anna", "holder.held"), ("person:ben", "holder.released")]


async def test_a_payee_comes_with_what_was_said_and_where_to_pay(tx: Transaction, holder: UUID) -> None:
    assert (await holders.payees(tx, [holder]))[holder].preferences is None
    await holders.set_minimum(tx, [holder], minimum=HUNDRED, actor="holder")
    found = (await holders.payees(tx, [holder]))[holder]
    assert found.preferences == Preferences(holder, minimum=HUNDRED)
    assert (found.name, found.destination) == ("Acme", None)


async def test_what_makes_no_sense_is_refused(tx: Transaction, holder: UUID) -> None:
    with pytest.raises(Invalid):
        await holders.set_minimum(tx, [holder], minimum=Money(0, "PKR"), actor="holder")
    with pytest.raises(Invalid):
        await holders.pause(tx, [holder], since=AT, until=AT, actor="holder")
    with pytest.raises(Invalid):
        await holders.hold(tx, [holder], why="two\nlines", actor="person:anna")
    with pytest.raises(holders.NoSuchHolder):
        await holders.release(tx, [holder, uuid4()], actor="person:anna")


@pytest.mark.parametrize(
    ("every", "day", "hour", "field"),
    [
        (Every.DAY, 1, 9, "day"),
        (Every.WEEK, None, 9, "day"),
        (Every.WEEK, 7, 9, "day"),
        (Every.MONTH, 0, 9, "day"),
        (Every.MONTH, 32, 9, "day"),
        (Every.DAY, None, 24, "hour"),
        (Every.DAY, None, -1, "hour"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_none(every: Every, day: int | None, hour: int, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        OwnSchedule(every, day, hour)
    assert refused.value.facts["field"] == field


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (OwnSchedule(Every.DAY), "daily at 09:00"),
        (OwnSchedule(Every.WEEK, 0, 23), "weekly on Sunday at 23:00"),
        (OwnSchedule(Every.MONTH, 31, 0), "monthly on day 31 at 00:00"),
    ],
    ids=str,
)
def test_a_schedule_is_told_to_people(wish: OwnSchedule, said: str) -> None:
    assert str(wish) == said


async def test_a_new_schedule_takes_the_place_of_the_old_one(tx: Transaction, holder: UUID) -> None:
    weekly, monthly = OwnSchedule(Every.WEEK, 1), OwnSchedule(Every.MONTH, 31, 7)
    await holders.set_minimum(tx, [holder], minimum=HUNDRED, actor="holder")
    await holders.set_schedule(tx, {holder: (weekly, AT)}, actor="holder")
    await holders.note_rounds(tx, [Round(holder, AT + DAY, "nothing_to_pay")], at=AT)
    said = (await holders.set_schedule(tx, {holder: (monthly, AT + 2 * DAY)}, actor="holder"))[holder]
    assert said.schedule == KeptSchedule(monthly, AT + 2 * DAY, last_at=AT, last_reason="nothing_to_pay")
    assert said.minimum == HUNDRED
    assert (await holders.payees(tx, [holder]))[holder].preferences == said
    assert await holders.drop_schedule(tx, [holder], actor="holder") == [holder]
    assert await holders.drop_schedule(tx, [holder], actor="holder") == []
    assert (await holders.preferences(tx, [holder]))[holder] == Preferences(holder, minimum=HUNDRED)
    notes = await tx.many("SELECT action FROM audit_notes WHERE subject = $1 ORDER BY id", f"holder:{holder}")
    assert [note["action"] for note in notes[1:]] == [*["holder.schedule_set"] * 2, "holder.schedule_dropped"]


async def test_a_payee_may_have_a_schedule_and_nothing_else(tx: Transaction, holder: UUID) -> None:
    await holders.set_schedule(tx, {holder: (OwnSchedule(Every.DAY), AT)}, actor="holder")
    found = (await holders.payees(tx, [holder]))[holder].preferences
    assert found == Preferences(holder, schedule=KeptSchedule(OwnSchedule(Every.DAY), AT))


async def test_nobody_who_is_not_there_has_a_schedule(tx: Transaction) -> None:
    with pytest.raises(holders.NoSuchHolder):
        await holders.set_schedule(tx, {uuid4(): (OwnSchedule(Every.DAY), AT)}, actor="holder")
    with pytest.raises(holders.NoSuchHolder):
        await holders.drop_schedule(tx, [uuid4()], actor="holder")
