"""The third version's webhooks: their shape, their header, and what counts as taken."""

import asyncio
from typing import Any

import pytest
from flutterwave_house import HASH, FlutterwaveHouse, ask, open_flutterwave
from sandbox_house import SOON_S

QUICK = {"minute_ms": 1, "webhook_timeout_s": 0.2}


async def delivery_becomes(flutterwave: FlutterwaveHouse, status: str) -> Any:
    """Wait until the first delivery has this status."""
    async with asyncio.timeout(SOON_S):
        while True:
            deliveries = (await flutterwave.call("GET", "/control/webhooks")).json["items"]
            if deliveries and deliveries[0]["status"] == status:
                return deliveries[0]
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(("suffix", "status"), [("0001", "SUCCESSFUL"), ("0003", "FAILED")])
async def test_one_event_tells_of_either_outcome(flutterwave: FlutterwaveHouse, suffix: str, status: str) -> None:
    created = (await flutterwave.pay(reference="r-1", account_number=f"123450{suffix}")).json["data"]
    [webhook] = await flutterwave.receiver.until(1)
    event = webhook.json
    assert event.keys() == {"event", "event.type", "data"}
    assert (event["event"], event["event.type"]) == ("transfer.completed", "Transfer")
    data = event["data"]
    assert data.keys() == (created.keys() - {"full_name"}) | {"fullname", "approver"}
    assert (data["id"], data["reference"], data["status"]) == (created["id"], "r-1", status)
    assert (data["amount"], data["fee"], data["approver"]) == (1000.5, 10.75, None)


async def test_the_header_is_the_secret_itself(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.pay()
    [webhook] = await flutterwave.receiver.until(1)
    assert webhook.headers["verif-hash"] == HASH
    assert webhook.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("answer", [201, 202, 302, 404, 500])
async def test_anything_but_200_is_tried_again(answer: int) -> None:
    async with open_flutterwave(**QUICK) as flutterwave:
        flutterwave.receiver.answers = [answer]
        await flutterwave.pay()
        first, second = await flutterwave.receiver.until(2)
        assert first.body == second.body
        assert (await delivery_becomes(flutterwave, "delivered"))["attempts"] == 2


async def test_after_three_retries_it_gives_up() -> None:
    async with open_flutterwave(**QUICK) as flutterwave:
        flutterwave.receiver.answers = [500] * 10
        await flutterwave.pay()
        assert (await delivery_becomes(flutterwave, "given_up"))["attempts"] == 4


async def test_retries_can_be_switched_off() -> None:
    async with open_flutterwave(webhook_retries=False, **QUICK) as flutterwave:
        flutterwave.receiver.answers = [500]
        await flutterwave.pay()
        assert (await delivery_becomes(flutterwave, "given_up"))["attempts"] == 1


async def test_a_transfer_may_name_an_address_of_its_own(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.pay(callback_url=f"{flutterwave.receiver.url}?mine")
    [webhook] = await flutterwave.receiver.until(1)
    assert webhook.json["event"] == "transfer.completed"
    async with open_flutterwave(webhook_url=None) as silent:
        await silent.pay(callback_url=flutterwave.receiver.url)
        await flutterwave.receiver.until(2)


async def test_nobody_on_another_machine_is_ever_called(flutterwave: FlutterwaveHouse) -> None:
    """The samples of the documentation name addresses of other people."""
    await flutterwave.pay(reference="r-1", callback_url="https://www.flutterwave.com/ng/")
    await flutterwave.ended("r-1")


async def test_without_any_address_nothing_is_told() -> None:
    async with open_flutterwave(webhook_url=None) as flutterwave:
        await flutterwave.pay(reference="r-1")
        while (await flutterwave.find("r-1"))["status"] != "SUCCESSFUL":
            await asyncio.sleep(0.005)
        assert (await flutterwave.call("GET", "/control/webhooks")).json["items"] == []


async def test_a_recorded_webhook_can_be_replayed(flutterwave: FlutterwaveHouse) -> None:
    await flutterwave.call("POST", "/v3/transfers", body=ask())
    await flutterwave.receiver.until(1)
    [delivery] = (await flutterwave.call("GET", "/control/webhooks")).json["items"]
    assert (await flutterwave.control(f"replay/{delivery['eventId']}")).status == 202
    first, second = await flutterwave.receiver.until(2)
    assert first.body == second.body
