"""Functions and modules stay small enough to be read whole, and nothing is named after a drawer."""

import ast
from collections.abc import Iterator

import pytest

from house_rules.source import Module, assert_kept, breaches, bursar, functions, python, sandbox, snippet, words

FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 400
DRAWERS = {
    "common", "helper", "helpers", "manager", "managers", "misc", "service", "services", "util", "utilities", "utils",
}  # fmt: skip


def too_long(module: Module) -> Iterator[str]:
    """Functions and modules nobody can see whole."""
    lines = module.text.count("\n")
    if lines > MODULE_LINES_MAX:
        yield module.at(1, f"has {lines} lines, {MODULE_LINES_MAX} at most; split it by verb")
    for function in functions(module):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield module.at(
                function, f"{function.name} has {lines} lines, {FUNCTION_LINES_MAX} at most; name its parts"
            )


def drawers(module: Module) -> Iterator[str]:
    """Modules and classes whose name says only that something had to go somewhere."""
    classes = [node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    named = [(1, module.path.with_suffix("").as_posix()), *((node.lineno, node.name) for node in classes)]
    for line, name in named:
        for word in DRAWERS.intersection(words(name)):
            yield module.at(line, f"is named after a drawer ({word}); say what it holds or does")


def test_functions_and_modules_can_be_read_whole() -> None:
    assert_kept(too_long, python())


@pytest.mark.parametrize(
    "text", ["def long():\n" + "    pass\n" * FUNCTION_LINES_MAX, "x = 1\n" * (MODULE_LINES_MAX + 1)]
)
def test_a_long_one_is_seen(text: str) -> None:
    assert breaches(too_long, [snippet("src/bursar/payouts/actions.py", text)])


def test_nothing_is_named_after_a_drawer() -> None:
    assert_kept(drawers, [*bursar(), *sandbox()])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/bursar/payouts/utils.py", ""),
        ("src/bursar/common/money.py", ""),
        ("src/bursar/payouts/actions.py", "class PayoutManager: ..."),
        ("src/bursar/payouts/actions.py", "class HTTPService: ..."),
    ],
)
def test_a_drawer_is_seen(path: str, text: str) -> None:
    assert breaches(drawers, [snippet(path, text)])
