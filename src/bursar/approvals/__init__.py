"""Approvals: who must agree before something happens, and whether they have.

The room promises that only different people count, never whoever asked, and only their votes on exactly the bytes that
are to be approved. It knows a subject's id and digest and nothing else about it. The database keeps the same rules as
constraints, whoever asks it.
"""

from bursar.approvals.actions import open, polls, reopen, standings, vote, votes  # noqa: A004 - read as ``approvals.open``
from bursar.approvals.errors import (
    AlreadyAsked,
    AlreadyVoted,
    ChangedSinceAsked,
    NothingToApprove,
    RequesterMayNotApprove,
)
from bursar.approvals.model import Ballot, Poll, Request, Standing, Vote, standing

__all__ = [
    "AlreadyAsked",
    "AlreadyVoted",
    "Ballot",
    "ChangedSinceAsked",
    "NothingToApprove",
    "Poll",
    "Request",
    "RequesterMayNotApprove",
    "Standing",
    "Vote",
    "open",
    "polls",
    "reopen",
    "standing",
    "standings",
    "vote",
    "votes",
]
