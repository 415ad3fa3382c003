"""Completing an order pays its seller once, and everybody else who has a part in it."""

from typing import Any

import pytest
from orders_house import PLATFORM, codes, open_market, rupees

from bursar import earnings, holders, orders
from bursar.foundation.db import Transaction
from bursar.orders import Completion, OrderState
from bursar.payouts import PayoutState
from ground import AT


async def test_the_seller_gets_the_price_and_the_platform_its_fee_beside_it(tx: Transaction) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    done = await market.sold(seller, "1000.00")
    payout = done.payout
    assert payout is not None
    assert (done.is_new, done.order.state, done.order.payout_id) == (True, OrderState.COMPLETED, payout.id)
    assert (payout.amount, payout.kind, payout.order_id) == (rupees("1000.00"), "seller_payout", done.order.id)
    assert (payout.state, payout.waits_for_run) == (PayoutState.APPROVED, True)
    assert await market.balance(seller) == ("0.00", "1000.00")
    assert await market.accounts() == {"funding": "-1100.00", "fees": "100.00"}
    assert (done.order.completed_at, done.order.completed_by, payout.requester) == (AT, PLATFORM, PLATFORM)


async def test_completing_again_answers_the_same_and_pays_once(tx: Transaction) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    first = await market.sold(seller)
    again = await market.complete(first.order)
    assert (again.order, again.payout, again.is_new) == (first.order, first.payout, False)
    assert await market.balance(seller) == ("0.00", "1000.00")


async def test_an_order_that_is_named_twice_in_a_batch_pays_once(tx: Transaction) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    order = await market.order(seller)
    first, second = await market.try_complete(order, str(order.id))
    assert isinstance(first, Completion)
    assert isinstance(second, Completion)
    assert (first.payout, first.is_new, second.is_new) == (second.payout, True, False)
    assert await market.balance(seller) == ("0.00", "1000.00")


async def test_each_order_of_a_batch_is_completed_or_refused_on_its_own(tx: Transaction) -> None:
    market = await open_market(tx)
    seller, other = await market.seller(), await market.seller()
    cancelled, good, refunded = [await market.order(each) for each in (seller, other, seller)]
    await orders.cancel(tx, [market.step(cancelled)], at=AT)
    await market.complete(refunded)
    await market.refund(refunded)
    answers = await market.try_complete(cancelled, "unknown", good, refunded)
    assert codes(answers) == ["wrong_order_state", "order_not_found", None, "wrong_order_state"]
    assert answers[0].facts["allowed_from"] == ["open"]  # type: ignore[union-attr]
    assert await market.balance(other) == ("0.00", "1000.00")


async def test_the_scout_who_recruited_the_seller_gets_a_bounty(tx: Transaction) -> None:
    market = await open_market(tx)
    scout = await market.scout()
    seller, stranger = await market.seller(by=scout), await market.seller()
    mine, other = await market.order(seller, "1000.00"), await market.order(stranger, "500.00")
    first, second = await market.try_complete(mine, other)
    assert isinstance(first, Completion)
    assert isinstance(second, Completion)
    assert (first.order.scout_id, first.order.bounty) == (scout.id, rupees("50.00"))
    assert (second.order.scout_id, second.order.bounty.minor) == (None, 0)
    assert await market.earned(scout) == {f"bounty:{mine.reference}": "50.00"}
    assert await market.accounts() == {"funding": "-1700.00", "fees": "150.00"}


async def test_bounties_end_with_as_many_sales_as_the_terms_give_them_for(tx: Transaction) -> None:
    market = await open_market(tx, orders__bounty_sales_max=3, orders__bounty_fixed=10.00)
    scout = await market.scout()
    seller = await market.seller(by=scout)
    await market.sold(seller, "100.00")
    await market.try_complete(*[await market.order(seller, "100.00") for _ in range(4)])
    assert await market.balance(scout) == ("45.00", "0.00")
    assert (await orders.recruiters(tx, [seller.id]))[seller.id].bounties == 3


@pytest.mark.parametrize("amount", ["50.00", "7.00"], ids=["the same", "another"])
async def test_a_bounty_that_was_credited_by_hand_is_not_credited_again(tx: Transaction, amount: str) -> None:
    market = await open_market(tx)
    scout = await market.scout()
    seller = await market.seller(by=scout)
    order = await market.order(seller)
    by_hand = earnings.NewEarning(
        market.program, scout.reference, order.bounty_source, rupees(amount), PLATFORM, description=order.item
    )
    await earnings.credit(tx, [by_hand], book=market.book, at=AT)
    done = await market.complete(order)
    assert (done.order.scout_id, done.order.bounty.minor) == (None, 0)
    assert await market.balance(scout) == (amount, "0.00")


@pytest.mark.parametrize(
    ("amount", "code"),
    [("1000.00", "order_earned_before"), ("7.00", "earning_reference_reused")],
    ids=["the same", "another"],
)
async def test_an_order_whose_price_was_credited_by_hand_is_not_completed(
    tx: Transaction, amount: str, code: str
) -> None:
    """It would be paid twice, or its fee be given back that was never taken."""
    market = await open_market(tx)
    scout = await market.scout()
    seller = await market.seller(by=scout)
    order = await market.order(seller)
    by_hand = earnings.NewEarning(
        market.program, seller.reference, order.source, rupees(amount), PLATFORM, description=order.item
    )
    await earnings.credit(tx, [by_hand], book=market.book, at=AT)
    assert codes(await market.try_complete(order, order)) == [code] * 2
    found = await orders.get(tx, order.reference, program=market.program)
    assert found.state is OrderState.OPEN
    assert await market.balance(scout) == ("0.00", "0.00")
    assert await market.accounts() == {"funding": f"-{amount}"}
    assert (await orders.recruiters(tx, [seller.id]))[seller.id].bounties == 0


@pytest.mark.parametrize(
    ("seller", "code"),
    [
        ({"paid_to": None}, "no_destination"),
        ({"is_held": True}, "held"),
        ({"own_minimum": "1000.01"}, "own_minimum"),
        ({"own_schedule": True}, "own_schedule"),
    ],
    ids=["no_destination", "held", "own_minimum", "own_schedule"],
)
async def test_a_payout_that_is_put_off_leaves_the_money_on_the_balance(
    tx: Transaction, seller: dict[str, Any], code: str
) -> None:
    market = await open_market(tx)
    holder = await market.seller(paid_to=seller.get("paid_to", "000111222333"))
    if "is_held" in seller:
        await holders.hold(tx, [holder.id], why="we ask them something", actor="person:staff")
    if "own_minimum" in seller:
        await holders.set_minimum(tx, [holder.id], minimum=rupees(seller["own_minimum"]), actor="person:staff")
    if "own_schedule" in seller:
        wish = holders.OwnSchedule(holders.Every.WEEK, day=1)
        await holders.set_schedule(tx, {holder.id: (wish, AT)}, actor="person:staff")
    done = await market.sold(holder)
    assert done.payout is None
    assert done.order.state is OrderState.COMPLETED
    assert done.order.put_off is not None
    assert done.order.put_off.code == code
    assert await market.notes(f"order:{done.order.id}") == [("order.created", PLATFORM), ("order.completed", PLATFORM)]
    assert await market.balance(holder) == ("1000.00", "0.00")


async def test_a_payout_that_is_refused_leaves_the_money_on_the_balance(tx: Transaction) -> None:
    market = await open_market(tx, limits__maximum=500.00)
    seller = await market.seller()
    done = await market.sold(seller)
    assert done.payout is None
    assert done.order.put_off is not None
    assert (done.order.put_off.code, "500.00" in done.order.put_off.why) == ("not_allowed", True)
    assert await market.balance(seller) == ("1000.00", "0.00")
    [found] = await orders.page(tx, orders.Query(seller_ids=frozenset([seller.id])))
    assert found == done.order


async def test_own_schedules_count_only_where_the_terms_have_them(tx: Transaction) -> None:
    market = await open_market(tx, runs__own_schedules=False)
    seller = await market.seller()
    wish = holders.OwnSchedule(holders.Every.DAY)
    await holders.set_schedule(tx, {seller.id: (wish, AT)}, actor="person:staff")
    assert (await market.sold(seller)).payout is not None


async def test_sellers_complete_their_own_orders_where_the_terms_let_them(tx: Transaction) -> None:
    for may, expected in ((True, None), (False, "sellers_do_not_complete")):
        market = await open_market(tx, orders__sellers_complete=may)
        seller, other = await market.seller(), await market.seller()
        mine, theirs = await market.order(seller), await market.order(other)
        own = frozenset([seller.id])
        answers = await market.try_complete(market.step(mine, sellers=own), market.step(theirs, sellers=own))
        assert codes(answers) == [expected, "order_not_found"]


async def test_a_seller_who_may_not_complete_does_not_stand_in_the_platforms_way(tx: Transaction) -> None:
    market = await open_market(tx, orders__sellers_complete=False)
    seller = await market.seller()
    order = await market.order(seller)
    by_seller = market.step(order, sellers=frozenset([seller.id]))
    answers = await market.try_complete(by_seller, order)
    assert codes(answers) == ["sellers_do_not_complete", None]


async def test_what_the_seller_owes_is_kept_of_the_payout(tx: Transaction) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    paid = await market.sold(seller, "300.00")
    await market.take(paid.payout, "send", "settle")
    await market.refund(paid.order)
    assert await market.owes(seller) == "300.00"
    done = await market.sold(seller, "1000.00")
    assert done.payout is not None
    assert (done.payout.amount, done.payout.netted) == (rupees("700.00"), 30_000)
    assert (await market.owes(seller), await market.balance(seller)) == ("0.00", ("0.00", "700.00"))


async def test_a_price_that_is_owed_whole_goes_to_the_debt_and_makes_no_payout(tx: Transaction) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    paid = await market.sold(seller, "300.00")
    await market.take(paid.payout, "send", "settle")
    await market.refund(paid.order)
    done = await market.sold(seller, "300.00")
    assert (done.payout, done.order.put_off, done.order.recovered) == (None, None, rupees("300.00"))
    assert (await market.owes(seller), await market.balance(seller)) == ("0.00", ("0.00", "0.00"))


async def test_prices_of_one_batch_settle_a_debt_one_after_the_other(tx: Transaction) -> None:
    """250 are owed: 200 go to it whole, of the next 200 what is left of it, and the third 200 are paid."""
    market = await open_market(tx)
    seller = await market.seller()
    paid = await market.sold(seller, "250.00")
    await market.take(paid.payout, "send", "settle")
    await market.refund(paid.order)
    found = await market.try_complete(*[await market.order(seller, "200.00") for _ in range(3)])
    done = [one for one in found if isinstance(one, Completion)]
    assert [one.order.recovered.text for one in done] == ["200.00", "50.00", "0.00"]
    assert [one.payout.amount.text if one.payout else None for one in done] == [None, "150.00", "200.00"]
    assert (await market.owes(seller), await market.balance(seller)) == ("0.00", ("0.00", "350.00"))


async def test_an_order_is_found_by_the_platforms_name_first_and_by_our_id_then(tx: Transaction) -> None:
    market, foreign = await open_market(tx), await open_market(tx)
    seller = await market.seller()
    order = await market.order(seller)
    confusing = await market.order(seller, "5.00", reference=str(order.id))
    assert await orders.get(tx, str(order.id), program=market.program) == confusing
    assert await orders.get(tx, str(confusing.id), program=market.program) == confusing
    assert await orders.get(tx, order.reference, program=market.program) == order
    assert codes(await foreign.try_complete(str(order.id), order.reference)) == ["order_not_found"] * 2
