"""The frame of every command: the way to the database, what is printed where, and how a command ends."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest
import typer

from bursar.cli import frame
from bursar.foundation import embedded
from bursar.foundation.db import Database
from bursar.foundation.errors import Conflict
from bursar.foundation.money import Money

WHEN = datetime(2026, 11, 20, 14, 0, tzinfo=timezone(timedelta(hours=5)))


@dataclass(frozen=True)
class Row:
    """Something with an amount in it."""

    name: str
    amount: Money


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without settings."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data() -> Iterator[Path]:
    """A place for data that the server's OS user can reach, which pytest's own is not for root."""
    place = Path(tempfile.mkdtemp(prefix="bt-"))
    place.chmod(0o711)
    yield place / "data"
    embedded.stop(place / "data", mode="immediate")
    shutil.rmtree(place)


async def look() -> int:
    async with frame.database() as database, database.transaction() as tx:
        assert isinstance(database, Database)
        return int(await tx.value("SELECT count(*) FROM programs"))


def test_a_command_gives_what_its_work_gives() -> None:
    assert frame.run(asyncio.sleep(0, "done")) == "done"


def test_a_refusal_is_one_sentence_with_its_code_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    async def refuse() -> None:
        raise Conflict("It is too late for that.")

    with pytest.raises(typer.Exit) as ended:
        frame.run(refuse())
    assert ended.value.exit_code == 1
    assert capsys.readouterr() == ("", "error[conflict]: It is too late for that.\n")


def test_a_bug_is_not_a_refusal() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        frame.run(fail())


def test_the_database_is_the_one_of_the_settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert frame.run(look()) == 0


def test_without_a_database_url_it_is_our_own_with_all_its_tables(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("BURSAR_DATA", str(data))
    assert frame.run(look()) == 0
    assert embedded.status(data) is not None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://bursar:hunter2@127.0.0.1:1/books", "the database books at 127.0.0.1:1"),
        ("postgresql://bursar:hunter2@127.0.0.1:no/books", "the database of DATABASE_URL"),
        ("mysql://root:hunter2@mysql:3306/books", "the database books at mysql:3306"),
    ],
)
def test_a_database_that_is_not_to_be_had_is_named_without_its_password(
    url: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(typer.Exit):
        frame.run(look())
    shown = capsys.readouterr().err
    assert shown.startswith(f"error[no_database]: Cannot connect to {said}: ")
    assert "hunter2" not in shown


def test_a_database_without_our_tables_is_refused(
    server_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", server_url)
    with pytest.raises(typer.Exit):
        frame.run(look())
    assert capsys.readouterr().err.startswith("error[not_migrated]: ")


def test_a_wrong_setting_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_POOL_MAX", "hunter2")
    with pytest.raises(typer.Exit):
        frame.run(look())
    shown = capsys.readouterr().err
    assert shown.startswith("error[invalid_settings]: DATABASE_POOL_MAX: ")
    assert "hunter2" not in shown


def test_a_rule_between_settings_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BURSAR_ENV", "production")
    with pytest.raises(typer.Exit):
        frame.run(look())
    assert "ENCRYPTION_KEY must be set in production" in capsys.readouterr().err


def test_json_is_exact_and_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "[red]a[/]", "amount": Money(1, "KWD"), "at": WHEN, "id": UUID(int=7), "wait": 5.0, "share": 0.5}]
    frame.show(rows, {"name": "Name"}, json=True)
    out, err = capsys.readouterr()
    assert json.loads(out) == [
        {
            "name": "[red]a[/]",
            "amount": {"amount": "0.001", "currency": "KWD"},
            "at": "2026-11-20T09:00:00Z",
            "id": "00000000-0000-0000-0000-000000000007",
            "wait": 5,
            "share": 0.5,
        }
    ]
    assert err == ""


def test_json_opens_structures(capsys: pytest.CaptureFixture[str]) -> None:
    frame.show_json({"row": Row("a", Money(150, "PKR")), "names": ("a", "b")})
    assert json.loads(capsys.readouterr().out) == {
        "row": {"name": "a", "amount": {"amount": "1.50", "currency": "PKR"}},
        "names": ["a", "b"],
    }


def test_a_table_shows_cells_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "[red]a[/]", "amount": Money(123_456, "PKR")}, {"name": "b" * 150, "amount": Money(1, "PKR")}]
    frame.show(rows, {"name": "Name", "amount": "Amount"})
    shown = capsys.readouterr().out
    assert "[red]a[/]" in shown
    assert "1,234.56 PKR" in shown
    assert "b" * 150 in shown


def test_nothing_is_said_in_words_and_in_json_as_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    frame.show([], {"name": "Name"}, empty="No programs yet.")
    frame.show([], {"name": "Name"}, json=True)
    assert capsys.readouterr().out == "No programs yet.\n[]\n"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "\u2014"),
        ((), "\u2014"),
        (True, "yes"),
        (21_600.0, "21600"),
        (1_000_000.0, "1000000"),
        (0.1, "0.1"),
        (WHEN, "2026-11-20 09:00:00 UTC"),
        (("HBL", 5.0), "HBL, 5"),
        (Money(100_000_00, "PKR"), "100,000.00 PKR"),
    ],
)
def test_values_are_said_as_people_read_them(value: object, words: str) -> None:
    assert frame.said(value) == words


def test_progress_is_silent_when_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with frame.progress("Reading", total=2) as advance:
        advance(1)
        advance(1)
    assert capsys.readouterr() == ("", "")


def test_the_actor_is_somebody_at_the_command_line() -> None:
    assert frame.actor().startswith("cli")


def test_a_warning_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    frame.warn("careful")
    assert capsys.readouterr() == ("", "warning: careful\n")
