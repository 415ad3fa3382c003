"""Words that other programs rely on: refusal codes, log fields and payout states mean one thing each, everywhere."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pytest

from bursar.foundation import log
from bursar.payouts.model import PayoutState
from house_rules.source import ROOT, Module, assert_kept, breaches, bursar, calls, dotted, snippet

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
NEVER_SHOWN = {"exc_info", "stack_info"}  # structlog turns these into ``exception``.

_EVENT = re.compile(r"[a-z_]+(\.[a-z_]+)+")
_CHECK = re.compile(r"CONSTRAINT state_is_known CHECK \(state IN \(([^)]*)\)")


def refusal_codes(modules: Iterable[Module]) -> dict[str, list[str]]:
    """Every refusal's code, with the classes that bear it."""
    bearers = defaultdict(list)
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and (code := _code(node)):
                bearers[code].append(f"{module.name}.{node.name}")
    return bearers


def _code(node: ast.ClassDef) -> str | None:
    for statement in node.body:
        match statement:
            case ast.Assign([ast.Name("code")], ast.Constant(str(code))):
                return code
            case ast.AnnAssign(ast.Name("code"), _, ast.Constant(str(code))):
                return code
    return None


def log_calls(module: Module) -> Iterator[str]:
    """Log lines whose fields would be redacted, or whose event is prose."""
    for call in calls(module):
        receiver, _, level = dotted(call.func).rpartition(".")
        if level not in LEVELS or receiver.rpartition(".")[2].lstrip("_") not in {"log", "logger"}:
            continue
        if not _is_event(call.args[0]):
            yield module.at(call, "logs prose; write an event, `room.what_happened`, and give the facts as fields")
        for field in {keyword.arg for keyword in call.keywords} - log.ALLOWED - NEVER_SHOWN:
            yield module.at(call, f"logs {field}, which is redacted; add it to log.ALLOWED if it is harmless")


def _is_event(expression: ast.expr) -> bool:
    """An event's name, or a variable that holds one."""
    if isinstance(expression, ast.Constant):
        return bool(_EVENT.fullmatch(str(expression.value)))
    return isinstance(expression, ast.Name)


def test_each_refusal_code_has_one_meaning() -> None:
    shared = {code: bearers for code, bearers in refusal_codes(bursar()).items() if len(bearers) > 1}
    assert not shared, "callers tell refusals apart by their code, so give each its own"


def test_a_second_meaning_is_seen() -> None:
    text = 'class A(Conflict):\n    code = "x"\nclass B(Conflict):\n    code: ClassVar[str] = "x"'
    assert refusal_codes([snippet("src/bursar/risk/errors.py", text)]) == {
        "x": ["bursar.risk.errors.A", "bursar.risk.errors.B"]
    }


def test_log_lines_are_events_with_allowed_fields() -> None:
    assert_kept(log_calls, bursar())


@pytest.mark.parametrize(
    "text",
    [
        '_log.info("payout.sent", account_number=x)',
        'log.warning("Payout was sent")',
        'self._log.error(f"payout {x}")',
        '_log.info("payout.sent", **facts)',
    ],
)
def test_a_bad_log_line_is_seen(text: str) -> None:
    assert breaches(log_calls, [snippet("src/bursar/dispatch/actions.py", text)])


def test_the_database_knows_the_same_states_as_the_code() -> None:
    sql = "".join(path.read_text("utf-8") for path in sorted((ROOT / "migrations/sql").glob("*.sql")))
    known = _CHECK.findall(sql)[-1]  # A later migration replaces the constraint of an earlier one.
    assert set(re.findall(r"'(\w+)'", known)) == {state.value for state in PayoutState}, (
        "PayoutState and the constraint state_is_known must list the same states; add a migration"
    )
