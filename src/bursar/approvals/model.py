"""Who must agree, who has voted, and where that leaves a request. What it is about, nobody here knows."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bursar.approvals.errors import AlreadyVoted, ChangedSinceAsked, NothingToApprove, RequesterMayNotApprove
from bursar.foundation import texts

REASON_LENGTH_MAX: Final = 2_000  # A paragraph that somebody will read years later, not a file.


class Standing(StrEnum):
    """Where a request stands."""

    WAITING = "waiting"  # More people have to agree.
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be approved, to the byte, and by how many people; never by ``requester``, where a person asked."""

    subject_id: UUID
    digest: bytes
    needed: int
    requester: UUID | None = None


@dataclass(frozen=True, slots=True)
class Ballot:
    """One person's word on the bytes they have seen.

    Raises:
        Invalid: the reason is too long, or holds characters that nobody types.
    """

    subject_id: UUID
    person_id: UUID
    digest: bytes
    in_favour: bool
    reason: str = ""

    def __post_init__(self) -> None:
        texts.insist_text(self.reason, field="reason", most=REASON_LENGTH_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(Ballot):
    """A ballot that was taken; it counts as long as its round is the request's, that is until a change."""

    round: int
    cast_at: datetime


@dataclass(frozen=True, slots=True)
class Poll:
    """A request as it stands: its round, and the votes that count in it."""

    request: Request
    round: int
    votes: tuple[Ballot, ...] = ()

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        return standing(self.votes, needed=self.request.needed, requester=self.request.requester)

    def take(self, ballot: Ballot) -> "Poll":
        """The poll with one more vote in it.

        Raises:
            RequesterMayNotApprove: it is their own request.
            ChangedSinceAsked: they voted on other bytes.
            AlreadyVoted: they have voted in this round.
            NothingToApprove: the others have decided.
        """
        if ballot.person_id == self.request.requester:
            raise RequesterMayNotApprove
        if ballot.digest != self.request.digest:
            raise ChangedSinceAsked
        if any(vote.person_id == ballot.person_id for vote in self.votes):
            raise AlreadyVoted(standing=self.standing.value)
        if self.standing is not Standing.WAITING:
            raise NothingToApprove(standing=self.standing.value)
        return replace(self, votes=(*self.votes, ballot))


def standing(votes: Collection[Ballot], *, needed: int, requester: UUID | None) -> Standing:
    """One veto rejects; otherwise enough different people. The requester's word counts for nothing either way."""
    others = [vote for vote in votes if vote.person_id != requester]
    if any(not vote.in_favour for vote in others):
        return Standing.REJECTED
    return Standing.APPROVED if len({vote.person_id for vote in others}) >= needed else Standing.WAITING
