"""Why a payout may not be, or may not do what was asked.

Refusal
├── NotAllowed        the terms do not allow it: currency, amount or destination
├── WrongState        not from where it stands
├── HolderOwes        what is asked for is no more than what its holder owes
├── PayoutBarred      what it pays for was undone
├── NoSuchPayout      not there, or not this caller's
├── NotInSuspense     none of its money waits there for a decision
├── OwnInterest       who decides acts for the one who is paid
├── UploadedBefore    the same file was uploaded before
└── DestinationAltered  what would be sent is not what was approved
"""

from bursar.foundation.errors import Conflict, Forbidden, Invalid, Missing
from bursar.foundation.money import Money


class NotAllowed(Invalid):
    """This program's terms do not allow it."""

    code = "not_allowed"


class WrongState(Conflict):
    """The payout is not in a state that allows this."""

    code = "wrong_state"

    def __init__(self, *, verb: str, state: str, allowed_from: list[str]) -> None:
        """Refuse a verb, naming where the payout stands and from where the verb is allowed."""
        super().__init__(
            f"A payout that is {state} cannot {verb}; that is possible from: {', '.join(allowed_from)}.",
            verb=verb,
            state=state,
            allowed_from=allowed_from,
        )


class HolderOwes(Conflict):
    """The holder owes this much or more, so nothing would be left to pay out."""

    code = "holder_owes"

    def __init__(self, *, owed: Money, asked: Money) -> None:
        """Refuse with both figures."""
        super().__init__(
            f"The holder owes {owed}, so that nothing of {asked} would be left to pay out.",
            owed=owed.text,
            asked=asked.text,
            currency=asked.currency,
        )


class PayoutBarred(Conflict):
    """What this payout pays for was refunded, so it is not sent again."""

    code = "payout_barred"


class NoSuchPayout(Missing):
    """There is no such payout."""

    code = "payout_not_found"


class NotInSuspense(Conflict):
    """No money of this payout lies in suspense."""

    code = "not_in_suspense"


class OwnInterest(Forbidden):
    """Whoever acts for a holder does not decide about the holder's payouts."""

    code = "acts_for_holder"


class UploadedBefore(Conflict):
    """This very file was uploaded before; its payouts are not asked for twice unless you say so."""

    code = "uploaded_before"


class DestinationAltered(Conflict):
    """What would be sent is not what was approved."""

    code = "destination_altered"
