"""The database keeps the rules of voting itself, whoever asks it, and its refusals come back in our words."""

from uuid import UUID, uuid4

import pytest
from approvals_house import BYTES, OTHER_BYTES, People, asked, yes
from asyncpg import CheckViolationError, ForeignKeyViolationError, RestrictViolationError, UniqueViolationError

from bursar import approvals
from bursar.approvals import AlreadyVoted, Ballot, ChangedSinceAsked, Request, RequesterMayNotApprove, Standing
from bursar.approvals.store import insert_votes
from bursar.foundation.db import Database
from bursar.foundation.errors import Refusal


@pytest.fixture
async def subject(database: Database, people: People) -> UUID:
    """Dan's request in its second round, in which Anna has voted; two are needed."""
    async with database.transaction() as tx:
        subject = await asked(tx, needed=2, requester=people.dan)
        await approvals.reopen(tx, [Request(subject, OTHER_BYTES, 2)])
        await approvals.reopen(tx, [Request(subject, BYTES, 2)])
        await approvals.vote(tx, [yes(subject, people.anna)])
    return subject


@pytest.mark.parametrize(
    ("who", "on", "in_round", "constraint"),
    [
        ("dan", BYTES, 3, "requester_is_not_approver"),
        ("ben", OTHER_BYTES, 3, "vote_is_on_these_bytes"),
        ("ben", BYTES, 1, "vote_is_on_these_bytes"),
        ("ben", BYTES, 4, "vote_is_on_these_bytes"),
        ("anna", BYTES, 3, "one_vote_each"),
    ],
)
async def test_a_vote_that_breaks_a_rule_is_refused_by_the_database(
    database: Database, people: People, subject: UUID, *, who: str, on: bytes, in_round: int, constraint: str
) -> None:
    with pytest.raises((CheckViolationError, UniqueViolationError)) as refused:
        async with database.transaction() as tx:
            await tx.run(
                "INSERT INTO votes (subject_id, round, person_id, digest, in_favour) VALUES ($1, $2, $3, $4, true)",
                subject, in_round, getattr(people, who), on,
            )  # fmt: skip
    assert refused.value.constraint_name == constraint


async def test_a_vote_that_keeps_the_rules_is_taken_by_the_database(
    database: Database, people: People, subject: UUID
) -> None:
    """So that the refusals above are for the reason they name."""
    async with database.transaction() as tx:
        await tx.run(
            "INSERT INTO votes (subject_id, round, person_id, digest, in_favour) VALUES ($1, 3, $2, $3, true)",
            subject, people.ben, BYTES,
        )  # fmt: skip
        assert await approvals.standings(tx, [subject]) == {subject: Standing.APPROVED}


@pytest.mark.parametrize(
    ("who", "on", "refusal"),
    [
        ("dan", BYTES, RequesterMayNotApprove),
        ("ben", OTHER_BYTES, ChangedSinceAsked),
        ("anna", BYTES, AlreadyVoted),
    ],
)
async def test_what_the_database_refuses_comes_back_in_our_words(
    database: Database, people: People, subject: UUID, *, who: str, on: bytes, refusal: type[Refusal]
) -> None:
    ballot = Ballot(subject, getattr(people, who), on, in_favour=True)
    with pytest.raises(refusal):
        async with database.transaction() as tx:
            await insert_votes(tx, [(ballot, 3)])


async def test_nobody_votes_who_is_not_one_of_the_people(database: Database, subject: UUID) -> None:
    with pytest.raises(ForeignKeyViolationError):
        async with database.transaction() as tx:
            await insert_votes(tx, [(yes(subject, uuid4()), 3)])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE votes SET in_favour = false",
        "UPDATE votes SET person_id = (SELECT id FROM people WHERE name = 'ben')",
        "DELETE FROM votes",
        "UPDATE approval_requests SET requester = NULL",
        "UPDATE approval_requests SET needed = 1",
        "DELETE FROM approval_requests",
    ],
)
async def test_what_was_asked_and_said_stays_as_it_is(database: Database, subject: UUID, statement: str) -> None:
    with pytest.raises(RestrictViolationError):
        async with database.transaction() as tx:
            await tx.run(statement)


@pytest.mark.parametrize("needed", [0, -1, 6])
async def test_somebody_is_needed_and_no_crowd(database: Database, needed: int) -> None:
    with pytest.raises(CheckViolationError):
        async with database.transaction() as tx:
            await asked(tx, needed=needed)
