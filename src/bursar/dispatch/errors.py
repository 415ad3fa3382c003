"""Why nothing is sent.

Refusal
├── NoSuchGateway   the terms name a gateway that is not installed
└── NothingInDoubt  no attempt waits for people to say what became of it
"""

from bursar.foundation.errors import Conflict, Missing


class NoSuchGateway(Missing):
    """There is no such gateway in this installation."""

    code = "gateway_not_found"


class NothingInDoubt(Conflict):
    """No attempt of this payout waits for people to say what became of it."""

    code = "nothing_in_doubt"
