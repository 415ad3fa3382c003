"""``bursar web``, ``worker``, ``up`` and ``demo`` as real processes, with real signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli_house import SOON, Bursar, children_of, gone


class Process:
    """A command of Bursar's that runs."""

    def __init__(self, folder: Path, *args: str, environment: dict[str, str] | None = None) -> None:
        self._ready = folder / f"ready-{len(list(folder.iterdir()))}"
        self._log = self._ready.with_suffix(".log")
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        command = [sys.executable, "-m", "bursar", *args, "--ready-file", str(self._ready)]
        with self._log.open("w") as log:
            self.popen = subprocess.Popen(
                command, cwd=folder, env=kept | (environment or {}), stderr=log, stdout=subprocess.DEVNULL
            )

    def ready(self) -> dict[str, Any]:
        """Wait until it says that it is ready; what it says."""
        until = time.monotonic() + SOON
        while not self._ready.exists():
            assert self.popen.poll() is None, f"it ended with {self.popen.returncode}: {self.log}"
            assert time.monotonic() < until, f"it is not ready: {self.log}"
            time.sleep(0.05)
        told: dict[str, Any] = json.loads(self._ready.read_text())
        return told

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, unless it has; its exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.popen.wait(SOON)

    @property
    def log(self) -> str:
        """What it wrote to standard error."""
        return self._log.read_text()

    @property
    def is_announced(self) -> bool:
        """Whether its ready file is there."""
        return self._ready.exists()

    @property
    def children(self) -> list[int]:
        """The processes that it has started."""
        return children_of(self.popen.pid)


@contextmanager
def running(folder: Path, *args: str, environment: dict[str, str] | None = None) -> Iterator[Process]:
    process = Process(folder, *args, environment=environment)
    try:
        yield process
    finally:
        process.end(signal.SIGKILL)


def get(address: str, path: str = "/api/ready") -> Any:
    with urllib.request.urlopen(f"{address}{path}", timeout=SOON) as reply:  # noqa: S310 - an address on loopback
        return json.loads(reply.read())


def command(folder: Path, *args: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "bursar", *args],
        cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def answer(folder: Path, data: Path, *args: str) -> Any:
    """What a command says about an installation's own data."""
    done = command(folder, *args, "--json", BURSAR_DATA=str(data))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# Web and worker -------------------------------------------------------------------------------------------------------


def test_a_web_process_answers_until_it_is_told_to_stop(house: Bursar, tmp_path: Path) -> None:
    with running(tmp_path, "web", "--port", "0", environment=house.environment) as web:
        told = web.ready()
        assert told["pid"] == web.popen.pid
        assert get(told["address"])["status"] == "ready"
        assert web.end() == 0
        assert not web.is_announced, "its ready file ends with it"
    assert '"web.started"' in web.log
    assert '"worker.started"' not in web.log, "ENABLE_WORKERS is false"


def test_a_web_process_has_the_worker_inside_unless_told_otherwise(house: Bursar, tmp_path: Path) -> None:
    environment = house.environment | {"ENABLE_WORKERS": "true"}
    with running(tmp_path, "web", "--port", "0", environment=environment) as web:
        web.ready()
        assert web.end(signal.SIGINT) == 0
    assert '"worker.started"' in web.log
    assert '"worker.stopped"' in web.log


def test_several_web_processes_share_a_socket_and_replace_one_that_dies(house: Bursar, tmp_path: Path) -> None:
    with running(tmp_path, "web", "--port", "0", "--processes", "2", environment=house.environment) as web:
        address = web.ready()["address"]
        first, second = web.children
        os.kill(first, signal.SIGKILL)
        assert get(address)["status"] == "ready", "the other one answers meanwhile"
        until = time.monotonic() + SOON
        while len(now := web.children) < 2 or first in now:
            assert time.monotonic() < until, web.log
            time.sleep(0.05)
        assert second in now
        assert web.end() == 0
        assert gone(now)
    assert '"process.died"' in web.log


def test_a_port_that_is_taken_is_a_refusal(house: Bursar) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = house.refused("web", "--port", str(taken.getsockname()[1]))
    assert "cannot_listen" in said
    assert "--port" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_when_it_is_told_to(house: Bursar, tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "worker", environment=house.environment) as worker:
        worker.ready()
        assert worker.end(number) == 0
    assert '"worker.stopped"' in worker.log
    assert '"pass.failed"' not in worker.log


# Everything at once ---------------------------------------------------------------------------------------------------


def test_everything_comes_up_survives_being_killed_and_ends_cleanly(data: Path, tmp_path: Path) -> None:
    everything = ("up", "--data", str(data), "--port", "0")
    with running(tmp_path, *everything) as first:
        address = first.ready()["address"]
        assert get(address)["status"] == "ready"
        bank = first.children
        assert bank, "the sandbox bank runs beside it"
        with running(tmp_path, *everything) as twin:
            assert twin.popen.wait(SOON) == 1
            assert "already_up" in twin.log
        assert get(address)["status"] == "ready", "the twin has disturbed nothing"
        first.end(signal.SIGKILL)
        assert gone(bank), "the bank ends with it, however it ends"
    with running(tmp_path, *everything) as second:
        assert get(second.ready()["address"])["status"] == "ready"
        everybody = second.children
        assert second.end() == 0
        assert gone(everybody)
    assert not (data / "postgres" / "cluster" / "postmaster.pid").exists(), "PostgreSQL ends with it"


def test_the_demo_comes_out_as_it_should(data: Path, tmp_path: Path) -> None:
    done = command(tmp_path, "demo", "--once", "--rows", "60", "--data", str(data))
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout.splitlines()[-1])
    said = {
        "payouts",
        "by_status",
        "amount_minor",
        "ledger_balanced",
        "book_matches",
        "seconds",
        "providers",
        "writers",
        "marketplace",
    }
    assert set(verdict) == said
    assert verdict["payouts"] == sum(verdict["by_status"].values()) == 66
    assert {"SUCCESS", "FAILED", "PENDING", "ON_HOLD", "IN_REVIEW"} == set(verdict["by_status"])
    assert (verdict["ledger_balanced"], verdict["book_matches"]) == (True, True)
    assert verdict["providers"] == {"APPROVED": 1, "COMPLETED": 10, "FAILED": 1, "REQUESTED": 3}
    assert verdict["writers"] == {"completed": 2, "failed": 1, "left out": 2}
    assert verdict["marketplace"] == {"completed": 5}
    [paid] = answer(tmp_path, data, "payouts", "list", "--search", "test-retry")
    story = answer(tmp_path, data, "payouts", "show", paid["id"])
    assert {entry["kind"] for entry in story["timeline"]} == {"check", "move", "money", "attempt", "report", "message"}
    assert answer(tmp_path, data, "doctor") == []


def test_the_demo_wipes_nothing_that_no_demo_has_made(data: Path, tmp_path: Path) -> None:
    data.mkdir()
    (data / "mine").touch()
    done = command(tmp_path, "demo", "--once", "--data", str(data))
    assert (done.returncode, "not_a_demo" in done.stderr) == (1, True)
    assert (data / "mine").exists()
