"""Every way in which the bank can misbehave, as a client really sees it."""

import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sandbox_house import SandboxHouse, ask, open_house

from bursar_sandbox.faults import Fault

GIVE_UP = aiohttp.ClientTimeout(total=0.15)
ONCE = {"next": 1}


async def test_a_timeout_before_acceptance_books_nothing(bank: SandboxHouse) -> None:
    await bank.set_faults(timeout_before_accept=ONCE)
    with pytest.raises(TimeoutError):
        await bank.call("POST", "/v1/transfers", body=ask(reference="r-1"), timeout=GIVE_UP)
    assert await bank.status_of("r-1") == "unknown"


async def test_a_timeout_after_acceptance_has_booked(bank: SandboxHouse) -> None:
    await bank.set_faults(timeout_after_accept=ONCE)
    with pytest.raises(TimeoutError):
        await bank.call("POST", "/v1/transfers", body=ask(reference="r-1"), timeout=GIVE_UP)
    assert await bank.status_of("r-1") == "SUCCESS"


@pytest.mark.parametrize("fault", ["timeout_before_accept", "timeout_after_accept"])
async def test_a_hanging_call_is_cut_in_the_end(bank: SandboxHouse, fault: str) -> None:
    await bank.set_faults(hang_seconds=0.1, **{fault: ONCE})
    started = time.monotonic()
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await bank.pay()
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize(("fault", "status"), [("error_before_accept", "unknown"), ("error_after_accept", "SUCCESS")])
async def test_a_server_error_says_nothing_about_the_booking(bank: SandboxHouse, fault: str, status: str) -> None:
    await bank.set_faults(**{fault: ONCE})
    reply = await bank.pay(reference="r-1")
    assert (reply.status, reply.json["error"]["code"]) == (500, "internal_error")
    assert await bank.status_of("r-1") == status


async def test_a_dropped_connection_is_a_dropped_connection(bank: SandboxHouse) -> None:
    """Not an answer of any kind: the client reads nothing but the end of the stream."""
    await bank.set_faults(drop_after_accept=ONCE)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await bank.pay(reference="r-1")
    assert await bank.status_of("r-1") == "SUCCESS"


async def test_a_malformed_answer_is_no_json(bank: SandboxHouse) -> None:
    await bank.set_faults(malformed_answer=ONCE)
    reply = await bank.pay(reference="r-1")
    assert reply.status == 200
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        _ = reply.json
    assert await bank.status_of("r-1") == "SUCCESS"


async def test_an_empty_answer_is_a_success_without_words(bank: SandboxHouse) -> None:
    await bank.set_faults(empty_answer=ONCE)
    reply = await bank.pay(reference="r-1")
    assert (reply.status, reply.body) == (200, b"")
    assert await bank.status_of("r-1") == "SUCCESS"


async def test_a_wrong_amount_is_said_but_not_paid(bank: SandboxHouse) -> None:
    await bank.set_faults(wrong_amount_answer=ONCE)
    assert (await bank.pay(reference="r-1")).json["amount"] == "1000.01"
    assert (await bank.look_up("r-1")).json["amount"] == "1000.00"
    assert (await bank.book())["totals"]["PKR"]["paid_minor"] == 100_000


async def test_a_rate_limit_says_when_to_come_back(bank: SandboxHouse) -> None:
    await bank.set_faults(rate_limit=ONCE)
    reply = await bank.pay(reference="r-1")
    assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
    assert await bank.status_of("r-1") == "unknown"


async def test_a_partial_batch_books_some_and_says_nothing(bank: SandboxHouse) -> None:
    items = [ask() for _ in range(20)]
    await bank.set_faults(partial_batch=ONCE)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await bank.pay_many(items)
    booked = {line["reference"] for line in (await bank.book())["transfers"]}
    assert booked
    assert booked < {item["reference"] for item in items}
    again = await bank.pay_many(items)
    assert {item["status"] for item in again.json["items"]} == {"SUCCESS"}
    assert (await bank.book())["totals"]["PKR"]["count_paid"] == 20


async def test_a_trickling_answer_outlasts_the_patience_of_its_reader(bank: SandboxHouse) -> None:
    await bank.set_faults(trickle_ms=50, trickle=ONCE)
    with pytest.raises(TimeoutError):
        await bank.call("POST", "/v1/transfers", body=ask(reference="r-1"), timeout=GIVE_UP)
    assert await bank.status_of("r-1") == "SUCCESS"


async def test_a_trickling_answer_is_whole_in_the_end(bank: SandboxHouse) -> None:
    await bank.set_faults(trickle_ms=0, trickle=ONCE)
    assert (await bank.pay(reference="r-1")).json == (await bank.look_up("r-1")).json


async def test_a_closed_bank_refuses_every_call_until_it_opens(bank: SandboxHouse) -> None:
    await bank.set_faults(down=True)
    assert (await bank.pay(reference="r-1")).status == 503
    assert (await bank.pay_many([ask()])).status == 503
    assert (await bank.look_up("r-1")).status == 503
    assert (await bank.call("GET", "/v1/balance")).status == 503
    assert (await bank.call("DELETE", "/control/faults")).status == 200
    assert await bank.status_of("r-1") == "unknown"


async def test_look_ups_fail_only_when_told_to(bank: SandboxHouse) -> None:
    await bank.pay(reference="r-1")
    await bank.set_faults(error_after_accept={"rate": 1, "on": "reads"})
    assert (await bank.look_up("r-1")).status == 500
    assert (await bank.pay(reference="r-2")).status == 200


async def test_a_refusal_can_be_lost_as_well(bank: SandboxHouse) -> None:
    """Or a client would learn from every look-up that nothing was paid."""
    await bank.set_faults(drop_after_accept={"rate": 1, "on": "reads"})
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await bank.look_up("never-seen")


async def test_latency_delays_the_answer(bank: SandboxHouse) -> None:
    await bank.set_faults(latency_ms=60)
    started = time.monotonic()
    await bank.pay()
    assert time.monotonic() - started >= 0.06


async def test_the_webhook_can_overtake_the_answer(bank: SandboxHouse) -> None:
    await bank.set_faults(webhook_before_answer=ONCE, latency_ms=200)
    answer = asyncio.create_task(bank.pay(reference="r-1"))
    [webhook] = await bank.receiver.until(1)
    assert webhook.json["reference"] == "r-1"
    assert not answer.done()
    assert (await answer).json["status"] == "SUCCESS"
    assert [delivery["status"] for delivery in await bank.webhooks()] == ["delivered"]


async def test_an_early_webhook_can_be_lost_like_any_other(bank: SandboxHouse) -> None:
    await bank.set_faults(webhook_before_answer=ONCE, drop_webhooks=ONCE)
    await bank.pay()
    assert [delivery["status"] for delivery in await bank.webhooks()] == ["withheld"]


async def test_a_webhook_can_come_twice(bank: SandboxHouse) -> None:
    await bank.set_faults(duplicate_webhooks=ONCE)
    await bank.pay()
    first, second = await bank.receiver.until(2)
    assert first.body == second.body
    assert first.headers["X-PSP-Event-Id"] == second.headers["X-PSP-Event-Id"]


async def test_a_webhook_can_be_lost(bank: SandboxHouse) -> None:
    await bank.set_faults(drop_webhooks=ONCE)
    await bank.pay(reference="lost")
    await bank.pay(reference="sent")
    [webhook] = await bank.receiver.until(1)
    assert webhook.json["reference"] == "sent"
    assert [delivery["status"] for delivery in await bank.webhooks()] == ["withheld", "delivered"]


async def test_webhooks_can_come_in_another_order(bank: SandboxHouse) -> None:
    await bank.set_faults(reorder_webhooks=True, reorder_ms=100)
    items = [ask() for _ in range(30)]
    await bank.pay_many(items)
    arrived = [webhook.json["reference"] for webhook in await bank.receiver.until(30)]
    sent = [item["reference"] for item in items]
    assert arrived != sent
    assert sorted(arrived) == sorted(sent)


async def test_switches_are_shown_and_a_wrong_one_is_refused(bank: SandboxHouse) -> None:
    await bank.set_faults(trickle={"rate": 0.5})
    shown = (await bank.call("GET", "/control/faults")).json
    assert shown["trickle"] == {"rate": 0.5, "next": 0, "on": "transfers"}
    assert {fault.value for fault in Fault} < shown.keys()
    refused = await bank.call("POST", "/control/faults", body={"trikle": True})
    assert (refused.status, refused.json["error"]["code"]) == (400, "invalid_request")


def test_no_fault_is_left_untried() -> None:
    tried = Path(__file__).read_text()
    assert [fault for fault in Fault if fault.value not in tried] == []


async def test_the_same_seed_replays_the_same_bad_day() -> None:
    async def bad_day(seed: int) -> list[Any]:
        async with open_house(seed=seed, webhook_url=None) as bank:
            await bank.set_faults(error_after_accept={"rate": 0.4}, rate_limit={"rate": 0.3})
            return [(await bank.pay()).status for _ in range(30)]

    monday = await bad_day(1)
    assert monday == await bad_day(1)
    assert set(monday) == {200, 429, 500}


async def test_under_any_other_server_a_drop_still_breaks_the_answer() -> None:
    """The sandbox's own server can close a connection; elsewhere the answer breaks off."""
    from bursar_sandbox.asgi import Exchange

    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    await Exchange(scope, receive, send).cut()
    assert sent[0]["headers"][-1] == (b"content-length", b"2")
    assert sent[1] == {"type": "http.response.body", "body": b"{", "more_body": True}
