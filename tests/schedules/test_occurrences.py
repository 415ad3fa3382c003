"""When a schedule comes round, also where the clock on the wall jumps; checked by looking at each minute."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bursar.schedules import following, latest, wall_time

MINUTE = timedelta(minutes=1)


def instants(cron: str, zone: str, *, after: datetime, until: datetime) -> list[datetime]:
    """Every occurrence in a span."""
    found, moment = [], following(cron, zone, after=after)
    while moment is not None and moment <= until:
        found.append(moment)
        moment = following(cron, zone, after=moment)
    return found


def minutes(zone: str, *, after: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Each minute of a span, as an instant and as the clock on the wall shows it."""
    moment = after + MINUTE
    while moment <= until:
        yield moment, moment.astimezone(ZoneInfo(zone))
        moment += MINUTE


CHANGES = [
    ("Africa/Lagos", datetime(2026, 3, 29, tzinfo=UTC)),  # Never changes its clock.
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),  # 2:00 becomes 3:00.
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),  # 3:00 becomes 2:00.
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),  # Half an hour back.
    ("Australia/Lord_Howe", datetime(2026, 10, 3, tzinfo=UTC)),  # Half an hour forward.
    ("Asia/Kathmandu", datetime(2026, 6, 1, tzinfo=UTC)),  # Five hours and three quarters off.
]


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_every_two_hours_means_each_even_hour_that_the_clock_shows_once(zone: str, day: datetime) -> None:
    span = {"after": day - timedelta(days=1), "until": day + timedelta(days=2)}
    expected: dict[str, datetime] = {}
    for moment, local in minutes(zone, **span):
        if local.minute == 0 and local.hour % 2 == 0:
            expected.setdefault(local.strftime("%Y-%m-%dT%H:%M"), moment)
    named: dict[str, datetime] = {}
    for moment in instants("0 */2 * * *", zone, **span):
        named.setdefault(wall_time(moment, zone), moment)
    assert named == expected


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("hour", range(5))
def test_once_a_day_means_once_a_day(zone: str, day: datetime, hour: int) -> None:
    """Where the clock jumps over the time, right after the jump; where it shows it twice, the first time."""
    span = {"after": day - timedelta(days=2), "until": day + timedelta(days=3)}
    found = instants(f"15 {hour} * * *", zone, **span)
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in found]
    assert len(set(days)) == len(days)
    assert {later - earlier for earlier, later in pairwise(days)} == {timedelta(days=1)}
    shown = {local.date() for _, local in minutes(zone, **span) if (local.hour, local.minute) == (hour, 15)}
    for moment in found:
        local = moment.astimezone(ZoneInfo(zone))
        if local.date() in shown:
            assert (local.hour, local.minute, local.fold) == (hour, 15, 0)


def test_the_hour_that_is_left_out_is_made_up_for_at_once() -> None:
    day = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    [moment] = instants("30 2 * * *", "Europe/Berlin", after=day, until=day + timedelta(days=1))
    assert moment == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert wall_time(moment, "Europe/Berlin") == "2026-03-29T03:00"


def test_the_latest_of_many_missed_occurrences_counts() -> None:
    until = datetime(2026, 11, 20, 9, 59, tzinfo=UTC)
    found = latest("0 */2 * * *", "Africa/Lagos", after=until - timedelta(days=3), until=until)
    assert found == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert latest("0 */2 * * *", "Africa/Lagos", after=found, until=until) is None


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("* * * * *", datetime(2026, 11, 20, 9, 59, tzinfo=UTC)),
        ("0 6 * * MON", datetime(2026, 11, 16, 6, 0, tzinfo=UTC)),
        ("0 0 1 * *", datetime(2026, 11, 1, tzinfo=UTC)),
        ("0 0 29 2 *", datetime(2024, 2, 29, tzinfo=UTC)),
        ("0 0 21 11 *", datetime(2025, 11, 21, tzinfo=UTC)),
    ],
)
def test_the_latest_occurrence_is_found_however_long_ago_it_was(cron: str, expected: datetime) -> None:
    until = datetime(2026, 11, 20, 9, 59, 30, tzinfo=UTC)
    assert latest(cron, "UTC", after=datetime(2020, 1, 1, tzinfo=UTC), until=until) == expected


def test_an_occurrence_that_is_over_does_not_come_again() -> None:
    at = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    assert latest("0 8 * * *", "UTC", after=at, until=at + MINUTE) is None
    assert latest("0 8 * * *", "UTC", after=at - MINUTE, until=at) == at
