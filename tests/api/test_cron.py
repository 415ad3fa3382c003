"""The scheduler's address: who is let in, when it does something, and what it says of it."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

import ground
from bursar.foundation.db import Database
from ground import own_database
from house import CRON_KEY, Client, Reply, RunningHouse, running
from writers_house import CRON, add_writers, apply_writers, just_now, not_now

LET_IN = {"Authorization": f"Bearer {CRON_KEY}"}


@pytest.fixture(scope="module")
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A database of its own: the other tests here are not to have a worker."""
    with own_database(server_url, template) as url:
        yield url


@pytest.fixture(scope="module")
def house(database_url: str) -> Iterator[RunningHouse]:
    """An installation with a worker."""
    with running(database_url, with_worker=True) as house:
        yield house


@pytest.fixture
def scheduler(nobody: Client) -> Client:
    """A scheduler that knows the key."""
    return Client(nobody.session, nobody.url, LET_IN)


async def call(client: Client, program: str, **body: Any) -> Reply:
    """Say that it is time for a program."""
    return await client.post(CRON, params={"program": program}, json=body)


async def runs_of(database: Database, program: str) -> list[Any]:
    async with database.transaction() as tx:
        return await tx.many("SELECT * FROM runs WHERE program = $1 ORDER BY begun_at", program)


# Who is let in --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [None, "", CRON_KEY, f"Basic {CRON_KEY}", "Bearer", "Bearer ", f"Bearer {CRON_KEY}x", f"Bearer {CRON_KEY[:-1]}"],
)
async def test_nobody_else_is_let_in(given: str | None, nobody: Client) -> None:
    answer = await nobody.post(CRON, headers={} if given is None else {"Authorization": given}, json={})
    assert (answer.status, answer.error["code"]) == (401, "invalid_cron_key")
    assert "CRON_API_KEY" in answer.error["message"]
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("key", [None, SecretStr("")])
async def test_without_a_key_the_address_says_that_it_needs_one(
    key: SecretStr | None, house: RunningHouse, nobody: Client
) -> None:
    with running(str(house.settings.database_url), cron_api_key=key) as other:
        for headers in ({}, LET_IN, {"Authorization": "Bearer "}):
            answer = await Client(nobody.session, other.url).post(CRON, headers=headers, json={})
            assert (answer.status, answer.error["code"]) == (503, "cron_not_configured")
            assert "CRON_API_KEY" in answer.error["message"]


# When it does something -----------------------------------------------------------------------------------------------


async def test_outside_its_schedule_it_says_so_and_does_nothing(scheduler: Client, database: Database) -> None:
    now = datetime.now(UTC)
    program = await apply_writers(database, **not_now(now))
    await add_writers(database, program, ["40.00"])
    answer = await call(scheduler, program, forceRun=False)
    assert answer.status == 200
    assert (answer.json["success"], answer.json["status"]) == (True, "skipped")
    following = datetime.fromisoformat(answer.json["data"]["nextScheduledTime"])
    assert following > now
    assert answer.json["data"]["nextScheduledTime"] in answer.json["message"]
    assert (answer.json["data"]["runId"], answer.json["data"]["totalPayouts"]) == (None, 0)
    assert await runs_of(database, program) == []


async def test_a_schedule_that_is_off_is_never_its_time(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **just_now(datetime.now(UTC)), schedule__enabled=False)
    answer = await call(scheduler, program)
    assert (answer.json["status"], answer.json["data"]["nextScheduledTime"]) == ("skipped", None)
    assert answer.json["message"].startswith("No run is scheduled")
    assert await runs_of(database, program) == []


async def test_at_its_time_it_pays_whoever_has_enough_once(scheduler: Client, database: Database) -> None:
    """Whether a worker has noticed before the call or not."""
    now = datetime.now(UTC)
    before = now - timedelta(minutes=5)
    program = await apply_writers(database, at=before, **not_now(now))
    await add_writers(database, program, ["40.00", "25.00", "24.99"])
    await apply_writers(database, program, at=before, **just_now(now))
    first = await call(scheduler, program)
    assert (first.status, first.json["status"]) == (200, "success"), first.body
    told = first.json["data"]
    assert (told["totalPayouts"], told["successfulPayouts"], told["failedPayouts"]) == (2, 2, 0)
    assert (told["totalAmount"], told["errors"]) == (65.0, [])
    again = await call(scheduler, program)
    assert again.json["data"]["runId"] == first.json["data"]["runId"]
    assert [str(run["id"]) for run in await runs_of(database, program)] == [first.json["data"]["runId"]]


async def test_two_calls_at_once_give_one_run(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)))
    await add_writers(database, program, ["40.00"] * 20)
    answers = await asyncio.gather(*(call(scheduler, program, forceRun=True) for _ in range(5)))
    assert {answer.status for answer in answers} <= {200, 202}
    assert len({answer.json["data"]["runId"] for answer in answers}) == 1
    assert len(await runs_of(database, program)) == 1


async def test_forced_it_begins_at_any_time(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)))
    await add_writers(database, program, ["40.00"])
    answer = await call(scheduler, program, forceRun=True)
    assert (answer.status, answer.json["status"], answer.json["data"]["successfulPayouts"]) == (200, "success", 1)
    assert [run["begun_by"] for run in await runs_of(database, program)] == ["system:cron"]


async def test_a_dry_run_says_who_would_be_paid_and_changes_nothing(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)))
    await add_writers(database, program, ["40.00", "30.50", "10.00"])
    answer = await call(scheduler, program, dryRun=True)
    assert (answer.status, answer.json["status"], answer.json["success"]) == (200, "dry_run", True)
    told = answer.json["data"]
    assert (told["totalPayouts"], told["totalAmount"], told["runId"]) == (2, 70.5, None)
    assert told["leftOut"] == {"below_minimum": 1}
    assert "nothing was done" in answer.json["message"]
    assert await runs_of(database, program) == []
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM payouts WHERE program = $1", program) == 0


async def test_one_run_may_go_by_other_figures_than_the_terms(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)))
    await call(scheduler, program, forceRun=True, batchSize=7, maxRetries=2)
    [run] = await runs_of(database, program)
    assert (run["batch_size"], run["tries_max"]) == (7, 3)


# What it says of it ---------------------------------------------------------------------------------------------------


async def test_amounts_are_numbers_with_all_their_decimals(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)))
    await add_writers(database, program, ["40.10", "30.20"])
    assert b'"totalAmount":70.30,' in (await call(scheduler, program, forceRun=True)).body


async def test_failures_are_told_with_their_reasons(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)), runs__failsafe=False)
    await add_writers(database, program, ["40.00"])
    await add_writers(database, program, ["50.00"], ending="0003")
    answer = await call(scheduler, program, forceRun=True)
    told = answer.json["data"]
    assert (answer.json["status"], answer.json["success"]) == ("success", True)
    assert (told["totalPayouts"], told["successfulPayouts"], told["failedPayouts"]) == (2, 1, 1)
    [error] = told["errors"]
    assert (error["amount"], error["holder"][:7]) == (50.0, "writer-")
    assert error["reason"]


async def test_a_run_that_the_failsafe_stops_is_no_success(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)), runs__amount_max=50)
    await add_writers(database, program, ["40.00", "40.00"])
    answer = await call(scheduler, program, forceRun=True)
    assert (answer.status, answer.json["status"], answer.json["success"]) == (200, "stopped", False)
    [run] = await runs_of(database, program)
    assert run["stopped_why"] in answer.json["message"]
    assert answer.json["data"]["successfulPayouts"] == 0


async def test_a_run_does_not_wait_for_people(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)), review={"amount_at": 45})
    await add_writers(database, program, ["40.00", "50.00"])
    answer = await call(scheduler, program, forceRun=True)
    told = answer.json["data"]
    assert (answer.status, answer.json["status"]) == (200, "success")
    assert (told["totalPayouts"], told["successfulPayouts"], told["waitingPayouts"]) == (2, 1, 1)
    assert answer.json["message"].endswith("payouts that wait for a time or for people: 1")


async def test_one_id_leads_from_the_call_to_its_payouts(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)))
    await add_writers(database, program, ["40.00"])
    mine = f"cron-{uuid4()}"
    answer = await scheduler.post(
        CRON, params={"program": program}, json={"forceRun": True}, headers={"X-Request-Id": mine}
    )
    assert (answer.json["correlationId"], answer.headers["x-request-id"]) == (mine, mine)
    async with database.transaction() as tx:
        caused = await tx.many(
            "SELECT DISTINCT e.correlation_id FROM payout_events e JOIN payouts p ON p.id = e.payout_id "
            "WHERE p.program = $1 AND e.verb = 'request'",
            program,
        )
    assert [row["correlation_id"] for row in caused] == [mine]


async def test_a_run_that_takes_long_is_answered_with_where_to_look(scheduler: Client, database: Database) -> None:
    program = await apply_writers(database, **not_now(datetime.now(UTC)))
    await add_writers(database, program, ["40.00"], ending="0004")  # The bank has it, and says no more.
    answer = await call(scheduler, program, forceRun=True)
    assert (answer.status, answer.json["status"], answer.json["success"]) == (202, "running", True)
    assert answer.headers["location"] == f"{CRON}/{answer.json['data']['runId']}"
    assert int(answer.headers["retry-after"]) > 0
    looked = await scheduler.get(answer.headers["location"])
    assert (looked.status, looked.json["data"]["runId"]) == (202, answer.json["data"]["runId"])
    assert (looked.json["data"]["totalPayouts"], looked.json["data"]["waitingPayouts"]) == (1, 1)


@pytest.mark.parametrize("odd", ["nonsense", "0b165350-6ab4-4b3b-a5f3-f9f5d0c8719b"])
async def test_a_run_that_is_not_there_is_not_found(odd: str, scheduler: Client) -> None:
    answer = await scheduler.get(f"{CRON}/{odd}")
    assert (answer.status, answer.error["code"]) == (404, "run_not_found")


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dry", [False, True])
async def test_a_program_without_runs_has_none(dry: bool, scheduler: Client, database: Database) -> None:
    answer = await call(scheduler, "nowhere", forceRun=True, dryRun=dry)
    assert (answer.status, answer.error["code"]) == (404, "program_not_found")
    async with database.transaction() as tx:
        await ground.program(tx, "merchants")
    answer = await call(scheduler, "merchants", forceRun=True, dryRun=dry)
    assert (answer.status, answer.error["code"]) == (409, "program_has_no_runs")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("forceRun", "yes"),
        ("dryRun", 1),
        ("batchSize", 0),
        ("batchSize", 1001),
        ("batchSize", "10"),
        ("maxRetries", -1),
        ("maxRetries", 20),
        ("retries", 3),
    ],
)
async def test_an_odd_body_is_refused_by_the_fields_name(field: str, value: Any, scheduler: Client) -> None:
    answer = await scheduler.post(CRON, json={field: value})
    assert (answer.status, answer.error["field"]) == (400, field)
