"""The mistakes that the fault lab makes on purpose can still be made; a change that hides one is seen here, early."""

import pytest

from house_rules.source import ROOT
from mistakes import MISTAKES


@pytest.mark.parametrize("name", MISTAKES)
def test_a_known_mistake_can_still_be_made(name: str) -> None:
    mistake = MISTAKES[name]
    assert (ROOT / "src/bursar" / mistake.file).read_text("utf-8").count(mistake.right) == 1, (
        "the code has changed; make it anew"
    )
