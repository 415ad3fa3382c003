"""What one does about approvals: ask for votes, cast them, and see where things stand."""

from collections.abc import Collection, Sequence
from uuid import UUID

from bursar.approvals import store
from bursar.approvals.errors import NothingToApprove
from bursar.approvals.model import Ballot, Poll, Request, Standing, Vote
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal


async def open(tx: Transaction, requests: Sequence[Request]) -> None:  # noqa: A001 - read as ``approvals.open``
    """Ask for votes on these subjects.

    Raises:
        AlreadyAsked: votes on one of them were asked for before; the transaction is lost.
    """
    await store.insert_requests(tx, requests)


async def vote(tx: Transaction, ballots: Sequence[Ballot]) -> list[Standing | Refusal]:
    """Cast votes; for each ballot where its subject stands with it, or why it was not taken.

    Ballots are taken in order, each on its own, as if one after the other; three statements for all of them. Refusals
    are those of ``Poll.take``, and ``NothingToApprove`` for a subject that nobody asked about.
    """
    polls = await store.lock_polls(tx, {ballot.subject_id for ballot in ballots})
    results: list[Standing | Refusal] = []
    taken = []
    for ballot in ballots:
        try:
            poll = _take(polls.get(ballot.subject_id), ballot)
        except Refusal as refusal:
            results.append(refusal)
            continue
        polls[ballot.subject_id] = poll
        taken.append((ballot, poll.round))
        results.append(poll.standing)
    if taken:
        await store.insert_votes(tx, taken)
    return results


async def reopen(tx: Transaction, requests: Sequence[Request]) -> None:
    """Ask anew about these subjects, because what was asked about has changed. One statement.

    No earlier vote counts, even if it changes back. How many people are needed may be another number; the requester
    stays.

    Raises:
        NothingToApprove: nobody has asked about one of these subjects; the transaction is lost.
    """
    if await store.begin_rounds(tx, requests) != len(requests):
        raise NothingToApprove


async def standings(tx: Transaction, subject_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Where these subjects stand; one that nobody asked about is left out."""
    return {subject_id: poll.standing for subject_id, poll in (await store.polls(tx, subject_ids)).items()}


async def polls(tx: Transaction, subject_ids: Collection[UUID]) -> dict[UUID, Poll]:
    """These subjects with their digests and the votes that count; one that nobody asked about is left out."""
    return await store.polls(tx, subject_ids)


async def votes(tx: Transaction, subject_id: UUID) -> list[Vote]:
    """All votes ever cast on a subject, oldest first; those of earlier rounds count no more."""
    return await store.votes(tx, subject_id)


def _take(poll: Poll | None, ballot: Ballot) -> Poll:
    if poll is None:
        raise NothingToApprove
    return poll.take(ballot)
