"""What an installation's environment says about the terms becomes a version of them when a process starts."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from pydantic import SecretStr, ValidationError

from bursar import bootstrap, programs
from bursar.foundation.clock import FakeClock
from bursar.foundation.db import Database
from bursar.foundation.money import Money
from bursar.foundation.settings import Settings
from ground import administer

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


async def start(database_url: str, clock: FakeClock, **environment: Any) -> None:
    """Start a process and end it again."""
    settings = Settings(database_url=database_url, encryption_key=SecretStr("k" * 32), _env_file=None, **environment)
    async with bootstrap.furnish(settings, clock=clock):
        pass


async def apply(database: Database, name: str = "writers") -> None:
    async with database.transaction() as tx:
        await programs.apply(tx, programs.load(programs.ready()[name]), actor="cli:amina", at=AT)


async def versions(database: Database, program: str = "writers") -> list[programs.Version]:
    async with database.transaction() as tx:
        return await programs.versions(tx, program)


async def current(database: Database, program: str = "writers") -> programs.Terms:
    async with database.transaction() as tx:
        return await programs.terms(tx, program)


def test_the_names_of_the_document_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"BATCH_SIZE": "20", "MAX_RETRIES": "5", "MIN_THRESHOLD": "30.50"}
    for name, value in said.items():
        monkeypatch.setenv(f"PAYOUT_{name}", value)
    monkeypatch.setenv("MONITORING_ENABLED", "false")
    assert programs.overrides(Settings(_env_file=None)) == {
        "limits.minimum": Decimal("30.50"),
        "dispatch.batch_size": 20,
        "retry.max_attempts": 6,
        "alerts.enabled": False,
    }


async def test_the_environment_makes_a_version_by_name(database: Database, database_url: str, clock: FakeClock) -> None:
    await apply(database)
    await start(database_url, clock, payout_batch_size=20, payout_min_threshold="30.50", monitoring_enabled=False)
    terms, [newest, _] = await current(database), await versions(database)
    assert (terms.version, terms.dispatch.batch_size, terms.limits.minimum) == (2, 20, Money(3050, "USD"))
    assert (terms.alerts.enabled, terms.retry.max_attempts) == (False, 4)
    assert (newest.applied_by, newest.applied_at) == ("system:environment", clock.now())


async def test_what_the_terms_say_already_makes_no_version(
    database: Database, database_url: str, clock: FakeClock
) -> None:
    await apply(database)
    document: dict[str, Any] = {"payout_batch_size": 10, "payout_max_retries": 3, "payout_min_threshold": "25"}
    for _ in range(2):
        await start(database_url, clock, monitoring_enabled=True, **document)
    assert len(await versions(database)) == 1


async def test_an_environment_that_says_nothing_changes_nothing(
    database: Database, database_url: str, clock: FakeClock
) -> None:
    await apply(database)
    await start(database_url, clock)
    assert len(await versions(database)) == 1


async def test_the_program_that_is_meant_can_be_another_one(
    database: Database, database_url: str, clock: FakeClock
) -> None:
    await apply(database, "merchants")
    await start(database_url, clock, cron_program="merchants", payout_max_retries=0)
    assert (await current(database, "merchants")).retry.max_attempts == 1


async def test_a_program_that_is_not_there_yet_stops_nothing(database_url: str, clock: FakeClock) -> None:
    await start(database_url, clock, payout_batch_size=20)


async def test_a_database_without_tables_stops_nothing_either(server_url: str, clock: FakeClock) -> None:
    name = f"t_{uuid4().hex[:16]}"
    await administer(server_url, f'CREATE DATABASE "{name}"')
    await start(urlunsplit(urlsplit(server_url)._replace(path=f"/{name}")), clock, payout_batch_size=20)
    await administer(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_what_the_terms_may_not_say_stops_the_process(
    database: Database, database_url: str, clock: FakeClock
) -> None:
    await apply(database)
    with pytest.raises(bootstrap.NotConfigured, match=r"limits\.minimum must be a positive amount of USD"):
        await start(database_url, clock, payout_min_threshold="25.001")


@pytest.mark.parametrize(
    ("name", "value"),
    [("payout_batch_size", 0), ("payout_batch_size", 1001), ("payout_max_retries", 20), ("payout_min_threshold", "0")],
)
def test_figures_out_of_bounds_are_no_settings(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings(_env_file=None, **{name: value})


async def test_in_production_it_is_told_when_a_program_pays_nobody(
    database: Database, database_url: str, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    await apply(database, "marketplace")
    await start(database_url, clock)
    assert "program.pays_nobody" not in capsys.readouterr().err, "elsewhere that is what is wanted"
    await start(database_url, clock, BURSAR_ENV="production")
    [said] = [line for line in capsys.readouterr().err.splitlines() if "program.pays_nobody" in line]
    assert '"gateway": "simulated"' in said
    assert '"program": "marketplace"' in said
