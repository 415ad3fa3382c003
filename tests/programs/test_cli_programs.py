"""``bursar programs`` as people and scripts use it: what it prints, and with which exit code it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from program_text import TEXT, with_value
from typer.testing import CliRunner

from bursar import programs
from bursar.cli.programs import app

BAD = with_value("review.amount_at", "'100,000'")
SAID = 'merchants.yaml:11: review.amount_at must be a positive amount of PKR with at most 2 decimals (given "100,000")'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with no installation's settings in sight and no database to be had."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://bursar:hunter2@127.0.0.1:1/nowhere")
    return tmp_path


@pytest.fixture
def installation(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with a database that has all its tables."""
    monkeypatch.setenv("DATABASE_URL", database_url)


def bursar(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def answer(*words: str) -> Any:
    done = bursar(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def write(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_a_file_in_order_is_said_to_be_without_a_database() -> None:
    done = bursar("check", write("merchants.yaml", TEXT))
    assert (done.exit_code, done.stdout) == (0, "merchants.yaml: in order\n")


def test_a_bad_file_is_refused_with_its_line() -> None:
    done = bursar("check", write("merchants.yaml", BAD))
    assert (done.exit_code, done.stdout) == (1, f"{SAID}\n")


def test_every_file_is_checked_even_after_a_bad_one() -> None:
    done = bursar("check", write("merchants.yaml", BAD), write("good.yaml", TEXT))
    assert (done.exit_code, done.stdout.splitlines()) == (1, [SAID, "good.yaml: in order"])


def test_a_check_in_json_has_every_problem_in_parts() -> None:
    done = bursar("check", write("merchants.yaml", BAD), "--json")
    (report,) = json.loads(done.stdout)
    (problem,) = report["problems"]
    assert (done.exit_code, report["ok"]) == (1, False)
    assert (problem["line"], problem["field"], problem["given"]) == (11, "review.amount_at", '"100,000"')


@pytest.mark.parametrize("name", ["marketplace", "members", "merchants", "providers", "writers"])
def test_a_ready_file_is_found_by_its_name(name: str) -> None:
    done = bursar("check", name)
    assert done.exit_code == 0
    assert done.stdout.endswith(f"{name}.yaml: in order\n")


def test_a_gateway_that_is_not_there_is_a_warning() -> None:
    done = bursar("check", write("m.yaml", with_value("route.gateway", "elsewhere")))
    assert done.exit_code == 0
    assert 'm.yaml:25: route.gateway names "elsewhere", which is not installed' in done.stdout


def test_a_file_that_is_not_there_is_wrong_usage() -> None:
    done = bursar("check", "nothing.yaml")
    assert (done.exit_code, done.stdout) == (2, "")


@pytest.mark.usefixtures("installation")
def test_applying_says_which_version_counts_now() -> None:
    file = write("merchants.yaml", TEXT)
    assert bursar("apply", file).stdout == "merchants: now version 1\n"
    assert bursar("apply", file).stdout == "merchants: unchanged at version 1\n"
    assert answer("apply", write("merchants.yaml", with_value("bulk.rows_max", "5"))) == [
        {"program": "merchants", "version": 2, "changed": True}
    ]


@pytest.mark.usefixtures("installation")
def test_one_bad_file_keeps_all_from_being_applied() -> None:
    done = bursar("apply", "writers", write("merchants.yaml", BAD))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"error[invalid_terms]: The program file breaks rules:\n{SAID}\n"
    assert answer("list") == []


def test_all_bad_files_are_named_at_once() -> None:
    Path("more").mkdir()
    done = bursar("apply", write("merchants.yaml", BAD), write("more/merchants.yaml", BAD))
    assert done.exit_code == 1
    assert done.stderr.splitlines()[1:] == [SAID, f"more/{SAID}"]


@pytest.mark.usefixtures("installation")
def test_all_five_ready_files_are_applied_with_warnings_on_the_side() -> None:
    done = bursar("apply", *programs.ready(), "--json")
    assert [row["program"] for row in json.loads(done.stdout)] == list(programs.ready())
    assert all(line.startswith("warning: ") for line in done.stderr.splitlines())


@pytest.mark.usefixtures("installation")
def test_the_list_shows_each_program_and_when_its_payouts_leave() -> None:
    bursar("apply", "merchants", "writers")
    shown = bursar("list").stdout
    assert "all day, every 5 s" in shown
    assert "monthly on day 1 at 09:00 (UTC)" in shown
    assert [row["program"] for row in answer("list")] == ["merchants", "writers"]


@pytest.mark.usefixtures("installation")
def test_single_fields_are_set_and_the_file_keeps_its_comments() -> None:
    bursar("apply", "writers")
    weekly = ("schedule.frequency=weekly", "schedule.day_of_week = 1", "schedule.day_of_month=null")
    done = bursar("set", "writers", *weekly, "alerts.emails=[a@b.org, c@d.org]", "--note", "weekly from now on")
    assert done.stdout == "writers: now version 2\n"
    assert answer("show", "writers")["terms"]["alerts.emails"] == ["a@b.org", "c@d.org"]
    assert answer("set", "writers", "alerts.emails=[]") == [{"program": "writers", "version": 3, "changed": True}]
    assert "weekly on Monday at 09:00 (UTC)" in bursar("list").stdout
    assert "# Less than this stays on the balance until it is more." in bursar("show", "writers", "--source").stdout
    assert answer("show", "writers", "--history")[1]["note"] == "weekly from now on"
    assert bursar("set", "writers", "schedule.day_of_week=1").stdout == "writers: unchanged at version 3\n"


@pytest.mark.usefixtures("installation")
def test_fields_that_break_rules_are_not_set() -> None:
    bursar("apply", "writers")
    done = bursar("set", "writers", "dispatch.batch_size=0", "schedule.hour=noon")
    assert done.exit_code == 1
    assert "dispatch.batch_size must be a whole number" in done.stderr
    assert 'schedule.hour must be a whole number from 0 to 23 (given "noon")' in done.stderr
    assert bursar("set", "writers", "schedule.hour").exit_code == 2


@pytest.mark.usefixtures("installation")
def test_an_empty_list_says_how_to_begin() -> None:
    assert "bursar programs apply merchants" in bursar("list").stdout


@pytest.mark.usefixtures("installation")
def test_a_program_is_shown_field_by_field() -> None:
    bursar("apply", write("merchants.yaml", TEXT), "--note", "the beginning")
    shown = bursar("show", "merchants").stdout
    assert shown.startswith("merchants, version 1, applied 20")
    assert "the beginning" in shown.splitlines()[0]
    assert "100,000.00 PKR" in shown
    assert "[0-9]{8,24}" in shown


@pytest.mark.usefixtures("installation")
def test_a_program_in_json_has_exact_amounts() -> None:
    bursar("apply", write("merchants.yaml", TEXT))
    shown = answer("show", "merchants")
    assert (shown["program"], shown["version"]) == ("merchants", 1)
    assert shown["terms"]["review.amount_at"] == {"amount": "100000.00", "currency": "PKR"}
    assert shown["terms"]["destinations.bank_codes"] == ["HBL", "UBL"]


@pytest.mark.usefixtures("installation")
def test_an_older_version_is_shown_on_request() -> None:
    bursar("apply", write("merchants.yaml", TEXT))
    bursar("apply", write("merchants.yaml", with_value("bulk.rows_max", "5")))
    assert answer("show", "merchants", "--version", "1")["terms"]["bulk.rows_max"] == 10_000
    assert answer("show", "merchants")["terms"]["bulk.rows_max"] == 5


@pytest.mark.usefixtures("installation")
def test_the_source_comes_back_to_the_byte() -> None:
    text = "# Rules for merchants, \u20a8.\n" + TEXT
    bursar("apply", write("merchants.yaml", text))
    assert bursar("show", "merchants", "--source").stdout == text
    assert answer("show", "merchants", "--source") == {"program": "merchants", "source": text}


@pytest.mark.usefixtures("installation")
def test_the_history_tells_who_and_why() -> None:
    bursar("apply", write("merchants.yaml", TEXT), "--note", "the beginning")
    (version,) = answer("show", "merchants", "--history")
    assert (version["version"], version["note"]) == (1, "the beginning")
    assert version["applied_by"].startswith("cli")
    assert "the beginning" in bursar("show", "merchants", "--history").stdout


@pytest.mark.usefixtures("installation")
def test_a_note_cannot_steer_the_terminal() -> None:
    bursar("apply", write("merchants.yaml", TEXT), "--note", "\x1b[31mred\x1b]0;title\x07")
    for shown in (bursar("show", "merchants").stdout, bursar("show", "merchants", "--history").stdout):
        assert "\x1b" not in shown
        assert "\x07" not in shown


@pytest.mark.usefixtures("installation")
def test_a_program_that_does_not_exist_is_refused_in_one_sentence() -> None:
    done = bursar("show", "nobody", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "error[program_not_found]: There is no program 'nobody'.\n"


@pytest.mark.usefixtures("installation")
def test_a_difference_to_a_file_is_shown_before_it_is_applied() -> None:
    bursar("apply", write("merchants.yaml", TEXT))
    changed = write("merchants.yaml", with_value("review.amount_at", "50000.00"))
    assert answer("diff", "merchants", changed) == [
        {
            "field": "review.amount_at",
            "before": {"amount": "100000.00", "currency": "PKR"},
            "after": {"amount": "50000.00", "currency": "PKR"},
        }
    ]
    assert "50,000.00 PKR" in bursar("diff", "merchants", changed).stdout


@pytest.mark.usefixtures("installation")
def test_two_versions_are_compared() -> None:
    bursar("apply", write("merchants.yaml", TEXT))
    bursar("apply", write("merchants.yaml", with_value("bulk.rows_max", "5")))
    assert answer("diff", "merchants", "--versions", "1", "2") == [
        {"field": "bulk.rows_max", "before": 10_000, "after": 5}
    ]
    assert answer("diff", "merchants", "--versions", "2", "2") == []
    assert bursar("diff", "merchants", "--versions", "2", "2").stdout == "They say the same.\n"


@pytest.mark.usefixtures("installation")
def test_the_file_of_another_program_is_not_compared() -> None:
    done = bursar("diff", "writers", write("merchants.yaml", TEXT))
    assert done.exit_code == 2
    assert "merchants" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["apply"],
        ["show"],
        ["diff", "merchants"],
        ["diff", "merchants", "merchants", "--versions", "1", "2"],
        ["diff", "merchants", "--versions", "0", "1"],
        ["show", "merchants", "--history", "--source"],
        ["show", "merchants", "--version", "0"],
    ],
)
def test_wrong_usage_ends_with_two(words: list[str]) -> None:
    done = bursar(*words)
    assert (done.exit_code, done.stdout) == (2, "")
