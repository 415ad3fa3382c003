"""Every statement on approval_requests and votes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from bursar.approvals.errors import AlreadyAsked, AlreadyVoted, ChangedSinceAsked, RequesterMayNotApprove
from bursar.approvals.model import Ballot, Poll, Request, Vote
from bursar.foundation.db import CheckViolation, Record, Transaction, UniqueViolation, columns
from bursar.foundation.errors import Refusal

_REFUSALS: Final[Mapping[str | None, type[Refusal]]] = {
    "one_request_each": AlreadyAsked,
    "one_vote_each": AlreadyVoted,
    "requester_is_not_approver": RequesterMayNotApprove,
    "vote_is_on_these_bytes": ChangedSinceAsked,
}
"""Our word for each rule that the database keeps as well."""

_REQUESTS: Final = """
    SELECT subject_id, digest, needed, requester, round FROM approval_requests
    WHERE subject_id = ANY($1) ORDER BY subject_id
"""


async def insert_requests(tx: Transaction, requests: Sequence[Request]) -> None:
    """Write new requests, each in its first round.

    Raises:
        AlreadyAsked: there is one for one of the subjects; the transaction is lost.
    """
    rows = [(request.subject_id, request.digest, request.needed, request.requester) for request in requests]
    await _insert(
        tx,
        """
        INSERT INTO approval_requests (subject_id, digest, needed, requester)
        SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::smallint[], $4::uuid[])
        """,
        *columns(rows, 4),
    )


async def insert_votes(tx: Transaction, votes: Sequence[tuple[Ballot, int]]) -> None:
    """Write ballots that were taken, each with the round it counts in.

    Raises:
        AlreadyVoted, ChangedSinceAsked, RequesterMayNotApprove: the database refuses what should not have been taken;
            the transaction is lost.
    """
    rows = [
        (ballot.subject_id, round_, ballot.person_id, ballot.digest, ballot.in_favour, ballot.reason)
        for ballot, round_ in votes
    ]
    await _insert(
        tx,
        """
        INSERT INTO votes (subject_id, round, person_id, digest, in_favour, reason)
        SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::bytea[], $5::boolean[], $6::text[])
        """,
        *columns(rows, 6),
    )


async def lock_polls(tx: Transaction, subject_ids: Collection[UUID]) -> dict[UUID, Poll]:
    """These requests with the votes that count, held in id order until the transaction ends.

    The votes are read by a statement of their own, after the locks: only then does it see those of whoever held them.
    """
    requests = await tx.many(_REQUESTS + "FOR UPDATE", list(subject_ids))
    return await _polls(tx, requests)


async def polls(tx: Transaction, subject_ids: Collection[UUID]) -> dict[UUID, Poll]:
    """These requests with the votes that count, for looking only."""
    return await _polls(tx, await tx.many(_REQUESTS, list(subject_ids)))


async def begin_rounds(tx: Transaction, requests: Sequence[Request]) -> int:
    """Put other bytes up for approval and leave the old votes behind; how many of them were asked about before."""
    rows = [(request.subject_id, request.digest, request.needed) for request in requests]
    return await tx.run(
        """
        UPDATE approval_requests r
        SET digest = new.digest, needed = new.needed, round = round + 1, opened_at = now()
        FROM unnest($1::uuid[], $2::bytea[], $3::smallint[]) AS new (subject_id, digest, needed)
        WHERE r.subject_id = new.subject_id
        """,
        *columns(rows, 3),
    )


async def votes(tx: Transaction, subject_id: UUID) -> list[Vote]:
    """All votes ever cast on a subject, oldest first."""
    rows = await tx.many(
        """
        SELECT subject_id, person_id, digest, in_favour, reason, round, cast_at FROM votes
        WHERE subject_id = $1 ORDER BY round, cast_at, person_id
        """,
        subject_id,
    )
    return [Vote(**row) for row in rows]


async def _polls(tx: Transaction, requests: Sequence[Record]) -> dict[UUID, Poll]:
    polls = {
        subject_id: Poll(Request(subject_id, digest, needed, requester), round_)
        for subject_id, digest, needed, requester, round_ in requests
    }
    rows = await tx.many(
        """
        SELECT subject_id, person_id, digest, in_favour, reason
        FROM unnest($1::uuid[], $2::smallint[]) AS wanted (subject_id, round) JOIN votes USING (subject_id, round)
        ORDER BY subject_id, cast_at, person_id
        """,
        *columns([(subject_id, poll.round) for subject_id, poll in polls.items()], 2),
    )
    for row in rows:
        poll = polls[row["subject_id"]]
        polls[row["subject_id"]] = replace(poll, votes=(*poll.votes, Ballot(*row)))
    return polls


async def _insert(tx: Transaction, sql: str, *args: object) -> None:
    try:
        await tx.run(sql, *args)
    except (UniqueViolation, CheckViolation) as violation:
        refusal = _REFUSALS.get(violation.constraint_name)
        if refusal is None:
            raise
        raise refusal from violation
