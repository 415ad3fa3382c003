"""Moves that were added up, for those who count."""

from dataclasses import dataclass
from datetime import datetime

from bursar.payouts.model import PayoutState


@dataclass(frozen=True, slots=True)
class MovesTally:
    """How often the same move was made within one minute, by payouts that were asked for within one minute.

    ``amount`` is what they add up to in minor units. Of moves that brought payouts to rest, ``seconds`` is what they
    took altogether from their requests, and ``bucket`` says in which bucket each of these times falls.
    """

    program: str
    currency: str
    verb: str
    from_state: PayoutState | None
    to_state: PayoutState
    minute: datetime
    asked_at: datetime
    bucket: int | None
    count: int
    amount: int
    seconds: float
