"""Many at once: an order pays once, and nothing waits for what waits for it."""

import asyncio
import random

import asyncpg
from orders_house import Marketplace, open_market, within

import auditor
from bursar import orders, payouts
from bursar.foundation.db import Database
from bursar.foundation.errors import Refusal
from bursar.orders import Completion, Order, OrderState, Query
from ground import AT


async def opened(database: Database, *, sellers: int, prices: int) -> tuple[Marketplace, list[Order]]:
    """A marketplace whose sellers are recruited and have open orders, all committed."""
    async with database.transaction() as tx:
        market = await open_market(tx)
        scout = await market.scout()
        found = [await market.seller(by=scout) for _ in range(sellers)]
        made = [await market.order(seller, "10.00") for seller in found for _ in range(prices)]
    return market, made


async def complaints(url: str) -> list[str]:
    """What the auditor has to say but for sending: here payouts wait for a run, and take their steps without one."""
    connection = await asyncpg.connect(url)
    try:
        found = await auditor.complaints(connection)
    finally:
        await connection.close()
    return [said for said in found if not said.startswith(("nobody_is_forgotten", "attempts_are_numbered"))]


async def test_an_order_that_is_completed_from_many_sides_at_once_pays_once(
    database: Database, database_url: str
) -> None:
    market, [order] = await opened(database, sellers=1, prices=1)

    async def complete(name: str) -> Completion:
        async with database.transaction() as tx:
            [done] = await within(market, tx).try_complete(name)
        assert isinstance(done, Completion)
        return done

    done = await asyncio.gather(*(complete(str(order.id) if n % 2 else order.reference) for n in range(20)))
    assert [one.is_new for one in done].count(True) == 1
    assert len({one.payout.id for one in done if one.payout}) == 1
    assert await complaints(database_url) == []


async def test_completing_refunding_sending_and_settling_at_once_deadlock_nobody_and_leave_the_laws_true(
    database: Database, database_url: str
) -> None:
    """Batches name their orders in any order, and sellers and their scout meet in all of them."""
    market, made = await opened(database, sellers=6, prices=8)
    chance = random.Random(7)

    async def change(verb: str) -> None:
        chosen = chance.sample(made, 12)
        async with database.transaction() as tx:
            there = within(market, tx)
            answers = await (there.try_complete(*chosen) if verb == "complete" else there.try_refund(*chosen))
        assert all(one.code == "wrong_order_state" for one in answers if isinstance(one, Refusal))

    async def move(verb: str) -> None:
        async with database.transaction() as tx:
            found = await orders.page(tx, Query(program=market.program, limit=1_000))
            wanted = [order.payout_id for order in found if order.payout_id]
            steps = [
                payouts.Step(payout_id, verb, "test", gateway="bank")
                for payout_id in chance.sample(wanted, min(8, len(wanted)))
            ]
            await payouts.advance(tx, steps, book=market.book)

    for _ in range(4):
        changes = [change(verb) for verb in ("complete", "refund", "complete", "refund")]
        await asyncio.gather(*changes, *(move(verb) for verb in ("send", "settle", "fail", "send", "settle")))
    assert await complaints(database_url) == []
    async with database.transaction(readonly=True) as tx:
        found = await orders.page(tx, Query(program=market.program, limit=1_000))
    assert {OrderState.COMPLETED, OrderState.REFUNDED} <= {order.state for order in found}


async def test_the_same_order_is_created_once_from_many_sides(database: Database) -> None:
    market, _ = await opened(database, sellers=1, prices=0)
    async with database.transaction() as tx:
        seller = await within(market, tx).seller()
    new = market.new(seller)

    async def create() -> orders.Created:
        async with database.transaction() as tx:
            [created] = await orders.create(tx, [new], book=market.book, at=AT)
        assert isinstance(created, orders.Created)
        return created

    made = await asyncio.gather(*(create() for _ in range(10)))
    assert [one.is_new for one in made].count(True) == 1
    assert len({one.order.id for one in made}) == 1
