"""What holders want of the runs, and what a run has to know of each of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bursar.foundation.money import Money
from bursar.holders.model import StoredDestination


class Wish(StrEnum):
    """Why a run leaves a holder out who has enough."""

    HELD = "held"  # Staff say so.
    PAUSED = "paused"  # The holder wants nothing for now.
    OWN_MINIMUM = "own_minimum"  # The holder wants it once it is more.


@dataclass(frozen=True, slots=True)
class Preferences:
    """What was said about one holder; a holder about whom nothing was has none of it.

    A pause lasts from ``paused_from`` until ``paused_until``, or without an end until the holder says so.
    """

    holder_id: UUID
    minimum: Money | None = None
    paused_from: datetime | None = None
    paused_until: datetime | None = None
    held_why: str | None = None
    held_by: str | None = None
    held_at: datetime | None = None

    def is_paused(self, *, at: datetime) -> bool:
        """Whether nothing is wanted at that moment."""
        if self.paused_from is None or at < self.paused_from:
            return False
        return self.paused_until is None or at < self.paused_until

    def against(self, amount: Money, *, at: datetime) -> Wish | None:
        """What stands against paying this much at that moment; None: nothing.

        A minimum in another currency than the amount's is one of other times, and says nothing.
        """
        if self.held_at is not None:
            return Wish.HELD
        if self.is_paused(at=at):
            return Wish.PAUSED
        least = self.minimum
        if least is not None and least.currency == amount.currency and not amount.covers(least):
            return Wish.OWN_MINIMUM
        return None


@dataclass(frozen=True, slots=True)
class Payee:
    """A holder as a run sees them; without ``destination`` there is no default one."""

    id: UUID
    reference: str
    name: str
    preferences: Preferences | None  # None: nothing was said.
    destination: StoredDestination | None
