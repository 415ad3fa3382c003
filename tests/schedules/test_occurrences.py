"""When a schedule comes round, also where the clock on the wall jumps; compared with an independent scanner."""

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scanner import Rule, scan

from bursar import programs
from bursar.programs import Frequency, OnHoliday
from bursar.schedules import Schedule, between, following, in_words, latest, next_time, schedule_of
from ground import terms_text

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)  # All clocks here change on a quarter of an hour, and so are the rules.
YEAR = {"after": datetime(2028, 1, 1, tzinfo=UTC), "until": datetime(2029, 1, 1, tzinfo=UTC)}

ZONES = [
    "UTC",
    "Europe/Berlin",  # 2:00 becomes 3:00, 3:00 becomes 2:00.
    "America/New_York",
    "America/St_Johns",  # Three hours and a half off, and half an hour more in winter.
    "America/Santiago",  # Midnight becomes 1:00, and midnight becomes 23:00.
    "Asia/Kolkata",  # Five hours and a half off.
    "Asia/Kathmandu",  # Five hours and three quarters.
    "Australia/Lord_Howe",  # Half an hour forward, and half an hour back.
]


def on_days(*days: int) -> Callable[[date], bool]:
    """On these days of each month."""
    return lambda day: day.day in days


def on_weekdays(*days: int) -> Callable[[date], bool]:
    """On these days of each week, 0 being Monday."""
    return lambda day: day.weekday() in days


def every(hours: int = 1, minutes: int = 60) -> list[time]:
    """These times of every day."""
    return [time(hour, minute) for hour in range(0, 24, hours) for minute in range(0, 60, minutes)]


CRONS = {
    "0 */2 * * *": Rule(every(2), over_and_over=True),
    "*/30 0-3 * * *": Rule([one for one in every(1, 30) if one < time(4)], over_and_over=True),
    "0 0 * * *": Rule([time(0)]),
    "30 0 * * *": Rule([time(0, 30)]),
    "45 1 * * *": Rule([time(1, 45)]),
    "15 2 * * SUN": Rule([time(2, 15)], on_weekdays(6)),
    "15,30 1,2 * * *": Rule([time(hour, minute) for hour in (1, 2) for minute in (15, 30)]),
    "0 9 1,15 * *": Rule([time(9)], on_days(1, 15)),
    "45 23 L * *": Rule([time(23, 45)], lambda day: (day + timedelta(days=1)).day == 1),
}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cron", CRONS)
def test_a_cron_expression_comes_round_as_the_clock_on_the_wall_shows(zone: str, cron: str) -> None:
    found = list(between(Schedule((cron,), zone), **YEAR))
    assert [one.at for one in found] == scan(zone, CRONS[cron], **YEAR, step=QUARTER)
    assert len({one.name for one in found}) == len(found), "each has a name of its own"


@pytest.mark.parametrize("zone", ZONES)
def test_one_after_the_other_they_are_the_same_as_all_at_once(zone: str) -> None:
    schedule, after = Schedule(("30 2 * * *",), zone), YEAR["after"]
    for one in between(schedule, **YEAR):
        for moment in (after, one.at - MINUTE, one.at - timedelta(microseconds=1)):
            assert following(schedule, after=moment) == one
        assert latest(schedule, after=after, until=one.at) == one
        assert latest(schedule, after=after, until=one.at - MINUTE) is None
        after = one.at


def test_the_time_that_is_left_out_is_made_up_for_at_once() -> None:
    schedule = Schedule(("30 2 * * *",), "Europe/Berlin")
    one = following(schedule, after=datetime(2026, 3, 28, 23, 0, tzinfo=UTC))
    assert one is not None
    assert one.at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert (one.name, one.meant.isoformat(), one.comes_twice) == ("2026-03-29T03:00", "2026-03-29T02:30:00", False)


def test_the_time_that_comes_twice_counts_the_first_time() -> None:
    schedule = Schedule(("30 2 * * *",), "Europe/Berlin")
    one = following(schedule, after=datetime(2026, 10, 24, 23, 0, tzinfo=UTC))
    assert one is not None
    assert (one.at, one.comes_twice) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True)
    next_one = following(schedule, after=one.at)
    assert next_one is not None
    assert next_one.name == "2026-10-26T02:30"


def test_the_latest_of_many_missed_occurrences_counts() -> None:
    until = datetime(2026, 11, 20, 9, 59, tzinfo=UTC)
    schedule = Schedule(("0 */2 * * *",), "Africa/Lagos")
    found = latest(schedule, after=until - timedelta(days=3), until=until)
    assert found is not None
    assert found.at == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert latest(schedule, after=found.at, until=until) is None


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
    found = latest(Schedule((cron,), "UTC"), after=datetime(2020, 1, 1, tzinfo=UTC), until=until)
    assert found is not None
    assert found.at == expected


def test_a_schedule_that_is_off_never_comes_round() -> None:
    schedule = Schedule(("* * * * *",), "UTC", enabled=False)
    assert following(schedule, after=YEAR["after"]) is None
    assert latest(schedule, **YEAR) is None
    assert list(between(schedule, **YEAR)) == []


# Calendars -----------------------------------------------------------------------------------------------------------


def calendar_terms(**calendar_: object) -> programs.Terms:
    """Terms whose schedule is a calendar in UTC, at 9:00 unless they say otherwise."""
    changes = {f"schedule__{name}": value for name, value in calendar_.items()}
    runs = {"dispatch__mode": "schedule", "dispatch__every_seconds": None, "dispatch__time_zone": "UTC"}
    return programs.read(terms_text(**runs, **changes), file="p")


@given(day=st.integers(1, 31), year=st.integers(2026, 2032))
@settings(max_examples=40, deadline=None)
def test_monthly_is_once_a_month_on_that_day_or_the_last(day: int, year: int) -> None:
    schedule = Schedule(schedule_of(MONTHLY[day]).crons, "UTC")
    found = between(schedule, after=datetime(year, 1, 1, tzinfo=UTC), until=datetime(year + 1, 1, 1, tzinfo=UTC))
    lasts = [calendar.monthrange(year, month)[1] for month in range(1, 13)]
    assert [one.at for one in found] == [
        datetime(year, month, min(day, last), 9, tzinfo=UTC) for month, last in enumerate(lasts, 1)
    ]


MONTHLY = {day: calendar_terms(frequency="monthly", day_of_month=day) for day in range(1, 32)}


@pytest.mark.parametrize("day", range(7))
def test_weekly_is_once_a_week_and_0_is_sunday(day: int) -> None:
    schedule = schedule_of(calendar_terms(frequency="weekly", day_of_week=day, hour=23, minute=59))
    assert schedule is not None
    found = list(between(schedule, **YEAR))
    assert {one.wall.isoweekday() % 7 for one in found} == {day}
    assert {one.wall.time() for one in found} == {time(23, 59)}
    assert len(found) in {52, 53}


def test_daily_is_once_a_day() -> None:
    schedule = schedule_of(calendar_terms(frequency="daily", hour=0, minute=5))
    assert schedule is not None
    assert [one.at for one in between(schedule, **YEAR)] == scan("UTC", Rule([time(0, 5)]), **YEAR)


def test_a_cron_expression_counts_as_it_stands() -> None:
    runs = {"dispatch__mode": "schedule", "dispatch__every_seconds": None, "dispatch__cron": "0 */2 * * *"}
    text = terms_text(**runs, dispatch__time_zone="Africa/Lagos", schedule__catch_up="all")
    terms = programs.read(text, file="p")
    assert schedule_of(terms) == Schedule(("0 */2 * * *",), "Africa/Lagos", catch_up=programs.CatchUp.ALL)
    assert in_words(terms) == "0 */2 * * * (Africa/Lagos)"
    assert str(schedule_of(terms)) == "0 */2 * * *"


def test_a_program_that_pays_all_day_has_no_schedule() -> None:
    terms = programs.read(terms_text(), file="p")
    assert (schedule_of(terms), next_time(terms, after=YEAR["after"]), in_words(terms)) == (None, None, "all day")


def test_the_next_time_is_an_instant_and_none_when_the_schedule_is_off() -> None:
    terms = MONTHLY[31]
    assert next_time(terms, after=datetime(2028, 2, 1, tzinfo=UTC)) == datetime(2028, 2, 29, 9, tzinfo=UTC)
    off = msgspec.structs.replace(terms, schedule=msgspec.structs.replace(terms.schedule, enabled=False))
    assert next_time(off, after=YEAR["after"]) is None


@pytest.mark.parametrize(
    ("calendar_", "said"),
    [
        ({"frequency": "daily"}, "daily at 09:00 (UTC)"),
        ({"frequency": "weekly", "day_of_week": 0, "minute": 5}, "weekly on Sunday at 09:05 (UTC)"),
        ({"frequency": "monthly", "day_of_month": 31}, "monthly on day 31 at 09:00 (UTC)"),
    ],
)
def test_a_calendar_is_said_in_words(calendar_: dict[str, object], said: str) -> None:
    terms = calendar_terms(**calendar_)
    assert in_words(terms) == said
    assert terms.schedule.frequency in Frequency


def test_a_day_that_february_lacks_has_a_second_expression() -> None:
    assert str(schedule_of(MONTHLY[30])) == "0 9 30 * *; 0 9 L 2 *"


# Holidays ------------------------------------------------------------------------------------------------------------


def walls(cron: str, rule: OnHoliday, *, after: str, until: str, place: str = "US") -> list[str]:
    """What the clock shows, of a schedule that keeps these holidays."""
    schedule = Schedule((cron,), "UTC", holidays=place, on_holiday=rule)
    span = {"after": datetime.fromisoformat(f"{after}T00:00Z"), "until": datetime.fromisoformat(f"{until}T00:00Z")}
    return [f"{one.wall:%a %d %H:%M}" for one in between(schedule, **span)]


def test_business_days_stay_where_they_are() -> None:
    shown = ["Tue 06 09:00", "Tue 13 09:00", "Tue 20 09:00", "Tue 27 09:00"]
    for rule in OnHoliday:
        assert walls("0 9 * * TUE", rule, after="2026-10-01", until="2026-11-01") == shown


@pytest.mark.parametrize("rule", OnHoliday)
def test_a_long_weekend_of_a_daily_schedule_adds_no_run_to_the_days_around_it(rule: OnHoliday) -> None:
    """Labor Day is Monday 7 September 2026, after a weekend."""
    shown = walls("0 9 * * *", rule, after="2026-09-04", until="2026-09-10")
    assert shown == ["Fri 04 09:00", "Tue 08 09:00", "Wed 09 09:00"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (OnHoliday.NEXT, ["Tue 08 09:00"]),
        (OnHoliday.PREVIOUS, ["Fri 04 09:00"]),
        (OnHoliday.SKIP, []),
    ],
)
@pytest.mark.parametrize("day", [5, 6, 7])
def test_a_monthly_run_moves_to_a_business_day_or_is_left_out(rule: OnHoliday, expected: list[str], day: int) -> None:
    assert walls(f"0 9 {day} * *", rule, after="2026-09-01", until="2026-10-01") == expected


def test_a_run_that_only_ever_falls_on_a_holiday_has_no_next_time() -> None:
    schedule = Schedule(("0 9 25 12 *",), "UTC", holidays="US", on_holiday=OnHoliday.SKIP)
    assert following(schedule, after=YEAR["after"]) is None
    assert latest(schedule, **YEAR) is None


def test_times_of_several_days_keep_their_order_on_the_day_they_move_to() -> None:
    crons = ("0 18 5 9 *", "0 7 6 9 *", "0 9 8 9 *", "0 18 8 9 *")  # Saturday evening, Sunday morning, Tuesday.
    schedule = Schedule(crons, "UTC", holidays="US")
    found = list(between(schedule, after=datetime(2026, 9, 1, tzinfo=UTC), until=datetime(2026, 10, 1, tzinfo=UTC)))
    assert [f"{one.wall:%d %H:%M}" for one in found] == ["08 07:00", "08 09:00", "08 18:00"]
    assert [f"{one.meant:%d %H:%M}" for one in found] == ["06 07:00", "08 09:00", "05 18:00"]


@pytest.mark.parametrize("rule", OnHoliday)
@given(hours=st.integers(0, 700 * 24))
@settings(max_examples=15, deadline=None)
def test_wherever_one_begins_to_look_holidays_move_the_same(rule: OnHoliday, hours: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    schedule = Schedule(("0 9 * * SAT,SUN", "0 20 24 12 *"), "America/New_York", holidays="US", on_holiday=rule)
    whole = list(between(schedule, after=datetime(2025, 12, 1, tzinfo=UTC), until=datetime(2028, 1, 31, tzinfo=UTC)))
    later = [one.at for one in whole if one.at > start][:3]
    found = list(between(schedule, after=start, until=later[-1])) if later else []
    assert [one.at for one in found] == later


def test_parts_of_a_country_have_holidays_of_their_own() -> None:
    """Cesar Chavez Day, 31 March, is California's; in 2026 it is a Tuesday."""
    span = {"after": "2026-03-30", "until": "2026-04-02"}
    assert walls("0 9 31 3 *", OnHoliday.NEXT, **span) == ["Tue 31 09:00"]
    assert walls("0 9 31 3 *", OnHoliday.NEXT, **span, place="US-CA") == ["Wed 01 09:00"]


def test_a_weekend_is_what_the_country_calls_one() -> None:
    """In Bangladesh it is Friday and Saturday."""
    assert walls("0 9 * * FRI", OnHoliday.NEXT, after="2026-11-02", until="2026-11-10", place="BD") == ["Sun 08 09:00"]
