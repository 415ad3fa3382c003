"""The proof of the proof: mistakes that such systems are known for are made on purpose, and the suite has to see each.

Each is made in a copy of the source, where the tests that should see it are run until one fails.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from mistakes import MISTAKES

pytestmark = [pytest.mark.fault_lab, pytest.mark.timeout(600)]

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = ("src", "tests", "programs", "migrations", "pyproject.toml", "README.md")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of what the tests need, in which mistakes may be made."""
    folder = tmp_path_factory.mktemp("copy")
    for name in COPIED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_known_mistake_is_seen(copy: Path, server_url: str, name: str) -> None:
    mistake = MISTAKES[name]
    file = copy / "src/bursar" / mistake.file
    text = file.read_text("utf-8")
    file.write_text(text.replace(mistake.right, mistake.wrong), "utf-8")
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"tests/{mistake.seen_by}"],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy / "src"), "BURSAR_TEST_SERVER": server_url},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        file.write_text(text, "utf-8")
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout[-2000:]
