"""Every link in a document leads somewhere, and every document is found from the README."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath

import pytest

from house_rules.source import ROOT, files

_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} (?P<words>.+)$", re.MULTILINE)


def documents() -> list[PurePosixPath]:
    """Every Markdown file of the repository."""
    return [path for path in files() if path.suffix == ".md"]


def broken_links(path: PurePosixPath, text: str) -> Iterator[str]:
    """Links that lead to no file of the repository, or to no heading of it; other hosts are not asked."""
    for found in _LINK.finditer(_FENCED.sub("", text)):
        target, _, anchor = found["target"].partition("#")
        if ":" in target:
            continue
        place = (ROOT / path.parent / target).resolve() if target else ROOT / path
        if not place.exists():
            yield f"{path} links to {found['target']}, which is not there"
        elif anchor and anchor not in _anchors(place.read_text("utf-8")):
            yield f"{path} links to {found['target']}, which has no such heading"


@lru_cache
def _anchors(text: str) -> frozenset[str]:
    """How a document's headings are linked to: in small letters, without signs, with dashes between the words."""
    headings = [found["words"].lower() for found in _HEADING.finditer(_FENCED.sub("", text))]
    return frozenset(re.sub(r"[^\w\- ]", "", words).strip().replace(" ", "-") for words in headings)


def test_every_link_leads_somewhere() -> None:
    found = [sentence for path in documents() for sentence in broken_links(path, (ROOT / path).read_text("utf-8"))]
    assert not found, "\n".join(found)


def test_every_document_is_found_from_the_readme() -> None:
    """Decisions are found from their own list, which has a rule of its own."""
    readme = (ROOT / "README.md").read_text("utf-8")
    linked = {found["target"] for found in _LINK.finditer(readme)}
    ours = {str(path) for path in documents() if path.parts[0] == "docs" and path.parts[1] != "decisions"}
    assert ours - linked == set(), "name these under “Where to look next”"


@pytest.mark.parametrize("target", ["docs/nothing.md", "#no-such-heading", "docs/glossary.md#no-such-heading"])
def test_a_broken_link_is_seen(target: str) -> None:
    assert list(broken_links(PurePosixPath("README.md"), f"# A *heading*: here\n[that]({target})"))


@pytest.mark.parametrize("target", ["docs/glossary.md", "docs/", "README.md#where-to-look-next", "https://example.org"])
def test_a_link_that_leads_somewhere_is_not_complained_of(target: str) -> None:
    assert not list(broken_links(PurePosixPath("README.md"), f"[that]({target})\n```\n[no](link.md)\n```"))
