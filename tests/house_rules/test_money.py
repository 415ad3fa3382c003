"""Money is never a float, and minor units are added up only in ``foundation.money`` and in SQL."""

import ast
from collections.abc import Iterator

import pytest

from house_rules.source import Module, assert_kept, breaches, bursar, calls, dotted, snippet, words

MONEY = {"amount", "amounts", "balance", "balances", "decimal", "fee", "fees", "minor", "money", "price", "total"}
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
HOME = "bursar.foundation.money"


def float_money(module: Module) -> Iterator[str]:
    """``float(…)`` over anything that is called like money."""
    for call in calls(module):
        if dotted(call.func) == "float" and any(_is_money(argument) for argument in call.args):
            yield module.at(call, "makes money a float; keep it Money, and let msgspec read numbers as Decimal")


def _is_money(expression: ast.expr) -> bool:
    names = (
        node.id if isinstance(node, ast.Name) else node.attr
        for node in ast.walk(expression)
        if isinstance(node, ast.Name | ast.Attribute)
    )
    return any(MONEY.intersection(words(name)) for name in names)


def minor_arithmetic(module: Module) -> Iterator[str]:
    """Sums, differences and shares of minor units outside the one module that knows how."""
    if module.name == HOME:
        return
    for node in ast.walk(module.tree):
        match node:
            case ast.BinOp(left, operator, right) if isinstance(operator, ARITHMETIC):
                parts = [left, right]
            case ast.AugAssign(target, operator, value) if isinstance(operator, ARITHMETIC):
                parts = [target, value]
            case ast.Call(ast.Name("sum"), [ast.GeneratorExp(element) | ast.ListComp(element), *_]):
                parts = [element]
            case _:
                continue
        if any(isinstance(part, ast.Attribute) and part.attr == "minor" for part in parts):
            yield module.at(node, "does arithmetic on minor units; use Money's own, or money.total")


def test_money_is_never_a_float() -> None:
    assert_kept(float_money, bursar())


@pytest.mark.parametrize("text", ["float(amount)", "float(payout.amount.decimal)", "float(row['x'] or fee_total)"])
def test_float_money_is_seen(text: str) -> None:
    assert breaches(float_money, [snippet("src/bursar/api/views.py", text)])


def test_minor_units_are_added_up_at_home() -> None:
    assert_kept(minor_arithmetic, bursar())


@pytest.mark.parametrize(
    "text", ["x = a.minor + b.minor", "x -= a.minor", "x = a.minor / 100", "sum(a.minor for a in b)"]
)
def test_minor_arithmetic_is_seen(text: str) -> None:
    assert breaches(minor_arithmetic, [snippet("src/bursar/ledger/model.py", text)])
