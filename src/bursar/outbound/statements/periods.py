"""Periods: the years and months that statements are cut into, by a program's terms. Nothing here touches a database."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bursar.outbound.statements.errors import NoSuchPeriod
from bursar.programs import Statements

RULE: Final = "a year such as 2026, or a month such as 2026-11"
_NAME: Final = re.compile(r"(?P<year>19[7-9][0-9]|2[01][0-9]{2})(-(?P<month>0[1-9]|1[0-2]))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """One year or one month of a program's, from ``since`` until before ``until``; both in UTC.

    ``name`` is what it is asked for by: ``2026``, which in a program whose year begins in April ends in March 2027, or
    ``2026-11``. ``first`` and ``last`` are its days on the clock of ``time_zone``.
    """

    name: str
    first: date
    last: date
    since: datetime
    until: datetime
    time_zone: str

    @property
    def is_year(self) -> bool:
        """Whether it is a year, and not a month."""
        return "-" not in self.name

    @property
    def title(self) -> str:
        """The period for people: ``1 April 2026 to 31 March 2027``."""
        return f"{_day(self.first)} to {_day(self.last)}"

    def has_begun(self, at: datetime) -> bool:
        """Whether there is anything of it yet."""
        return self.since <= at

    def is_over(self, at: datetime) -> bool:
        """Whether nothing can be added to it any more."""
        return self.until <= at

    def local(self, at: datetime) -> date:
        """The day of a moment, on the program's clock."""
        return at.astimezone(ZoneInfo(self.time_zone)).date()


def read(name: str, *, terms: Statements) -> Period:
    """The period of this name.

    Raises:
        NoSuchPeriod: it is the name of none.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise NoSuchPeriod(name, rule=RULE)
    year = int(found["year"])
    if found["month"]:
        return month_of(date(year, int(found["month"]), 1), terms=terms)
    return _period(f"{year:04}", date(year, terms.year_begins, 1), months=12, time_zone=terms.time_zone)


def month_of(day: date, *, terms: Statements) -> Period:
    """The month that a day is in."""
    return _period(f"{day:%Y-%m}", day.replace(day=1), months=1, time_zone=terms.time_zone)


def year_of(day: date, *, terms: Statements) -> Period:
    """The program's year that a day is in."""
    year = day.year if day.month >= terms.year_begins else day.year - 1
    return read(f"{year:04}", terms=terms)


def months_until(first: date, last: date) -> Iterator[date]:
    """The first day of each month from that of ``first`` to that of ``last``."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = _later(month, months=1)


def _period(name: str, first: date, *, months: int, time_zone: str) -> Period:
    after = _later(first, months=months)
    zone = ZoneInfo(time_zone)
    since, until = (datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in (first, after))
    return Period(name, first, after - timedelta(days=1), since, until, time_zone)


def _later(first: date, *, months: int) -> date:
    """The first day of the month so many months after the one that begins on this day."""
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
