"""Asking for one payout: what is taken, what is refused and how, and that it happens once."""

import asyncio
import json
from typing import Any

import pytest

from bursar import identity
from bursar.foundation.db import Database
from house import Client, Merchant, OpenShop, payout_body

PATH = "/api/v1/payouts"


async def test_a_payout_is_answered_as_the_document_shows_it(acme: Merchant) -> None:
    answer = await acme.ask("key-1")
    assert answer.status == 201
    assert (
        answer.json.items()
        >= {
            "status": "PENDING",
            "merchantReference": "test-success",
            "amount": "1000.00",
            "currency": "PKR",
            "destType": "BANK",
            "bankCode": "HBL",
            "accountLast4": "0001",
            "accountTitle": "Test User",
            "pspReference": None,
            "processedAt": None,
        }.items()
    )
    assert (await acme.get(f"{PATH}/{answer.json['id']}")).json == answer.json


async def test_its_amount_is_locked_at_once(acme: Merchant) -> None:
    await acme.ask("key-1")
    assert await acme.balance() == {
        "currency": "PKR",
        "balance": "1000000.00",
        "lockedAmount": "1000.00",
        "available": "999000.00",
    }


@pytest.mark.parametrize("amount", [1000.5, "1000.50", "1000.5"])
async def test_an_amount_is_read_to_the_last_digit(amount: Any, acme: Merchant) -> None:
    assert (await acme.ask("key-1", amount=amount)).json["amount"] == "1000.50"


async def test_a_large_amount_is_answered_pending_and_waits_in_review(acme: Merchant) -> None:
    asked = await acme.ask("key-1", amount=100_000)
    assert (asked.status, asked.json["status"]) == (201, "PENDING")
    assert await acme.status_of(asked.json["id"]) == "IN_REVIEW"


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"merchantReference": None}, 400, "invalid_body", "merchantReference"),
        ({"merchantReference": ""}, 400, "invalid_body", "merchantReference"),
        ({"merchantReference": 5}, 400, "invalid_body", "merchantReference"),
        ({"merchantReference": "x" * 201}, 400, "invalid_body", "merchantReference"),
        ({"merchantReference": " padded "}, 400, "invalid_request", "merchantReference"),
        ({"merchantReference": "two\nlines"}, 400, "invalid_request", "merchantReference"),
        ({"merchantReference": "nul\0"}, 400, "invalid_request", "merchantReference"),
        ({"amount": None}, 400, "invalid_body", "amount"),
        ({"amount": 0}, 400, "invalid_amount", "amount"),
        ({"amount": -1}, 400, "invalid_amount", "amount"),
        ({"amount": "1,000"}, 400, "invalid_amount", "amount"),
        ({"amount": "1e3"}, 400, "invalid_amount", "amount"),
        ({"amount": "1000.001"}, 400, "invalid_amount", "amount"),
        ({"amount": 1e22}, 400, "invalid_amount", "amount"),
        ({"amount": True}, 400, "invalid_amount", "amount"),
        ({"amount": ["1000"]}, 400, "invalid_amount", "amount"),
        ({"currency": None}, 400, "invalid_body", "currency"),
        ({"currency": "PK"}, 400, "invalid_body", "currency"),
        ({"currency": "pkr"}, 400, "unknown_currency", "currency"),
        ({"currency": "XAU"}, 400, "unknown_currency", "currency"),
        ({"currency": "USD"}, 400, "not_allowed", "currency"),
        ({"destType": "CARD"}, 400, "invalid_body", "destType"),
        ({"bankCode": ""}, 400, "invalid_body", "bankCode"),
        ({"bankCode": "HBL\n"}, 400, "invalid_body", "bankCode"),
        ({"accountNumber": "1234500001\n"}, 400, "invalid_body", "accountNumber"),
        ({"accountNumber": "123\0"}, 400, "invalid_body", "accountNumber"),
        ({"bankCode": "NOPE"}, 400, "destination_not_allowed", "bankCode"),
        ({"accountNumber": "12"}, 400, "destination_not_allowed", "accountNumber"),
        ({"accountNumber": 1234500001}, 400, "invalid_body", "accountNumber"),
        ({"accountTitle": ""}, 400, "invalid_body", "accountTitle"),
        ({"accountTitle": "x" * 101}, 400, "invalid_request", "accountTitle"),
        ({"accountTitle": "a\tb"}, 400, "invalid_request", "accountTitle"),
        ({"note": "hello"}, 400, "invalid_body", "note"),
    ],
)
async def test_a_refusal_names_the_field_and_the_rule(
    changes: dict[str, Any], status: int, code: str, field: str, acme: Merchant
) -> None:
    answer = await acme.ask("key-1", **changes)
    assert (answer.status, answer.error["code"], answer.error["field"]) == (status, code, field)
    assert answer.error["rule"]
    assert f"{field} must be {answer.error['rule']}" in answer.error["message"]
    assert answer.error["requestId"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"destType": "CARD"}, "one of BANK"),
        ({"merchantReference": 5}, "a text, not a whole number"),
        ({"merchantReference": "x" * 201}, "a text of at most 200 characters"),
        ({"merchantReference": None}, "present"),
        ({"note": 1}, "left out; there is no such field"),
    ],
)
async def test_a_rule_is_said_in_words(changes: dict[str, Any], rule: str, acme: Merchant) -> None:
    assert (await acme.ask("key-1", **changes)).error["rule"] == rule


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"null", b'{"amount": NaN}', b'"\\ud800"'])
async def test_what_is_no_json_object_is_refused_as_such(body: bytes, acme: Merchant) -> None:
    headers = {"X-IDEMPOTENCY-KEY": "key-1", "Content-Type": "application/json"}
    answer = await acme.post(PATH, headers=headers, data=body)
    assert (answer.status, answer.error["code"], answer.error["field"]) == (400, "invalid_body", "body")


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
async def test_only_json_is_taken(media: str, acme: Merchant) -> None:
    body = json.dumps(payout_body()).encode()
    answer = await acme.post(PATH, headers={"X-IDEMPOTENCY-KEY": "k", "Content-Type": media}, data=body)
    assert (answer.status, answer.error["field"]) == (415, "Content-Type")
    assert answer.error["rule"] == "application/json"


async def test_a_body_that_is_too_large_is_refused(acme: Merchant) -> None:
    answer = await acme.ask("key-1", merchantReference="x" * 20_000)
    assert (answer.status, answer.error["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ"])
async def test_an_idempotency_key_is_needed(key: str, acme: Merchant) -> None:
    answer = await acme.post(PATH, headers={"X-IDEMPOTENCY-KEY": key} if key else {}, json=payout_body())
    assert (answer.status, answer.error["code"]) == (400, "missing_idempotency_key")
    assert answer.error["field"] == "X-IDEMPOTENCY-KEY"


@pytest.mark.parametrize("headers", [{}, {"X-API-KEY": "live_nonsense"}, {"Authorization": "Basic abc"}])
async def test_without_a_key_nobody_asks(headers: dict[str, str], nobody: Client) -> None:
    answer = await nobody.post(PATH, headers={**headers, "X-IDEMPOTENCY-KEY": "k"}, json=payout_body())
    assert (answer.status, answer.error["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_key_may_come_as_a_bearer_token(acme: Merchant, nobody: Client) -> None:
    headers = {"Authorization": f"Bearer {acme.headers['X-API-KEY']}", "Idempotency-Key": "key-1"}
    assert (await nobody.post(PATH, headers=headers, json=payout_body())).status == 201


async def test_a_key_is_good_for_its_scopes_and_addresses_alone(open_shop: OpenShop) -> None:
    reader = await open_shop(scopes=frozenset({identity.Scope.PAYOUTS_READ}))
    elsewhere = await open_shop(allowed_ips=identity.networks(["203.0.113.0/24"]))
    assert (await reader.ask("k")).error["code"] == "insufficient_scope"
    assert (await elsewhere.ask("k")).error["code"] == "ip_not_allowed"
    assert (await elsewhere.get("/api/v1/balance")).status == 403


async def test_money_that_is_not_there_cannot_be_asked_for(open_shop: OpenShop) -> None:
    poor = await open_shop(money="250.00")
    answer = await poor.ask("key-1")
    assert (answer.status, answer.error["code"]) == (409, "insufficient_funds")
    assert answer.error.items() >= {"available": "250.00", "needed": "1000.00", "currency": "PKR"}.items()


async def test_errors_are_problem_documents_for_whoever_asks(acme: Merchant) -> None:
    headers = {"X-IDEMPOTENCY-KEY": "k", "Accept": "application/problem+json"}
    answer = await acme.post(PATH, headers=headers, json=payout_body(amount=0))
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json.items() >= {"type": "urn:bursar:error:invalid_amount", "status": 400, "field": "amount"}.items()


async def test_a_repeated_request_gets_the_same_bytes_and_one_payout(acme: Merchant) -> None:
    first, second = await acme.ask("key-1"), await acme.ask("key-1")
    assert (second.status, second.body) == (first.status, first.body)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert (await acme.balance())["lockedAmount"] == "1000.00"


async def test_the_same_key_with_another_body_is_refused(acme: Merchant) -> None:
    await acme.ask("key-1")
    answer = await acme.ask("key-1", amount=1001)
    assert (answer.status, answer.error["code"]) == (422, "idempotency_key_reused")
    assert (await acme.balance())["lockedAmount"] == "1000.00"


async def test_a_key_belongs_to_one_merchant(acme: Merchant, open_shop: OpenShop) -> None:
    other = await open_shop()
    first, second = await acme.ask("key-1"), await other.ask("key-1")
    assert first.json["id"] != second.json["id"]


async def test_a_refusal_uses_up_no_key(open_shop: OpenShop) -> None:
    poor = await open_shop(money="1500.00")
    assert (await poor.ask("key-1", amount=2000)).status == 409
    assert (await poor.ask("key-1", amount=1500)).status == 201


async def test_fifty_twins_at_once_make_one_payout(acme: Merchant, database: Database) -> None:
    answers = await asyncio.gather(*(acme.ask("key-1") for _ in range(50)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM payouts WHERE holder_id = $1", acme.holder_id) == 1


async def test_a_hundred_clients_drain_a_balance_exactly(open_shop: OpenShop) -> None:
    """Sixty times 1,000.00 is there; the other forty hear so."""
    shop = await open_shop(money="60000.00")
    answers = await asyncio.gather(*(shop.ask(f"key-{number}") for number in range(100)))
    assert sorted(answer.status for answer in answers) == [201] * 60 + [409] * 40
    assert await shop.balance() == {
        "currency": "PKR",
        "balance": "60000.00",
        "lockedAmount": "60000.00",
        "available": "0.00",
    }


async def test_the_slow_lane_answers_as_the_fast_one(acme: Merchant) -> None:
    """The documented route behind the fast lane does the same, down to the bytes of a replay."""
    fast = await acme.ask("key-1")
    slow = await acme.post(f"{PATH}/", headers={"X-IDEMPOTENCY-KEY": "key-1"}, json=payout_body())
    assert (slow.status, slow.body) == (201, fast.body)
    refused = await acme.post(
        f"{PATH}/", headers={"X-IDEMPOTENCY-KEY": "key-2"}, json=payout_body(merchantReference="x" * 20_000)
    )
    assert refused.status == 413
