"""Migrations against a real server: run twice, at once, against locks, and when one of them is wrong."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import psycopg
import pytest
from pgqueuer import Queries
from pgqueuer.db import AsyncpgDriver

from bursar.foundation import migrations
from bursar.foundation.migrations import MigrationBlocked, MigrationError, MigrationReport, MigrationStatus

Add = Callable[[str, str], None]

MIGRATE = """
import pathlib, sys
from bursar.foundation import migrations
print(",".join(migrations.migrate(sys.argv[1], place=pathlib.Path(sys.argv[2])).applied))
"""


@pytest.fixture
def url(server_url: str) -> Iterator[str]:
    """An empty database of this test's own."""
    name = f"m_{uuid4().hex[:16]}"
    run(server_url, f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    run(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of migrations of this test's own; empty but for the scaffolding."""
    for name in ("env.py", "script.py.mako"):
        shutil.copy(migrations.directory() / name, tmp_path)
    for name in ("versions", "sql"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def add(place: Path) -> Add:
    """Adds a migration by number and SQL; it follows the number before it."""

    def add_pair(number: str, text: str) -> None:
        before = f'"{int(number) - 1:04}"' if number != "0001" else None
        script = place / "versions" / f"{number}_step.py"
        script.write_text(
            "from bursar.foundation.migrations import apply_sql\n"
            f'revision = "{number}"\ndown_revision = {before}\n\n\ndef upgrade() -> None:\n    apply_sql(__file__)\n'
        )
        (place / "sql" / f"{number}_step.sql").write_text(text)

    return add_pair


def run(url: str, statement: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else None


# The real ones --------------------------------------------------------------------------------------------------------


def test_the_real_migrations_bring_an_empty_database_to_the_head(url: str) -> None:
    head = migrations.status(url).head
    assert head is not None
    report = migrations.migrate(url)
    assert (report.before, report.after, report.applied[-1]) == (None, head, head)
    assert migrations.migrate(url) == MigrationReport(head, head, ())
    assert migrations.is_current(url)


def test_payouts_of_before_know_whether_people_had_to_look(url: str) -> None:
    """Until 0004 that was told by their findings."""
    migrations.migrate(url, target="0003")
    with psycopg.connect(url, autocommit=True, options="-c search_path=bursar") as connection:
        connection.execute(
            """
            SET session_replication_role = replica;
            INSERT INTO payouts (id, program, terms_version, holder_id, reference, amount, currency, state, version,
                destination, destination_shown, destination_group, destination_index, digest, requester, findings)
            SELECT gen_random_uuid(), 'p', 1, gen_random_uuid(), findings, 1, 'PKR', 'approved', 2, '', '{}', '', '',
                '', 'key:test', findings::jsonb
            FROM unnest(ARRAY['[]', '[{}]']) AS findings
            """
        )
    migrations.migrate(url, target="0004")
    rows = run(url, "SELECT reference, verdict, reviewed FROM bursar.payouts ORDER BY reviewed")
    assert rows == [("[]", "pass", False), ("[{}]", "high", True)]


def test_the_release_before_goes_on_opening_balances(url: str) -> None:
    """It does not know of the column ``program``, which 0010 brought."""
    migrations.migrate(url)
    holder = uuid4()
    with psycopg.connect(url, autocommit=True, options="-c search_path=bursar") as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO holders (id, program, kind, reference, name) VALUES (%s, 'p', 'writer', 'r', 'Ada')", (holder,)
        )
        connection.execute("ALTER TABLE balances ENABLE ALWAYS TRIGGER balances_have_a_program")
        connection.execute(
            """
            INSERT INTO balances (holder_id, currency, available_account, reserved_account)
            VALUES (%s, 'USD', 1, 2)
            """,
            (holder,),
        )
    assert run(url, "SELECT program FROM bursar.balances") == [("p",)]


def test_each_real_migration_is_a_pair_and_they_follow_one_another() -> None:
    place = migrations.directory()
    scripts = sorted(file.stem for file in (place / "versions").glob("*.py"))
    assert scripts == sorted(file.stem for file in (place / "sql").glob("*.sql"))
    assert [name[:4] for name in scripts] == [f"{number:04}" for number in range(1, len(scripts) + 1)]


async def test_the_queues_tables_are_what_its_library_wants(url: str) -> None:
    """When a later version of it wants more, add a migration with what this plan then holds."""
    migrations.migrate(url)
    connection = await asyncpg.connect(url, server_settings={"search_path": migrations.SCHEMA})
    try:
        plan = await Queries(AsyncpgDriver(connection)).plan_upgrade()
    finally:
        await connection.close()
    assert plan.statements == ()


def test_an_installed_package_brings_its_migrations_along(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "bursar"
    with pytest.raises(MigrationError, match="no migrations"):
        migrations.directory(package)
    (package / "_migrations").mkdir(parents=True)
    (package / "_migrations" / "env.py").touch()
    assert migrations.directory(package) == package / "_migrations"


# One after the other --------------------------------------------------------------------------------------------------


def test_migrations_are_applied_in_order_and_once(url: str, place: Path, add: Add) -> None:
    add("0001", "CREATE TABLE steps (name text); INSERT INTO steps VALUES ('one');")
    add("0002", "INSERT INTO steps VALUES ('two');")
    assert migrations.status(url, place=place) == MigrationStatus(None, "0002", ("0001", "0002"))
    assert run(url, "SELECT to_regnamespace('bursar')") == [(None,)], "looking changes nothing"
    assert migrations.migrate(url, place=place, target="0001") == MigrationReport(None, "0001", ("0001",))
    assert not migrations.is_current(url, place=place)
    assert migrations.migrate(url, place=place) == MigrationReport("0001", "0002", ("0002",))
    assert migrations.migrate(url, place=place, target="0001") == MigrationReport("0002", "0002", ())
    assert run(url, "SELECT name FROM bursar.steps") == [("one",), ("two",)]


def test_the_sql_reaches_the_database_as_it_is_written(url: str, place: Path, add: Add) -> None:
    add("0001", "CREATE TABLE marks AS SELECT '100 %s :name {x} $1'::text AS mark, 'a' LIKE '%a' AS alike;")
    migrations.migrate(url, place=place)
    assert run(url, "SELECT mark, alike FROM bursar.marks") == [("100 %s :name {x} $1", True)]


def test_a_migration_that_fails_leaves_nothing_and_keeps_those_before_it(url: str, place: Path, add: Add) -> None:
    add("0001", "CREATE TABLE kept (id int);")
    add("0002", "CREATE TABLE lost (id int); ALTER TABLE missing ADD id int;")
    add("0003", "CREATE TABLE never (id int);")
    with pytest.raises(MigrationError, match=r'(?s)migration 0002 failed.*"missing" does not exist'):
        migrations.migrate(url, place=place)
    assert migrations.status(url, place=place) == MigrationStatus("0001", "0003", ("0002", "0003"))
    assert run(url, "SELECT tablename FROM pg_tables WHERE tablename IN ('kept', 'lost', 'never')") == [("kept",)]


def test_a_drafted_pair_runs(url: str, place: Path, add: Add) -> None:
    add("0001", "CREATE TABLE steps (name text);")
    script, script_sql = migrations.draft("holder notes", place=place)
    assert (script.name, script_sql.name) == ("0002_holder_notes.py", "0002_holder_notes.sql")
    script_sql.write_text("ALTER TABLE steps ADD note text;")
    assert migrations.migrate(url, place=place).applied == ("0001", "0002")


def test_two_migrations_with_the_same_predecessor_are_refused(url: str, place: Path, add: Add) -> None:
    add("0001", "SELECT 1;")
    add("0002", "SELECT 1;")
    twin = (place / "versions" / "0002_step.py").read_text().replace('revision = "0002"', 'revision = "0003"', 1)
    (place / "versions" / "0003_step.py").write_text(twin)
    with pytest.raises(MigrationError, match="follow the same one"):
        migrations.migrate(url, place=place)


def test_a_database_newer_than_the_code_is_left_as_it_is(url: str, place: Path, add: Add) -> None:
    """As after setting a machine back by one release."""
    add("0001", "SELECT 1;")
    migrations.migrate(url, place=place)
    run(url, "UPDATE bursar.schema_version SET version_num = '0002'")
    assert migrations.is_current(url, place=place)
    assert migrations.migrate(url, place=place) == MigrationReport("0002", "0002", ())


def test_a_version_or_target_that_nobody_knows_is_refused(url: str, place: Path, add: Add) -> None:
    add("0001", "SELECT 1;")
    with pytest.raises(MigrationError, match="no migration 0009"):
        migrations.migrate(url, place=place, target="0009")
    migrations.migrate(url, place=place)
    run(url, "UPDATE bursar.schema_version SET version_num = '0000'")
    with pytest.raises(MigrationError, match="at 0000"):
        migrations.status(url, place=place)


# At once, and against locks -------------------------------------------------------------------------------------------


def test_of_two_processes_at_once_one_migrates_and_the_other_finds_it_done(url: str, place: Path, add: Add) -> None:
    add("0001", "CREATE TABLE steps (name text); SELECT pg_sleep(0.5);")
    add("0002", "INSERT INTO steps VALUES ('two');")
    command = [sys.executable, "-c", MIGRATE, url, str(place)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=30)[0].strip() for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said == ["", "0001,0002"]


def test_another_migrator_is_waited_for_only_so_long(url: str, place: Path, add: Add) -> None:
    add("0001", "SELECT 1;")
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [migrations.MIGRATOR_KEY])
        with pytest.raises(MigrationBlocked, match=r"after 0\.2 s"):
            migrations.migrate(url, place=place, wait_s=0.2)
    assert migrations.migrate(url, place=place).applied == ("0001",)


def test_a_table_in_use_is_waited_for_only_so_long(url: str, place: Path, add: Add) -> None:
    add("0001", "CREATE TABLE busy (id int);")
    migrations.migrate(url, place=place)
    add("0002", "CREATE TABLE lost (id int); ALTER TABLE busy ADD name text;")
    with psycopg.connect(url) as other:
        other.execute("SELECT FROM bursar.busy")
        with pytest.raises(MigrationBlocked, match=r"migration 0002 did not get a lock within 0\.2 s"):
            migrations.migrate(url, place=place, lock_timeout_s=0.2)
    assert migrations.status(url, place=place).current == "0001"
    assert migrations.migrate(url, place=place).applied == ("0002",)


# Where the database is ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg"])
def test_every_usual_form_of_the_url_is_understood(url: str, place: Path, add: Add, scheme: str) -> None:
    add("0001", "SELECT 1;")
    assert migrations.status(f"{scheme}:{url.partition(':')[2]}", place=place).current is None


def test_a_schema_made_by_the_host_needs_no_further_rights(url: str, place: Path, add: Add) -> None:
    add("0001", "CREATE TABLE steps (name text);")
    run(url, "CREATE SCHEMA bursar")
    database = urlsplit(url).path.removeprefix("/")
    run(url, f"REVOKE CREATE ON DATABASE {database} FROM CURRENT_USER")
    assert migrations.migrate(url, place=place).applied == ("0001",)


def test_a_database_out_of_reach_is_named_without_its_password(place: Path, add: Add) -> None:
    add("0001", "SELECT 1;")
    with pytest.raises(MigrationError, match="cannot connect") as caught:
        migrations.migrate("postgresql://bursar:hush@127.0.0.1:1/bursar", place=place)
    assert "hush" not in str(caught.value)
