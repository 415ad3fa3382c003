"""Runs over HTTP: what one would do, how far one is, and stopping it; and what holders say to runs."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from balances_house import carried_out, paying_balances, writers
from bursar import payouts, programs
from bursar.foundation.db import Database
from bursar.identity import Role
from bursar.payouts import Step
from house import Client

RUNS = "/api/admin/runs"

SignIn = Callable[..., Awaitable[Client]]
Platform = Callable[..., Awaitable[Client]]


@pytest.fixture
async def amina(sign_in: SignIn) -> Client:
    """A manager."""
    return await sign_in(Role.MANAGER)


@pytest.fixture
async def journal(database: Database) -> programs.Terms:
    """A program of this test's own that pays balances, with three writers who have enough."""
    async with database.transaction() as tx:
        terms = await paying_balances(tx)
        await writers(tx, terms, "100.00", "50.00", "25.00", "1.00")
    return terms


async def worked_on(database: Database, run_id: str) -> None:
    """What a worker makes of a run."""
    async with database.transaction() as tx:
        await carried_out(tx, UUID(run_id))


async def begun(client: Client, terms: programs.Terms, **body: Any) -> str:
    answer = await client.post(RUNS, json={"program": terms.program, **body})
    assert answer.status == 202, answer.body
    return str(answer.json["data"]["id"])


async def test_a_preview_says_who_would_be_paid_and_does_nothing(amina: Client, journal: programs.Terms) -> None:
    first = (await amina.get(f"{RUNS}/preview", params={"program": journal.program, "limit": "2"})).json["data"]
    assert (first["payouts"], first["amount"], first["currency"]) == (3, "175.00", "PKR")
    assert first["leftOut"] == {"below_minimum": {"holders": 1, "amount": "1.00"}}
    assert [line["outcome"] for line in first["holders"]] == ["paid", "paid"]
    rest = await amina.get(f"{RUNS}/preview", params={"program": journal.program, "cursor": first["nextCursor"]})
    assert [line["amount"] for line in rest.json["data"]["holders"]] == ["25.00"]
    assert (await amina.get(RUNS, params={"program": journal.program})).json["data"] == []


async def test_a_run_is_begun_and_followed(amina: Client, journal: programs.Terms, database: Database) -> None:
    run_id = await begun(amina, journal, batchSize=2, triesMax=1)
    await worked_on(database, run_id)
    run = (await amina.get(f"{RUNS}/{run_id}")).json["data"]
    assert (run["standing"], run["askedFor"], run["handedOver"]) == ("handed_over", 3, 3)
    assert (run["results"]["total"], run["results"]["waiting"]) == (3, 3)
    assert run["results"]["amounts"] == {"PKR": "175.00"}
    listed = (await amina.get(RUNS, params={"program": journal.program})).json["data"]
    assert [one["id"] for one in listed] == [run_id]
    page = (await amina.get(f"{RUNS}/{run_id}/payouts", params={"limit": "2", "status": "approved"})).json
    assert (len(page["data"]), page["hasMore"]) == (2, True)
    assert {one["requestedBy"] for one in page["data"]} == {f"system:run:{run_id}"}


async def test_its_failures_are_listed(amina: Client, journal: programs.Terms, database: Database) -> None:
    run_id = await begun(amina, journal)
    await worked_on(database, run_id)
    async with database.transaction() as tx:
        [payout, *_] = await payouts.page_of_run(tx, UUID(run_id))
        for verb in ("send", "fail"):
            step = Step(payout.id, verb, "gateway:mockbank", reason="account_closed")
            await payouts.advance(tx, [step], book=programs.Book())
    [failure] = (await amina.get(f"{RUNS}/{run_id}/failures")).json["data"]
    assert (failure["payoutId"], failure["reason"]) == (str(payout.id), "account_closed")


async def test_whoever_resumes_or_cancels_first_sees_what_it_is_about(
    amina: Client, journal: programs.Terms, database: Database
) -> None:
    run_id = await begun(amina, journal)
    await worked_on(database, run_id)
    stopped = await amina.post(f"{RUNS}/{run_id}/stop", json={"reason": "Wrong month"})
    assert (stopped.json["data"]["standing"], stopped.json["data"]["stoppedWhy"]) == ("stopped", "Wrong month")
    for verb in ("resume", "cancel"):
        refused = await amina.post(f"{RUNS}/{run_id}/{verb}")
        assert (refused.status, refused.error["code"]) == (409, "confirmation_needed")
        assert (refused.error["payouts"], refused.error["amounts"]) == (3, {"PKR": "175.00"})
        assert (await amina.get(f"{RUNS}/{run_id}")).json["data"]["standing"] == "stopped"
    resumed = await amina.post(f"{RUNS}/{run_id}/resume?confirm=true")
    assert resumed.json["data"]["standing"] == "handed_over"
    cancelled = await amina.post(f"{RUNS}/{run_id}/cancel?confirm=true")
    assert cancelled.json["data"]["standing"] == "cancelled"
    await worked_on(database, run_id)
    assert (await amina.get(f"{RUNS}/{run_id}")).json["data"]["results"]["calledOff"] == 3


async def test_a_run_is_not_stopped_by_a_kill_switch_of_its_own(amina: Client, journal: programs.Terms) -> None:
    run_id = await begun(amina, journal)
    path, switch = "/api/admin/kill-switches", {"scope": "run", "subject": run_id}
    assert (await amina.post(path, json=switch | {"reason": "?"})).error["field"] == "scope"
    assert (await amina.call("DELETE", path, params=switch)).error["field"] == "scope"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nothing", "run_not_found"),
        ("GET", f"/{UUID(int=1)}", "run_not_found"),
        ("POST", f"/{UUID(int=1)}/resume", "run_not_found"),
        ("GET", "/preview?program=nobody", "program_not_found"),
        ("GET", "/preview?program=merchants", "program_has_no_runs"),
    ],
)
async def test_what_is_not_there_is_refused(amina: Client, method: str, path: str, code: str) -> None:
    assert (await amina.call(method, RUNS + path)).error["code"] == code


async def test_a_platform_says_what_its_holders_want(platform: Platform, sign_in: SignIn) -> None:
    ours, amina = await platform(), await sign_in(Role.MANAGER)
    body = {"holders": [{"reference": uuid4().hex, "name": "Chidi Eze"}]}
    holder = (await ours.post("/api/holders", json=body)).json["data"][0]["id"]
    path = f"/api/holders/{holder}/payout-preferences"
    said = (await ours.call("PATCH", path, json={"minimum": "5000.00", "pausedUntil": "2999-01-01"})).json
    assert (said["minimum"], said["currency"], said["pausedUntil"]) == ("5000.00", "NGN", "2999-01-01T00:00:00.000Z")
    assert said["pausedFrom"] is not None
    said = (await ours.call("PATCH", path, json={"pausedFrom": None})).json
    assert (said["minimum"], said["pausedFrom"], said["pausedUntil"]) == ("5000.00", None, None)
    held = (await amina.call("PUT", f"{path}/hold", json={"reason": "Under investigation"})).json
    assert (held["held"], held["heldReason"], held["minimum"]) == (True, "Under investigation", "5000.00")
    assert (await ours.get(path)).json == held
    assert (await amina.call("DELETE", f"{path}/hold")).json["held"] is False
    assert (await ours.call("PATCH", path, json={"minimum": None})).json["minimum"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"minimum": "0"}, "minimum"),
        ({"minimum": "1.001"}, "minimum"),
        ({"pausedFrom": "soon-ish!!"}, "pausedFrom"),
        ({"pausedFrom": "2999-01-01", "pausedUntil": "2998-01-01"}, "until"),
        ({"pausedFrom": None, "pausedUntil": "2999-01-01"}, "pausedUntil"),
        ({"held": True}, "held"),
    ],
)
async def test_what_makes_no_sense_changes_nothing(platform: Platform, body: dict[str, Any], field: str) -> None:
    ours = await platform()
    people = {"holders": [{"reference": uuid4().hex, "name": "Chidi Eze"}]}
    path = f"/api/holders/{(await ours.post('/api/holders', json=people)).json['data'][0]['id']}/payout-preferences"
    before = (await ours.get(path)).json
    assert (await ours.call("PATCH", path, json=body)).error["field"] == field
    assert (await ours.get(path)).json == before
