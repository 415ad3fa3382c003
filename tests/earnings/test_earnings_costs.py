"""Earnings cost the same number of statements for one and for two hundred, and programs without them pay nothing."""

from collections.abc import Awaitable, Callable

import pytest
from earnings_house import EarningsHouse, of_another_holder, open_house

from bursar import payouts, programs
from bursar.foundation.db import Database, Transaction
from bursar.payouts import Payout, Step
from ground import AT, KEYRING, ask, merchant, program
from statements import statements_of

Work = Callable[[], Awaitable[object]]

SIZES = (1, 10, 200)


class Shop:
    """A house with twenty holders, for batches of any size."""

    def __init__(self, house: EarningsHouse, holders: list[EarningsHouse]) -> None:
        self.house = house
        self.holders = holders

    def __getitem__(self, place: int) -> EarningsHouse:
        return self.holders[place % len(self.holders)]

    async def credit(self, size: int) -> object:
        return await self.house.credit(*(self[place].new("100.00") for place in range(size)))

    async def ask(self, size: int) -> list[Payout]:
        asks = [ask(self[place].holder, self.house.program, amount="150.00") for place in range(size)]
        made = await payouts.request(self.house.tx, asks, desk=payouts.Desk(self.house.book, KEYRING), at=AT)
        return [payout for payout in made if isinstance(payout, Payout)]

    async def take(self, made: list[Payout], verb: str) -> object:
        steps = [Step(payout.id, verb, "test", gateway="bank") for payout in made]
        return await payouts.advance(self.house.tx, steps, book=self.house.book)


async def open_shop(tx: Transaction) -> Shop:
    house = await open_house(tx)
    shop = Shop(house, [await of_another_holder(house) for _ in range(20)])
    for _ in range(60):
        await shop.credit(20)
    return shop


async def crediting(shop: Shop, size: int) -> Work:
    return lambda: shop.credit(size)


async def requesting(shop: Shop, size: int) -> Work:
    return lambda: shop.ask(size)


async def settling(shop: Shop, size: int) -> Work:
    made = await shop.ask(size)
    await shop.take(made, "send")
    return lambda: shop.take(made, "settle")


async def cancelling(shop: Shop, size: int) -> Work:
    made = await shop.ask(size)
    return lambda: shop.take(made, "cancel")


@pytest.mark.parametrize("verb", [crediting, requesting, settling, cancelling], ids=lambda verb: verb.__name__)
async def test_a_batch_costs_the_same_whatever_its_size(
    tx: Transaction, verb: Callable[[Shop, int], Awaitable[Work]]
) -> None:
    shop = await open_shop(tx)
    await (await verb(shop, 2))()
    counted = {}
    for size in SIZES:
        work = await verb(shop, size)
        async with statements_of(tx) as heard:
            await work()
        counted[size] = len(heard)
    assert len(set(counted.values())) == 1, counted
    assert 1 <= counted[1] <= 18, counted


async def test_a_program_with_deposits_asks_nothing_about_earnings(database: Database) -> None:
    """Its terms are committed, as they are in life: a process reads them once."""
    async with database.transaction() as tx:
        terms = await program(tx)
        holder = await merchant(tx, terms.program)
    book = programs.Book()
    for warm in (True, False):
        async with database.transaction() as tx:
            async with statements_of(tx) as heard:
                asks = [ask(holder, terms.program)]
                [made] = await payouts.request(tx, asks, desk=payouts.Desk(book, KEYRING), at=AT)
                assert isinstance(made, Payout)
                await payouts.advance(tx, [Step(made.id, "send", "test", gateway="bank")], book=book)
                await payouts.advance(tx, [Step(made.id, "settle", "test", gateway="bank")], book=book)
        if not warm:
            assert [statement for statement in heard if "earning" in statement] == []
            assert [
                statement for statement in heard if "program_versions" in statement and "programs" not in statement
            ] == []
