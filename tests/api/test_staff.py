"""What staff do over HTTP: sign in, look at all payouts, decide about them, and stop money."""

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from bursar import payouts, programs
from bursar.foundation.db import Database
from bursar.identity import Role
from ground import program
from house import Client, Merchant, OpenShop

PATH = "/api/payouts"
SWITCHES = "/api/admin/kill-switches"

SignIn = Callable[..., Awaitable[Client]]


@pytest.fixture
async def amina(sign_in: SignIn) -> Client:
    """A manager."""
    return await sign_in(Role.MANAGER)


@pytest.fixture
async def large(acme: Merchant) -> str:
    """The id of a payout of 150,000.00, which waits for people."""
    return str((await acme.ask("key-1", amount=150_000)).json["id"])


async def moved(database: Database, payout_id: str, *verbs: str) -> None:
    """Take a payout through some steps."""
    async with database.transaction() as tx:
        for verb in verbs:
            step = payouts.Step(UUID(payout_id), verb, "system:test")
            [result] = await payouts.advance(tx, [step], book=programs.Book())
            assert isinstance(result, payouts.Payout), result


async def test_a_session_is_begun_shown_and_ended(amina: Client) -> None:
    me = (await amina.get("/api/me")).json
    assert me["data"]["roles"] == ["Manager"]
    assert me.keys() == {"data", "message", "timestamp"}
    assert (await amina.post("/api/sign-out")).status == 204
    assert (await amina.get("/api/me")).error["code"] == "unauthorized"


async def test_who_may_not_sign_in_learns_nothing(nobody: Client) -> None:
    answer = await nobody.post("/api/sign-in", json={"email": "nobody@example.com", "password": "wrong horse"})
    assert (answer.status, answer.error["code"]) == (401, "sign_in_refused")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "body", [{}, {"email": "a@b.c"}, {"email": "a@b.c", "password": ""}, {"email": 1, "password": "x"}]
)
async def test_a_sign_in_needs_both(body: dict[str, Any], nobody: Client) -> None:
    assert (await nobody.post("/api/sign-in", json=body)).status == 400


async def test_staff_see_the_payouts_of_all_merchants(amina: Client, acme: Merchant, open_shop: OpenShop) -> None:
    other = await open_shop()
    mine, theirs = await acme.ask("k"), await other.ask("k")
    answer = (await amina.get(PATH, params={"limit": 2, "status": "approved"})).json
    assert [payout["id"] for payout in answer["data"]] == [theirs.json["id"], mine.json["id"]]
    assert answer["data"][1]["holder"]["id"] == str(acme.holder_id)
    assert answer.keys() == {"data", "message", "timestamp", "nextCursor", "hasMore"}


async def test_staff_filter_by_program_amount_and_search(amina: Client, acme: Merchant, database: Database) -> None:
    async with database.transaction() as tx:
        other = (await program(tx)).program
    await acme.ask("k", amount="777.77", merchantReference="inv-777")
    found = {"program": "merchants", "minAmount": "777.77", "maxAmount": "777.77", "search": "inv-"}
    assert len((await amina.get(PATH, params=found)).json["data"]) == 1
    assert (await amina.get(PATH, params={**found, "program": other})).json["data"] == []
    assert (await amina.get(PATH, params={"program": "nowhere", "minAmount": "1"})).error["code"] == "program_not_found"
    assert (await amina.get(PATH, params={"minAmount": "1"})).error["field"] == "program"
    assert (await amina.get(PATH, params={"status": "PENDING"})).error["field"] == "status"


async def test_staff_find_what_is_flagged_and_read_why(amina: Client, acme: Merchant, large: str) -> None:
    small = (await acme.ask("key-2", merchantReference="inv-2")).json["id"]
    mine = {"program": "merchants", "limit": 2}
    for params, found in (
        ({"flagged": "true", "limit": 1}, [large]),
        ({"verdict": "high", "limit": 1}, [large]),
        ({"verdict": "pass,low", "limit": 1}, [small]),
        ({"flagged": "false", "limit": 1}, [small]),
    ):
        listed = (await amina.get(PATH, params=mine | params)).json["data"]
        assert [payout["id"] for payout in listed] == found
    assert (listed[0]["flagged"], listed[0]["verdict"]) == (False, "pass")
    detail = (await amina.get(f"{PATH}/{large}")).json["data"]
    assert (detail["flagged"], detail["verdict"]) == (True, "high")
    checks = [entry for entry in detail["timeline"] if entry["kind"] == "check"]
    assert [check["facts"]["rule"] for check in checks] == ["amount_over_review_threshold", "denied"]
    assert checks[0]["facts"]["level"] == "high"
    assert checks[0]["facts"]["facts"] == {"amount": "150000.00", "threshold": "100000.00"}
    assert checks[0]["facts"]["sentence"] in checks[0]["text"]


@pytest.mark.parametrize("params", [{"flagged": "maybe"}, {"verdict": "awful"}])
async def test_an_odd_filter_is_refused_by_name(amina: Client, params: dict[str, str]) -> None:
    answer = await amina.get(PATH, params=params)
    assert (answer.status, answer.error["field"]) == (400, next(iter(params)))


async def test_staff_may_have_the_list_as_csv(amina: Client, acme: Merchant) -> None:
    await acme.ask("k", merchantReference="@formula")
    answer = await amina.get(PATH, params={"search": "@formula", "format": "csv"})
    [row] = csv.DictReader(io.StringIO(answer.body.decode(), newline=""))
    assert (row["reference"], row["state"]) == ("'@formula", "approved")


async def test_a_large_payout_leaves_once_somebody_approves(amina: Client, large: str) -> None:
    answer = await amina.post(f"{PATH}/{large}/approve", json={"reason": "Checked with the merchant"})
    assert (answer.status, answer.json["message"], answer.json["data"]["state"]) == (200, "Payout approved", "approved")
    shown = (await amina.get(f"{PATH}/{large}")).json["data"]
    assert shown["approval"] == {"needed": 1, "given": 1, "standing": "approved"}
    kinds = [entry["kind"] for entry in shown["timeline"]]
    assert {"check", "vote", "move", "money"} <= set(kinds)
    again = await amina.post(f"{PATH}/{large}/approve")
    assert (again.status, again.error["code"], again.error["state"]) == (409, "wrong_state", "approved")


async def test_one_approval_of_two_is_recorded(
    amina: Client, sign_in: SignIn, open_shop: OpenShop, database: Database
) -> None:
    """A program that asks for two people hears that one more is needed."""
    async with database.transaction() as tx:
        await program(tx, "merchants", review__approvals_needed=2)
    shop = await open_shop()
    large = (await shop.ask("k", amount=150_000)).json["id"]
    async with database.transaction() as tx:
        await program(tx, "merchants")
    first = await amina.post(f"{PATH}/{large}/approve")
    assert (first.json["message"], first.json["data"]["state"]) == ("Approval recorded; 1 more needed", "in_review")
    assert (await amina.post(f"{PATH}/{large}/approve")).error["code"] == "already_voted"
    second = await (await sign_in(Role.SUPER_ADMIN)).post(f"{PATH}/{large}/approve")
    assert second.json["data"]["state"] == "approved"


async def test_nobody_approves_what_their_own_key_asked_for(
    sign_in: SignIn, open_shop: OpenShop, database: Database
) -> None:
    manager = await sign_in(Role.MANAGER)
    me = (await manager.get("/api/me")).json["data"]["id"]
    shop = await open_shop(created_by=UUID(me))
    large = (await shop.ask("k", amount=150_000)).json["id"]
    answer = await manager.post(f"{PATH}/{large}/approve")
    assert (answer.status, answer.error["code"]) == (403, "requester_may_not_approve")


async def test_a_rejection_needs_a_reason_and_releases_the_money(amina: Client, acme: Merchant, large: str) -> None:
    for body in ({}, {"reason": ""}, {"reason": "nul\0"}):
        assert (await amina.post(f"{PATH}/{large}/reject", json=body)).error["field"] == "reason"
    answer = await amina.post(f"{PATH}/{large}/reject", json={"reason": "Paid before"})
    assert answer.json["data"].items() >= {"state": "rejected", "reason": "Paid before"}.items()
    assert (await acme.get(f"/api/v1/payouts/{large}")).json.items() >= {
        "status": "FAILED",
        "reason": "Paid before",
    }.items()
    assert (await acme.balance())["lockedAmount"] == "0.00"


async def test_a_payout_may_be_cancelled_by_staff(amina: Client, acme: Merchant, large: str) -> None:
    answer = await amina.post(f"{PATH}/{large}/cancel", json={"reason": "Asked by phone"})
    assert answer.json["data"]["state"] == "cancelled"
    assert await acme.status_of(large) == "CANCELLED"


async def test_a_failed_payout_may_be_sent_again(amina: Client, acme: Merchant, database: Database) -> None:
    payout = (await acme.ask("k")).json["id"]
    assert (await amina.post(f"{PATH}/{payout}/retry")).error["code"] == "wrong_state"
    await moved(database, payout, "send", "fail")
    assert (await amina.post(f"{PATH}/{payout}/retry")).json["data"]["state"] == "approved"
    assert (await acme.balance())["lockedAmount"] == "1000.00"


@pytest.mark.parametrize("path", [f"{PATH}/{{}}/process", f"{PATH}/process/{{}}"])
async def test_a_waiting_payout_may_be_sent_now(path: str, amina: Client, acme: Merchant, database: Database) -> None:
    payout = (await acme.ask("k")).json["id"]
    async with database.transaction() as tx:
        await payouts.wait_longer(tx, [UUID(payout)], reason="low_float", seconds=3600)
    answer = await amina.post(path.format(payout))
    assert answer.status == 200
    async with database.transaction() as tx:
        assert await tx.value("SELECT due_at <= now() FROM payouts WHERE id = $1", UUID(payout))


async def test_what_does_not_wait_to_leave_cannot_be_sent_now(amina: Client, large: str) -> None:
    answer = await amina.post(f"{PATH}/{large}/process")
    assert (answer.status, answer.error["state"]) == (409, "in_review")


@pytest.mark.parametrize("action", ["approve", "reject", "cancel", "retry", "process"])
@pytest.mark.parametrize("odd", ["nonsense", "0b165350-6ab4-4b3b-a5f3-f9f5d0c8719b"])
async def test_decisions_about_nothing_are_not_found(action: str, odd: str, amina: Client) -> None:
    answer = await amina.post(f"{PATH}/{odd}/{action}", json={"reason": "x"})
    assert (answer.status, answer.error["code"]) == (404, "payout_not_found")


async def test_money_is_stopped_at_once_and_let_go_knowingly(amina: Client, open_shop: OpenShop) -> None:
    shop = await open_shop()
    await shop.ask("k", amount=48_000)
    place = {"scope": "holder", "subject": str(shop.holder_id)}
    stopped = await amina.post(SWITCHES, json={**place, "reason": "Something is wrong"})
    assert stopped.status == 200
    [switch] = [each for each in (await amina.get(SWITCHES)).json["data"] if each["subject"] == place["subject"]]
    assert switch["waiting"] == {"payouts": 1, "amounts": {"PKR": "48000.00"}}
    first = await amina.call("DELETE", SWITCHES, params=place)
    assert (first.status, first.error["code"]) == (409, "confirmation_needed")
    assert (first.error["payouts"], first.error["amounts"]) == (1, {"PKR": "48000.00"})
    assert (await amina.call("DELETE", SWITCHES, params={**place, "confirm": "true"})).status == 200
    gone = await amina.call("DELETE", SWITCHES, params={**place, "confirm": "true"})
    assert (gone.status, gone.error["code"]) == (404, "not_stopped")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"scope": "global", "reason": "x"}, 200),
        ({"scope": "program", "subject": "merchants", "reason": "x"}, 200),
        ({"scope": "gateway", "subject": "mockbank", "reason": "x"}, 200),
        ({"scope": "global", "subject": "merchants", "reason": "x"}, 400),
        ({"scope": "program", "subject": "nowhere", "reason": "x"}, 404),
        ({"scope": "gateway", "subject": "nowhere", "reason": "x"}, 404),
        ({"scope": "holder", "subject": "nobody", "reason": "x"}, 404),
        ({"scope": "holder", "subject": "0b165350-6ab4-4b3b-a5f3-f9f5d0c8719b", "reason": "x"}, 404),
        ({"scope": "moon", "reason": "x"}, 400),
        ({"scope": "global"}, 400),
        ({"scope": "global", "reason": ""}, 400),
    ],
)
async def test_a_switch_stops_what_is_there(body: dict[str, str], status: int, amina: Client) -> None:
    assert (await amina.post(SWITCHES, json=body)).status == status
    if status == 200:
        place = {"scope": body["scope"], "subject": body.get("subject", ""), "confirm": "true"}
        assert (await amina.call("DELETE", SWITCHES, params=place)).status == 200
