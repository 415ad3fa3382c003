"""The command line, with a database of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_house import Bursar

from bursar.foundation import embedded


@pytest.fixture
def house(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bursar:
    """The command on an empty, migrated database, in a folder without settings."""
    monkeypatch.chdir(tmp_path)
    return Bursar(database_url)


@pytest.fixture
def shop(house: Bursar) -> Bursar:
    """The command on an installation with a merchant who has a million."""
    house.settle_in()
    return house


@pytest.fixture
def data() -> Iterator[Path]:
    """A place for data that PostgreSQL's OS user can reach, which pytest's own is not for root."""
    place = Path(tempfile.mkdtemp(prefix="bt-"))
    place.chmod(0o711)
    yield place / "data"
    embedded.stop(place / "data", mode="immediate")
    shutil.rmtree(place)
