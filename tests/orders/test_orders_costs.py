"""Every verb costs the same number of statements for one order and for two hundred."""

from collections.abc import Awaitable, Callable, Sequence

import pytest
from orders_house import Marketplace, open_market

from bursar import orders
from bursar.foundation.db import Transaction
from bursar.holders import Holder
from bursar.orders import Order
from ground import AT
from statements import statements_of

Work = Callable[[], Awaitable[object]]

SIZES = (1, 10, 200)


class Shop:
    """A marketplace with twenty sellers, each with a scout unless there are none."""

    def __init__(self, market: Marketplace, sellers: Sequence[Holder]) -> None:
        self.market = market
        self.sellers = sellers

    async def orders(self, size: int) -> list[Order]:
        news = [self.market.new(self.sellers[place % len(self.sellers)], "10.00") for place in range(size)]
        return [created.order for created in await self.market.create(*news)]  # type: ignore[union-attr]

    async def completed(self, size: int, *verbs: str) -> list[Order]:
        """Completed orders, whose payouts have taken these steps."""
        found = await self.orders(size)
        for one in await self.market.try_complete(*found):
            await self.market.take(one.payout, *verbs)  # type: ignore[union-attr]
        return found


async def open_shop(tx: Transaction, *, scouts: bool) -> Shop:
    market = await open_market(tx)
    by = await market.scout() if scouts else None
    shop = Shop(market, [await market.seller(by=by) for _ in range(20)])
    await shop.completed(len(shop.sellers))  # Everybody's first money costs two statements more.
    return shop


async def creating(shop: Shop, size: int) -> Work:
    news = [shop.market.new(shop.sellers[0], "10.00") for _ in range(size)]
    return lambda: shop.market.create(*news)


async def completing(shop: Shop, size: int) -> Work:
    found = await shop.orders(size)
    return lambda: shop.market.try_complete(*found)


async def cancelling(shop: Shop, size: int) -> Work:
    steps = [shop.market.step(order) for order in await shop.orders(size)]
    return lambda: orders.cancel(shop.market.tx, steps, at=AT)


async def refunding_unsent(shop: Shop, size: int) -> Work:
    found = await shop.completed(size)
    return lambda: shop.market.try_refund(*found)


async def refunding_paid(shop: Shop, size: int) -> Work:
    newcomers = Shop(shop.market, [await shop.market.seller() for _ in shop.sellers])  # Nobody of them owes anything.
    found = await newcomers.completed(size, "send", "settle")
    return lambda: shop.market.try_refund(*found)


VERBS = [
    (creating, False, 4),
    (completing, False, 13),
    (completing, True, 14),
    (cancelling, False, 3),
    (refunding_unsent, True, 24),
    (refunding_paid, False, 16),
]


@pytest.mark.parametrize(
    ("verb", "scouts", "most"),
    VERBS,
    ids=[f"{verb.__name__}{' with scouts' if scouts else ''}" for verb, scouts, _ in VERBS],
)
async def test_a_batch_costs_the_same_whatever_its_size(
    tx: Transaction, verb: Callable[[Shop, int], Awaitable[Work]], scouts: bool, most: int
) -> None:
    shop = await open_shop(tx, scouts=scouts)
    await (await verb(shop, 2))()
    counted = {}
    for size in SIZES:
        work = await verb(shop, size)
        async with statements_of(tx) as heard:
            await work()
        counted[size] = len(heard)
    assert len(set(counted.values())) == 1, counted
    assert 1 <= counted[1] <= most, counted
