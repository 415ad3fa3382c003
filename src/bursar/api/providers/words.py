"""What happened to a payout, in plain words for whoever is to be paid.

A provider hears what matters to them: what happened, what happens next, and what they can do. Which rule of ours asked
for a review is not theirs to hear, because whoever knows the rule can walk around it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bursar.outbound import notices
from bursar.payouts import Moved, Payout, PayoutState

WAITING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "stopped": "Payments are stopped at the moment. Yours is not lost; it leaves afterwards.",
        "cool_off": "The bank account is new. For your protection it is paid to only after a while.",
        "account_denied": "The payment provider knows no such bank account. Cancel this payout, and use another one.",
        "account_unchecked": "The payment provider is being asked whose bank account this is.",
        "bank_down": "The bank cannot be reached at the moment. It leaves as soon as the bank is back.",
        "low_float": "It leaves as soon as the payment provider has been funded.",
        "next_run": "It leaves with the next payment run.",
        "put_aside": "Our staff look at it before it leaves.",
    }
)
"""What providers hear while an approved payout waits."""

_BY_VERB: Final[Mapping[str, str]] = MappingProxyType(
    {
        "request": "You asked for this payout; its amount is reserved.",
        "review": "Our staff look at it before it leaves.",
        "approve": "Approved.",
        "send": "Handed to the payment provider.",
        "accept": "The payment provider has taken it on.",
        "hold": "The payment provider holds it for the moment.",
        "resume": "The payment provider goes on with it.",
        "settle": "Paid.",
        "retry": "It will be sent again; its amount is reserved anew.",
        "reopen": "The payment provider had paid it after all.",
    }
)


def reason_of(payout: Payout) -> str | None:
    """Why a payout stands where it stands, as far as there is something to say."""
    return _because(payout.state, payout.reason)


def said_of(move: Moved) -> str:
    """One line of a payout's history."""
    because = _because(move.to_state, move.reason)
    match move.verb:
        case "defer":
            return f"It did not get through and will be sent again. {because}"
        case "fail":
            return f"It did not get through; its amount is available to you again. {because}"
        case "return":
            return f"The money came back. {because}"
        case "reject":
            return f"Turned down; its amount is available to you again. {because or ''}".strip()
        case "cancel":
            return f"Cancelled; its amount is available to you again. {because or ''}".strip()
        case _:
            return _BY_VERB[move.verb]


def _because(state: PayoutState, reason: str | None) -> str | None:
    match state:
        case PayoutState.RETRYING | PayoutState.FAILED | PayoutState.RETURNED:
            return notices.of_failure(reason).sentence
        case PayoutState.REJECTED | PayoutState.CANCELLED:
            return notices.as_written(reason) or None  # What somebody typed, for this very person.
        case _:
            return None
