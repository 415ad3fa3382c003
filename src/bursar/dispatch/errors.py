"""Why nothing is sent.

Refusal
├── NoSuchGateway   the terms name a gateway that is not installed
├── NoSuchAttempt   nothing was sent under this key
├── NothingInDoubt  no attempt waits for people to say what became of it
├── AlreadyKnown    what people say about an attempt is what it says, or cannot follow from it
└── NotRecovering   sending is not off for a recovery
"""

from typing import Any

from bursar.foundation.errors import Conflict, Missing
from bursar.gateways import SLOTS


class NoSuchGateway(Missing):
    """There is no such gateway in this installation."""

    code = "gateway_not_found"

    def __init__(self, message: str | None = None, /, **facts: Any) -> None:
        """Refuse; of a ``gateway`` that nobody can have, the message says why."""
        why = SLOTS.get(facts.get("gateway", ""))
        super().__init__(message or (why and f"{why}."), **facts)


class NothingInDoubt(Conflict):
    """No attempt of this payout waits for people to say what became of it."""

    code = "nothing_in_doubt"


class NoSuchAttempt(Missing):
    """Nothing was sent under this key."""

    code = "attempt_not_found"


class AlreadyKnown(Conflict):
    """What became of this attempt is known, and this does not follow from it."""

    code = "outcome_already_known"


class NotRecovering(Conflict):
    """Sending is not off for a recovery."""

    code = "not_recovering"
