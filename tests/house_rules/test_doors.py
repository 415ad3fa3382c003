"""Rooms are entered by the front door, imports point downwards, and only the doors know the web."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from house_rules.source import ROOT, Import, Module, assert_kept, breaches, bursar, imports, snippet

WEB = {"fastapi", "litestar", "starlette"}
DOORS = {"api", "portals", "web"}


def trespasses(module: Module) -> Iterator[str]:
    """Imports that climb in through another room's window instead of its door."""
    for found in imports(module):
        target = _module_of(found)
        match target.split("."):
            case ["bursar", room, *inside] if inside and room not in {module.room, "foundation"}:
                if not _is_open(module, room, inside):
                    yield module.at(found.line, f"reaches into {target}; let bursar.{room} offer it and use `{room}.`")


def _module_of(found: Import) -> str:
    """The module that an import leads to: ``from bursar.ledger import store`` leads to ``bursar.ledger.store``."""
    deeper = f"{found.module}.{found.name}"
    place = ROOT / "src" / deeper.replace(".", "/")
    return deeper if place.is_dir() or place.with_suffix(".py").is_file() else found.module


def _is_open(module: Module, room: str, inside: list[str]) -> bool:
    """A model may use another's model; a room may offer an inner room; bootstrap knows the gateways' adapters."""
    door = ROOT / "src/bursar" / room / "__init__.py"
    is_inner_room = len(inside) == 1 and (door.parent / inside[0]).is_dir()
    return (
        (inside == ["model"] and module.path.name == "model.py")
        or (is_inner_room and f'"{inside[0]}"' in door.read_text("utf-8"))
        or (is_inner_room and room == "gateways" and module.room == "bootstrap")
    )


def web_below_the_doors(module: Module) -> Iterator[str]:
    """Imports of a web framework in rooms that must also serve the command line and the worker."""
    for found in imports(module):
        if found.module.partition(".")[0] in WEB and module.room not in DOORS:
            yield module.at(found.line, f"imports {found.module}; only api, portals and web speak HTTP")


def test_rooms_are_entered_by_the_front_door() -> None:
    assert_kept(trespasses, bursar())


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("src/bursar/payouts/actions.py", "from bursar.ledger.store import lock_balances"),
        ("src/bursar/payouts/actions.py", "from bursar.ledger import store"),
        ("src/bursar/payouts/actions.py", "from bursar.ledger.model import Balance"),
        ("src/bursar/payouts/actions.py", "import bursar.ledger.actions"),
        ("src/bursar/payouts/actions.py", "from ..ledger.store import lock_balances"),
        ("src/bursar/payouts/model.py", "from bursar.ledger.errors import InsufficientFunds"),
        ("src/bursar/web.py", "from bursar.ledger.store import lock_balances"),
        ("src/bursar/web.py", "from bursar.gateways.mockbank import MockBank"),
        ("src/bursar/bootstrap.py", "from bursar.gateways.mockbank.client import MockBank"),
        ("src/bursar/bootstrap.py", "from bursar.dispatch.reports.store import read"),
    ],
)
def test_a_climb_through_the_window_is_seen(path: str, line: str) -> None:
    assert breaches(trespasses, [snippet(path, line)])


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("src/bursar/payouts/actions.py", "from bursar import ledger"),
        ("src/bursar/payouts/actions.py", "from bursar.ledger import Balance, apply"),
        ("src/bursar/payouts/actions.py", "from bursar.payouts import store"),
        ("src/bursar/payouts/actions.py", "from . import store"),
        ("src/bursar/payouts/actions.py", "from bursar.foundation.money import Money"),
        ("src/bursar/payouts/model.py", "from bursar.holders.model import Destination"),
        ("src/bursar/bootstrap.py", "from bursar.gateways.mockbank import MockBank"),
        ("src/bursar/worker.py", "from bursar.dispatch import reports"),
    ],
)
def test_the_front_door_is_open(path: str, line: str) -> None:
    assert breaches(trespasses, [snippet(path, line)]) == []


def test_only_the_doors_know_the_web() -> None:
    assert_kept(web_below_the_doors, bursar())


def test_the_web_in_a_room_is_seen() -> None:
    assert breaches(web_below_the_doors, [snippet("src/bursar/payouts/actions.py", "from litestar import post")])


def test_imports_point_downwards() -> None:
    done = _lint_imports(ROOT)
    assert done.returncode == 0, f"move what both need one floor down, or give the new package a floor:\n{done.stdout}"


@pytest.mark.parametrize(
    ("path", "line", "said"),
    [
        ("bursar/ledger/upstairs.py", "import bursar.payouts", "bursar.ledger.upstairs -> bursar.payouts"),
        ("bursar/risk/sideways.py", "import bursar.ledger", "bursar.risk.sideways -> bursar.ledger"),
        ("bursar/leftovers/__init__.py", "", "- bursar.leftovers"),
        ("bursar_sandbox/accomplice.py", "import bursar.foundation", "bursar_sandbox.accomplice -> bursar.foundation"),
        ("bursar/gateways/accomplice.py", "import bursar_sandbox", "bursar.gateways.accomplice -> bursar_sandbox"),
    ],
)
def test_a_breach_of_the_floor_plan_is_seen(path: str, line: str, said: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    bad = tmp_path / "src" / path
    bad.parent.mkdir(exist_ok=True)
    bad.write_text(line)
    assert said in _lint_imports(tmp_path).stdout


def _lint_imports(repository: Path) -> subprocess.CompletedProcess[str]:
    lint = "import sys, importlinter.cli as c; sys.exit(c.lint_imports(sys.argv[1], no_cache=True, no_logo=True))"
    return subprocess.run(
        [sys.executable, "-c", lint, repository / ".importlinter"],
        cwd=repository / "src", capture_output=True, check=False, text=True,
    )  # fmt: skip


def test_the_floor_plan_shows_every_room() -> None:
    plan = (ROOT / "docs/architecture.md").read_text("utf-8")
    rooms = {place.parent.name for place in (ROOT / "src/bursar").glob("*/__init__.py")}
    assert rooms - set(re.findall(r"^\| `(\w+)` \|", plan, re.MULTILINE)) == set(), "add them to docs/architecture.md"
