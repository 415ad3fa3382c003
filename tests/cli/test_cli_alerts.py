"""``bursar alerts``, as somebody on call uses it."""

from uuid import uuid4

import pytest
from cli_house import Bursar

from bursar import monitoring
from bursar.foundation.db import Database
from bursar.monitoring.alerts import Severity


@pytest.fixture
def alert(shop: Bursar) -> str:
    """Something is wrong with the merchants' program."""

    async def work(database: Database) -> str:
        async with database.transaction() as tx:
            opened = await monitoring.alerts.open_system(
                tx,
                "merchants",
                subject="ledger",
                severity=Severity.CRITICAL,
                message="Law 1 is broken.",
                facts={"law": 1},
            )
        return str(opened.id)

    return shop.directly(work)


def test_what_is_wrong_is_listed_shown_and_taken_care_of(shop: Bursar, alert: str) -> None:
    shop.employ("anna@acme.example")
    [listed] = shop.json("alerts", "list", "--program", "merchants")
    assert (listed["id"], listed["severity"], listed["state"]) == (alert, "critical", "open")
    assert "Law 1 is broken." in shop.said("alerts", "list")
    assert shop.json("alerts", "acknowledge", alert)["acknowledged_by"].startswith("cli:")
    assert "acknowledged" in shop.said("alerts", "list")
    assert shop.json("alerts", "resolve", alert, "--note", "books were repaired")["note"] == "books were repaired"
    assert "Nothing is wrong." in shop.said("alerts", "list")
    [past] = shop.json("alerts", "list", "--all", "--type", "system_error", "--limit", "5")
    assert (past["id"], past["state"]) == (alert, "resolved")


def test_who_was_told_stands_with_the_alert(shop: Bursar, alert: str) -> None:
    shown = shop.json("alerts", "show", alert)
    assert [(told["about"], told["state"], told["reason"]) for told in shown["told"]] == [
        ("alert_opened", "skipped", "nobody_to_tell")
    ]
    assert "nobody_to_tell" in shop.said("alerts", "show", alert)


def test_whoever_is_told_of_alerts_can_be_tried_out(shop: Bursar) -> None:
    shop.employ("anna@acme.example")
    said = shop.said("alerts", "test", "merchants")
    assert "A worker tells 1 addresses" in said
    tested = shop.json("alerts", "test", "merchants")
    assert shop.json("alerts", "show", tested["id"])["told"][0]["to"] == "anna@acme.example"
    assert shop.json("alerts", "list") == []


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "show"])
def test_an_alert_that_is_not_there_is_refused(shop: Bursar, verb: str) -> None:
    assert "There is no such alert." in shop.refused("alerts", verb, str(uuid4()))


def test_what_has_been_resolved_is_not_resolved_twice(shop: Bursar, alert: str) -> None:
    shop.said("alerts", "resolve", alert)
    assert "resolved already" in shop.refused("alerts", "resolve", alert)


def test_alerts_of_a_program_that_is_not_there_are_refused(shop: Bursar) -> None:
    assert "nowhere" in shop.refused("alerts", "list", "--program", "nowhere")
    assert "nowhere" in shop.refused("alerts", "test", "nowhere")
