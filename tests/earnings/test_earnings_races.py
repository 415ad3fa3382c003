"""Many at once: nothing of an earning is taken twice, and a source reference counts once."""

import asyncio
from collections import Counter
from dataclasses import replace

import asyncpg
from earnings_house import EarningsHouse, open_house

import auditor
from bursar import earnings
from bursar.earnings import Credited, Query
from bursar.foundation.db import Database, Transaction
from bursar.payouts import Payout


async def opened(database: Database) -> EarningsHouse:
    """A house whose rows are committed."""
    async with database.transaction() as tx:
        return await open_house(tx)


def within(house: EarningsHouse, tx: Transaction) -> EarningsHouse:
    """The same house in another transaction."""
    return replace(house, tx=tx)


async def test_payouts_of_one_holder_at_once_share_earnings_out_without_overlap(
    database: Database, database_url: str
) -> None:
    house = await opened(database)
    async with database.transaction() as tx:
        await within(house, tx).earn(*["3.00"] * 40)

    async def pay(number: int) -> None:
        async with database.transaction() as tx:
            [payout] = await within(house, tx).ask("5.00")
        verbs = [["cancel"], ["send", "settle"], ["send", "settle", "return"]][number % 3]
        for verb in verbs:
            async with database.transaction() as tx:
                payout = await within(house, tx).take(payout, verb)
        assert isinstance(payout, Payout)

    await asyncio.gather(*(pay(number) for number in range(24)))
    connection = await asyncpg.connect(database_url)
    wrong = [said for said in await auditor.complaints(connection) if said.startswith("earnings")]
    await connection.close()
    assert wrong == []
    async with database.transaction(readonly=True) as tx:
        found = await earnings.page(tx, Query(holder_id=house.holder, limit=100))
    sums = Counter({figure: sum(getattr(e, figure).minor for e in found) for figure in ("available", "paid")})
    assert sums == {"available": 12_000 - 8 * 500, "paid": 8 * 500}


async def test_a_reference_that_comes_from_many_sides_at_once_is_credited_once(database: Database) -> None:
    house = await opened(database)
    new = house.new("10.00")

    async def credit() -> Credited:
        async with database.transaction() as tx:
            [credited] = await within(house, tx).credit(new)
        assert isinstance(credited, Credited)
        return credited

    made = await asyncio.gather(*(credit() for _ in range(20)))
    assert [credited.is_new for credited in made].count(True) == 1
    assert len({credited.earning.id for credited in made}) == 1


async def test_crediting_and_paying_side_by_side_keep_the_queue_in_order(database: Database) -> None:
    house = await opened(database)
    async with database.transaction() as tx:
        await within(house, tx).earn(*["1.00"] * 20, days=1)

    async def earn() -> None:
        async with database.transaction() as tx:
            await within(house, tx).earn("1.00")

    async def pay() -> None:
        async with database.transaction() as tx:
            await within(house, tx).ask("1.00")

    await asyncio.gather(*(work() for _ in range(8) for work in (earn, pay)))
    async with database.transaction(readonly=True) as tx:
        figures = await within(house, tx).figures()
    assert [state for *_, state in figures] == ["reserved"] * 8 + ["available"] * 20
