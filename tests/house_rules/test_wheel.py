"""The wheel that is installed elsewhere holds everything that Bursar reads beside its code, and nothing else."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from house_rules.source import ROOT, files

BESIDE = {"examples": "bursar/_examples", "migrations": "bursar/_migrations", "programs": "bursar/_programs"}
"""Folders at the top of the repository, and where they lie in the wheel."""

LOOK = """
from pathlib import Path
from bursar import programs
from bursar.cli.demo import sheet
from bursar.foundation import migrations
import bursar
package = Path(bursar.__file__).parent
for found in (migrations.directory(), sheet.directory(), next(iter(programs.ready().values())).parent):
    print(found.relative_to(package))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content, as an installation unpacks it."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place / "dist")]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [wheel] = (place / "dist").iterdir()
    with ZipFile(wheel) as packed:
        packed.extractall(place / "site")
    return place / "site"


def test_the_wheel_holds_what_is_in_the_repository_and_nothing_else(installed: Path) -> None:
    packages = {str(path.relative_to("src")) for path in files() if path.parts[0] == "src"}
    beside = {str(path).replace(path.parts[0], BESIDE[path.parts[0]], 1) for path in files() if path.parts[0] in BESIDE}
    unpacked = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    assert {name for name in unpacked if ".dist-info/" not in name} == packages | beside


def test_what_lies_beside_the_code_is_found_in_an_installation(installed: Path, tmp_path: Path) -> None:
    looked = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=tmp_path, env={"PYTHONPATH": str(installed)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert looked.stdout.split() == ["_migrations", "_examples", "_programs"]
