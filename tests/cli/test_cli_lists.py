"""Lists as they are printed: as tables, and as blocks where a terminal is too narrow for them."""

import re
from uuid import UUID

import pytest

from bursar.cli import frame

COLUMNS = {"id": "Run", "program": "Program", "left_out": "Left out"}
ROWS = [{"id": UUID(int=number), "program": "writers", "left_out": {"held": 2, "paused": 1}} for number in (1, 2)]


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    frame.show(ROWS, COLUMNS)
    lines = (re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in capsys.readouterr().out.splitlines())
    return [line for line in lines if line]


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed goes to a terminal that is as wide as each test says."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")


def test_a_wide_terminal_shows_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    heading, _, *lines = printed(capsys)
    assert heading.split() == ["Run", "Program", "Left", "out"]
    assert lines == [f"{UUID(int=number)}   writers   held: 2, paused: 1" for number in (1, 2)]


def test_a_narrow_one_shows_whole_words_in_blocks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "52")
    block = ["Run        {}", "Program    writers", "Left out   held: 2, paused: 1"]
    assert printed(capsys) == [line.format(UUID(int=number)) for number in (1, 2) for line in block]


def test_what_is_not_a_terminal_has_room_enough(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "0")
    monkeypatch.setenv("COLUMNS", "40")
    assert len(printed(capsys)) == 4
