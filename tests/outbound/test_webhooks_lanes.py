"""No endpoint delays another: black holes, crowds of dead ones, and how a lane begins and ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Never
from uuid import UUID

import pytest
from webhooks_house import House, Receiver, receiving

from bursar.foundation.doorbell import Listener
from bursar.outbound import webhooks
from bursar.outbound.webhooks import Deliverer, DeliveryState


@pytest.fixture
async def black_hole() -> AsyncIterator[Receiver]:
    """Accepts every call and answers none, until the test is over."""
    async with receiving(Receiver(gate=asyncio.Event())) as receiver:
        yield receiver


class OnlyBells(Listener):
    """Hears bells and nothing else: what is not rung for is never looked at."""

    def __init__(self) -> None:
        async def connect() -> Never:
            raise AssertionError("these bells ring in-process")

        super().__init__(connect)

    async def wait(self, bell: str, *, at_most: float) -> bool:
        """Sleep until the bell rings, however long that is."""
        return await super().wait(bell, at_most=3_600)


@contextlib.asynccontextmanager
async def running(deliverer: Deliverer) -> AsyncIterator[Listener]:
    """The long-running loop, as a worker runs it; stopped in order at the end."""
    stop, bell = asyncio.Event(), OnlyBells()
    task = asyncio.create_task(deliverer.run(stop, bell))
    try:
        yield bell
    finally:
        stop.set()
        bell.ring_here(webhooks.BELL)
        await asyncio.wait_for(task, 30)


async def until(is_so: Callable[[], bool], *, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.01)


async def shops(house: House, urls: list[str]) -> list[UUID]:
    """A merchant with one endpoint for each address."""
    merchants = [await house.merchant(f"shop-{number}") for number in range(len(urls))]
    for merchant, url in zip(merchants, urls, strict=True):
        await house.endpoint(merchant, url)
    return merchants


async def test_one_black_hole_among_twenty_delays_nobody(
    house: House, receiver: Receiver, black_hole: Receiver
) -> None:
    """It may take 20 seconds to fail, there are four places in all, and yet the others are through long before."""
    merchants = await shops(house, [black_hole.url, *[receiver.url] * 19])
    await house.tell(*(house.move(merchant) for merchant in merchants for _ in range(20)))
    async with running(house.deliverer(concurrency=4)) as bell:
        await until(lambda: len(receiver.calls) == 19 * 20, seconds=15)
        assert len(black_hole.calls) == 1
        await house.tell(*(house.move(merchant) for merchant in merchants[1:]))
        bell.ring_here(webhooks.BELL)
        await until(lambda: len(receiver.calls) == 19 * 21, seconds=10)
        black_hole.gate.set()


async def test_a_crowd_of_known_failures_takes_no_place_from_those_that_work(
    house: House, receiver: Receiver, black_hole: Receiver
) -> None:
    merchants = await shops(house, [*[black_hole.url] * 12, receiver.url, receiver.url])
    await house.run("UPDATE endpoints SET failing_since = now() WHERE url = $1", black_hole.url)
    await house.tell(*(house.move(merchant) for merchant in merchants for _ in range(5)))
    async with running(house.deliverer(concurrency=4)):
        await until(lambda: len(receiver.calls) == 10, seconds=10)
        assert len(black_hole.calls) <= 1  # A quarter of four places.
        black_hole.gate.set()


async def test_an_endpoint_is_called_once_before_it_is_called_side_by_side(house: House) -> None:
    async with receiving(Receiver(gate=asyncio.Event())) as receiver:
        [merchant] = await shops(house, [receiver.url])
        await house.tell(*(house.move(merchant) for _ in range(40)))
        work = asyncio.create_task(house.deliverer(concurrency=50).pass_once())
        await receiver.arrived.wait()
        await asyncio.sleep(0.05)
        assert receiver.under_way == 1
        receiver.gate.set()
        receiver.gate = asyncio.Event()
        await until(lambda: receiver.under_way > 1)
        await asyncio.sleep(0.1)
        assert receiver.under_way_most == webhooks.sending.deliverer.CALLS_PER_ENDPOINT_MAX
        receiver.gate.set()
        receiver.gate = None
        assert await work == 40


async def test_silence_gives_the_rest_back_untried(house: House) -> None:
    merchant = await house.merchant("corner")
    endpoint, _ = await house.endpoint(merchant, "http://localhost:9/hook")
    await house.tell(*(house.move(merchant) for _ in range(10)))
    assert await house.deliverer().pass_once() == 1
    tries = sorted(delivery.tries for delivery in await house.deliveries(endpoint))
    assert tries == [0] * 9 + [1]
    assert await house.deliverer().pass_once() == 1  # Failing now: one at a time.


async def test_one_that_comes_back_gets_everything_at_once(house: House, receiver: Receiver) -> None:
    [merchant] = await shops(house, [receiver.url])
    await house.run("UPDATE endpoints SET failing_since = now()")
    await house.tell(*(house.move(merchant) for _ in range(30)))
    deliverer = house.deliverer()
    assert [await deliverer.pass_once(), await deliverer.pass_once()] == [1, 29]


async def test_a_failing_endpoint_is_given_a_rest_between_probes(house: House, receiver: Receiver) -> None:
    [merchant] = await shops(house, [receiver.url])
    receiver.statuses = [500]
    await house.run("UPDATE endpoints SET failing_since = now()")
    await house.tell(*(house.move(merchant) for _ in range(3)))
    deliverer = house.deliverer(probe_seconds=0.3)
    assert [await deliverer.pass_once(), await deliverer.pass_once()] == [1, 0]
    await asyncio.sleep(0.4)
    assert await deliverer.pass_once() == 1


async def test_what_a_lease_does_not_suffice_for_goes_back(house: House, receiver: Receiver) -> None:
    """With calls that may take 20 s and a lease of 20.5, whatever is not begun in half a second is left to others."""
    [merchant] = await shops(house, [receiver.url])
    await house.tell(*(house.move(merchant) for _ in range(30)))
    receiver.gate = asyncio.Event()
    work = asyncio.create_task(house.deliverer(lease_seconds=20.5).pass_once())
    await receiver.arrived.wait()
    await asyncio.sleep(0.7)
    receiver.gate.set()
    assert await work == 1
    assert await house.deliverer().pass_once() == 29


async def test_a_queue_longer_than_one_claim_is_emptied_without_another_bell(house: House, receiver: Receiver) -> None:
    [merchant] = await shops(house, [receiver.url])
    await house.tell(*(house.move(merchant) for _ in range(450)))
    async with running(house.deliverer(concurrency=20)):
        await until(lambda: len(receiver.calls) == 450)
    waiting = await house.rows("SELECT FROM deliveries WHERE state = 'waiting'")
    assert waiting == []


async def test_a_bell_wakes_the_deliverer(house: House, receiver: Receiver) -> None:
    [merchant] = await shops(house, [receiver.url])
    async with running(house.deliverer()) as bell:
        await asyncio.sleep(0.05)
        await house.tell(house.move(merchant))
        bell.ring_here(webhooks.BELL)
        await until(lambda: len(receiver.calls) == 1)


async def test_stopping_finishes_what_is_under_way_and_gives_the_rest_back(house: House) -> None:
    async with receiving(Receiver(gate=asyncio.Event())) as receiver:
        merchant = await house.merchant("corner")
        endpoint, _ = await house.endpoint(merchant, receiver.url)
        await house.tell(*(house.move(merchant) for _ in range(10)))
        async with running(house.deliverer()):
            await receiver.arrived.wait()
            asyncio.get_running_loop().call_later(0.2, receiver.gate.set)
        states = sorted(delivery.state for delivery in await house.deliveries(endpoint))
        assert states == [DeliveryState.DELIVERED] + [DeliveryState.WAITING] * 9
        assert await house.deliverer().pass_once() == 9


async def test_more_endpoints_than_one_scan_takes_all_get_their_turn(house: House, receiver: Receiver) -> None:
    """The scan goes on where it ended, so that nobody behind a crowd of waiting endpoints is forgotten."""
    merchants = await shops(house, [receiver.url] * 7)
    await house.tell(*(house.move(merchant) for merchant in merchants))
    seen = []
    after = UUID(int=0)
    for _ in range(3):
        async with house.database.transaction() as tx:
            queues, go_on = await webhooks.sending.store.queues(tx, after=after, except_for=[], limit=3)
        seen += [queue.endpoint_id for queue in queues]
        after = go_on or UUID(int=0)
    assert len(set(seen)) == len(seen) == 7
