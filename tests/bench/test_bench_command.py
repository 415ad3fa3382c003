"""``bursar bench`` and ``python -m bench``, each run as a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import brokers

ROOT = Path(__file__).parents[2]
FIGURES = {
    "create.http.many.32", "create.http.many.128", "create.http.hot.32", "create.http.hot.128", "create.bulk",
    "claim.0", "claim.500", "lifecycle.bulk.0ms", "lifecycle.single.200ms", "latency.completed.p50",
    "latency.completed.p99", "latency.told.p50", "latency.told.p99", "memory.worker",
    "create.http.risk.shipped", "create.http.risk.all",
    "providers.request.http", "report.ingest", "report.ingest.hint", "drain.webhooks", "drain.lists",
    "orders.complete.plain", "orders.complete.recruited", "orders.bulk.plain", "orders.bulk.recruited",
    "carriers.pgqueuer",
    *(f"carriers.{name}" for name, (program, _) in brokers.SERVERS.items() if brokers.program(program)),
}  # fmt: skip
SECONDS_MAX = 600  # About 120 on two idle cores.


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything measured once, with sizes that say nothing about speed."""
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    command = [sys.executable, "-m", "bench", "--tiny", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@pytest.mark.timeout(SECONDS_MAX)
@pytest.mark.fault_lab  # Minutes: each figure starts processes of its own.
def test_every_figure_stands_beside_its_reference(measured: dict[str, Any]) -> None:
    figures = measured["figures"]
    assert {figure["name"] for figure in figures} == FIGURES
    for figure in figures:
        assert figure.keys() >= {"name", "value", "unit", "reference", "ratio", "rounds"}
        assert figure["value"] > 0
        assert figure["rounds"] == 1
        assert figure["ratio"] == pytest.approx(figure["value"] / figure["reference"], rel=0.01)


@pytest.mark.timeout(SECONDS_MAX)
@pytest.mark.fault_lab
def test_the_server_keeps_its_promises_while_it_is_measured(measured: dict[str, Any]) -> None:
    promises = ("fsync", "synchronous_commit", "full_page_writes")
    assert {name: measured["conditions"][name] for name in promises} == dict.fromkeys(promises, "on")


def test_a_figure_that_does_not_exist_is_refused_by_name() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bursar", "bench", "--only", "create.pigeon"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "create.pigeon" in done.stderr


def test_an_installation_without_a_checkout_says_what_is_missing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src/bursar", tmp_path / "lib/site/bursar", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "bursar", "bench", "--quick"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "lib/site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error[no_checkout]: ")
