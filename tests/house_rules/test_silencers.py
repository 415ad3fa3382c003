"""Whoever silences a checker says which rule and why; tests put nothing in the place of our own names."""

import ast
import re
from collections.abc import Iterator

import pytest

from house_rules.source import Module, assert_kept, breaches, calls, comments, dotted, imports, python, snippet, suite

_INSTEAD = "replaces a name of ours; make what needs faking an argument, as bootstrap does"
_NOQA = re.compile(r"#\s*noqa\b", re.IGNORECASE)
_REASONED_NOQA = re.compile(r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* - \S.*")
_IGNORE = re.compile(r"#\s*type:\s*ignore(?!\[[\w, -]+\])")


def silenced_without_a_word(module: Module) -> Iterator[str]:
    """``noqa`` without a rule and a reason, and ``type: ignore`` without an error code."""
    for line, comment in comments(module):
        if _NOQA.search(comment) and not _REASONED_NOQA.search(comment):
            yield module.at(line, "silences ruff without a reason; write `# noqa: RULE - why`")
        if _IGNORE.search(comment):
            yield module.at(line, "silences mypy wholesale; write `# type: ignore[code]`")


def patched_names(module: Module) -> Iterator[str]:
    """Tests that replace a name of ours instead of handing in another part."""
    ours = {found.name or found.module for found in imports(module) if found.module.startswith("bursar")}
    for call in calls(module):
        verb = dotted(call.func).rpartition(".")[2]
        is_patch = verb in {"setattr", "patch"} or ".patch." in f".{dotted(call.func)}."
        if is_patch and call.args and _is_ours(call.args[0], ours):
            yield module.at(call, _INSTEAD)
    for node in ast.walk(module.tree):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Attribute) and dotted(target).partition(".")[0] in ours:
                yield module.at(node, _INSTEAD)


def _is_ours(target: ast.expr, ours: set[str]) -> bool:
    if isinstance(target, ast.Constant):
        return str(target.value).startswith("bursar")
    return dotted(target).partition(".")[0] in ours | {"bursar", "bursar_sandbox"}


def test_silence_has_a_reason() -> None:
    assert_kept(silenced_without_a_word, python())


@pytest.mark.parametrize("comment", ["noqa", "noqa: S608", "NOQA:S608 because", "type: ignore", "type: ignore # why"])
def test_silence_without_a_reason_is_seen(comment: str) -> None:
    assert breaches(silenced_without_a_word, [snippet("src/bursar/web.py", f"x = 1  # {comment}")])


@pytest.mark.parametrize("comment", ["noqa: S608 - only constants", "noqa: S608, S101 - so", "type: ignore[arg-type]"])
def test_a_reason_is_enough(comment: str) -> None:
    assert breaches(silenced_without_a_word, [snippet("src/bursar/web.py", f"x = 1  # {comment}")]) == []


def test_tests_patch_nothing_of_ours() -> None:
    assert_kept(patched_names, suite())


@pytest.mark.parametrize(
    "text",
    [
        'with mock.patch("bursar.ledger.apply"): pass',
        'monkeypatch.setattr("bursar.ledger.apply", 1)',
        'from bursar import ledger\nmonkeypatch.setattr(ledger, "apply", 1)',
        'from bursar import ledger\nmonkeypatch.setattr(ledger.store, "apply", 1)',
        'from bursar import ledger\nwith patch.object(ledger, "apply"): pass',
        "from bursar import ledger\nledger.store.apply = lambda: 1",
    ],
)
def test_a_patch_is_seen(text: str) -> None:
    assert breaches(patched_names, [snippet("tests/payouts/test_actions.py", text)])
