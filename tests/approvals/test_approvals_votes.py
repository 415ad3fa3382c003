"""Votes on a real database: a batch at once, people at the same moment, and bytes that change."""

import asyncio
from uuid import UUID, uuid4

import pytest
from approvals_house import BYTES, OTHER_BYTES, People, asked, no, yes

from bursar import approvals
from bursar.approvals import (
    AlreadyAsked,
    AlreadyVoted,
    Ballot,
    ChangedSinceAsked,
    NothingToApprove,
    Request,
    RequesterMayNotApprove,
    Standing,
)
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Refusal
from statements import statements_of


async def test_one_vote_is_enough_where_one_is_needed(tx: Transaction, people: People) -> None:
    subject = await asked(tx)
    assert await approvals.vote(tx, [yes(subject, people.anna)]) == [Standing.APPROVED]


async def test_the_second_vote_decides_where_two_are_needed(tx: Transaction, people: People) -> None:
    subject = await asked(tx, needed=2)
    assert await approvals.vote(tx, [yes(subject, people.anna)]) == [Standing.WAITING]
    assert await approvals.standings(tx, [subject]) == {subject: Standing.WAITING}
    assert await approvals.vote(tx, [yes(subject, people.ben)]) == [Standing.APPROVED]
    assert await approvals.standings(tx, [subject]) == {subject: Standing.APPROVED}


async def test_one_veto_rejects_at_once(tx: Transaction, people: People) -> None:
    subject = await asked(tx, needed=2)
    await approvals.vote(tx, [yes(subject, people.anna)])
    assert await approvals.vote(tx, [no(subject, people.ben, reason="Wrong account.")]) == [Standing.REJECTED]
    assert (await approvals.votes(tx, subject))[-1].reason == "Wrong account."


async def test_the_requester_may_not_vote_either_way(tx: Transaction, people: People) -> None:
    subject = await asked(tx, requester=people.anna)
    refused = await approvals.vote(tx, [yes(subject, people.anna), no(subject, people.anna)])
    assert [type(refusal) for refusal in refused] == [RequesterMayNotApprove] * 2
    assert await approvals.votes(tx, subject) == []


async def test_the_same_person_counts_once(tx: Transaction, people: People) -> None:
    subject = await asked(tx, needed=2)
    twice = await approvals.vote(tx, [yes(subject, people.anna), yes(subject, people.anna)])
    [again] = await approvals.vote(tx, [yes(subject, people.anna)])
    assert twice[0] is Standing.WAITING
    assert isinstance(twice[1], AlreadyVoted)
    assert isinstance(again, AlreadyVoted)
    assert await approvals.standings(tx, [subject]) == {subject: Standing.WAITING}


async def test_nobody_votes_on_what_nobody_asked_about(tx: Transaction, people: People) -> None:
    [refused] = await approvals.vote(tx, [yes(uuid4(), people.anna)])
    assert isinstance(refused, NothingToApprove)


async def test_a_batch_loses_none_of_its_good_votes_to_a_bad_one(tx: Transaction, people: People) -> None:
    first, second, third = await asked(tx, requester=people.ben), await asked(tx, needed=2), await asked(tx)
    cast = await approvals.vote(
        tx,
        [
            yes(first, people.ben),
            yes(second, people.anna),
            yes(third, people.anna, on=OTHER_BYTES),
            yes(second, people.ben),
            yes(uuid4(), people.anna),
            no(second, people.carla),
            no(third, people.anna),
        ],
    )
    assert [answer if isinstance(answer, Standing) else type(answer) for answer in cast] == [
        RequesterMayNotApprove,
        Standing.WAITING,
        ChangedSinceAsked,
        Standing.APPROVED,
        NothingToApprove,
        NothingToApprove,
        Standing.REJECTED,
    ]
    assert await approvals.standings(tx, [first, second, third]) == {
        first: Standing.WAITING,
        second: Standing.APPROVED,
        third: Standing.REJECTED,
    }


async def test_any_number_of_votes_costs_three_statements(tx: Transaction, people: People) -> None:
    subjects = [uuid4() for _ in range(200)]
    await approvals.open(tx, [Request(subject, BYTES, 2) for subject in subjects])
    await approvals.vote(tx, [yes(subjects[0], people.anna)])
    async with statements_of(tx) as statements:
        await approvals.vote(tx, [yes(subject, people.ben) for subject in subjects])
    assert len(statements) == 3


async def test_changed_bytes_leave_the_votes_on_the_old_ones_behind(tx: Transaction, people: People) -> None:
    subject = await asked(tx, needed=2)
    await approvals.vote(tx, [yes(subject, people.anna)])
    await approvals.reopen(tx, [Request(subject, OTHER_BYTES, 2)])
    [stale] = await approvals.vote(tx, [yes(subject, people.ben, on=BYTES)])
    assert isinstance(stale, ChangedSinceAsked)
    assert await approvals.vote(tx, [yes(subject, people.anna, on=OTHER_BYTES)]) == [Standing.WAITING]
    assert await approvals.vote(tx, [yes(subject, people.ben, on=OTHER_BYTES)]) == [Standing.APPROVED]
    assert [(vote.round, vote.person_id) for vote in await approvals.votes(tx, subject)] == [
        (1, people.anna),
        (2, people.anna),
        (2, people.ben),
    ]


async def test_bytes_that_change_back_find_no_old_votes(tx: Transaction, people: People) -> None:
    subject = await asked(tx, needed=2)
    await approvals.vote(tx, [yes(subject, people.anna), no(subject, people.ben)])
    await approvals.reopen(tx, [Request(subject, OTHER_BYTES, 2)])
    await approvals.reopen(tx, [Request(subject, BYTES, 2)])
    assert await approvals.standings(tx, [subject]) == {subject: Standing.WAITING}
    assert await approvals.vote(tx, [yes(subject, people.anna)]) == [Standing.WAITING]


async def test_a_new_round_may_need_another_number_of_people(tx: Transaction, people: People) -> None:
    subject = await asked(tx, needed=1, requester=people.dan)
    await approvals.vote(tx, [yes(subject, people.anna)])
    await approvals.reopen(tx, [Request(subject, OTHER_BYTES, 2)])
    votes = [yes(subject, person, on=OTHER_BYTES) for person in (people.anna, people.ben)]
    assert await approvals.vote(tx, votes) == [Standing.WAITING, Standing.APPROVED]
    poll = (await approvals.polls(tx, [subject]))[subject]
    assert (poll.request.needed, poll.request.requester) == (2, people.dan), "who asked stays"


async def test_any_number_is_reopened_in_one_statement(tx: Transaction) -> None:
    requests = [Request(uuid4(), BYTES, 1) for _ in range(50)]
    await approvals.open(tx, requests)
    async with statements_of(tx) as statements:
        await approvals.reopen(tx, requests)
    assert len(statements) == 1


async def test_what_nobody_asked_about_is_not_reopened(tx: Transaction) -> None:
    with pytest.raises(NothingToApprove):
        await approvals.reopen(tx, [Request(uuid4(), OTHER_BYTES, 1)])


async def test_votes_are_asked_for_once(tx: Transaction) -> None:
    subject = await asked(tx)
    with pytest.raises(AlreadyAsked):
        await approvals.open(tx, [Request(subject, OTHER_BYTES, 1)])


async def test_a_poll_shows_what_is_to_be_approved_and_who_agreed(tx: Transaction, people: People) -> None:
    subject = await asked(tx, needed=3, requester=people.dan)
    await approvals.vote(tx, [yes(subject, people.anna), yes(subject, people.ben)])
    poll = (await approvals.polls(tx, [subject, uuid4()]))[subject]
    assert poll.request == Request(subject, BYTES, 3, people.dan)
    assert {vote.person_id for vote in poll.votes} == {people.anna, people.ben}
    assert await approvals.polls(tx, []) == {}


async def meet(database: Database, *ballots: Ballot) -> list[Standing | Refusal]:
    """Cast ballots in transactions of their own; the first commits only when all others wait for it."""
    voted = asyncio.Event()

    async def first() -> list[Standing | Refusal]:
        async with database.transaction() as tx:
            answers = await approvals.vote(tx, ballots[:1])
            voted.set()
            while await waiting_for_locks(tx) < len(ballots) - 1:
                await asyncio.sleep(0.01)
            return answers

    async def later(ballot: Ballot) -> list[Standing | Refusal]:
        await voted.wait()
        async with database.transaction() as tx:
            return await approvals.vote(tx, [ballot])

    answers = await asyncio.gather(first(), *[later(ballot) for ballot in ballots[1:]])
    return [answer for [answer] in answers]


async def waiting_for_locks(tx: Transaction) -> int:
    """How many other transactions on this database wait for somebody."""
    waiting: int = await tx.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return waiting


async def test_two_people_at_the_same_moment_are_two(database: Database, people: People) -> None:
    async with database.transaction() as tx:
        subject = await asked(tx, needed=2)
    assert await meet(database, yes(subject, people.anna), yes(subject, people.ben)) == [
        Standing.WAITING,
        Standing.APPROVED,
    ]


async def test_one_person_twice_at_the_same_moment_is_one(database: Database, people: People) -> None:
    async with database.transaction() as tx:
        subject = await asked(tx, needed=2)
    first, second = await meet(database, yes(subject, people.anna), yes(subject, people.anna))
    assert first is Standing.WAITING
    assert isinstance(second, AlreadyVoted)
    async with database.transaction() as tx:
        assert await approvals.standings(tx, [subject]) == {subject: Standing.WAITING}


async def test_a_veto_at_the_same_moment_as_the_last_approval_comes_before_or_too_late(
    database: Database, people: People
) -> None:
    async with database.transaction() as tx:
        subject = await asked(tx, needed=1)
    approved, late = await meet(database, yes(subject, people.anna), no(subject, people.ben))
    assert approved is Standing.APPROVED
    assert isinstance(late, NothingToApprove)


async def test_crossing_batches_wait_in_line(database: Database, people: People) -> None:
    """Two people vote on the same subjects in opposite order, and nobody deadlocks."""
    async with database.transaction() as tx:
        subjects = [await asked(tx, needed=2) for _ in range(50)]

    async def all_yes(person: UUID, order: int) -> list[Standing | Refusal]:
        async with database.transaction() as tx:
            return await approvals.vote(tx, [yes(subject, person) for subject in subjects[::order]])

    there, back = await asyncio.gather(all_yes(people.anna, 1), all_yes(people.ben, -1))
    first, second = [Standing.WAITING] * len(subjects), [Standing.APPROVED] * len(subjects)
    assert (there, back) in [(first, second), (second, first)]
