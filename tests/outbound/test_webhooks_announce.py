"""From events to messages and deliveries."""

import json
from datetime import timedelta
from uuid import uuid4

from webhooks_house import RETRY_SECONDS, TELL, TIMEOUT_SECONDS, House, S

from bursar.foundation.db import Database
from bursar.outbound import webhooks
from bursar.outbound.webhooks import DeliveryState, EndpointChange
from statements import statements_of

HOOK = "http://localhost:9999/hook"


async def test_a_move_becomes_one_message_and_a_delivery_for_each_endpoint(house: House) -> None:
    merchant, other = await house.merchant("corner"), await house.merchant("market")
    first, _ = await house.endpoint(merchant, HOOK)
    second, _ = await house.endpoint(merchant, HOOK + "2")
    foreign, _ = await house.endpoint(other, HOOK)
    assert await house.tell(house.move(merchant)) == 1
    [one], [two] = await house.deliveries(first), await house.deliveries(second)
    assert one.name == two.name
    assert (one.state, one.tries, one.tries_max) == (DeliveryState.WAITING, 0, len(RETRY_SECONDS) + 1)
    assert await house.deliveries(foreign) == []


async def test_a_message_keeps_the_terms_it_was_written_under(house: House) -> None:
    merchant = await house.merchant("corner")
    await house.endpoint(merchant, HOOK)
    move = house.move(merchant)
    await house.tell(move)
    [row] = await house.rows("SELECT retry_seconds, timeout_seconds, at, body FROM messages")
    assert (tuple(row["retry_seconds"]), row["timeout_seconds"]) == (RETRY_SECONDS, TIMEOUT_SECONDS)
    assert row["at"] == move.at
    assert json.loads(row["body"])["payoutId"] == str(move.payout_id)


async def test_what_does_not_change_the_word_is_not_told(house: House) -> None:
    merchant = await house.merchant("corner")
    await house.endpoint(merchant, HOOK)
    silent = [house.move(merchant, None, S.REQUESTED), house.move(merchant, S.REQUESTED, S.APPROVED)]
    assert await house.tell(*silent) == 0
    assert await house.tell(*silent, house.move(merchant, S.APPROVED, S.SENDING)) == 1


async def test_without_an_endpoint_nothing_is_written(house: House) -> None:
    merchant = await house.merchant("corner")
    assert await house.tell(house.move(merchant)) == 0
    assert await house.tell() == 0
    assert await house.rows("SELECT FROM messages") == []


async def test_an_event_is_told_once_however_often_it_is_announced(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    move = house.move(merchant)
    assert [await house.tell(move), await house.tell(move)] == [1, 0]
    assert len(await house.deliveries(endpoint)) == 1


async def test_a_disabled_endpoint_gets_the_message_and_no_delivery(house: House) -> None:
    """So that it can be replayed once the endpoint is back."""
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    since = house.clock.now() - timedelta(seconds=1)
    off, on = EndpointChange(enabled=False), EndpointChange(enabled=True)
    await house.do(webhooks.change_endpoint, endpoint.id, off, holder_id=merchant)
    assert await house.tell(house.move(merchant)) == 1
    assert await house.deliveries(endpoint) == []
    await house.do(webhooks.change_endpoint, endpoint.id, on, holder_id=merchant)
    replayed = await house.do(webhooks.replay_since, endpoint.id, holder_id=merchant, since=since, at=house.clock.now())
    assert replayed == 1


async def test_a_removed_endpoint_gets_nothing(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, HOOK)
    await house.do(webhooks.remove_endpoint, endpoint.id, holder_id=merchant)
    assert await house.tell(house.move(merchant)) == 0


async def test_a_large_batch_costs_as_many_statements_as_a_small_one(house: House, database: Database) -> None:
    merchants = [await house.merchant(f"shop-{number}") for number in range(10)]
    for merchant in merchants:
        await house.endpoint(merchant, HOOK)
    counts = []
    for size in (1, 1, 500):
        moves = [house.move(merchants[n % 10], payout_id=uuid4(), seq=n) for n in range(size)]
        async with database.transaction() as tx, statements_of(tx) as heard:
            assert await webhooks.announce(tx, moves, tell=TELL, book=house.book, at=house.clock.now()) == size
        counts.append(len(heard))
    assert counts[1] == counts[2] <= 4
