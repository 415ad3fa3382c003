"""The bank's calls, over real HTTP."""

import io
import re
from hashlib import sha256
from typing import Any

import pytest
from sandbox_house import SandboxHouse, ask, open_house


async def test_a_payment_is_answered_in_full(bank: SandboxHouse) -> None:
    reply = await bank.pay(reference="r-1", narration="Salary")
    assert reply.status == 200
    answer = reply.json
    assert re.fullmatch(r"PSP\d{13}[A-Z0-9]{9}", answer.pop("pspReference"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer.pop("processedAt"))
    assert answer == {
        "reference": "r-1",
        "status": "SUCCESS",
        "reason": None,
        "amount": "1000.00",
        "currency": "PKR",
        "accountNumberLast4": "0001",
        "destinationHash": sha256(b"HBL|1234500001").hexdigest(),
    }


@pytest.mark.parametrize(
    ("suffix", "status", "code"),
    [
        ("0001", "SUCCESS", None),
        ("0002", "RETRY", "bank_unavailable"),
        ("0003", "FAILED", "account_closed"),
        ("0004", "PENDING", None),
        ("0005", "ON_HOLD", "under_review"),
        ("4321", "SUCCESS", None),
    ],
)
async def test_the_suffix_shows_in_answer_and_look_up(
    bank: SandboxHouse, suffix: str, status: str, code: str | None
) -> None:
    reply = await bank.pay(reference="r-1", accountNumber=f"98765{suffix}")
    assert reply.status == 200
    assert reply.json["status"] == status
    assert (reply.json["reason"] or {}).get("code") == code
    assert (await bank.look_up("r-1")).json == reply.json


async def test_the_second_attempt_of_a_retried_order_succeeds(bank: SandboxHouse) -> None:
    first = await bank.pay(reference="r-1", orderId="o-1", accountNumber="9876500002")
    second = await bank.pay(reference="r-2", orderId="o-1", accountNumber="9876500002")
    assert [first.json["status"], second.json["status"]] == ["RETRY", "SUCCESS"]
    assert (await bank.book())["paid_more_than_once"] == []


async def test_a_repetition_gets_the_same_answer_and_pays_nothing(bank: SandboxHouse) -> None:
    body = ask()
    first = await bank.call("POST", "/v1/transfers", body=body)
    again = await bank.call("POST", "/v1/transfers", body={**body, "amount": "1000"})
    assert again.json == first.json
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await bank.book())["totals"]["PKR"]["count_paid"] == 1


async def test_a_repetition_shows_where_the_transfer_stands_now(bank: SandboxHouse) -> None:
    body = ask(accountNumber="1234500005")
    await bank.call("POST", "/v1/transfers", body=body)
    await bank.force(body["reference"], status="SUCCESS")
    again = await bank.call("POST", "/v1/transfers", body=body)
    assert again.json["status"] == "SUCCESS"


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "1000.01"},
        {"orderId": "another"},
        {"accountNumber": "1234500007"},
        {"bankCode": "MCB"},
        {"accountTitle": "Somebody Else"},
        {"narration": "new"},
        {"currency": "USD"},
    ],
)
async def test_a_reference_cannot_mean_two_things(bank: SandboxHouse, change: dict[str, str]) -> None:
    body = ask()
    await bank.call("POST", "/v1/transfers", body=body)
    reply = await bank.call("POST", "/v1/transfers", body={**body, **change})
    assert (reply.status, reply.json["error"]["code"]) == (409, "reference_conflict")
    assert len((await bank.book())["transfers"]) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 1000}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "-1.00"}, "amount"),
        ({"currency": "ABC"}, "currency"),
        ({"reference": ""}, "reference"),
        ({"reference": "r" * 65}, "reference"),
        ({"reference": "a/b"}, "reference"),
        ({"orderId": None}, "orderId"),
        ({"accountNumber": "12"}, "accountNumber"),
        ({"accountTitle": ""}, "accountTitle"),
    ],
)
async def test_an_invalid_request_names_the_field_and_books_nothing(
    bank: SandboxHouse, change: dict[str, Any], field: str
) -> None:
    reply = await bank.pay(**change)
    assert (reply.status, reply.json["error"]["code"], reply.json["error"]["field"]) == (400, "invalid_request", field)
    assert (await bank.book())["transfers"] == []


async def test_a_missing_field_is_named(bank: SandboxHouse) -> None:
    body = ask()
    del body["bankCode"]
    reply = await bank.call("POST", "/v1/transfers", body=body)
    assert (reply.status, reply.json["error"]["field"]) == (400, "bankCode")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff"])
async def test_a_body_that_is_no_transfer_is_refused(bank: SandboxHouse, body: bytes) -> None:
    reply = await bank.call("POST", "/v1/transfers", body=body)
    assert (reply.status, reply.json["error"]["code"]) == (400, "invalid_request")


async def test_a_huge_body_is_refused(bank: SandboxHouse) -> None:
    reply = await bank.call("POST", "/v1/transfers", body=io.BytesIO(b" " * (3 * 1024 * 1024)))
    assert (reply.status, reply.json["error"]["code"]) == (413, "request_too_large")


async def test_the_idempotency_key_must_be_the_reference(bank: SandboxHouse) -> None:
    body = ask(reference="r-1")
    wrong = await bank.call("POST", "/v1/transfers", body=body, headers={"Idempotency-Key": "r-2"})
    assert (wrong.status, wrong.json["error"]["field"]) == (400, "Idempotency-Key")
    right = await bank.call("POST", "/v1/transfers", body=body, headers={"Idempotency-Key": "r-1"})
    assert right.status == 200


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "a-key-of-this-test", "Bearer é"])
async def test_a_wrong_key_is_refused(bank: SandboxHouse, authorization: str) -> None:
    reply = await bank.call("GET", "/v1/balance", headers={"Authorization": authorization})
    assert (reply.status, reply.json["error"]["code"]) == (401, "unauthorized")


async def test_what_was_never_accepted_is_not_found(bank: SandboxHouse) -> None:
    reply = await bank.look_up("never-seen")
    assert (reply.status, reply.json["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/transfer/r-1"), ("DELETE", "/v1/transfers"), ("GET", "/v1/transfers/a/b"), ("GET", "/elsewhere")],
)
async def test_a_mistyped_path_is_no_proof_of_anything(bank: SandboxHouse, method: str, path: str) -> None:
    """A client may take `not_found` as proof that nothing was paid."""
    reply = await bank.call(method, path)
    assert (reply.status, reply.json["error"]["code"]) == (404, "unknown_route")


async def test_a_batch_is_answered_item_by_item_in_order(bank: SandboxHouse) -> None:
    conflicting = ask(reference="known")
    await bank.call("POST", "/v1/transfers", body=conflicting)
    items = [
        ask(reference="a"),
        ask(reference="b", amount="nothing"),
        ask(reference="c", accountNumber="1234500003"),
        {**conflicting, "amount": "1.00"},
        "not even a transfer",
        ask(reference="d"),
    ]
    reply = await bank.pay_many(items, batch="b-1")
    assert reply.status == 200
    assert reply.json["batchReference"] == "b-1"
    assert [item["reference"] for item in reply.json["items"]] == ["a", "b", "c", "known", None, "d"]
    outcomes = [item.get("status") or item["error"]["code"] for item in reply.json["items"]]
    invalid = "invalid_request"
    assert outcomes == ["SUCCESS", invalid, "FAILED", "reference_conflict", invalid, "SUCCESS"]


async def test_a_repeated_batch_pays_nothing_again(bank: SandboxHouse) -> None:
    items = [ask() for _ in range(50)]
    first, again = await bank.pay_many(items), await bank.pay_many(items)
    assert again.json == first.json
    assert (await bank.book())["totals"]["PKR"]["count_paid"] == 50


async def test_a_batch_holds_up_to_a_thousand_items(bank: SandboxHouse) -> None:
    assert len((await bank.pay_many([ask() for _ in range(1000)])).json["items"]) == 1000
    for items in ([], [ask() for _ in range(1001)]):
        refused = await bank.pay_many(items)
        assert (refused.status, refused.json["error"]["field"]) == (400, "items")


async def test_the_list_is_read_page_by_page(bank: SandboxHouse) -> None:
    items = [ask() for _ in range(5)]
    await bank.pay_many(items)
    seen: list[str] = []
    cursor, pages = "", 0
    while cursor is not None:
        page = (await bank.call("GET", f"/v1/transfers?limit=2&cursor={cursor}")).json
        seen += [item["reference"] for item in page["items"]]
        cursor, pages = page["nextCursor"], pages + 1
    assert pages == 3
    assert seen == [item["reference"] for item in items]


async def test_the_list_can_start_at_a_time(bank: SandboxHouse) -> None:
    await bank.pay(reference="r-1")
    everything = await bank.call("GET", "/v1/transfers?since=2020-01-01T00:00:00Z")
    assert [item["reference"] for item in everything.json["items"]] == ["r-1"]
    nothing = await bank.call("GET", "/v1/transfers?since=2999-01-01T00:00:00%2B05:00")
    assert nothing.json == {"items": [], "nextCursor": None}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "cursor=-1", f"cursor={'9' * 5000}", "since=soon", "since=2026-01-01"]
)
async def test_a_wrong_question_about_the_list_is_refused(bank: SandboxHouse, query: str) -> None:
    reply = await bank.call("GET", f"/v1/transfers?{query}")
    assert (reply.status, reply.json["error"]["field"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize("suffix", ["0004", "0005"])
async def test_what_waits_can_be_cancelled_once(bank: SandboxHouse, suffix: str) -> None:
    await bank.pay(reference="r-1", accountNumber=f"98765{suffix}")
    reply = await bank.call("POST", "/v1/transfers/r-1/cancel")
    assert (reply.status, reply.json["status"], reply.json["reason"]["code"]) == (200, "FAILED", "cancelled")
    again = await bank.call("POST", "/v1/transfers/r-1/cancel")
    assert (again.status, again.json["error"]["code"]) == (409, "not_cancellable")


async def test_what_is_paid_or_unknown_cannot_be_cancelled(bank: SandboxHouse) -> None:
    await bank.pay(reference="r-1")
    assert (await bank.call("POST", "/v1/transfers/r-1/cancel")).status == 409
    assert await bank.status_of("r-1") == "SUCCESS"
    assert (await bank.call("POST", "/v1/transfers/r-2/cancel")).status == 404


async def test_a_slow_bank_says_pending_and_reports_later() -> None:
    async with open_house(settle_after_ms=30) as bank:
        reply = await bank.pay(reference="r-1")
        assert reply.json["status"] == "PENDING"
        [webhook] = await bank.receiver.until(1)
        assert webhook.json["status"] == "SUCCESS"
        assert await bank.status_of("r-1") == "SUCCESS"


async def test_currencies_without_or_with_three_decimals_are_exact(bank: SandboxHouse) -> None:
    await bank.pay(reference="yen", amount="1000", currency="JPY")
    await bank.pay(reference="dinar", amount="1.000", currency="KWD")
    book = await bank.book()
    assert [(line["amount"], line["amountMinor"]) for line in book["transfers"]] == [("1000", 1000), ("1.000", 1000)]
