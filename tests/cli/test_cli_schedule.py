"""``bursar schedule``: when programs pay in runs."""

from datetime import datetime
from pathlib import Path

import pytest
from cli_house import Bursar

from ground import terms_text


def apply(shop: Bursar, folder: Path, program: str, **changes: object) -> None:
    runs = {"dispatch__mode": "schedule", "dispatch__every_seconds": None, "dispatch__time_zone": "Europe/Berlin"}
    file = folder / f"{program}.yaml"
    file.write_text(terms_text(program=program, **{**runs, **changes}))
    shop.said("programs", "apply", str(file))


@pytest.fixture
def nightly(shop: Bursar, tmp_path: Path) -> Bursar:
    """The shop, whose merchants are paid all day, and a program that pays each night at half past two in Berlin."""
    apply(shop, tmp_path, "nightly", schedule__frequency="daily", schedule__hour=2, schedule__minute=30)
    return shop


def test_programs_that_pay_in_runs_are_listed_with_their_next_one(nightly: Bursar) -> None:
    [row] = nightly.json("schedule", "list")
    assert (row["program"], row["schedule"]) == ("nightly", "daily at 02:30 (Europe/Berlin)")
    assert (row["crons"], row["enabled"], row["catch_up"], row["last"]) == (["30 2 * * *"], True, "one", None)
    assert row["next"] == nightly.json("schedule", "next")[0]["at"]
    assert "daily at 02:30 (Europe/Berlin)" in nightly.said("schedule", "list")
    nightly.said("runs", "start", "nightly")
    assert nightly.json("schedule", "list")[0]["last"] is not None


def test_the_next_runs_are_as_many_as_are_asked_for(nightly: Bursar, tmp_path: Path) -> None:
    apply(nightly, tmp_path, "yearly", dispatch__cron="0 0 1 1 *")
    rows = nightly.json("schedule", "next", "--count", "3")
    assert [row["program"] for row in rows] == ["nightly"] * 3 + ["yearly"] * 3
    moments = [datetime.fromisoformat(row["at"]) for row in rows[:3]]
    assert moments == sorted(set(moments))
    assert [row["program"] for row in nightly.json("schedule", "next", "--program", "yearly")] == ["yearly"]


def test_a_preview_of_a_year_shows_each_run_and_what_the_clock_does_to_it(nightly: Bursar) -> None:
    assert len(nightly.json("schedule", "preview")) in {365, 366}
    remarks = {row["remark"] for row in nightly.json("schedule", "preview", "--months", "13")}
    assert remarks == {"", "the clock jumps over 02:30", "the clock shows it twice; this is the first time"}
    assert "the clock jumps over 02:30" in nightly.said("schedule", "preview", "--months", "13")


def test_a_preview_says_what_a_holiday_moves(nightly: Bursar, tmp_path: Path) -> None:
    apply(nightly, tmp_path, "yearly", dispatch__cron="0 9 25 12 *", schedule__holidays="DE")
    row = nightly.json("schedule", "next", "--program", "yearly")[0]
    assert row["meant"].endswith("-12-25T09:00")
    assert row["remark"].startswith("instead of ")
    assert nightly.json("schedule", "list")[1]["holidays"] == "DE: next"


def test_months_ahead_are_months_of_the_calendar(nightly: Bursar) -> None:
    assert len(nightly.json("schedule", "preview", "--months", "1")) in {28, 29, 30, 31}


def test_the_first_ten_thousand_are_shown(nightly: Bursar, tmp_path: Path) -> None:
    apply(nightly, tmp_path, "busy", dispatch__cron="* * * * *")
    result = nightly("schedule", "preview", "--months", "1", "--json")
    assert "These are the first 10,000" in result.stderr
    assert result.stdout.count('"busy"') < 10_000, "those of others are among them"


def test_people_are_shown_a_year_of_a_daily_run_and_told_of_the_rest(nightly: Bursar, tmp_path: Path) -> None:
    apply(nightly, tmp_path, "hourly", dispatch__cron="0 * * * *")
    result = nightly("schedule", "preview", "--months", "2")
    assert (result.stdout.count(" hourly "), result.stdout.count(" nightly ") > 58) == (400, True)
    assert "Of each program the first 400; --json has 1," in result.stderr


def test_a_schedule_that_is_off_has_no_next_run(nightly: Bursar, tmp_path: Path) -> None:
    apply(nightly, tmp_path, "nightly", schedule__frequency="daily", schedule__enabled=False)
    assert nightly.json("schedule", "next") == []
    assert nightly.json("schedule", "list")[0]["next"] is None
    assert nightly.said("schedule", "next") == "No program has a run ahead of it.\n"


def test_a_program_that_pays_all_day_has_no_schedule(nightly: Bursar) -> None:
    assert nightly.refused("schedule", "next", "--program", "merchants").startswith("error[program_has_no_runs]")
    assert nightly.refused("schedule", "preview", "--program", "nobody").startswith("error[program_not_found]")
