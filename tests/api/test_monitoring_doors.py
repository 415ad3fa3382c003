"""Watching over payouts in one address: what is shown of a program, to whom, and how much of it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bursar import schedules
from bursar.foundation.db import Database
from bursar.identity import Role
from bursar.monitoring import alerts
from house import Client, RunningHouse, running
from writers_house import MONITORING, add_writers, apply_writers, not_now

SignIn = Callable[..., Awaitable[Client]]


@pytest.fixture
async def sam(sign_in: SignIn) -> Client:
    """Somebody who may look and nothing else."""
    return await sign_in(Role.SUPPORT)


async def shown(client: Client, program: str, **asked: Any) -> Any:
    """What is shown of a program."""
    answer = await client.get(MONITORING, params={"program": program, **asked})
    assert (answer.status, answer.json["success"]) == (200, True), answer.body
    return answer.json["data"]


async def test_the_documents_answer_is_a_part_of_ours(sam: Client, database: Database) -> None:
    program = await apply_writers(database)
    told = await shown(sam, program)
    assert told.keys() >= {"timestamp", "scheduler", "processing", "health"}
    assert told["scheduler"].keys() >= {"isRunning", "nextScheduledTime", "config"}
    assert told["processing"].keys() >= {"isProcessing", "totalInQueue", "totalCompleted", "totalFailed"}
    assert told["health"].keys() >= {"status", "metrics", "activeAlerts", "systemLoad"}
    assert (told["scheduler"]["isRunning"], told["health"]["status"]) == (False, "healthy")
    assert datetime.fromisoformat(told["scheduler"]["nextScheduledTime"]) > datetime.now(UTC)


async def test_the_configurations_are_those_of_the_document(sam: Client, database: Database) -> None:
    """Those of the shipped program, with the document's defaults; how the terms differ from them, the house says."""
    told = await shown(sam, await apply_writers(database))
    assert told["scheduler"]["config"] == {
        "enabled": True,
        "frequency": "monthly",
        "dayOfMonth": 1,
        "hour": 9,
        "minute": 0,
        "timezone": "UTC",
        "minimumThreshold": 25,
        "batchSize": 10,
        "maxRetries": 3,
        "notificationEmails": [],
    }
    assert told["processing"]["config"] == {
        "batchSize": 10,
        "maxRetries": 3,
        "retryDelayMs": 50,
        "processingTimeoutMs": 300_000,
        "minimumThreshold": 25,
        "maxConcurrentProcessing": 5,
        "enableFailsafe": True,
    }
    assert told["health"]["config"] == {
        "enabled": True,
        "failureRateThreshold": 10,
        "pendingPayoutThreshold": 50,
        "processingDelayThreshold": 24,
        "totalAmountThreshold": 10_000,
        "notificationEmails": [],
        "webhookUrls": [],
    }


@pytest.mark.parametrize(
    ("parameter", "path"),
    [
        ("includeHistory", ("history",)),
        ("includeAlerts", ("health", "activeAlerts")),
        ("includeMetrics", ("health", "metrics")),
    ],
)
async def test_each_part_can_be_left_out(
    parameter: str, path: tuple[str, ...], sam: Client, database: Database
) -> None:
    program = await apply_writers(database)
    for value, is_there in (("true", True), ("false", False)):
        place = await shown(sam, program, **{parameter: value})
        for step in path[:-1]:
            place = place[step]
        assert (path[-1] in place) is is_there


async def test_history_is_the_latest_runs_newest_first(sam: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)))
    begun = []
    for _ in range(3):
        async with database.transaction() as tx:
            begun.append(str((await schedules.begin_now(tx, program, actor="person:tester")).id))
    told = await shown(sam, program)
    assert [run["runId"] for run in told["history"]] == begun[::-1]
    assert told["history"][0].items() >= {"status": "running", "begunBy": "person:tester", "scheduledFor": None}.items()
    assert told["scheduler"]["isRunning"]
    assert [run["runId"] for run in (await shown(sam, program, historyLimit=2))["history"]] == begun[:0:-1]


async def test_active_alerts_are_shown_and_make_it_worse(sam: Client, database: Database) -> None:
    program = await apply_writers(database)
    async with database.transaction() as tx:
        alert = await alerts.open_system(
            tx, program, subject="test", severity=alerts.Severity.CRITICAL, message="The bank is closed."
        )
    health = (await shown(sam, program))["health"]
    [seen] = [one for one in health["activeAlerts"] if one["id"] == str(alert.id)]
    assert seen.items() >= {
        "type": "system_error", "severity": "critical", "message": "The bank is closed.", "acknowledged": False,
    }.items()  # fmt: skip
    assert health["status"] == "critical"
    assert ("The bank is closed.", str(alert.id)) in {(one["message"], one["alertId"]) for one in health["reasons"]}


async def test_nothing_of_another_programs_is_counted(sam: Client, database: Database) -> None:
    program, other = await apply_writers(database), await apply_writers(database)
    await add_writers(database, other, ["40.00"])
    async with database.transaction() as tx:
        await schedules.begin_now(tx, other, actor="person:tester")
    told = await shown(sam, program)
    assert (told["history"], told["processing"]["totalInQueue"]) == ([], 0)


async def test_the_program_that_is_meant_without_a_name_is_the_installations(
    sam: Client, house: RunningHouse, database: Database
) -> None:
    program = await apply_writers(database)
    with running(str(house.settings.database_url), cron_program=program) as other:
        there = Client(sam.session, other.url, sam.headers)
        assert (await there.get(MONITORING)).json["data"]["program"] == program
        assert (await there.get(MONITORING, params={"program": "nowhere"})).status == 404


@pytest.mark.parametrize(
    ("name", "value"),
    [("historyLimit", "0"), ("historyLimit", "101"), ("includeHistory", "perhaps"), ("includeEverything", "true")],
)
async def test_an_odd_parameter_is_refused_by_its_name(name: str, value: str, sam: Client) -> None:
    answer = await sam.get(MONITORING, params={name: value})
    assert (answer.status, answer.error["field"]) == (400, name)
