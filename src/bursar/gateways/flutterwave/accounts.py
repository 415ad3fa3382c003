"""Whose account a number is: what both dialects answer, and how much of it is certain."""

import msgspec

from bursar.gateways.flutterwave import causes
from bursar.gateways.flutterwave.answers import Text, Trouble
from bursar.gateways.model import Confirmed, Denied, NotKnown, Resolution
from bursar.holders import Destination


class Resolved(msgspec.Struct):
    """An account that exists, and the name it is kept under."""

    account_number: Text
    account_name: Text


def resolution(answer: Resolved | Trouble, destination: Destination) -> Resolution:
    """Put an answer into our words: only a message that is known to be about the account denies it."""
    if isinstance(answer, Resolved):
        if answer.account_number != destination.account_number or not answer.account_name.strip():
            return NotKnown("answer_to_another")
        return Confirmed(" ".join(answer.account_name.split()))
    cause = causes.cause_of(answer.message, answer.code)
    if cause is not None and cause.kind is causes.Kind.PERMANENT and not cause.whole_account:
        return Denied(cause.reason)
    return NotKnown(answer.reason if cause is None else cause.reason)
