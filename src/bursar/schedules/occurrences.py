"""When runs are: a program's schedule, and the moments at which it comes round.

A schedule is cron expressions in local wall time, read together. A calendar in the terms (daily, weekly, monthly) is
turned into such expressions; where a month lacks the day that is asked for, ``L`` stands for its last one. Instants are
in UTC. The time comes in as an argument; nothing here asks a clock.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from heapq import merge
from itertools import groupby, takewhile
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

from bursar import programs
from bursar.programs import CatchUp, Frequency, OnHoliday

if TYPE_CHECKING:
    from holidays import HolidayBase

DAY: Final = timedelta(days=1)
MINUTE: Final = timedelta(minutes=1)
SHORTEST_MONTH: Final = 28  # Days that every month has.
FEBRUARY_LAST: Final = 30  # Days up to which February alone is too short.
HORIZON: Final = 50 * 365 * DAY  # Nobody looks further. A run that is left out on holidays may be due on nothing else.

_WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_SPANS: Final = (DAY, 32 * DAY, 367 * DAY)
"""How far back the latest occurrence is looked for, the near past first: after a long sleep few of them are counted."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the runs of a program are, in the wall time of ``time_zone``."""

    crons: tuple[str, ...]
    time_zone: str
    holidays: str | None = None  # Whose weekends and public holidays have no runs: a country, or a part of one.
    on_holiday: OnHoliday = OnHoliday.NEXT
    catch_up: CatchUp = CatchUp.ONE
    enabled: bool = True  # False: it never comes round.

    def __str__(self) -> str:
        """The cron expressions, as a run keeps them."""
        return "; ".join(self.crons)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that a schedule comes round."""

    schedule: Schedule
    at: datetime  # The instant, in UTC.
    wall: datetime  # What the clock on the wall shows then, without a zone.
    meant: datetime  # What the schedule itself says: another wall time where a holiday or a jump of the clock moved it.

    @property
    def name(self) -> str:
        """What it is called: the wall time to the minute, without offset."""
        return f"{self.wall:%Y-%m-%dT%H:%M}"

    @property
    def comes_twice(self) -> bool:
        """Whether the clock on the wall shows the same again later that day."""
        return self.at != self.wall.replace(tzinfo=ZoneInfo(self.schedule.time_zone), fold=1).astimezone(UTC)


def schedule_of(terms: programs.Terms) -> Schedule | None:
    """When a program's runs are, whether its terms say so by a cron expression or a calendar; None: it pays all day."""
    if terms.dispatch.mode is not programs.Mode.SCHEDULE:
        return None
    dispatch, calendar = terms.dispatch, terms.schedule
    assert dispatch.time_zone is not None, "no program file may leave it out in this mode"
    return Schedule(
        crons=crons_of(calendar) if dispatch.cron is None else (programs.five_parts(dispatch.cron),),
        time_zone=dispatch.time_zone,
        holidays=calendar.holidays,
        on_holiday=calendar.on_holiday,
        catch_up=calendar.catch_up,
        enabled=calendar.enabled,
    )


def in_words(terms: programs.Terms) -> str:
    """A program's schedule as people say it: ``monthly on day 31 at 09:00 (UTC)``, or its cron expression."""
    calendar, zone = terms.schedule, terms.dispatch.time_zone
    at = f"at {calendar.hour:02}:{calendar.minute:02}"
    match calendar.frequency:
        case Frequency.DAILY:
            said = f"daily {at}"
        case Frequency.WEEKLY:
            assert calendar.day_of_week is not None, "no program file may leave it out with this frequency"
            said = f"weekly on {_WEEKDAYS[calendar.day_of_week]} {at}"
        case Frequency.MONTHLY:
            said = f"monthly on day {calendar.day_of_month} {at}"
        case None:
            said = terms.dispatch.cron or "all day"
    return f"{said} ({zone})" if zone else said


def next_time(terms: programs.Terms, *, after: datetime) -> datetime | None:
    """When the program's next scheduled run is, as an instant in UTC; None when there will be none by itself."""
    schedule = schedule_of(terms)
    found = None if schedule is None else following(schedule, after=after)
    return None if found is None else found.at


def following(schedule: Schedule, *, after: datetime) -> Occurrence | None:
    """The next occurrence later than ``after``; None if there is none in fifty years, or the schedule is off.

    Changes of the clock: what the clock shows twice comes once, the first time. What it jumps over comes right after
    the jump, if its hour and minute are set; a schedule like ``0 */2 * * *`` passes it over, as Debian's cron does.
    """
    return next(_all(schedule, after=after), None)


def latest(schedule: Schedule, *, after: datetime, until: datetime) -> Occurrence | None:
    """The last occurrence later than ``after`` and not later than ``until``; None without one."""
    for span in (*_SPANS, until - after):
        start, found = max(after, until - span), None
        for found in between(schedule, after=start, until=until):  # noqa: B007 - the last one is wanted
            pass
        if found is not None or start == after:
            return found
    return None


def between(schedule: Schedule, *, after: datetime, until: datetime) -> Iterator[Occurrence]:
    """Every occurrence later than ``after`` and not later than ``until``, in order."""
    return takewhile(lambda one: one.at <= until, _all(schedule, after=after))


def crons_of(calendar: programs.Schedule) -> tuple[str, ...]:
    """The cron expressions that say what a calendar with a frequency says."""
    at, day = f"{calendar.minute} {calendar.hour}", calendar.day_of_month
    match calendar.frequency:
        case Frequency.DAILY:
            return (f"{at} * * *",)
        case Frequency.WEEKLY:
            return (f"{at} * * {calendar.day_of_week}",)
        case Frequency.MONTHLY:
            assert day is not None, "no program file may leave it out with this frequency"
            if day <= SHORTEST_MONTH:
                return (f"{at} {day} * *",)
            return (f"{at} {day} * *", f"{at} L 2 *") if day <= FEBRUARY_LAST else (f"{at} L * *",)
        case None:
            raise AssertionError("no program file may leave out both ways to say when")


def _all(schedule: Schedule, *, after: datetime) -> Iterator[Occurrence]:
    """The occurrences later than ``after``: one for each wall time that the schedule says, first come first."""
    if not schedule.enabled:
        return
    zone, last = ZoneInfo(schedule.time_zone), after
    is_made_up = all(_has_set_time(cron) for cron in schedule.crons)  # Else it comes often enough anyway.
    for wanted, meant in _wall_times(schedule, after=after.astimezone(zone).replace(tzinfo=None)):
        wall = wanted
        while _is_left_out(wall, zone) and is_made_up:
            wall += MINUTE
        at = wall.replace(tzinfo=zone).astimezone(UTC)  # The first of two, where the clock shows it twice.
        if at > last and not _is_left_out(wall, zone):
            last = at
            yield Occurrence(schedule, at, wall, meant)


def _wall_times(schedule: Schedule, *, after: datetime) -> Iterator[tuple[datetime, datetime]]:
    """What the clock is to show, in order, and what the schedule said before holidays moved it.

    We walk through wall times without a zone and find the instants ourselves: given a zone, the library loses an
    occurrence where the clock goes back by half an hour.
    """
    if schedule.holidays is None:
        yield from ((wall, wall) for wall in _said(schedule.crons, after=after))
        return
    known = _holidays(schedule.holidays)
    # What is moved to a day was meant for one after the business day before, at most.
    start = datetime.combine(_business_day(known, after.date() - DAY, step=-DAY), time.min)
    moved = _moved(_said(schedule.crons, after=start), schedule.on_holiday, known)
    # Days never change places when they are moved, but times of day may: Saturday evening, Sunday morning.
    for _, of_one_day in groupby(moved, key=lambda pair: pair[0].date()):
        yield from sorted(of_one_day)


def _said(crons: Sequence[str], *, after: datetime) -> Iterator[datetime]:
    """What these expressions say, read together; twice the same where two of them agree."""
    return takewhile(lambda wall: wall - after < HORIZON, merge(*(CronSim(cron, after) for cron in crons)))


def _moved(walls: Iterable[datetime], rule: OnHoliday, known: "HolidayBase") -> Iterator[tuple[datetime, datetime]]:
    """Wall times away from weekends and public holidays, each with what it was before."""
    step = -DAY if rule is OnHoliday.PREVIOUS else DAY
    for wall in walls:
        day = _business_day(known, wall.date(), step=step)
        if day == wall.date() or rule is not OnHoliday.SKIP:
            yield datetime.combine(day, wall.time()), wall


def _business_day(known: "HolidayBase", day: date, *, step: timedelta) -> date:
    """This day, or the nearest in that direction that is neither a weekend nor a public holiday."""
    while not known.is_working_day(day):
        day += step
    return day


@cache
def _holidays(place: str) -> "HolidayBase":
    """The weekends and public holidays of a country, or of a part of one (``US-CA``); each year is added when asked."""
    from holidays import country_holidays  # Half a second, for those that ask.

    country, _, part = place.partition("-")
    return country_holidays(country, subdiv=part or None)


def _has_set_time(cron: str) -> bool:
    """Whether it comes at set hours and minutes, and not over and over."""
    return not any(part.startswith("*") for part in cron.split()[:2])


def _is_left_out(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock jumps over this time of day."""
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall
