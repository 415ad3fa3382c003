"""What holders do with their endpoints, and that they only ever see their own."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from webhooks_house import KEY, House, Receiver

from bursar.foundation.addresses import UnsafeAddress
from bursar.foundation.crypto import CannotOpen, Keyring, Place
from bursar.foundation.db import Database
from bursar.foundation.errors import Invalid
from bursar.outbound import webhooks
from bursar.outbound.webhooks import (
    ENDPOINTS_MAX,
    DeliveryState,
    DisabledWhy,
    EndpointChange,
    EndpointDisabled,
    EndpointWish,
    Event,
    NoSuchDelivery,
    NoSuchEndpoint,
    StillWaiting,
    TooManyEndpoints,
    TooMuchToReplay,
)
from bursar.programs import Webhooks as Terms

HOOK = "http://localhost:9999/hook"
TERMS = Terms(max_attempts=3, schedule_seconds=(2.0, 10.0))


async def test_an_endpoint_is_added_and_its_secret_shown_once(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, secret = await house.endpoint(merchant, HOOK)
    assert (endpoint.url, endpoint.events, endpoint.disabled_at) == (HOOK, (Event.PAYOUT_UPDATED,), None)
    assert await house.do(webhooks.endpoints, holder_id=merchant) == [endpoint]
    assert secret.startswith("whsec_")
    assert secret not in repr(endpoint)


async def test_the_secret_is_stored_sealed_for_its_place(house: House) -> None:
    endpoint, _ = await house.endpoint(await house.merchant("corner"), HOOK)
    [row] = await house.rows("SELECT secret FROM endpoints")
    assert KEY not in row["secret"]
    assert len(house.keyring.open(row["secret"], Place("endpoints", "secret", endpoint.id))) == 32
    with pytest.raises(CannotOpen):
        house.keyring.open(row["secret"], Place("endpoints", "secret", uuid4()))


async def test_secrets_are_sealed_again_under_a_new_key_and_go_on_signing(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, first = await house.endpoint(merchant, receiver.url)
    await house.endpoint(merchant, HOOK)
    second = await house.do(webhooks.rotate_secret, endpoint.id, holder_id=merchant, keyring=house.keyring)
    both, house.keyring = Keyring([b"n" * 32, KEY]), Keyring([b"n" * 32])
    count, after = await house.do(webhooks.reseal, keyring=both)
    assert count == 2
    assert await house.do(webhooks.reseal, keyring=both, after=after) == (0, None)
    assert await house.do(webhooks.reseal, keyring=both) == (0, None)
    await house.tell(house.move(merchant))
    await house.deliverer().pass_once()  # The old key is gone.
    for secret in (first, second):
        receiver.calls[0].verified(secret)


async def test_an_address_inside_is_refused_before_anything_is_written(house: House) -> None:
    merchant = await house.merchant("corner")
    for url in ("https://169.254.169.254/latest", "http://10.0.0.1/", "https://user@localhost/"):
        with pytest.raises(UnsafeAddress):
            await house.endpoint(merchant, url)
    assert await house.rows("SELECT FROM endpoints") == []


async def test_a_holder_has_a_limited_number_of_endpoints(house: House) -> None:
    merchant, other = await house.merchant("corner"), await house.merchant("market")
    made = [(await house.endpoint(merchant, HOOK))[0] for _ in range(ENDPOINTS_MAX)]
    with pytest.raises(TooManyEndpoints) as refused:
        await house.endpoint(merchant, HOOK)
    assert refused.value.facts == {"limit": ENDPOINTS_MAX}
    await house.endpoint(other, HOOK)
    await house.do(webhooks.remove_endpoint, made[0].id, holder_id=merchant)
    await house.endpoint(merchant, HOOK)


@pytest.mark.parametrize(
    ("different", "field"),
    [
        ({"description": "two\nlines"}, "description"),
        ({"description": "x" * 201}, "description"),
        ({"events": ("payout.invented",)}, "events"),
        ({"events": (Event.TEST.value,)}, "events"),
        ({"events": ()}, "events"),
    ],
)
async def test_a_wish_that_breaks_a_rule_is_refused(house: House, different: dict[str, Any], field: str) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    wish = EndpointWish(merchant, await house.egress.vet(HOOK), **different)
    with pytest.raises(Invalid) as refused:
        await house.do(webhooks.add_endpoint, wish, keyring=house.keyring, at=house.clock.now())
    assert refused.value.facts["field"] == field
    with pytest.raises(Invalid):
        await house.do(webhooks.change_endpoint, endpoint.id, EndpointChange(**different), holder_id=merchant)


async def test_what_is_given_is_changed_and_the_rest_stays(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    change = EndpointChange(target=await house.egress.vet(HOOK + "2"), description="the shop's till")
    changed = await house.do(webhooks.change_endpoint, endpoint.id, change, holder_id=merchant)
    assert (changed.url, changed.description, changed.events) == (HOOK + "2", "the shop's till", endpoint.events)
    assert await house.do(webhooks.change_endpoint, endpoint.id, EndpointChange(), holder_id=merchant) == changed


async def test_disabling_ends_what_waits_and_enabling_is_a_new_start(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    await house.tell(house.move(merchant))
    await house.run("UPDATE endpoints SET failing_since = now()")
    off, on = EndpointChange(enabled=False), EndpointChange(enabled=True)
    disabled = await house.do(webhooks.change_endpoint, endpoint.id, off, holder_id=merchant)
    assert disabled.disabled_why is DisabledWhy.BY_OWNER
    [delivery] = await house.deliveries(endpoint)
    assert (delivery.state, delivery.last_error) == (DeliveryState.EXHAUSTED, "endpoint_disabled")
    again = await house.do(webhooks.change_endpoint, endpoint.id, off, holder_id=merchant)
    assert again.disabled_at == disabled.disabled_at
    enabled = await house.do(webhooks.change_endpoint, endpoint.id, on, holder_id=merchant)
    assert (enabled.disabled_at, enabled.disabled_why, enabled.failing_since) == (None, None, None)


async def test_a_new_address_has_not_failed_yet(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    await house.run("UPDATE endpoints SET failing_since = now()")
    assert (await house.look(endpoint)).failing_since is not None
    renamed = await house.do(
        webhooks.change_endpoint, endpoint.id, EndpointChange(description="till"), holder_id=merchant
    )
    assert renamed.failing_since is not None
    moved = EndpointChange(target=await house.egress.vet(HOOK + "2"))
    assert (await house.do(webhooks.change_endpoint, endpoint.id, moved, holder_id=merchant)).failing_since is None


async def test_a_removed_endpoint_is_gone_and_its_history_kept(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    await house.tell(house.move(merchant))
    await house.do(webhooks.remove_endpoint, endpoint.id, holder_id=merchant)
    assert await house.do(webhooks.endpoints, holder_id=merchant) == []
    with pytest.raises(NoSuchEndpoint):
        await house.look(endpoint)
    with pytest.raises(NoSuchEndpoint):
        await house.do(webhooks.remove_endpoint, endpoint.id, holder_id=merchant)
    [kept] = await house.rows("SELECT state, last_error FROM deliveries")
    assert tuple(kept) == ("exhausted", "endpoint_removed")


async def test_another_holders_endpoint_is_not_found_by_any_verb(house: House) -> None:
    owner, thief = await house.merchant("corner"), await house.merchant("market")
    endpoint, _ = await house.endpoint(owner, HOOK)
    await house.tell(house.move(owner))
    [delivery] = await house.deliveries(endpoint)
    now = house.clock.now()
    attempts: list[Callable[[UUID], Awaitable[Any]]] = [
        lambda holder: house.do(webhooks.endpoint, endpoint.id, holder_id=holder),
        lambda holder: house.do(webhooks.deliveries, endpoint.id, holder_id=holder),
        lambda holder: house.do(webhooks.delivery, delivery.id, endpoint_id=endpoint.id, holder_id=holder),
        lambda holder: house.do(webhooks.send_test, endpoint.id, holder_id=holder, terms=TERMS, at=now),
        lambda holder: house.do(webhooks.rotate_secret, endpoint.id, holder_id=holder, keyring=house.keyring),
        lambda holder: house.do(webhooks.replay_since, endpoint.id, holder_id=holder, since=now, at=now),
        lambda holder: house.do(webhooks.change_endpoint, endpoint.id, EndpointChange(), holder_id=holder),
    ]
    for attempt in attempts:
        with pytest.raises(NoSuchEndpoint):
            await attempt(thief)
        await attempt(owner)
    for verb in (webhooks.replay, webhooks.remove_endpoint):
        options = {"endpoint_id": endpoint.id, "at": now} if verb is webhooks.replay else {}
        with pytest.raises(NoSuchEndpoint):
            await house.do(verb, delivery.id if verb is webhooks.replay else endpoint.id, holder_id=thief, **options)


async def test_a_delivery_is_found_under_its_own_endpoint_alone(house: House) -> None:
    merchant = await house.merchant("corner")
    first, _ = await house.endpoint(merchant, HOOK)
    second, _ = await house.endpoint(merchant, HOOK)
    await house.tell(house.move(merchant))
    [delivery] = await house.deliveries(first)
    with pytest.raises(NoSuchDelivery):
        await house.do(webhooks.delivery, delivery.id, endpoint_id=second.id, holder_id=merchant)
    with pytest.raises(NoSuchDelivery):
        await house.do(webhooks.replay, delivery.id, endpoint_id=second.id, holder_id=merchant, at=house.clock.now())


async def test_deliveries_are_paged_newest_first_and_filtered_by_state(house: House, receiver: Receiver) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, receiver.url)
    receiver.statuses = [500, 200]
    for number in range(5):
        at = house.clock.now() + timedelta(seconds=number)
        await house.do(webhooks.send_test, endpoint.id, holder_id=merchant, terms=TERMS, at=at)
        if number < 2:
            await house.deliverer().pass_once()
    everything = await house.deliveries(endpoint)
    assert [d.id for d in everything] == sorted((d.id for d in everything), reverse=True)
    page = await house.do(webhooks.deliveries, endpoint.id, holder_id=merchant, before=everything[1].id, limit=2)
    assert page == everything[2:4]
    by_state = {state: len(await house.deliveries(endpoint, state)) for state in DeliveryState}
    assert by_state == {DeliveryState.WAITING: 4, DeliveryState.DELIVERED: 1, DeliveryState.EXHAUSTED: 0}


async def test_a_delivery_that_is_not_over_is_not_replayed(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    await house.tell(house.move(merchant))
    [delivery] = await house.deliveries(endpoint)
    with pytest.raises(StillWaiting):
        await house.do(webhooks.replay, delivery.id, endpoint_id=endpoint.id, holder_id=merchant, at=house.clock.now())


async def test_a_disabled_endpoint_is_sent_nothing_by_hand_either(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    await house.tell(house.move(merchant))
    [delivery] = await house.deliveries(endpoint)
    await house.do(webhooks.change_endpoint, endpoint.id, EndpointChange(enabled=False), holder_id=merchant)
    now = house.clock.now()
    for verb, subject, options in (
        (webhooks.send_test, endpoint.id, {"terms": TERMS}),
        (webhooks.replay_since, endpoint.id, {"since": now}),
        (webhooks.replay, delivery.id, {"endpoint_id": endpoint.id}),
    ):
        with pytest.raises(EndpointDisabled):
            await house.do(verb, subject, holder_id=merchant, at=now, **options)


async def test_a_replay_beyond_the_limit_is_refused_whole(house: House, database: Database) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    await house.run(
        """
        INSERT INTO messages (id, holder_id, payout_id, seq, type, body, retry_seconds, timeout_seconds, at)
        SELECT gen_random_uuid(), $1, gen_random_uuid(), 1, 'payout.updated', '{}', '{1,1}', 1, now()
        FROM generate_series(1, $2)
        """,
        merchant, webhooks.REPLAY_MAX + 1,
    )  # fmt: skip
    since = house.clock.now() - timedelta(hours=1)
    with pytest.raises(TooMuchToReplay):
        await house.do(webhooks.replay_since, endpoint.id, holder_id=merchant, since=since, at=house.clock.now())
    assert await house.deliveries(endpoint) == []
