"""Stripe on a bad day: what is done, what is answered, and what is told."""

import asyncio
from typing import Any

import aiohttp
import pytest
from stripe_house import StripeHouse, open_stripe

ACCOUNT = "acct_sandbox0001"


async def made(platform: StripeHouse) -> int:
    """How many transfers there are."""
    return len((await platform.book("/transfers"))["transfers"])


@pytest.mark.parametrize(("fault", "status"), [("down", 503), ("rate_limit", 429), ("error_before_accept", 500)])
async def test_some_calls_are_refused_and_do_nothing(platform: StripeHouse, fault: str, status: int) -> None:
    await platform.set_faults(**{fault: {"next": 1}})
    refused = await platform.transfer()
    assert (refused.status, set(refused.json)) == (status, {"error"})
    assert await made(platform) == 0
    assert (await platform.transfer()).status == 200


@pytest.mark.parametrize("fault", ["timeout_after_accept", "drop_after_accept"])
async def test_some_calls_do_it_and_say_nothing(platform: StripeHouse, fault: str) -> None:
    await platform.set_faults(**{fault: {"next": 1}}, hang_seconds=0.05)
    with pytest.raises(aiohttp.ClientError):
        await platform.transfer()
    assert await made(platform) == 1


async def test_some_calls_do_nothing_and_say_nothing(platform: StripeHouse) -> None:
    await platform.set_faults(timeout_before_accept={"next": 1}, hang_seconds=0.05)
    with pytest.raises(aiohttp.ClientError):
        await platform.transfer()
    assert await made(platform) == 0


@pytest.mark.parametrize("fault", ["malformed_answer", "empty_answer", "wrong_amount_answer"])
async def test_some_answers_are_bad_once_and_right_again(platform: StripeHouse, fault: str) -> None:
    await platform.set_faults(**{fault: {"next": 1}})
    bad = await platform.transfer(idempotency_key="bad", transfer_group="b")
    right = await platform.transfer(idempotency_key="bad", transfer_group="b")
    assert bad.body != right.body
    assert right.json["amount"] == 2500
    assert fault != "wrong_amount_answer" or bad.json["amount"] == 2501
    assert await made(platform) == 1


@pytest.mark.parametrize(
    ("on", "struck"),
    [("payouts", "payout"), ("reversals", "reversal"), ("reads", "look-up"), ("transfers", "transfer")],
)
async def test_a_fault_may_be_meant_for_one_step(platform: StripeHouse, on: str, struck: str) -> None:
    sent = (await platform.transfer(destination=ACCOUNT)).json["id"]
    await platform.set_faults(error_before_accept={"next": 1, "on": on})
    calls: dict[str, Any] = {
        "look-up": lambda: platform.call("GET", f"/v1/transfers/{sent}"),
        "reversal": lambda: platform.call("POST", f"/v1/transfers/{sent}/reversals", form={"amount": 1}),
        "payout": lambda: platform.pay_out(ACCOUNT, amount=10),
        "transfer": platform.transfer,
    }
    order = ["look-up", "transfer", "payout", "reversal"]
    statuses = {name: (await calls[name]()).status for name in order}
    assert [name for name, status in statuses.items() if status == 500] == [struck]


async def test_an_outcome_may_overtake_the_answer() -> None:
    async with open_stripe(settle_after_ms=60_000) as platform:
        await platform.transfer(destination=ACCOUNT)
        await platform.set_faults(webhook_before_answer={"next": 1})
        platform.receiver.naps_s = [0.05] * 10
        answer = await platform.pay_out(ACCOUNT)
        assert answer.json["status"] == "pending", "as it was when it was written"
        types = {event["type"] for event in platform.events}
        assert {"payout.created", "payout.updated", "payout.paid"} <= types


async def test_webhooks_may_come_twice_or_never_and_again_when_asked(platform: StripeHouse) -> None:
    await platform.set_faults(duplicate_webhooks={"next": 1})
    await platform.transfer()
    first, second = await platform.receiver.until(2)
    assert first.body == second.body
    await platform.set_faults(drop_webhooks=True)
    await platform.transfer()
    deliveries = (await platform.call("GET", "/control/webhooks")).json["items"]
    assert [each["status"] for each in deliveries] == ["delivered", "withheld"]
    assert (await platform.control(f"replay/{deliveries[1]['eventId']}")).status == 202
    assert (await platform.receiver.until(3))[2].json["id"] == deliveries[1]["eventId"]


async def test_webhooks_may_come_out_of_order(platform: StripeHouse) -> None:
    await platform.set_faults(reorder_webhooks=True, reorder_ms=200)
    for number in range(8):
        await platform.transfer(amount=100 + number)
    came = [webhook.json["data"]["object"]["amount"] for webhook in await platform.receiver.until(8)]
    assert came != sorted(came)
    assert sorted(came) == list(range(100, 108))


async def test_a_refused_webhook_is_sent_again() -> None:
    async with open_stripe(webhook_retry_delays_s=(0.01, 0.01)) as platform:
        platform.receiver.answers = [500, 302]
        await platform.transfer()
        tries = await platform.receiver.until(3)
        assert len({webhook.json["id"] for webhook in tries}) == 1


async def test_more_than_are_allowed_in_a_second_are_refused(platform: StripeHouse) -> None:
    await platform.control("behaviour", requestsPerSecond=5)
    answers = await asyncio.gather(*(platform.call("GET", "/v1/balance") for _ in range(20)))
    refused = [answer for answer in answers if answer.status == 429]
    assert 10 <= len(refused) <= 15, "twice five at most, as a second may end in between"
    assert refused[0].json["error"]["code"] == "rate_limit"
    assert refused[0].headers["Stripe-Rate-Limited-Reason"] == "global-rate"
