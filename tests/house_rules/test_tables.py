"""Every table has one owner, SQL lives in stores, and one function moves payouts."""

import ast
import re
from collections.abc import Iterator

import pytest

from house_rules import schema
from house_rules.source import ROOT, Module, Text, assert_kept, breaches, bursar, calls, dotted, placed, snippet, texts

AUDITOR = "monitoring"  # It re-derives what the rooms claim, so it reads their tables; it writes only its own.

_STATEMENT = re.compile(
    r"\s*(SELECT|INSERT\s+INTO|UPDATE|DELETE\s+FROM|WITH|MERGE\s+INTO|COPY|LOCK\s+TABLE|TRUNCATE|CREATE|ALTER|DROP)\b"
)
_READ = re.compile(r"\b(?:FROM|JOIN|USING|ONLY)\s+(?:bursar\.)?(\w+)")
_LISTED = re.compile(r"\bFROM\s[^()]*?,\s*(?:LATERAL\s+)?(?:bursar\.)?(\w+)\s+(?:AS\s+)?\w+")
_WRITTEN = re.compile(r"\b(?:INTO|UPDATE|DELETE\s+FROM|TABLE|TRUNCATE|COPY)\s+(?:ONLY\s+)?(?:bursar\.)?(\w+)")
_MOVES_PAYOUTS = re.compile(r"\bUPDATE\s+(?:bursar\.)?payouts\b(?:(?!\bWHERE\b|\bFROM\b).)*?\bstate\s*=", re.DOTALL)
_BEGINS_PAYOUTS = re.compile(r"\b(?:INSERT\s+INTO|MERGE\s+INTO|COPY)\s+(?:bursar\.)?payouts\b")


def statements(module: Module) -> Iterator[Text]:
    """Every string that may be SQL; ``tx.append("payouts", …)`` is the statement that it makes, ``COPY payouts``."""
    yield from texts(module)
    for node, function in placed(module):
        match node:
            case ast.Call(ast.Attribute(attr="append"), [ast.Constant(str(table)), *_]) if table in schema.owners():
                yield Text(f"COPY {table}", node.lineno, function)


def nameless_tables(module: Module) -> Iterator[str]:
    """Rows appended to a table whose name these rules cannot see."""
    for call in calls(module):
        if dotted(call.func) == "tx.append" and not (call.args and isinstance(call.args[0], ast.Constant)):
            yield module.at(call, 'appends to a table without naming it; write `tx.append("<table>", …)`')


def foreign_tables(module: Module) -> Iterator[str]:
    """Statements of a room on a table that belongs to another."""
    for text in statements(module):
        for table in sorted(_foreign(module, text.value)):
            yield module.at(text.line, f"uses the table {table} of {schema.owners()[table]}; ask that room for it")
    for call in calls(module):  # ``outbox.read(tx, table="…")`` names a table without a statement.
        match [k.value for k in call.keywords if k.arg == "table"]:
            case [ast.Constant(str(table))] if schema.owners().get(table, module.room) != module.room:
                yield module.at(call, f"reads the table {table} of {schema.owners()[table]}; ask that room for it")


def _foreign(module: Module, text: str) -> set[str]:
    written = set(_WRITTEN.findall(text))
    read = {*_READ.findall(text), *_LISTED.findall(text)} if module.room != AUDITOR else set()
    owners = schema.owners()
    return {table for table in written | read if owners.get(table, module.room) != module.room}


def statements_outside_stores(module: Module) -> Iterator[str]:
    """SQL anywhere but in a room's store and the foundation."""
    if module.room == "foundation" or module.path.name == "store.py":
        return
    for text in statements(module):
        if _STATEMENT.match(text.value) or _names_a_table(text):
            yield module.at(text.line, f"holds SQL; give it a name in the store of {module.room}")


def _names_a_table(text: Text) -> bool:
    return not schema.owners().keys().isdisjoint({*_READ.findall(text.value), *_WRITTEN.findall(text.value)})


def functions_matching(pattern: re.Pattern[str], modules: list[Module]) -> set[str]:
    """Where statements of a kind stand: ``bursar.payouts.store.update``."""
    return {
        f"{module.name}.{text.function}"
        for module in modules
        for text in statements(module)
        if pattern.search(text.value)
    }


def test_a_table_is_used_by_its_owner_only() -> None:
    assert_kept(foreign_tables, bursar())


@pytest.mark.parametrize(
    "statement",
    [
        'X = "SELECT * FROM balances WHERE holder_id = $1"',
        'X = "SELECT * FROM holders h JOIN balances b ON b.holder_id = h.id"',
        'X = "SELECT * FROM holders h, balances b WHERE true"',
        'X = "UPDATE balances SET available = 0"',
        'X = f"WITH a AS (SELECT {COLUMNS} FROM only_mine) INSERT INTO bursar.balances SELECT * FROM a"',
        'X = outbox.read(tx, reader="x", table="payout_events")',
        'tx.append("balances", COLUMNS, rows)',
    ],
)
def test_a_foreign_table_is_seen(statement: str) -> None:
    assert breaches(foreign_tables, [snippet("src/bursar/holders/store.py", statement)])


def test_appended_rows_name_their_table() -> None:
    assert_kept(nameless_tables, bursar())
    assert breaches(nameless_tables, [snippet("src/bursar/ledger/store.py", "tx.append(TABLE, COLUMNS, rows)")])


def test_the_auditor_reads_everywhere_and_writes_at_home() -> None:
    read = snippet("src/bursar/monitoring/store.py", 'X = "SELECT sum(amount) FROM transfers"')
    write = snippet("src/bursar/monitoring/store.py", 'X = "DELETE FROM transfers"')
    assert not breaches(foreign_tables, [read])
    assert breaches(foreign_tables, [write])


def test_sql_lives_in_stores() -> None:
    assert_kept(statements_outside_stores, bursar())


@pytest.mark.parametrize(
    "text",
    [
        'X = "SELECT 1"',
        'X = f"""\n  UPDATE {x} SET y = 1"""',
        'X = "{} FROM payouts"',
        'tx.append("payouts", COLUMNS, rows)',
    ],
)
def test_sql_elsewhere_is_seen(text: str) -> None:
    assert breaches(statements_outside_stores, [snippet("src/bursar/payouts/actions.py", text)])


def test_one_function_moves_payouts_and_one_begins_them() -> None:
    sentence = "only payouts.store.update may change a payout's state, and only payouts.store.insert may begin one"
    assert functions_matching(_MOVES_PAYOUTS, bursar()) == {"bursar.payouts.store.update"}, sentence
    assert functions_matching(_BEGINS_PAYOUTS, bursar()) == {"bursar.payouts.store.insert"}, sentence


@pytest.mark.parametrize(
    ("statement", "moves"),
    [
        ("UPDATE payouts SET state = 'failed' WHERE id = $1", True),
        ("UPDATE bursar.payouts p\n SET tries = 0, state = new.state FROM unnest($1) new", True),
        ("UPDATE payouts SET due_at = now() WHERE state = 'approved'", False),
    ],
)
def test_a_second_mover_is_seen(statement: str, moves: bool) -> None:
    module = snippet("src/bursar/dispatch/store.py", f'def sneak():\n    """Move."""\n    return """{statement}"""')
    assert bool(functions_matching(_MOVES_PAYOUTS, [module])) is moves


@pytest.mark.parametrize("line", ['tx.append("payouts", ("id",), rows)', 'X = "INSERT INTO payouts (id) VALUES ($1)"'])
def test_a_second_beginner_is_seen(line: str) -> None:
    module = snippet("src/bursar/payouts/uploads.py", f"def outer():\n    def sneak():\n        {line}")
    assert functions_matching(_BEGINS_PAYOUTS, [module]) == {"bursar.payouts.uploads.sneak"}


def test_a_list_may_hold_words() -> None:
    module = snippet("src/bursar/payouts/actions.py", 'words.append("ledger")')
    assert not breaches(statements_outside_stores, [module])


def test_every_table_stands_under_its_rooms_heading() -> None:
    assert schema.owners()["payouts"] == "payouts"


def test_a_table_stands_under_the_last_heading() -> None:
    sql = "-- outbound: webhooks ----------\nCREATE TABLE endpoints ();\n-- ledger ----------\nCREATE VIEW entries AS"
    assert schema.tables(sql) == [("endpoints", "outbound"), ("entries", "ledger")]


def test_the_floor_plan_says_who_owns_which_table() -> None:
    plan = (ROOT / "docs/architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", plan, re.MULTILINE)
    described = {table: room for room, listed in rows for table in re.findall(r"`(\w+)`", listed)}
    assert described == schema.owners(), "bring the table of rooms in docs/architecture.md up to date"
