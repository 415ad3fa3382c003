"""Which payouts are counted together, and what they came to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.payouts.model import PayoutState

DAYS_MAX: Final = 366  # A whole year, leap years too; longer ones are asked for year by year.
DAYS_DEFAULT: Final = 30
EARLIEST: Final = date(2000, 1, 1)  # No payout is older,
LATEST: Final = date(2199, 12, 31)  # and the calendar goes on beyond, whatever is added to a day.


class Dimension(StrEnum):
    """What payouts that are counted together have in common."""

    DAY = "day"  # When they were asked for,
    WEEK = "week"  # which begins on Monday,
    MONTH = "month"  # on the program's clock.
    KIND = "kind"
    STATUS = "status"
    GATEWAY = "gateway"


TIMES: Final = frozenset({Dimension.DAY, Dimension.WEEK, Dimension.MONTH})
"""Those of which payouts are grouped by one at most."""


@dataclass(frozen=True, slots=True)
class Days:
    """Some days on the clock of a zone, the first and the last included.

    Raises:
        Invalid: the last is before the first, or they are more than ``DAYS_MAX``.
    """

    first: date
    last: date
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Invalid(field="to", rule=f"{self.first.isoformat()} (from) or a later day", given=str(self.last))
        if (self.last - self.first).days >= DAYS_MAX:
            raise Invalid(field="to", rule=f"so that there are at most {DAYS_MAX} days", given=str(self.last))

    @classmethod
    def chosen(cls, first: date | None, last: date | None, *, at: datetime, time_zone: str) -> "Days":
        """The days that somebody named; what they leave out ends today, or is 30 days in all.

        Raises:
            Invalid: as above, or one of them is out of all bounds.
        """
        for field, day in (("from", first), ("to", last)):
            if day is not None and not EARLIEST <= day <= LATEST:
                raise Invalid(field=field, rule=f"a day from {EARLIEST} to {LATEST}", given=str(day))
        last = last or (first + timedelta(days=DAYS_DEFAULT - 1) if first else None)
        last = last or at.astimezone(ZoneInfo(time_zone)).date()
        return cls(first or last - timedelta(days=DAYS_DEFAULT - 1), last, time_zone)

    @property
    def since(self) -> datetime:
        """The first moment, in UTC."""
        return self.midnight(self.first)

    @property
    def until(self) -> datetime:
        """The moment after the last, in UTC."""
        return self.midnight(self.last + timedelta(days=1))

    def spans(self, by: Collection[Dimension]) -> list[date]:
        """The first day of each day, week or month that there is, or of all of them at once, as ``by`` names it."""
        days = [self.first + timedelta(days=place) for place in range((self.last - self.first).days + 1)]
        if Dimension.DAY in by:
            return days
        if Dimension.WEEK in by:
            return sorted({day - timedelta(days=day.weekday()) for day in days})
        if Dimension.MONTH in by:
            return sorted({day.replace(day=1) for day in days})
        return [self.first]

    def midnight(self, day: date) -> datetime:
        """When a day begins on the clock of the zone, in UTC."""
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Group:
    """Payouts that have something in common; what they were not grouped by is None, and so is no gateway yet.

    ``paid`` is what those that are completed add up to. Those that failed or came back are ``failed``; whatever people
    rejected or took back says nothing about success. Times are in seconds, from request to the end of those that were
    completed or failed; None where there are none.
    """

    since: date | None
    kind: str | None
    status: PayoutState | None
    gateway: str | None
    count: int
    amount: Money
    completed: int
    failed: int
    paid: Money
    average_seconds: float | None
    p50_seconds: float | None
    p95_seconds: float | None

    @property
    def success_rate(self) -> float | None:
        """How many percent of those that ended well or badly ended well."""
        ended = self.completed + self.failed
        return round(100 * self.completed / ended, 2) if ended else None
