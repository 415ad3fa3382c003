"""What holders want of the runs, and what a run has to know of each of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.holders.model import StoredDestination


class Wish(StrEnum):
    """Why a run leaves a holder out who has enough."""

    HELD = "held"  # Staff say so.
    PAUSED = "paused"  # The holder wants nothing for now.
    OWN_MINIMUM = "own_minimum"  # The holder wants it once it is more.


class Every(StrEnum):
    """How often an own schedule comes round; the words are those of the terms' calendar."""

    DAY = "daily"
    WEEK = "weekly"
    MONTH = "monthly"


@dataclass(frozen=True, slots=True)
class OwnSchedule:
    """When a holder wants to be paid whatever is there then, at ``hour`` o'clock in the program's time zone.

    ``day``: of the week, 0 is Sunday; or of the month, in a month without that day its last.

    Raises:
        Invalid: there is no such day or hour, or a day is missing or too many.
    """

    every: Every
    day: int | None = None
    hour: int = 9

    def __post_init__(self) -> None:
        first, last = _DAYS[self.every]
        if self.every is Every.DAY and self.day is not None:
            raise Invalid(field="day", rule="left out for a daily schedule", given=str(self.day)[:20])
        if self.every is not Every.DAY and not (self.day is not None and first <= self.day <= last):
            rule = f"from {first} to {last} for a {self.every} schedule"
            raise Invalid(field="day", rule=rule, given="nothing" if self.day is None else str(self.day)[:20])
        if not 0 <= self.hour <= _HOUR_LAST:
            raise Invalid(field="hour", rule=f"from 0 to {_HOUR_LAST}", given=str(self.hour)[:20])

    def __str__(self) -> str:
        """For people: ``weekly on Monday at 09:00``."""
        match self.day:
            case None:
                on = ""
            case day if self.every is Every.WEEK:
                on = f" on {_WEEKDAYS[day]}"
            case day:
                on = f" on day {day}"
        return f"{self.every}{on} at {self.hour:02}:00"


@dataclass(frozen=True, slots=True)
class KeptSchedule:
    """An own schedule, when it comes round next, and what came of the last time: a payout, or none for a reason."""

    wish: OwnSchedule
    next_at: datetime
    last_at: datetime | None = None
    last_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """One holder's own schedule having come round: when it does so again, and why it came to nothing, if it did."""

    holder_id: UUID
    next_at: datetime
    reason: str | None = None


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
    schedule: KeptSchedule | None = None  # None: paid for each thing that is asked for, or by whatever the terms say.

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
    kind: str
    reference: str
    name: str
    preferences: Preferences | None  # None: nothing was said.
    destination: StoredDestination | None


_HOUR_LAST: Final = 23
_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_DAYS: Final = {Every.DAY: (0, 0), Every.WEEK: (0, 6), Every.MONTH: (1, 31)}
