"""Where a request stands is a function of its votes: laws that hold for any of them, and who may add one."""

from random import Random
from uuid import UUID

import pytest
from approvals_house import BYTES, OTHER_BYTES, no, yes
from hypothesis import given
from hypothesis import strategies as st

from bursar.approvals import (
    AlreadyVoted,
    Ballot,
    ChangedSinceAsked,
    NothingToApprove,
    Poll,
    Request,
    RequesterMayNotApprove,
    Standing,
    standing,
)
from bursar.foundation.errors import Invalid, Refusal

SUBJECT = UUID(int=0)
ANNA, BEN, CARLA, DAN = PEOPLE = [UUID(int=number) for number in range(1, 5)]

ballots = st.builds(Ballot, st.just(SUBJECT), st.sampled_from(PEOPLE), st.just(BYTES), st.booleans())
votes = st.lists(ballots, max_size=8)
needed = st.integers(1, 5)
requester = st.none() | st.sampled_from(PEOPLE)


@given(votes, needed, requester)
def test_the_requesters_word_counts_for_nothing(votes: list[Ballot], needed: int, requester: UUID | None) -> None:
    others = [vote for vote in votes if vote.person_id != requester]
    assert standing(votes, needed=needed, requester=requester) is standing(others, needed=needed, requester=requester)


@given(votes, needed, requester, st.sampled_from(PEOPLE))
def test_a_veto_rejects_whatever_the_others_say(
    votes: list[Ballot], needed: int, requester: UUID | None, person: UUID
) -> None:
    vetoed = standing([*votes, no(SUBJECT, person)], needed=needed, requester=requester)
    assert (vetoed is Standing.REJECTED) or person == requester


@given(votes, needed, requester)
def test_saying_it_twice_adds_nothing(votes: list[Ballot], needed: int, requester: UUID | None) -> None:
    assert standing(votes + votes, needed=needed, requester=requester) is standing(
        votes, needed=needed, requester=requester
    )


@given(votes, needed, requester, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(votes: list[Ballot], needed: int, requester: UUID | None, dice: Random) -> None:
    shuffled = dice.sample(votes, len(votes))
    assert standing(shuffled, needed=needed, requester=requester) is standing(votes, needed=needed, requester=requester)


@given(votes, needed, requester)
def test_approved_means_enough_different_others_and_nobody_against(
    votes: list[Ballot], needed: int, requester: UUID | None
) -> None:
    others = {vote.person_id for vote in votes} - {requester}
    against = {vote.person_id for vote in votes if not vote.in_favour} - {requester}
    approved = standing(votes, needed=needed, requester=requester) is Standing.APPROVED
    assert approved is (len(others) >= needed and not against)


@given(votes, needed, requester)
def test_a_poll_takes_each_person_once_and_nothing_after_the_decision(
    votes: list[Ballot], needed: int, requester: UUID | None
) -> None:
    poll = Poll(Request(SUBJECT, BYTES, needed, requester), 1)
    for ballot in votes:
        before = poll
        try:
            poll = poll.take(ballot)
        except Refusal:
            assert poll is before
        else:
            assert before.standing is Standing.WAITING
    voters = [vote.person_id for vote in poll.votes]
    assert len(voters) == len(set(voters))
    assert requester not in voters


def poll(*votes: Ballot, needed: int = 2) -> Poll:
    return Poll(Request(SUBJECT, BYTES, needed, requester=DAN), 1, votes)


@pytest.mark.parametrize(
    ("votes", "stands"),
    [
        ([], Standing.WAITING),
        ([yes(SUBJECT, ANNA)], Standing.WAITING),
        ([yes(SUBJECT, ANNA), yes(SUBJECT, BEN)], Standing.APPROVED),
        ([yes(SUBJECT, ANNA), yes(SUBJECT, DAN)], Standing.WAITING),
        ([no(SUBJECT, ANNA)], Standing.REJECTED),
        ([yes(SUBJECT, ANNA), yes(SUBJECT, BEN), no(SUBJECT, CARLA)], Standing.REJECTED),
    ],
)
def test_two_are_needed(votes: list[Ballot], stands: Standing) -> None:
    assert poll(*votes).standing is stands


@pytest.mark.parametrize(
    ("before", "ballot", "refusal"),
    [
        ([], yes(SUBJECT, DAN), RequesterMayNotApprove),
        ([], no(SUBJECT, DAN), RequesterMayNotApprove),
        ([], yes(SUBJECT, ANNA, on=OTHER_BYTES), ChangedSinceAsked),
        ([yes(SUBJECT, ANNA)], yes(SUBJECT, ANNA), AlreadyVoted),
        ([yes(SUBJECT, ANNA)], no(SUBJECT, ANNA), AlreadyVoted),
        ([yes(SUBJECT, ANNA), yes(SUBJECT, BEN)], yes(SUBJECT, BEN), AlreadyVoted),
        ([yes(SUBJECT, ANNA), yes(SUBJECT, BEN)], no(SUBJECT, CARLA), NothingToApprove),
        ([no(SUBJECT, ANNA)], yes(SUBJECT, BEN), NothingToApprove),
    ],
)
def test_a_vote_that_may_not_be_cast_is_refused(before: list[Ballot], ballot: Ballot, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        poll(*before).take(ballot)


def test_a_reason_is_a_text_of_sane_length() -> None:
    assert no(SUBJECT, ANNA, reason="Two lines\nare fine.").reason
    with pytest.raises(Invalid, match="reason must be a text"):
        no(SUBJECT, ANNA, reason="x" * 2_001)
