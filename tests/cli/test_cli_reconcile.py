"""``bursar reconcile`` and ``bursar recovery``: what differs is corrected by two people; sending off, and why."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_house import PASSWORD, Bursar

from bursar.foundation import db

ANNA, BEN = "anna@example.com", "ben@example.com"


@pytest.fixture
def statement(tmp_path: Path) -> Path:
    """A payment that nobody here knows, in a bank's own words."""
    file = tmp_path / "statement.csv"
    at = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    file.write_text(f"Trace;Betrag;Zeit\nT-77;-1000.00;{at}\n")
    return file


COLUMNS = ["--reference", "Trace", "--amount", "Betrag", "--currency", "PKR", "--date", "Zeit", "--delimiter", ";"]


def imported(bursar: Bursar, file: Path) -> Any:
    [made] = bursar.json("reconcile", "import", str(file), "--gateway", "mockbank", *COLUMNS, code=1)
    return made


def test_a_worker_compares_where_this_terminal_does_not_know_the_gateways(shop: Bursar) -> None:
    assert "gateway_not_found" in shop.refused("reconcile", "run", "--gateway", "stripe")
    assert shop.said("reconcile", "run", "--gateway", "stripe", "--by-worker") == ""
    assert shop.json("reconcile", "list") == [], "none has come by yet"

    async def waiting(database: db.Database) -> int:
        async with database.transaction(readonly=True) as tx:
            found: int = await tx.value("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'reconciliation.compare'")
        return found

    assert shop.directly(waiting) == 1


def test_a_statements_difference_is_found_and_ended_by_two_people(shop: Bursar, statement: Path) -> None:
    shop.employ(ANNA)
    shop.employ(BEN)
    made = imported(shop, statement)
    assert (made["state"], made["payments"], made["opened"], made["passed"]) == ("done", 1, 1, False)
    [item] = shop.json("reconcile", "items")
    assert (item["kind"], item["gateway_reference"], item["suggested"]) == ("orphan_payment", "T-77", "write_off")
    as_anna, as_ben = ("--as", ANNA, "--password-stdin"), ("--as", BEN, "--password-stdin")
    wish = "reconcile", "propose", item["id"], "write_off", "--reason", "nobody knows it"
    assert "program" in shop.refused(*wish, *as_anna, given=f"{PASSWORD}\n")
    [proposed] = shop.json(*wish, "--program", "merchants", *as_anna, given=f"{PASSWORD}\n")
    assert "may_not_approve" in shop.refused("reconcile", "approve", proposed["id"], *as_anna, given=f"{PASSWORD}\n")
    [done] = shop.json("reconcile", "approve", proposed["id"], *as_ben, given=f"{PASSWORD}\n")
    assert (done["resolution"], shop.json("reconcile", "items")) == ("write_off", [])
    shown = shop.json("reconcile", "show", item["id"])
    assert [one["state"] for one in shown["corrections"]] == ["done"]
    assert shop("doctor").exit_code == 0
    for form in ("csv", "beancount"):
        assert made["gateway"] in shop.said("ledger", "export", "--format", form).lower()


def test_the_same_statement_counts_once(shop: Bursar, statement: Path) -> None:
    imported(shop, statement)
    again = shop.refused("reconcile", "import", str(statement), "--gateway", "mockbank", *COLUMNS)
    assert "statement_read_before" in again
    assert [one["way"] for one in shop.json("reconcile", "list")] == ["statement"]


def test_a_gateway_that_is_not_there_cannot_be_compared(shop: Bursar) -> None:
    assert "gateway_not_found" in shop.refused("reconcile", "run", "--gateway", "nobody")


def test_a_recovery_is_begun_by_hand_and_says_what_it_waits_for(shop: Bursar) -> None:
    assert shop.json("recovery", "status") == []
    [begun] = shop.json("recovery", "begin", "--since", "2026-11-20 08:00:00", "--reason", "snapshot restored")
    assert (begun["sending"], begun["why"], begun["not_compared"]) == ("off", "snapshot restored", ["mockbank"])
    [status] = shop.json("recovery", "status")
    assert status["known_until"] == "2026-11-20T08:00:00Z"
