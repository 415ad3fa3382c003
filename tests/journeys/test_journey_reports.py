"""What comes in at the gateways' door: only what the gateway has just signed, over these very bytes, is believed."""

import hashlib
import hmac
import json
import time
from uuid import UUID

import pytest

from world import World


async def pending(world: World) -> tuple[UUID, bytes]:
    """A payout that the bank has and has not settled, and the report that would settle it."""
    payout = (await world.ask(await world.merchant(), suffixes="0004"))[0]
    async with world.working():
        await world.until("state = 'sent'")
    line = (await world.book())["transfers"][0]
    told = {
        "event": "transfer.updated",
        "eventId": "EVT-1",
        "orderId": str(payout),
        "reference": line["reference"],
        "pspReference": line["pspReference"],
        "status": "SUCCESS",
        "reason": None,
        "amount": line["amount"],
        "currency": line["currency"],
        "destinationHash": line["destinationHash"],
        "occurredAt": "2026-11-20T09:00:00.000Z",
    }
    return payout, json.dumps(told).encode()


async def deliver(world: World, body: bytes, *, age: float = 0, gateway: str = "mockbank", forged: bool = False) -> int:
    """Bring a report to the door, signed so many seconds ago; the status of the answer."""
    secret = b"another" if forged else world.settings.mockbank_webhook_secret.get_secret_value().encode()
    timestamp = str(int(time.time() - age))
    signature = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-PSP-Timestamp": timestamp,
        "X-PSP-Signature": f"v1={signature}",
        "X-PSP-Event-Id": "EVT-1",
    }
    url = f"{world.web_url}/api/webhooks/{gateway}/payout_status"
    async with world.session.post(url, data=body, headers=headers) as reply:
        await reply.read()
        return reply.status


async def test_a_report_that_was_just_signed_counts_once_however_often_it_comes(world: World) -> None:
    payout, report = await pending(world)
    assert [await deliver(world, report) for _ in range(100)] == [200] * 100
    await world.force(f"{payout.hex}-1", "SUCCESS")  # As it says.
    async with world.working():
        await world.until("state = 'completed'")
        await world.until_at_rest(s0004="completed")
    await world.audit()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"forged": True}, 401),
        ({"age": 302}, 401),
        ({"age": -302}, 401),
        ({"age": 30 * 86_400}, 401),
        ({"gateway": "nobody"}, 404),
    ],
    ids=["another secret", "too old", "from the future", "a month old", "another gateway"],
)
async def test_what_is_not_believed_has_no_effect(world: World, changes: dict[str, object], status: int) -> None:
    payout, report = await pending(world)
    assert await deliver(world, report, **changes) == status  # type: ignore[arg-type]
    assert await world.count("true", table="reports") == 0
    async with world.working():
        await world.until_at_rest()
    assert await world.states() == {payout: "sent"}


async def test_a_report_with_any_byte_altered_has_no_effect(world: World) -> None:
    _, report = await pending(world)
    secret = world.settings.mockbank_webhook_secret.get_secret_value().encode()
    timestamp = str(int(time.time()))
    signature = hmac.new(secret, timestamp.encode() + b"." + report, hashlib.sha256).hexdigest()
    headers = {"X-PSP-Timestamp": timestamp, "X-PSP-Signature": f"v1={signature}"}
    url = f"{world.web_url}/api/webhooks/mockbank/payout_status"
    for place in range(0, len(report), 7):
        altered = report[:place] + bytes([report[place] ^ 1]) + report[place + 1 :]
        async with world.session.post(url, data=altered, headers=headers) as reply:
            assert reply.status == 401
    assert await world.count("true", table="reports") == 0


@pytest.mark.parametrize(("age", "believed"), [(298, True), (-298, True)])
async def test_a_report_is_believed_for_five_minutes(world: World, age: int, *, believed: bool) -> None:
    _, report = await pending(world)
    assert (await deliver(world, report, age=age) == 200) is believed


async def test_a_report_about_a_payment_that_nobody_made_is_kept_for_people(world: World) -> None:
    _, report = await pending(world)
    strange = report.replace(b'"reference": "', b'"reference": "strange-')
    assert await deliver(world, strange) == 200
    async with world.working():
        await world.until("result = 'unmatched'", table="reports")
        for _ in range(10):
            await world.let_waits_end()
            if await world.count("kind = 'unmatched_report'", table="breaks"):
                break
            await world.until("apply_at IS NULL OR apply_at > now()", table="reports")
        await world.until("kind = 'unmatched_report'", table="breaks")


async def test_a_body_that_is_too_large_is_not_read(world: World) -> None:
    assert await deliver(world, b"x" * 300_000) == 413
