"""Acting on payouts through one address: the six actions of the writers document, and who may do which."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar import programs
from bursar.foundation.db import Database
from bursar.foundation.money import Money
from bursar.identity import Role
from bursar.monitoring import alerts
from bursar.programs import Frequency
from house import Client, Reply
from writers_house import MONITORING, add_writers, apply_writers, not_now

SignIn = Callable[..., Awaitable[Client]]

WEEKLY = {"frequency": "weekly", "dayOfWeek": 1, "hour": 10, "minute": 0, "enabled": True}
"""The document's own change of schedule."""


@pytest.fixture
async def amina(sign_in: SignIn) -> Client:
    """A manager."""
    return await sign_in(Role.MANAGER)


@pytest.fixture
async def program(database: Database) -> str:
    """A program of this test's own."""
    return await apply_writers(database, **not_now(datetime.now(UTC)))


@pytest.fixture
async def monthly(database: Database) -> str:
    """One whose schedule is the shipped one."""
    return await apply_writers(database, retry__max_seconds=3600)


async def act(client: Client, program: str, action: str, **body: Any) -> Reply:
    """Ask for an action on a program."""
    return await client.post(MONITORING, params={"program": program}, json={"action": action, **body})


async def terms_of(database: Database, program: str) -> programs.Terms:
    async with database.transaction() as tx:
        return await programs.terms(tx, program)


async def opened(database: Database, program: str) -> UUID:
    async with database.transaction() as tx:
        alert = await alerts.open_system(
            tx, program, subject="test", severity=alerts.Severity.WARNING, message="The bank is slow."
        )
    return alert.id


# Who may --------------------------------------------------------------------------------------------------------------


def bodies(alert: UUID) -> dict[str, dict[str, Any]]:
    """Every action, with a body that it takes."""
    return {
        "triggerPayouts": {"dryRun": True},
        "updateSchedule": {"batchSize": 20},
        "updateAlertConfig": {"pendingPayoutThreshold": 60},
        "acknowledgeAlert": {"alertId": str(alert)},
        "resolveAlert": {"alertId": str(alert)},
        "getMetrics": {},
    }


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.SUPER_ADMIN, set(bodies(UUID(int=0)))),
        (Role.MANAGER, set(bodies(UUID(int=0)))),
        (Role.SUPPORT, {"getMetrics"}),
    ],
)
async def test_a_role_may_do_what_it_says(
    role: Role, allowed: set[str], sign_in: SignIn, database: Database, program: str
) -> None:
    person, alert = await sign_in(role), await opened(database, program)
    answers = {action: (await act(person, program, action, **body)) for action, body in bodies(alert).items()}
    assert {action: answer.status for action, answer in answers.items()} == {
        action: 200 if action in allowed else 403 for action in answers
    }


async def test_what_somebody_may_not_do_is_not_done(sign_in: SignIn, database: Database, program: str) -> None:
    sam, alert = await sign_in(Role.SUPPORT), await opened(database, program)
    for action, body in bodies(alert).items():
        await act(sam, program, action, **body)
    assert (await terms_of(database, program)).version == 1
    async with database.transaction() as tx:
        assert await alerts.get(tx, alert) in await alerts.active(tx, program)
        assert not (await alerts.get(tx, alert)).is_acknowledged


@pytest.mark.parametrize("action", bodies(UUID(int=0)))
async def test_every_action_is_noted_with_who_asked(
    action: str, amina: Client, database: Database, program: str
) -> None:
    alert, mine = await opened(database, program), f"act-{uuid4()}"
    me = (await amina.get("/api/me")).json["data"]["id"]
    answer = await amina.post(
        MONITORING,
        params={"program": program},
        json={"action": action, **bodies(alert)[action]},
        headers={"X-Request-Id": mine},
    )
    assert answer.json["correlationId"] == mine
    async with database.transaction() as tx:
        notes = await tx.many("SELECT * FROM audit_notes WHERE correlation_id = $1", mine)
    assert {note["actor"] for note in notes} == {f"person:{me}"}
    assert [note["facts"]["asked_for"] for note in notes if note["action"] == "monitoring.asked"] == [action]


# triggerPayouts -------------------------------------------------------------------------------------------------------


async def test_payouts_are_triggered_at_any_time(amina: Client, database: Database, program: str) -> None:
    """Nobody works here, so that the run is under way for ever."""
    answer = await act(amina, program, "triggerPayouts", batchSize=7)
    assert (answer.status, answer.json["status"]) == (202, "running")
    run = answer.json["data"]["runId"]
    assert answer.headers["location"] == f"/api/admin/runs/{run}"
    assert answer.json["data"].keys() >= {"totalPayouts", "successfulPayouts", "failedPayouts", "errors"}
    async with database.transaction() as tx:
        found = await tx.one("SELECT * FROM runs WHERE id = $1", UUID(run))
    assert (found["program"], found["batch_size"], found["begun_by"][:7]) == (program, 7, "person:")


async def test_payouts_are_triggered_only_at_their_time_where_that_is_asked_for(amina: Client, program: str) -> None:
    assert (await act(amina, program, "triggerPayouts", forceRun=False)).json["status"] == "skipped"


async def test_a_trigger_may_be_a_dry_run(amina: Client, database: Database, program: str) -> None:
    await add_writers(database, program, ["40.00"])
    answer = await act(amina, program, "triggerPayouts", dryRun=True)
    assert (answer.json["status"], answer.json["data"]["totalPayouts"]) == ("dry_run", 1)


# updateSchedule -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nested", [False, True])
async def test_the_documents_change_of_schedule_works(
    nested: bool, amina: Client, database: Database, monthly: str
) -> None:
    body: dict[str, Any] = {"config": WEEKLY} if nested else WEEKLY
    answer = await act(amina, monthly, "updateSchedule", **body, note="Weekly from now on")
    assert answer.status == 200, answer.body
    assert answer.json["success"]
    config = answer.json["data"]["config"]
    assert config.items() >= WEEKLY.items()
    assert "dayOfMonth" not in config
    assert datetime.fromisoformat(answer.json["data"]["nextScheduledTime"]).isoweekday() == 1
    terms = await terms_of(database, monthly)
    assert (terms.schedule.frequency, terms.schedule.day_of_week, terms.version) == (Frequency.WEEKLY, 1, 2)
    async with database.transaction() as tx:
        [latest, _] = await programs.versions(tx, monthly)
    assert (latest.note, latest.applied_by[:7]) == ("Weekly from now on", "person:")


async def test_all_that_the_document_configures_can_be_changed(amina: Client, database: Database, monthly: str) -> None:
    wanted = {
        "dayOfMonth": 31,
        "timezone": "Asia/Karachi",
        "minimumThreshold": 30.5,
        "batchSize": 20,
        "maxRetries": 5,
        "notificationEmails": ["finance@example.com"],
        "retryDelayMs": 45_000,
        "processingTimeoutMs": 600_000,
        "maxConcurrentProcessing": 8,
        "enableFailsafe": False,
    }
    answer = await act(amina, monthly, "updateSchedule", frequency="monthly", **wanted)
    data = answer.json["data"]
    assert (data["config"] | data["processing"]).items() >= {k: v for k, v in wanted.items() if v != []}.items()
    terms = await terms_of(database, monthly)
    assert (terms.retry.max_attempts, terms.retry.base_seconds) == (6, 45.0)
    assert (terms.limits.minimum, terms.dispatch.lease_seconds) == (Money(3050, "USD"), 600.0)


async def test_a_cron_expression_and_a_calendar_take_each_others_place(
    amina: Client, database: Database, monthly: str
) -> None:
    answer = await act(amina, monthly, "updateSchedule", cron="0 */6 * * *")
    assert answer.json["data"]["config"]["cron"] == "0 */6 * * *"
    assert "frequency" not in answer.json["data"]["config"]
    refused = await act(amina, monthly, "updateSchedule", hour=12)
    assert (refused.status, refused.error["field"]) == (400, "frequency")
    answer = await act(amina, monthly, "updateSchedule", frequency="daily", hour=12)
    assert answer.json["data"]["config"].items() >= {"frequency": "daily", "hour": 12}.items()
    assert "cron" not in answer.json["data"]["config"]
    assert (await terms_of(database, monthly)).dispatch.cron is None


async def test_what_is_so_already_makes_no_new_version(amina: Client, monthly: str) -> None:
    answer = await act(amina, monthly, "updateSchedule", hour=9)
    assert (answer.json["message"], answer.json["data"]["version"]) == ("The schedule was so already", 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "config"),
        ({"config": {}}, "config"),
        ({"hour": 10, "config": {"hour": 10}}, "config"),
        ({"frequency": "weekly"}, "dayOfWeek"),
        ({"frequency": "hourly"}, "frequency"),
        ({"dayOfWeek": 3}, "dayOfWeek"),
        ({"cron": "0 9 1 * *", "hour": 9}, "cron"),
        ({"cron": "whenever"}, "cron"),
        ({"cron": ""}, "cron"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"hour": 24}, "hour"),
        ({"minute": -1}, "minute"),
        ({"minimumThreshold": 0}, "minimumThreshold"),
        ({"minimumThreshold": 25.001}, "minimumThreshold"),
        ({"minimumThreshold": None}, "minimumThreshold"),
        ({"maxRetries": 20}, "maxRetries"),
        ({"batchSize": 0}, "batchSize"),
        ({"processingTimeoutMs": 1000}, "processingTimeoutMs"),
        ({"notificationEmails": ["a@example.com", "nobody"]}, "notificationEmails[1]"),
        ({"retries": 3}, "retries"),
        ({"note": "nul\0", "hour": 10}, "note"),
    ],
)
async def test_an_odd_schedule_is_refused_by_the_documents_name(
    body: dict[str, Any], field: str, amina: Client, database: Database, monthly: str
) -> None:
    answer = await act(amina, monthly, "updateSchedule", **body)
    assert (answer.status, answer.error["field"]) == (400, field), answer.body
    assert (await terms_of(database, monthly)).version == 1


# updateAlertConfig ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nested", [False, True])
async def test_alerts_can_be_configured(nested: bool, amina: Client, database: Database, program: str) -> None:
    wanted = {
        "enabled": True,
        "failureRateThreshold": 5.5,
        "pendingPayoutThreshold": 100,
        "processingDelayThreshold": 12,
        "totalAmountThreshold": 20_000,
        "notificationEmails": ["finance@example.com"],
        "webhookUrls": ["https://example.com/alerts"],
    }
    body: dict[str, Any] = {"config": wanted} if nested else wanted
    answer = await act(amina, program, "updateAlertConfig", **body)
    assert (answer.status, answer.json["data"]["config"]) == (200, wanted)
    terms = await terms_of(database, program)
    assert (terms.alerts.failure_rate_max, terms.alerts.amount_max) == (5.5, Money(2_000_000, "USD"))


async def test_a_threshold_may_be_taken_away(amina: Client, database: Database, program: str) -> None:
    await act(amina, program, "updateAlertConfig", totalAmountThreshold=None, failureRateThreshold=None)
    terms = await terms_of(database, program)
    assert (terms.alerts.amount_max, terms.alerts.failure_rate_max, terms.alerts.pending_max) == (None, None, 50)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"failureRateThreshold": 101}, "failureRateThreshold"),
        ({"webhookUrls": ["http://example.com/"]}, "webhookUrls[0]"),
        ({"totalAmountThreshold": "lots"}, "totalAmountThreshold"),
        ({"processingDelayThreshold": 0}, "processingDelayThreshold"),
        ({}, "config"),
    ],
)
async def test_odd_alerts_are_refused_by_the_documents_name(
    body: dict[str, Any], field: str, amina: Client, database: Database, program: str
) -> None:
    answer = await act(amina, program, "updateAlertConfig", **body)
    assert (answer.status, answer.error["field"]) == (400, field), answer.body
    assert (await terms_of(database, program)).version == 1


# acknowledgeAlert, resolveAlert ---------------------------------------------------------------------------------------


async def test_an_alert_is_acknowledged_and_then_resolved(amina: Client, database: Database, program: str) -> None:
    alert = await opened(database, program)
    seen = await act(amina, program, "acknowledgeAlert", alertId=str(alert))
    assert (seen.json["data"]["acknowledged"], seen.json["data"]["resolved"]) == (True, False)
    assert seen.json["data"]["acknowledgedBy"].startswith("person:")
    over = await act(amina, program, "resolveAlert", alertId=str(alert), note="The bank is back")
    assert (over.json["data"]["resolved"], over.json["data"]["note"]) == (True, "The bank is back")
    again = await act(amina, program, "resolveAlert", alertId=str(alert))
    assert (again.status, again.error["code"]) == (409, "alert_resolved")


@pytest.mark.parametrize("action", ["acknowledgeAlert", "resolveAlert"])
async def test_an_alert_that_is_not_there_is_not_found(action: str, amina: Client, program: str) -> None:
    answer = await act(amina, program, action, alertId=str(uuid4()))
    assert (answer.status, answer.error["code"]) == (404, "alert_not_found")
    for odd in ({}, {"alertId": "first"}):
        assert (await act(amina, program, action, **odd)).error["field"] == "alertId"


# getMetrics -----------------------------------------------------------------------------------------------------------


async def test_metrics_are_calculated(amina: Client, program: str) -> None:
    answer = await act(amina, program, "getMetrics", windowHours=48)
    told = answer.json["data"]
    assert told.keys() >= {
        "totalPayouts", "successRate", "failureRate", "retryRate", "averageProcessingTime", "processingTime",
        "pendingPayouts", "totalAmount", "oldestPendingAge",
    }  # fmt: skip
    window = datetime.fromisoformat(told["windowEnd"]) - datetime.fromisoformat(told["windowStart"])
    assert window.total_seconds() == 48 * 3600
    assert (told["totalPayouts"], told["totalAmount"], told["successRate"]) == (0, 0, None)


# What is refused ------------------------------------------------------------------------------------------------------


async def test_an_unknown_action_is_refused_with_those_there_are(amina: Client, program: str) -> None:
    answer = await act(amina, program, "payEverybody")
    assert (answer.status, answer.error["field"]) == (400, "action")
    assert all(action in answer.error["rule"] for action in bodies(UUID(int=0)))
    assert (await amina.post(MONITORING, json={})).error["field"] == "action"


async def test_a_program_that_pays_all_day_has_no_schedule_to_change(amina: Client) -> None:
    answer = await act(amina, "merchants", "updateSchedule", hour=10)
    assert (answer.status, answer.error["code"]) == (409, "program_has_no_runs")
    assert (await act(amina, "nowhere", "getMetrics")).status == 404
