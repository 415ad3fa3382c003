"""Delivering to real receivers: signatures, retries, the end of patience, crashes, replays."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import WebhookVerificationError
from webhooks_house import RETRY_SECONDS, House, Receiver

from bursar.foundation.crypto import Keyring
from bursar.outbound import webhooks
from bursar.outbound.webhooks import DeliveryState, DisabledWhy, EndpointChange, Event
from bursar.programs import Webhooks as Terms


async def test_a_message_arrives_signed_and_is_on_record(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, secret = await house.endpoint(merchant, receiver.url)
    move = house.move(merchant)
    await house.tell(move)
    assert await house.deliverer().pass_once() == 1
    [call] = receiver.calls
    assert call.verified(secret)["payoutId"] == str(move.payout_id)
    assert call.name == f"evt_{move.payout_id.hex}_{move.seq}"
    assert call.headers["Content-Type"] == "application/json"
    assert call.headers["User-Agent"].startswith("Bursar/")
    assert "X-Webhook-Signature" not in call.headers
    [delivery] = await house.deliveries(endpoint)
    found, [tried] = await house.do(webhooks.delivery, delivery.id, endpoint_id=endpoint.id, holder_id=merchant)
    assert (found.state, found.tries, found.last_status, found.due_at) == (DeliveryState.DELIVERED, 1, 200, None)
    assert (tried.number, tried.status, tried.error) == (1, 200, None)


async def test_what_waits_leaves_in_the_order_in_which_it_happened(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    await house.endpoint(merchant, receiver.url)
    now = house.clock.now()
    moves = [house.move(merchant, at=now + timedelta(milliseconds=number)) for number in range(8)]
    await house.tell(*reversed(moves))
    await house.deliverer(concurrency=1).pass_once()
    assert [call.name for call in receiver.calls] == [webhooks.event_name(move.payout_id, 3) for move in moves]


async def test_an_altered_body_does_not_verify(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    _, secret = await house.endpoint(merchant, receiver.url)
    await house.tell(house.move(merchant))
    await house.deliverer().pass_once()
    [call] = receiver.calls
    forged = type(call)(call.headers, call.body.replace(b"SUCCESS", b"FAILED!"))
    with pytest.raises(WebhookVerificationError):
        forged.verified(secret)


async def test_during_a_rotation_both_secrets_verify_and_afterwards_the_new_one(
    house: House, receiver: Receiver
) -> None:
    merchant = await house.merchant("corner")
    endpoint, old = await house.endpoint(merchant, receiver.url)
    new = await house.do(webhooks.rotate_secret, endpoint.id, holder_id=merchant, keyring=house.keyring)
    remaining = (await house.look(endpoint)).old_until - await house.now()
    assert timedelta(hours=23) < remaining <= timedelta(hours=24)
    for hours in (0, 25):
        await house.pass_time(hours * 3600)
        await house.tell(house.move(merchant))
        await house.deliverer().pass_once()
    during, after = receiver.calls
    during.verified(old)
    during.verified(new)
    after.verified(new)
    with pytest.raises(WebhookVerificationError):
        after.verified(old)


async def test_the_installations_secret_signs_as_well(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    _, secret = await house.endpoint(merchant, receiver.url)
    await house.tell(house.move(merchant))
    await house.deliverer(installation_secret="shared by all").pass_once()
    [call] = receiver.calls
    call.verified(secret)
    call.verified(b"shared by all")
    assert call.headers["X-Webhook-Signature"].startswith("sha256=")


async def test_a_failure_is_retried_by_the_schedule_under_the_same_id(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, secret = await house.endpoint(merchant, receiver.url)
    await house.tell(house.move(merchant))
    receiver.statuses = [500, 302, 404, 200]
    deliverer = house.deliverer()
    for number, wait in enumerate(RETRY_SECONDS, start=1):
        assert await deliverer.pass_once() == 1
        [delivery] = await house.deliveries(endpoint)
        assert (delivery.state, delivery.tries) == (DeliveryState.WAITING, number)
        due_in = (delivery.due_at - await house.now()).total_seconds()
        assert wait - 1 < due_in <= wait * 1.1
        assert await deliverer.pass_once() == 0
        await house.pass_time(wait * 1.1)
    assert await deliverer.pass_once() == 1
    assert len({call.name for call in receiver.calls}) == 1
    assert len({call.body for call in receiver.calls}) == 1
    for call in receiver.calls:
        call.verified(secret)
    found, tries = await house.do(webhooks.delivery, delivery.id, endpoint_id=endpoint.id, holder_id=merchant)
    assert found.state is DeliveryState.DELIVERED
    assert [(t.number, t.status, t.error) for t in tries] == [
        (1, 500, "refused"), (2, 302, "redirected"), (3, 404, "refused"), (4, 200, None),
    ]  # fmt: skip


async def test_after_the_last_try_it_is_exhausted_and_visible(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    await house.tell(house.move(merchant))
    receiver.statuses = [503]
    deliverer = house.deliverer()
    for _ in range(10):
        await deliverer.pass_once()
        await house.pass_time(100)
    assert len(receiver.calls) == len(RETRY_SECONDS) + 1
    [delivery] = await house.deliveries(endpoint, DeliveryState.EXHAUSTED)
    assert (delivery.tries, delivery.last_status, delivery.last_error) == (4, 503, "refused")
    assert delivery.finished_at is not None
    backlog = await house.do(webhooks.backlog)
    assert (backlog.waiting, backlog.exhausted_last_day, backlog.endpoints_failing) == (0, 1, 1)


async def test_no_answer_is_a_failed_try_with_its_cause(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, "http://localhost:9/hook")
    await house.tell(house.move(merchant))
    await house.deliverer().pass_once()
    [delivery] = await house.deliveries(endpoint)
    assert (delivery.last_status, delivery.last_error) == (None, "no_connection")
    assert (await house.look(endpoint)).failing_since is not None


async def test_an_address_that_is_no_longer_allowed_is_not_called(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    await house.run("UPDATE endpoints SET url = 'https://169.254.169.254/latest'")
    await house.tell(house.move(merchant))
    await house.deliverer().pass_once()
    [delivery] = await house.deliveries(endpoint)
    assert delivery.last_error == "address_refused"


async def test_one_that_is_gone_is_disabled_and_what_waits_is_ended(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    receiver.statuses = [410]
    await house.tell(house.move(merchant))
    deliverer = house.deliverer()
    await deliverer.pass_once()
    assert (await house.look(endpoint)).disabled_why is DisabledWhy.GONE
    [delivery] = await house.deliveries(endpoint)
    found, [tried] = await house.do(webhooks.delivery, delivery.id, endpoint_id=endpoint.id, holder_id=merchant)
    assert (found.state, tried.status, tried.error) == (DeliveryState.EXHAUSTED, 410, "gone")
    await house.tell(house.move(merchant))
    await house.pass_time(3600)
    assert await deliverer.pass_once() == 0


@pytest.mark.parametrize(("days", "why"), [(4.9, None), (5.1, DisabledWhy.FAILING)])
async def test_days_of_nothing_but_failures_disable(
    house: House, receiver: Receiver, days: float, why: DisabledWhy | None
) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    receiver.statuses = [500]
    await house.tell(house.move(merchant))
    await house.deliverer().pass_once()
    await house.pass_time(days * 86_400)
    await house.deliverer().pass_once()
    assert (await house.look(endpoint)).disabled_why is why


async def test_one_delivery_ends_the_count_of_failing_days(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    receiver.statuses = [500, 200, 500]
    deliverer = house.deliverer()
    for _ in range(3):
        await house.tell(house.move(merchant))
    await deliverer.pass_once()
    await house.run("UPDATE endpoints SET failing_since = now() - interval '4 days'")
    await house.tell(house.move(merchant))
    receiver.statuses = [200]
    await deliverer.pass_once()
    assert (await house.look(endpoint)).failing_since is None


async def test_a_test_message_takes_the_way_of_all_messages(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, secret = await house.endpoint(merchant, receiver.url)
    other, _ = await house.endpoint(merchant, receiver.url)
    sent = await house.do(webhooks.send_test, endpoint.id, holder_id=merchant, terms=Terms(), at=house.clock.now())
    assert (sent.type, sent.state, sent.tries_max) == (Event.TEST, DeliveryState.WAITING, 8)
    await house.deliverer().pass_once()
    [call] = receiver.calls
    body = call.verified(secret)
    assert (body["event"], body["endpointId"], body["eventId"]) == ("webhook.test", str(endpoint.id), call.name)
    assert await house.deliveries(other) == []


async def test_a_replay_sends_the_same_bytes_under_the_same_id_in_a_new_delivery(
    house: House, receiver: Receiver
) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    await house.tell(house.move(merchant))
    await house.deliverer().pass_once()
    [first] = await house.deliveries(endpoint)
    again = await house.do(webhooks.replay, first.id, endpoint_id=endpoint.id, holder_id=merchant, at=house.clock.now())
    assert (again.state, again.name) == (DeliveryState.WAITING, first.name)
    assert again.id != first.id
    await house.deliverer().pass_once()
    one, two = receiver.calls
    assert (one.name, one.body) == (two.name, two.body)
    states = [delivery.state for delivery in await house.deliveries(endpoint)]
    assert states == [DeliveryState.DELIVERED] * 2


async def test_a_replay_since_a_moment_sends_all_of_that_time_once(house: House, receiver: Receiver) -> None:
    merchant, other = await house.merchant("corner"), await house.merchant("market")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    await house.endpoint(other, receiver.url)
    now = house.clock.now()
    moves = [house.move(merchant, at=now - timedelta(hours=hours)) for hours in range(6)]
    await house.tell(*moves, house.move(other))
    await house.do(webhooks.send_test, endpoint.id, holder_id=merchant, terms=Terms(), at=now)
    await house.deliver_all(house.deliverer())
    receiver.calls.clear()
    since = now - timedelta(hours=3)
    ask = {"holder_id": merchant, "since": since, "at": now}
    assert await house.do(webhooks.replay_since, endpoint.id, **ask) == 4
    assert await house.do(webhooks.replay_since, endpoint.id, **ask) == 0  # They are on their way already.
    await house.deliver_all(house.deliverer())
    assert {call.name for call in receiver.calls} == {webhooks.event_name(move.payout_id, 3) for move in moves[:4]}


async def test_two_deliverers_share_the_work_and_send_nothing_twice(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    for _ in range(5):
        await house.endpoint(merchant, receiver.url)
    await house.tell(*(house.move(merchant) for _ in range(20)))
    counts = await asyncio.gather(*(house.deliver_all(house.deliverer()) for _ in range(2)))
    assert sum(counts) == len(receiver.calls) == 100


@pytest.mark.parametrize(("meanwhile", "state"), [(200, DeliveryState.DELIVERED), (503, DeliveryState.WAITING)])
async def test_a_result_after_its_lease_changes_nothing(
    house: House, receiver: Receiver, meanwhile: int, state: DeliveryState
) -> None:
    """A worker that was frozen past its lease comes back with a failure, after another one has tried."""
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    await house.tell(house.move(merchant))
    receiver.statuses, receiver.gate = [500, meanwhile], asyncio.Event()
    frozen = asyncio.create_task(house.deliverer().pass_once())
    await receiver.arrived.wait()
    assert await house.deliverer().pass_once() == 0  # The lease holds.
    held, receiver.gate = receiver.gate, None
    await house.pass_time(webhooks.sending.deliverer.LEASE_SECONDS)
    assert await house.deliverer().pass_once() == 1
    held.set()
    await frozen
    [delivery] = await house.deliveries(endpoint)
    assert (delivery.state, delivery.tries, delivery.last_status) == (state, 1, meanwhile)


async def test_a_death_between_the_answer_and_the_record_delivers_again_under_the_same_id(
    house: House, receiver: Receiver, database_url: str
) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    await house.tell(house.move(merchant))
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__).with_name("deliverer_process.py")), database_url,
        env=os.environ | {"BURSAR_FAULTS": "outbound.after_delivery:kill"},
    )  # fmt: skip
    assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL
    assert len(receiver.calls) == 1
    assert [d.state for d in await house.deliveries(endpoint)] == [DeliveryState.WAITING]
    assert await house.deliverer().pass_once() == 0
    await house.pass_time(webhooks.sending.deliverer.LEASE_SECONDS)
    assert await house.deliverer().pass_once() == 1
    first, second = receiver.calls
    assert (first.name, first.body) == (second.name, second.body)
    [delivery] = await house.deliveries(endpoint)
    assert (delivery.state, delivery.tries) == (DeliveryState.DELIVERED, 1)


async def test_disabling_while_a_call_is_under_way_stands(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    await house.tell(house.move(merchant))
    receiver.gate = asyncio.Event()
    under_way = asyncio.create_task(house.deliverer().pass_once())
    await receiver.arrived.wait()
    await house.do(webhooks.change_endpoint, endpoint.id, EndpointChange(enabled=False), holder_id=merchant)
    receiver.gate.set()
    await under_way
    [delivery] = await house.deliveries(endpoint)
    assert (delivery.state, delivery.last_error) == (DeliveryState.EXHAUSTED, "endpoint_disabled")


async def test_without_the_key_nothing_is_sent_and_nothing_is_lost(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    await house.tell(house.move(merchant))
    right, house.keyring = house.keyring, Keyring([b"x" * 32])
    await house.deliverer().pass_once()
    assert receiver.calls == []
    house.keyring = right
    await house.pass_time(webhooks.sending.deliverer.LEASE_SECONDS)
    await house.deliverer().pass_once()
    [delivery] = await house.deliveries(endpoint)
    assert (delivery.state, delivery.tries) == (DeliveryState.DELIVERED, 1)
