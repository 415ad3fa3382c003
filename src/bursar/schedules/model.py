"""Occurrences and runs. The time comes in as an argument; nothing here asks a clock."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from cronsim import CronSim

from bursar.foundation.money import Money

_SPANS: Final = (timedelta(days=1), timedelta(days=32), timedelta(days=367))
"""How far back the latest occurrence is looked for, the near past first: after a long sleep few of them are counted."""


class Standing(StrEnum):
    """How far a run has come."""

    BEGUN = "begun"  # Payouts still wait to be handed over.
    HANDED_OVER = "handed_over"  # Some of the program's payouts are still due to leave.
    FINISHED = "finished"  # Nothing is due to leave any more; what gateways make of it is the payouts' story.


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over a program: what it was for, and what it has handed over so far."""

    id: UUID
    program: str
    occurrence: str
    cron: str | None
    time_zone: str | None
    due_at: datetime
    begun_by: str
    begun_at: datetime
    count: int
    amounts: Mapping[str, int]
    handed_over_at: datetime | None
    finished_at: datetime | None

    @property
    def standing(self) -> Standing:
        """How far it has come."""
        if self.finished_at is not None:
            return Standing.FINISHED
        return Standing.BEGUN if self.handed_over_at is None else Standing.HANDED_OVER

    @property
    def money(self) -> list[Money]:
        """What the payouts that it handed over add up to, in each currency."""
        return [Money(minor, currency) for currency, minor in sorted(self.amounts.items())]


def latest(cron: str, time_zone: str, *, after: datetime, until: datetime) -> datetime | None:
    """The last occurrence later than ``after`` and not later than ``until``, as an instant in UTC; None without one.

    Changes of the clock: what the clock shows twice comes once, the first time. What it jumps over comes right after
    the jump, if its hour and minute are set; a schedule like ``0 */2 * * *`` passes it over, as Debian's cron does.
    """
    for span in (*_SPANS, until - after):
        start, found = max(after, until - span), None
        for moment in _occurrences(cron, time_zone, after=start):
            if moment > until:
                break
            found = moment
        if found is not None or start == after:
            return found
    return None


def following(cron: str, time_zone: str, *, after: datetime) -> datetime | None:
    """The next occurrence later than ``after``, as an instant in UTC; None if there is none in fifty years."""
    return next(_occurrences(cron, time_zone, after=after), None)


def wall_time(moment: datetime, time_zone: str) -> str:
    """What the clock on the wall shows there, without offset: the name of an occurrence."""
    return moment.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%dT%H:%M")


def _occurrences(cron: str, time_zone: str, *, after: datetime) -> Iterator[datetime]:
    """The instants at which the clock on the wall shows what the schedule says.

    The library walks through wall times without a zone and we find the instants: given a zone, it loses an occurrence
    where the clock goes back by half an hour.
    """
    zone, last = ZoneInfo(time_zone), after
    is_made_up = not any(part.startswith("*") for part in cron.split()[:2])  # Else it comes often enough anyway.
    for shown in CronSim(cron, after.astimezone(zone).replace(tzinfo=None)):
        wall = shown
        while _is_left_out(wall, zone) and is_made_up:
            wall += timedelta(minutes=1)
        moment = wall.replace(tzinfo=zone).astimezone(UTC)  # The first of two, where the clock shows it twice.
        if moment > last and not _is_left_out(wall, zone):
            last = moment
            yield moment


def _is_left_out(wall: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock jumps over this time of day."""
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall
