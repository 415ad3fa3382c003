"""Webhooks are signed, retried, recorded, and never in the way of an answer."""

import asyncio
import hmac
import time
from typing import Any

import pytest
from sandbox_house import SECRET, SOON_S, Received, SandboxHouse, ask, open_house, until

QUICK = {"webhook_retry_delays_s": (0.02, 0.02), "webhook_timeout_s": 0.2}


def is_signed_with(secret: str, webhook: Received) -> bool:
    """Check a signature as a receiver would, sharing no code with the bank."""
    signed = webhook.headers["X-PSP-Timestamp"].encode() + b"." + webhook.body
    expected = "v1=" + hmac.new(secret.encode(), signed, "sha256").hexdigest()
    return hmac.compare_digest(expected, webhook.headers["X-PSP-Signature"])


async def statuses(bank: SandboxHouse) -> list[Any]:
    return [(delivery["status"], delivery["attempts"]) for delivery in await bank.webhooks()]


async def deliveries_reach(bank: SandboxHouse, status: str) -> Any:
    """Wait until the first delivery has this status."""
    async with asyncio.timeout(SOON_S):
        while True:
            [delivery, *_] = await bank.webhooks()
            if delivery["status"] == status:
                return delivery
            await asyncio.sleep(0.005)


async def test_a_webhook_tells_the_whole_story(bank: SandboxHouse) -> None:
    answer = (await bank.pay(reference="r-1", orderId="o-1")).json
    [webhook] = await bank.receiver.until(1)
    event = webhook.json
    assert event.pop("eventId") == webhook.headers["X-PSP-Event-Id"]
    assert event == {
        "event": "transfer.updated",
        "reference": "r-1",
        "orderId": "o-1",
        "pspReference": answer["pspReference"],
        "status": "SUCCESS",
        "reason": None,
        "amount": "1000.00",
        "currency": "PKR",
        "destinationHash": answer["destinationHash"],
        "occurredAt": answer["processedAt"],
    }


async def test_a_webhook_is_signed_over_its_raw_bytes_and_time(bank: SandboxHouse) -> None:
    await bank.pay()
    [webhook] = await bank.receiver.until(1)
    assert is_signed_with(SECRET, webhook)
    assert not is_signed_with("another secret", webhook)
    assert abs(int(webhook.headers["X-PSP-Timestamp"]) - time.time()) < 10
    assert webhook.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(("suffix", "told"), [("0001", "SUCCESS"), ("0003", "FAILED"), ("0005", "ON_HOLD")])
async def test_final_and_held_answers_are_told(bank: SandboxHouse, suffix: str, told: str) -> None:
    await bank.pay(accountNumber=f"98765{suffix}")
    await bank.receiver.until(1)
    assert bank.receiver.statuses == [told]


@pytest.mark.parametrize("suffix", ["0002", "0004"])
async def test_nothing_is_told_of_what_may_still_change(bank: SandboxHouse, suffix: str) -> None:
    await bank.pay(accountNumber=f"98765{suffix}")
    assert await bank.webhooks() == []


async def test_a_repetition_is_not_told_again(bank: SandboxHouse) -> None:
    body = ask()
    for _ in range(3):
        await bank.call("POST", "/v1/transfers", body=body)
    assert len(await bank.webhooks()) == 1


async def test_answers_need_not_be_told() -> None:
    async with open_house(webhook_on_sync=False) as bank:
        await bank.pay(reference="r-1")
        assert await bank.webhooks() == []
        await bank.force("r-1", status="RETURNED")
        await bank.receiver.until(1)
        assert bank.receiver.statuses == ["RETURNED"]


async def test_without_an_address_nothing_is_told() -> None:
    async with open_house(webhook_url=None) as bank:
        await bank.pay()
        assert await bank.webhooks() == []


async def test_a_refused_webhook_is_sent_again_with_the_same_id() -> None:
    async with open_house(**QUICK) as bank:
        bank.receiver.answers = [500, 302]
        await bank.pay()
        webhooks = await bank.receiver.until(3)
        assert len({webhook.headers["X-PSP-Event-Id"] for webhook in webhooks}) == 1
        assert len({webhook.body for webhook in webhooks}) == 1
        delivery = await deliveries_reach(bank, "delivered")
        assert (delivery["attempts"], delivery["lastProblem"]) == (3, "HTTP 302")


async def test_a_webhook_nobody_takes_is_given_up_and_recorded() -> None:
    async with open_house(**QUICK) as bank:
        bank.receiver.answers = [503] * 10
        await bank.pay()
        delivery = await deliveries_reach(bank, "given_up")
        assert (delivery["attempts"], delivery["lastProblem"]) == (3, "HTTP 503")


async def test_a_receiver_that_does_not_answer_in_time_gets_it_again() -> None:
    async with open_house(**QUICK) as bank:
        bank.receiver.naps_s = [1.0]
        await bank.pay()
        await bank.receiver.until(2)
        delivery = await deliveries_reach(bank, "delivered")
        assert delivery["attempts"] == 2


async def test_a_receiver_that_is_not_there_never_holds_up_an_answer() -> None:
    async with open_house(webhook_url="http://127.0.0.1:1/hook", **QUICK) as bank:
        started = time.monotonic()
        assert (await bank.pay()).status == 200
        assert time.monotonic() - started < 0.15
        await deliveries_reach(bank, "given_up")


async def test_a_recorded_webhook_can_be_replayed(bank: SandboxHouse) -> None:
    await bank.pay()
    [first] = await bank.receiver.until(1)
    event_id = first.headers["X-PSP-Event-Id"]
    reply = await bank.call("POST", f"/control/replay/{event_id}")
    assert (reply.status, reply.json) == (202, {"eventId": event_id})
    first, again = await bank.receiver.until(2)
    assert again.body == first.body
    await until(lambda: len(bank.receiver.inbox) == 2)
    unknown = await bank.call("POST", "/control/replay/EVT0")
    assert (unknown.status, unknown.json["error"]["code"]) == (404, "event_not_found")


async def test_a_whole_batch_is_told_once_each(bank: SandboxHouse) -> None:
    items = [ask() for _ in range(300)]
    await bank.pay_many(items)
    webhooks = await bank.receiver.until(300)
    assert {webhook.json["reference"] for webhook in webhooks} == {item["reference"] for item in items}
    assert len(await statuses(bank)) == 300
