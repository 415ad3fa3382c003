"""A seller has one scout, whom somebody has named."""

from orders_house import codes, open_market

from bursar import orders
from bursar.foundation.db import Transaction
from bursar.orders import Recruit
from ground import AT


async def test_a_seller_is_recruited_once_and_a_later_scout_takes_the_first_ones_place(tx: Transaction) -> None:
    market = await open_market(tx)
    first, second, seller = await market.scout(), await market.scout(), await market.seller()
    recruited = await market.recruit(seller, first)
    assert recruited == Recruit(seller.id, first.id, market.program, AT, "person:staff")
    await market.sold(seller, "100.00")
    assert isinstance(await market.recruit(seller, first), Recruit)
    changed = await market.recruit(seller, second)
    assert isinstance(changed, Recruit)
    assert (changed.scout_id, changed.bounties) == (second.id, 1)
    await market.sold(seller, "200.00")
    assert (await market.balance(first), await market.balance(second)) == (("5.00", "0.00"), ("10.00", "0.00"))
    assert await orders.recruits_of(tx, first.id) == []
    assert [one.seller_id for one in await orders.recruits_of(tx, second.id)] == [seller.id]
    assert [action for action, _ in await market.notes(f"holder:{seller.id}")] == ["seller.recruited"] * 2


async def test_only_scouts_recruit_and_only_sellers_of_their_own_program_are_recruited(tx: Transaction) -> None:
    market, other = await open_market(tx), await open_market(tx)
    scout, seller, foreign = await market.scout(), await market.seller(), await other.seller()
    answers = [
        await market.recruit(seller, seller),
        await market.recruit(scout, scout),
        await market.recruit(foreign, scout),
        await market.recruit(seller, scout),
    ]
    assert codes(answers) == ["not_recruited", "not_recruited", "holder_not_found", None]


async def test_a_scouts_recruits_come_page_by_page(tx: Transaction) -> None:
    market = await open_market(tx)
    scout = await market.scout()
    sellers = sorted([(await market.seller(by=scout)).id for _ in range(3)])
    first = await orders.recruits_of(tx, scout.id, limit=2)
    rest = await orders.recruits_of(tx, scout.id, after=first[-1].seller_id)
    assert [one.seller_id for one in (*first, *rest)] == sellers
    assert set(await orders.recruiters(tx, [*sellers, scout.id])) == set(sellers)
