"""Every way in which Flutterwave can misbehave, as a client really sees it."""

import asyncio
import time
from pathlib import Path

import aiohttp
import pytest
from flutterwave_house import FlutterwaveHouse, ask, item, open_flutterwave

from bursar_sandbox.faults import Fault

GIVE_UP = aiohttp.ClientTimeout(total=0.15)
ONCE = {"next": 1}


async def known(flutterwave: FlutterwaveHouse, reference: str) -> bool:
    """Whether there is a transfer under this reference."""
    return await flutterwave.find(reference) is not None


@pytest.mark.parametrize(("fault", "booked"), [("timeout_before_accept", False), ("timeout_after_accept", True)])
async def test_a_timeout_says_nothing_about_the_booking(
    flutterwave: FlutterwaveHouse, fault: str, booked: bool
) -> None:
    await flutterwave.set_faults(**{fault: ONCE})
    with pytest.raises(TimeoutError):
        await flutterwave.call("POST", "/v3/transfers", body=ask(reference="r-1"), timeout=GIVE_UP)
    assert await known(flutterwave, "r-1") == booked


@pytest.mark.parametrize(("fault", "booked"), [("error_before_accept", False), ("error_after_accept", True)])
async def test_a_server_error_says_nothing_about_the_booking(
    flutterwave: FlutterwaveHouse, fault: str, booked: bool
) -> None:
    await flutterwave.set_faults(**{fault: ONCE})
    reply = await flutterwave.pay(reference="r-1")
    assert (reply.status, reply.json["status"], reply.json["data"]) == (500, "error", None)
    assert await known(flutterwave, "r-1") == booked


async def test_a_dropped_connection_has_booked(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(drop_after_accept=ONCE)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await flutterwave.pay(reference="r-1")
    assert await known(flutterwave, "r-1")


async def test_a_malformed_answer_is_no_json(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(malformed_answer=ONCE)
    reply = await flutterwave.pay(reference="r-1")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        _ = reply.json
    assert await known(flutterwave, "r-1")


async def test_an_empty_answer_is_a_success_without_words(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(empty_answer=ONCE)
    reply = await flutterwave.pay(reference="r-1")
    assert (reply.status, reply.body) == (200, b"")
    assert await known(flutterwave, "r-1")


async def test_a_wrong_amount_is_said_but_not_paid(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(wrong_amount_answer=ONCE)
    assert (await flutterwave.pay(reference="r-1")).json["data"]["amount"] == 1000.51
    assert (await flutterwave.find("r-1"))["amount"] == 1000.5
    await flutterwave.set_faults(wrong_amount_answer={"rate": 1, "on": "reads"})
    assert (await flutterwave.find("r-1"))["amount"] == 1000.51


async def test_a_rate_limit_says_when_to_come_back(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(rate_limit=ONCE)
    reply = await flutterwave.pay(reference="r-1")
    assert (reply.status, reply.headers["Retry-After"], reply.json["status"]) == (429, "1", "error")
    assert not await known(flutterwave, "r-1")


async def test_a_partial_batch_books_some_and_says_nothing(flutterwave: FlutterwaveHouse) -> None:
    items = [item() for _ in range(20)]
    await flutterwave.set_faults(partial_batch=ONCE)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await flutterwave.pay_many(items)
    booked = {line["reference"] for line in (await flutterwave.book())["transfers"]}
    assert booked
    assert booked < {wanted["reference"] for wanted in items}


async def test_a_trickling_answer_outlasts_the_patience_of_its_reader(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(trickle_ms=50, trickle=ONCE)
    with pytest.raises(TimeoutError):
        await flutterwave.call("POST", "/v3/transfers", body=ask(reference="r-1"), timeout=GIVE_UP)
    assert await known(flutterwave, "r-1")


async def test_when_it_is_down_every_call_is_refused(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(down=True)
    for method, path in (("POST", "/v3/transfers"), ("POST", "/v3/bulk-transfers"), ("GET", "/v3/balances")):
        reply = await flutterwave.call(method, path, body={})
        assert (reply.status, reply.json["status"]) == (503, "error")
    assert (await flutterwave.call("DELETE", "/control/faults")).status == 200
    assert (await flutterwave.pay()).status == 200


async def test_latency_delays_the_answer(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(latency_ms=60)
    started = time.monotonic()
    await flutterwave.pay()
    assert time.monotonic() - started >= 0.06


async def test_the_webhook_can_overtake_the_answer() -> None:
    """The answer still says NEW, as it does when the two cross."""
    async with open_flutterwave(settle_after_ms=60_000) as flutterwave:
        await flutterwave.set_faults(webhook_before_answer=ONCE, latency_ms=200)
        answer = asyncio.create_task(flutterwave.pay(reference="r-1"))
        [webhook] = await flutterwave.receiver.until(1)
        assert webhook.json["data"]["status"] == "SUCCESSFUL"
        assert not answer.done()
        assert (await answer).json["data"]["status"] == "NEW"


async def test_a_whole_bulks_webhooks_can_overtake_its_answer() -> None:
    async with open_flutterwave(settle_after_ms=60_000) as flutterwave:
        await flutterwave.pay(reference="earlier")
        await flutterwave.set_faults(webhook_before_answer=ONCE)
        await flutterwave.pay_many([item(reference=f"r-{number}") for number in range(5)])
        told = {webhook.json["data"]["reference"] for webhook in flutterwave.receiver.inbox}
        assert told == {f"r-{number}" for number in range(5)}


async def test_a_webhook_can_come_twice_or_never(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(drop_webhooks=ONCE)
    await flutterwave.pay(reference="lost")
    while (await flutterwave.find("lost"))["status"] != "SUCCESSFUL":
        await asyncio.sleep(0.005)
    await flutterwave.set_faults(duplicate_webhooks=ONCE)
    await flutterwave.pay(reference="twice")
    first, second = await flutterwave.receiver.until(2)
    assert first.body == second.body
    assert first.json["data"]["reference"] == "twice"


async def test_webhooks_can_come_in_another_order(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(reorder_webhooks=True, reorder_ms=100)
    items = [item() for _ in range(30)]
    await flutterwave.pay_many(items)
    arrived = [webhook.json["data"]["reference"] for webhook in await flutterwave.receiver.until(30)]
    sent = [wanted["reference"] for wanted in items]
    assert arrived != sent
    assert sorted(arrived) == sorted(sent)


def test_no_fault_is_left_untried() -> None:
    tried = Path(__file__).read_text()
    assert [fault for fault in Fault if fault.value not in tried] == []


async def test_the_mock_bank_is_not_struck_by_flutterwaves_faults(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.set_faults(down=True)
    root = flutterwave.base.removesuffix("/flutterwave")
    async with flutterwave.session.get(f"{root}/control/faults") as reply:
        assert (await reply.json())["down"]["rate"] == 0
