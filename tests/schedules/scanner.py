"""An independent reading of schedules: every minute of a span is looked at, as the clock on the wall shows it.

Nothing here knows of cron expressions or of the product's own walk through a calendar.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Rule:
    """When something is to happen: at these times of day, on the days that ``on`` says."""

    times: Sequence[time]
    on: Callable[[date], bool] = lambda _: True
    over_and_over: bool = False  # What the clock jumps over is left out; else it happens as soon as it may.


def scan(zone: str, rule: Rule, *, after: datetime, until: datetime, step: timedelta = MINUTE) -> list[datetime]:
    """The instants later than ``after`` and not later than ``until``; a wider step for rules that are no finer."""
    seen: set[tuple[date, time]] = set()
    found = []
    for moment, local in _minutes(zone, after=after - DAY, until=until, step=step):
        today, clock = local.date(), local.time()
        here = [one for one in rule.times if (one == clock if rule.over_and_over else one <= clock)]
        fresh = {(today, one) for one in here} - seen if here and rule.on(today) else set()
        seen |= fresh
        if fresh and moment > after:
            found.append(moment)
    return found


def _minutes(zone: str, *, after: datetime, until: datetime, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    place, moment = ZoneInfo(zone), after
    while (moment := moment + step) <= until:
        yield moment, moment.astimezone(place)
