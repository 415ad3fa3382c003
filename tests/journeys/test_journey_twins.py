"""Many clients at once, and clients that ask again: one payout for each key, and no balance spent twice."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from bursar import ledger, web
from bursar_sandbox import server
from ground import AT, funding
from pg_proxy import proxied
from world import World, open_world


async def test_fifty_twins_of_one_key_make_one_payout(world: World) -> None:
    acme, wanted = await world.merchant(), world.body()
    answers = await asyncio.gather(*(world.post(acme, wanted, key="the same") for _ in range(50)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1, "byte for byte"
    assert await world.count("true") == 1
    await world.audit(book=False)


async def test_twins_that_reach_two_processes_at_once_make_one_payout(world: World) -> None:
    """Each process has its own queue, so it is the database that tells them apart."""
    acme = await world.merchant()
    first = world.web_url
    async with server.serving(web.app(world.settings)) as second:

        async def ask(url: str, key: str, wanted: dict[str, str]) -> int:
            world.web_url = url
            return (await world.post(acme, wanted, key=key)).status

        keys = [(f"key-{n}", world.body()) for n in range(20)]
        twins = [ask(url, key, wanted) for key, wanted in keys for _ in range(5) for url in (first, second)]
        statuses = await asyncio.gather(*twins)
    assert Counter(statuses).keys() <= {201, 409}, "its answer, or that the first one is still under way"
    assert await world.count("true") == 20
    world.web_url = first
    for key, wanted in keys:
        assert (await world.post(acme, wanted, key=key)).status == 201
    await world.audit(book=False)


async def test_the_same_key_for_something_else_is_refused(world: World) -> None:
    acme = await world.merchant()
    answers = await asyncio.gather(*(world.post(acme, world.body(), key="the same") for _ in range(20)))
    assert Counter(answer.status for answer in answers) == {201: 1, 422: 19}
    await world.audit(book=False)


async def test_two_merchants_may_use_the_same_key(world: World) -> None:
    wanted = world.body()
    for merchant in (await world.merchant(), await world.merchant()):
        assert (await world.post(merchant, wanted, key="the same")).status == 201
    assert await world.count("true") == 2


async def test_a_hundred_clients_cannot_spend_a_balance_twice(world: World) -> None:
    acme = await world.merchant(money="30000.00")
    answers = await asyncio.gather(*(world.post(acme, world.body(amount="1000.00")) for _ in range(100)))
    assert Counter(answer.status for answer in answers) == {201: 30, 409: 70}
    refused = next(answer.json["error"] for answer in answers if answer.status == 409)
    assert (refused["code"], refused["available"], refused["needed"]) == ("insufficient_funds", "0.00", "1000.00")
    async with world.working():
        await world.until_at_rest()
    await world.audit()


async def test_a_key_whose_request_was_refused_may_be_used_again(world: World) -> None:
    poor, wanted = await world.merchant(money="1.00"), world.body()
    assert (await world.post(poor, wanted, key="k")).status == 409
    async with world.database.transaction() as tx:
        await ledger.credit(tx, [funding(poor.holder, "5000.00", program="merchants")], at=AT)
    assert (await world.post(poor, wanted, key="k")).status == 201
    await world.audit(book=False)


@pytest.mark.parametrize("arrives", [True, False], ids=["carried out", "lost on the way"])
@pytest.mark.parametrize("clients", [1, 12])
async def test_a_connection_lost_at_commit_ends_in_one_payout_for_each_key(
    database_url: str, tmp_path: Path, clients: int, *, arrives: bool
) -> None:
    """The client hears an error or an answer; asking again under the same key, it has its one payout."""
    async with proxied(database_url) as proxy:
        async with open_world(database_url, tmp_path, web_database_url=proxy.url) as world:
            acme = await world.merchant()
            asks = [(f"key-{n}", world.body()) for n in range(clients)]
            proxy.cut_at_commit(arrives=arrives)
            first = await asyncio.gather(*(world.post(acme, wanted, key=key) for key, wanted in asks))
            assert proxy.cuts == 1
            assert {answer.status for answer in first} <= {201, 503}
            assert clients > 1 or first[0].status == 503
            again = await asyncio.gather(*(world.post(acme, wanted, key=key) for key, wanted in asks))
            assert {answer.status for answer in again} == {201}
            assert await world.count("true") == clients
            async with world.working():
                await world.until_at_rest()
            await world.audit()
