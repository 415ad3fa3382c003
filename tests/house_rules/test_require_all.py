"""On a build machine a skipped test fails: ``tests/require_all.py`` does what it says, and the suite loads it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from house_rules.source import ROOT

SKIPS = [
    'import pytest\ndef test_x(): pytest.skip("no server")',
    'import pytest\n@pytest.mark.skip(reason="later")\ndef test_x(): pass',
    'import pytest\npytest.importorskip("no_such_module")',
]


def run(folder: Path, text: str, *, require_all: str) -> int:
    """Run one test file in a process of its own; its exit code."""
    (folder / "conftest.py").write_text('pytest_plugins = ["require_all"]')
    (folder / "test_x.py").write_text(text)
    environment = os.environ | {
        "BURSAR_REQUIRE_ALL": require_all,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # Ours is the one in question, and the others take seconds to load.
        "PYTHONPATH": str(ROOT / "tests"),
    }
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, str(folder)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).returncode


@pytest.mark.parametrize("text", SKIPS)
def test_a_skipped_test_fails_where_all_are_required(text: str, tmp_path: Path) -> None:
    assert run(tmp_path, text, require_all="1") in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}


def test_a_skipped_test_is_fine_elsewhere(tmp_path: Path) -> None:
    assert run(tmp_path, SKIPS[0], require_all="") == pytest.ExitCode.OK


def test_an_expected_failure_stays_one(tmp_path: Path) -> None:
    text = 'import pytest\n@pytest.mark.xfail(reason="known")\ndef test_x(): assert False'
    assert run(tmp_path, text, require_all="1") == pytest.ExitCode.OK


def test_this_suite_requires_all_where_asked(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.pluginmanager.has_plugin("require_all"), 'add `pytest_plugins = ["require_all"]` to conftest.py'
