"""Why money does not move.

Refusal
└── InsufficientFunds  the holder's available balance does not cover it
"""

from bursar.foundation.errors import Conflict
from bursar.foundation.money import Money


class InsufficientFunds(Conflict):
    """The available balance does not cover this amount."""

    code = "insufficient_funds"

    def __init__(self, *, available: Money, needed: Money) -> None:
        """Refuse with both figures."""
        super().__init__(
            f"The available balance of {available} does not cover {needed}.",
            available=available.text,
            needed=needed.text,
            currency=needed.currency,
        )
