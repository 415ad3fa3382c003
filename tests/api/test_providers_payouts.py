"""Asking for a payout as a provider, and what is seen of it."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from bursar import dispatch, holders, payouts
from bursar.api.providers.wire import WORDS, states_heard_as
from bursar.foundation.db import Database
from bursar.gateways import Downtime
from bursar.holders import AccountCheck, AccountVerdict
from bursar.identity import Role
from bursar.payouts import PayoutState
from ground import AT
from house import Client
from providers_house import METHOD, PAYOUTS, OpenProvider, Provider, make_known, walk

SignIn = Callable[..., Awaitable[Client]]


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("requested", "REQUESTED"),
        ("in_review", "REQUESTED"),
        ("approved", "APPROVED"),
        ("sending", "PROCESSING"),
        ("sent", "PROCESSING"),
        ("retrying", "FAILED"),
        ("on_hold", "PROCESSING"),
        ("completed", "COMPLETED"),
        ("failed", "FAILED"),
        ("rejected", "REJECTED"),
        ("cancelled", "CANCELLED"),
        ("returned", "RETURNED"),
    ],
)
def test_providers_hear_these_words(state: str, word: str) -> None:
    assert WORDS[PayoutState(state)] == word
    assert PayoutState(state) in states_heard_as([WORDS[PayoutState(state)]])


def test_there_is_a_word_for_every_state() -> None:
    assert WORDS.keys() == set(PayoutState)


@pytest.mark.parametrize("path", [PAYOUTS, "/api/payouts"])
async def test_a_payout_is_asked_for_on_both_paths_of_the_document(path: str, ada: Provider) -> None:
    answer = await ada.post(
        path, json={"amount": 25000, "currency": "NGN", "method": ada.method(), "reference": "November"}
    )
    assert answer.status == 201, answer.body
    assert (
        answer.json.items()
        >= {
            "status": "REQUESTED",
            "reference": "November",
            "amount": "25000.00",
            "currency": "NGN",
            "method": METHOD | {"accountNumber": "****0031"},
            "retryAt": None,
            "processedAt": None,
        }.items()
    )
    balance = (await ada.get("/api/provider/balance")).json
    assert (balance["availableBalance"], balance["reservedBalance"], balance["totalBalance"]) == (
        "75000.00", "25000.00", "100000.00",
    )  # fmt: skip
    assert balance["pending"] == [{"status": "REQUESTED", "payouts": 1, "amount": "25000.00"}]


async def test_more_than_is_there_is_refused_with_the_figures(ada: Provider) -> None:
    """The document wants 400 here; merchants hear 409."""
    answer = await ada.ask("100000.01")
    assert (answer.status, answer.error["code"]) == (400, "insufficient_funds")
    figures = {name: answer.error[name] for name in ("available", "requested", "currency")}
    assert figures == {"available": "100000.00", "requested": "100000.01", "currency": "NGN"}
    assert (await ada.get(PAYOUTS)).json["data"] == []


async def test_a_newcomer_is_flagged_and_stays_requested_until_somebody_has_looked(
    ada: Provider, sign_in: SignIn
) -> None:
    """Fewer than three successful payouts: people look first, and the provider is not told which rule asked."""
    asked = (await ada.ask()).json["id"]
    shown = await ada.payout(asked)
    assert (shown["status"], shown["flagged"], shown["reason"]) == ("REQUESTED", True, None)
    assert [line["status"] for line in shown["history"]] == ["REQUESTED", "REQUESTED"]
    staff = await sign_in(Role.MANAGER)
    listed = (await staff.get("/api/payouts?status=in_review&program=providers&limit=200")).json["data"]
    [flagged] = [payout for payout in listed if payout["id"] == asked]
    assert (flagged["flagged"], flagged["verdict"] != "pass") == (True, True)
    assert "few_completed_payouts" in {finding["rule"] for finding in flagged["findings"]}
    assert (await staff.get(f"/api/payouts/{asked}")).json["data"]["findings"] == flagged["findings"]
    approved = await staff.post(f"/api/payouts/{asked}/approve", json={"reason": "known for years"})
    assert approved.status == 200, approved.body
    shown = await ada.payout(asked)
    assert (shown["status"], shown["flagged"]) == ("APPROVED", False)
    assert shown["waiting"]["reason"] == "next_run"
    assert shown["waiting"]["until"] is not None


async def test_whoever_asked_cannot_approve_it(open_ada: OpenProvider, database: Database) -> None:
    """Not even somebody who is staff and a provider's person at once."""
    both = await open_ada()
    async with database.transaction() as tx:
        await tx.run("UPDATE people SET roles = '{Manager}' WHERE id = $1", both.person_id)
    asked = (await both.ask()).json["id"]
    answer = await both.post(f"/api/payouts/{asked}/approve")
    assert (answer.status, answer.error["code"]) == (403, "requester_may_not_approve")
    assert (await both.payout(asked))["flagged"]


async def test_a_known_provider_with_a_small_amount_is_approved_at_once(ada: Provider, database: Database) -> None:
    await make_known(database, ada)
    asked = (await ada.ask(2000)).json
    shown = await ada.payout(asked["id"])
    assert (asked["status"], shown["status"], shown["flagged"]) == ("REQUESTED", "APPROVED", False)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"amount": 0}, "invalid_amount", "amount"),
        ({"amount": "1.001"}, "invalid_amount", "amount"),
        ({"amount": None}, "invalid_body", "amount"),
        ({"method": METHOD | {"accountNumber": "12345"}}, "destination_not_allowed", "accountNumber"),
        ({"method": METHOD | {"type": "CARD"}}, "invalid_body", "method.type"),
        ({"method": "BANK"}, "invalid_body", "method"),
        ({"method": None}, "no_default_destination", "destinationId"),
        ({"destinationId": str(uuid4())}, "invalid_request", "method"),
        ({"reference": " x"}, "invalid_request", "reference"),
        ({"more": 1}, "invalid_body", "more"),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_name(
    changes: dict[str, Any], code: str, field: str, ada: Provider
) -> None:
    answer = await ada.ask(**changes)
    assert (answer.status, answer.error["code"], answer.error["field"]) == (400, code, field), answer.body
    assert (await ada.get("/api/provider/destinations")).json["data"] == []


async def test_a_given_account_is_stored_and_the_default_from_then_on(ada: Provider) -> None:
    await ada.ask()
    [stored] = (await ada.get("/api/provider/destinations")).json["data"]
    assert (stored["default"], stored["method"]["accountNumber"]) == (True, "****0031")
    again = await ada.ask(method=None)
    assert again.json["method"] == stored["method"]
    by_id = await ada.ask(method=None, destinationId=stored["id"])
    assert by_id.status == 201


async def test_another_providers_destination_is_not_to_be_had(ada: Provider, open_ada: OpenProvider) -> None:
    other = await open_ada()
    theirs = (await other.store()).json["id"]
    answer = await ada.ask(method=None, destinationId=theirs)
    assert (answer.status, answer.error["code"]) == (404, "destination_not_found")


# Once -----------------------------------------------------------------------------------------------------------------


async def test_fifty_twins_of_one_key_are_one_payout(ada: Provider) -> None:
    answers = await asyncio.gather(*(ada.ask(key="one") for _ in range(50)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert len((await ada.get(PAYOUTS)).json["data"]) == 1


async def test_a_key_is_good_for_one_body(ada: Provider) -> None:
    await ada.ask(1000, key="one")
    other = await ada.ask(2000, key="one")
    assert (other.status, other.error["code"]) == (422, "idempotency_key_reused")


async def test_without_a_key_each_request_counts(ada: Provider) -> None:
    await asyncio.gather(*(ada.ask(100) for _ in range(20)))
    assert len((await ada.get(PAYOUTS)).json["data"]) == 20
    assert (await ada.get("/api/provider/balance")).json["availableBalance"] == "98000.00"


async def test_a_refusal_leaves_its_key_free(ada: Provider) -> None:
    assert (await ada.ask(10**6, key="one")).status == 400
    assert (await ada.ask(1000, key="one")).status == 201


async def test_no_race_takes_more_than_there_is(ada: Provider) -> None:
    answers = await asyncio.gather(*(ada.ask(30_000) for _ in range(10)))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [400] * 7


# Looking --------------------------------------------------------------------------------------------------------------


async def test_lists_are_filtered_and_paged_like_the_merchants(ada: Provider) -> None:
    asked = [(await ada.ask(1000 + n, reference=f"order-{n}")).json["id"] for n in range(5)]
    first = (await ada.get(f"{PAYOUTS}?limit=3")).json
    second = (await ada.get(f"{PAYOUTS}?limit=3&cursor={first['nextCursor']}")).json
    assert [item["id"] for item in first["data"] + second["data"]] == asked[::-1]
    assert [item["id"] for item in (await ada.get(f"{PAYOUTS}?search=order-3")).json["data"]] == [asked[3]]
    assert [item["id"] for item in (await ada.get(f"{PAYOUTS}?minAmount=1004")).json["data"]] == [asked[4]]
    await ada.post(f"{PAYOUTS}/{asked[0]}/cancel")
    assert [item["id"] for item in (await ada.get(f"{PAYOUTS}?status=CANCELLED")).json["data"]] == [asked[0]]
    assert (await ada.get(f"{PAYOUTS}?status=COMPLETED")).json["data"] == []
    assert (await ada.get(f"{PAYOUTS}?status=IN_REVIEW")).error["field"] == "status"


async def test_the_list_as_csv_shows_no_account_number(ada: Provider) -> None:
    await ada.ask(reference="=1+1")
    text = (await ada.get(f"{PAYOUTS}?format=csv")).body.decode()
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["reference"], row["accountNumber"], row["flagged"], row["amount"]) == (
        "'=1+1", "****0031", "yes", "1000.00",
    )  # fmt: skip


async def test_a_payout_is_taken_back_until_it_has_left(ada: Provider, database: Database) -> None:
    first, second = (await ada.ask(100)).json["id"], (await ada.ask(200)).json["id"]
    cancelled = await ada.post(f"{PAYOUTS}/{first}/cancel", json={"reason": "Ordered twice"})
    assert (cancelled.status, cancelled.json["status"], cancelled.json["reason"]) == (200, "CANCELLED", "Ordered twice")
    assert cancelled.json["history"][-1]["text"] == "Cancelled; its amount is available to you again. Ordered twice"
    await walk(database, second, "approve", "send", "settle")
    late = await ada.post(f"{PAYOUTS}/{second}/cancel")
    assert (late.status, late.error["code"], late.error["status"]) == (409, "wrong_status", "COMPLETED")
    assert (await ada.get("/api/provider/balance")).json["availableBalance"] == "99800.00"


async def test_history_is_told_in_plain_words(ada: Provider, database: Database) -> None:
    asked = (await ada.ask()).json["id"]
    await walk(database, asked, "approve", "send", "defer", "send", "fail", reason="account_not_found")
    shown = await ada.payout(asked)
    told = " ".join(line["text"] for line in shown["history"])
    assert shown["status"] == "FAILED"
    assert "account_not_found" not in told + shown["reason"]
    assert "will be sent again" in told
    assert "does not know an account" in shown["reason"]


async def test_a_payout_that_will_be_tried_again_says_when(ada: Provider, database: Database) -> None:
    asked = (await ada.ask()).json["id"]
    await walk(database, asked, "approve", "send", "defer", reason="gateway_error")
    shown = await ada.payout(asked)
    assert (shown["status"], shown["retryAt"] is not None, shown["canCancel"]) == ("FAILED", True, True)


@pytest.mark.parametrize("path", ["", "/cancel"])
async def test_somebody_elses_payout_is_not_there(path: str, ada: Provider, open_ada: OpenProvider) -> None:
    theirs = (await (await open_ada()).ask()).json["id"]
    call = ada.post if path else ada.get
    for payout_id in (theirs, str(uuid4()), "x"):
        assert (await call(f"{PAYOUTS}/{payout_id}{path}")).status == 404
    assert (await ada.get(PAYOUTS)).json["data"] == []


# Waiting --------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def approved(ada: Provider, database: Database) -> str:
    """A payout that is free to leave with the next run."""
    asked = (await ada.ask()).json["id"]
    await walk(database, asked, "approve")
    return str(asked)


async def test_a_stop_by_people_is_named_first(ada: Provider, approved: str, sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    switch = {"scope": "holder", "subject": str(ada.holder_id), "reason": "looks odd"}
    assert (await manager.post("/api/admin/kill-switches", json=switch)).status in {200, 201}
    shown = await ada.payout(approved)
    assert (shown["waiting"]["reason"], shown["waiting"]["until"]) == ("stopped", None)
    assert "odd" not in str(shown)


async def test_an_account_that_does_not_exist_is_named(ada: Provider, approved: str, database: Database) -> None:
    async with database.transaction() as tx:
        [stored] = (await holders.destinations_of(tx, [ada.holder_id]))[ada.holder_id]
        await holders.note_checks(tx, [AccountCheck(stored.id, AccountVerdict.DENIED)], at=stored.added_at)
    assert (await ada.payout(approved))["waiting"]["reason"] == "account_denied"


async def test_what_dispatch_has_put_aside_is_looked_at_by_staff(
    ada: Provider, approved: str, database: Database
) -> None:
    async with database.transaction() as tx:
        await payouts.wait_longer(tx, [UUID(approved)], reason="over_limit", seconds=3600)
    shown = await ada.payout(approved)
    assert (shown["waiting"]["reason"], shown["reason"]) == ("put_aside", None)


async def test_a_low_float_is_named(ada: Provider, approved: str, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.run(
            "INSERT INTO floats (gateway, currency, low_since, refused_at, look_at, look_seconds)"
            " VALUES ('flutterwave', 'NGN', now(), now(), now(), 60)"
        )
    try:
        assert (await ada.payout(approved))["waiting"]["reason"] == "low_float"
    finally:
        async with database.transaction() as tx:
            await tx.run("DELETE FROM floats")


async def test_a_bank_that_cannot_be_reached_is_named(ada: Provider, approved: str, database: Database) -> None:
    async with database.transaction() as tx:
        await dispatch.circuits.told(tx, [("flutterwave", Downtime("E1", "044", AT, is_over=False))])
    try:
        assert (await ada.payout(approved))["waiting"]["reason"] == "bank_down"
    finally:
        async with database.transaction() as tx:
            await tx.run("DELETE FROM circuits")


@pytest.mark.parametrize("verbs", [("send",), ("send", "settle"), ("cancel",)])
async def test_what_does_not_wait_says_so(
    verbs: tuple[str, ...], ada: Provider, approved: str, database: Database
) -> None:
    await walk(database, approved, *verbs)
    assert (await ada.payout(approved))["waiting"] is None
