"""The command as a whole: what it shows, how it starts, how it ends."""

import subprocess
import sys

import pytest
from cli_house import Bursar
from typer.testing import CliRunner

from bursar import cli
from bursar.__main__ import roof

NOUNS = [
    "up", "demo", "web", "worker", "payouts", "ledger", "kill-switch", "programs", "holders", "keys", "people", "db",
    "doctor", "audit", "bench",
]  # fmt: skip
HEAVY = {"aiohttp", "alembic", "asyncpg", "cryptography", "litestar", "pydantic", "sqlalchemy", "uvicorn"}


def run(*args: str) -> "subprocess.CompletedProcess[str]":
    """The command as a process of its own."""
    return subprocess.run([sys.executable, "-m", "bursar", *args], capture_output=True, text=True, check=False)


def test_help_lists_every_noun() -> None:
    shown = CliRunner().invoke(cli.command(), ["--help"], obj=roof()).stdout
    assert [noun for noun in NOUNS if f" {noun} " not in shown] == []


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_has_help_of_its_own(noun: str) -> None:
    result = CliRunner().invoke(cli.command(), [noun, "--help"], obj=roof())
    assert result.exit_code == 0, result.output
    assert f"bursar {noun}" in result.stdout or f"{noun} " in result.stdout
    assert "--install-completion" not in result.stdout, "completion is the whole command's"


def test_the_command_starts_without_loading_what_only_some_commands_need() -> None:
    script = (
        f"from bursar import __main__, cli; import sys; cli.command(); print({HEAVY} & set(sys.modules) or 'light')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "light\n"


def test_it_says_which_version_it_is() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "bursar")


def test_a_mistyped_noun_is_wrong_usage_and_the_right_one_is_suggested() -> None:
    done = run("payuots", "list")
    assert done.returncode == 2
    assert "payouts" in done.stderr


def test_shells_can_complete_nouns_and_their_commands() -> None:
    def completed(words: str) -> str:
        environment = {"_BURSAR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        script = "import sys; sys.argv[0] = 'bursar'; from bursar.__main__ import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        return done.stdout

    assert {"payouts", "people", "programs"} <= set(completed("bursar p").split())
    assert {"show", "reject", "retry"} <= set(completed("bursar payouts ").split())


def test_a_wrong_setting_is_a_refusal_that_does_not_repeat_it(house: Bursar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_POOL_MAX", "rather-many")
    said = house.refused("payouts", "list")
    assert "invalid_settings" in said
    assert "DATABASE_POOL_MAX" in said
    assert "rather-many" not in said
