"""Why a vote is not taken.

Refusal
├── RequesterMayNotApprove  nobody agrees to their own request, nor refuses it: they cancel it
├── AlreadyVoted            one person, one vote
├── ChangedSinceAsked       the vote is on other bytes than those to be approved now
├── NothingToApprove        nobody asked for votes, or they have decided already
└── AlreadyAsked            votes on this were asked for before; a change is a ``reopen``
"""

from bursar.foundation.errors import Conflict, Forbidden


class RequesterMayNotApprove(Forbidden):
    """Whoever asked for it may not vote on it."""

    code = "requester_may_not_approve"


class AlreadyVoted(Conflict):
    """You have voted on this already."""

    code = "already_voted"


class ChangedSinceAsked(Conflict):
    """This was changed since you looked at it; look again before you vote."""

    code = "changed_since_asked"


class NothingToApprove(Conflict):
    """Nothing is waiting for a vote here."""

    code = "nothing_to_approve"


class AlreadyAsked(Conflict):
    """Votes on this have been asked for already."""

    code = "already_asked"
