"""A refund takes back what completing an order gave, from whoever has it; what has left is owed."""

import pytest
from orders_house import PLATFORM, codes, open_market, rupees

from bursar import earnings, orders, payouts
from bursar.foundation.db import Transaction
from bursar.orders import Order, OrderState
from bursar.payouts import Payout, PayoutState
from ground import AT

ALL_IS_BACK = {}  # What the program's accounts hold once nobody has anything of it any more.


@pytest.mark.parametrize("verbs", [(), ("send", "defer")], ids=["approved", "retrying"])
async def test_a_payout_that_has_not_left_is_cancelled_and_its_money_taken_back(
    tx: Transaction, verbs: tuple[str, ...]
) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    done = await market.sold(seller)
    payout = await market.take(done.payout, *verbs)
    [refunded] = await market.try_refund(market.step(done.order, actor="person:staff", reason="It broke."))
    assert isinstance(refunded, Order)
    assert (refunded.state, refunded.ended_at, refunded.reason) == (OrderState.REFUNDED, AT, "It broke.")
    assert (refunded.taken_back, refunded.owed) == (rupees("1000.00"), refunded.bounty)
    after = await payouts.get(tx, payout.id)
    assert (after.state, after.reason) == (PayoutState.CANCELLED, "order_refunded")
    assert await market.balance(seller) == ("0.00", "0.00")
    assert await market.earned(seller) == {done.order.source: "0.00"}
    assert await market.accounts() == ALL_IS_BACK
    assert (await market.notes(f"order:{refunded.id}"))[-1] == ("order.refunded", "person:staff")


@pytest.mark.parametrize(
    "verbs",
    [("send",), ("send", "accept"), ("send", "hold"), ("send", "settle")],
    ids=["sending", "sent", "on_hold", "completed"],
)
async def test_a_price_whose_payout_has_left_is_owed_whole(tx: Transaction, verbs: tuple[str, ...]) -> None:
    """Even where the seller has enough: that was earned with other orders, and pays with the next payout."""
    market = await open_market(tx)
    seller = await market.seller()
    done = await market.sold(seller)
    payout = await market.take(done.payout, *verbs)
    other = earnings.NewEarning(market.program, seller.reference, "prize", rupees("5000.00"), PLATFORM)
    await earnings.credit(tx, [other], book=market.book, at=AT)
    refunded = await market.refund(done.order)
    assert (refunded.taken_back.minor, refunded.owed) == (0, rupees("1000.00"))
    assert (await payouts.get(tx, payout.id)).state is payout.state
    assert await market.owes(seller) == "1000.00"
    assert (await market.balance(seller))[0] == "5000.00"
    [debt] = await earnings.debts_page(tx, earnings.DebtQuery(holder_id=seller.id))
    assert (debt.reference, debt.noted_by) == (f"refund:{done.order.reference}", PLATFORM)


@pytest.mark.parametrize("verbs", [("send", "fail"), ("cancel",), ("send", "settle", "return")], ids="-".join)
async def test_a_price_whose_payout_came_to_nothing_is_taken_back(tx: Transaction, verbs: tuple[str, ...]) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    done = await market.sold(seller)
    await market.take(done.payout, *verbs)
    refunded = await market.refund(done.order)
    assert refunded.taken_back == rupees("1000.00")
    assert (await market.owes(seller), await market.balance(seller)) == ("0.00", ("0.00", "0.00"))


@pytest.mark.parametrize(
    ("before", "after"), [(("send", "fail"), ()), (("send",), ("fail",))], ids=["failed before", "failed since"]
)
async def test_what_paid_for_a_refunded_order_is_not_tried_again_with_other_money(
    tx: Transaction, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    done = await market.sold(seller)
    payout = await market.take(done.payout, *before)
    await market.refund(done.order)
    await market.take(payout, *after)
    debts = await earnings.debts_page(tx, earnings.DebtQuery(holder_id=seller.id))
    await earnings.forgive(tx, [debt.id for debt in debts], actor="person:staff", reason="old", at=AT)
    other = await market.sold(seller, "3000.00")
    await market.take(other.payout, "send", "fail")
    refused, retried = await payouts.retry(
        tx, [payout.id, other.order.payout_id or payout.id], actor="person:staff", book=market.book
    )
    assert isinstance(refused, payouts.PayoutBarred)
    assert isinstance(retried, Payout), "the refund of one order bars the payout of no other"


async def test_of_a_price_that_was_never_asked_for_what_is_available_is_taken_back_and_the_rest_is_owed(
    tx: Transaction,
) -> None:
    market = await open_market(tx)
    seller = await market.seller(paid_to=None)
    done = await market.sold(seller, "1000.00")
    assert isinstance(await market.ask(seller, "800.00"), payouts.NotAllowed | Payout)
    available, _ = await market.balance(seller)
    refunded = await market.refund(done.order)
    assert refunded.taken_back.text == available
    assert refunded.owed == rupees("1000.00") - refunded.taken_back
    assert await market.owes(seller) == refunded.owed.text


async def test_refunding_twice_refunds_once(tx: Transaction) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    done = await market.sold(seller)
    await market.take(done.payout, "send", "settle")
    first, second = await market.try_refund(done.order, str(done.order.id))
    again = await market.refund(done.order)
    assert first == second == again
    assert await market.owes(seller) == "1000.00"


async def test_the_fee_is_given_back_and_the_scout_gives_back_the_bounty(tx: Transaction) -> None:
    market = await open_market(tx)
    scout = await market.scout()
    seller = await market.seller(by=scout)
    done = await market.sold(seller)
    assert await market.accounts() == {"funding": "-1150.00", "fees": "100.00"}
    await market.refund(done.order)
    assert await market.balance(scout) == ("0.00", "0.00")
    assert await market.accounts() == ALL_IS_BACK


async def test_a_bounty_that_was_asked_for_is_owed_as_far_as_it_is_not_available(tx: Transaction) -> None:
    market = await open_market(tx)
    scout = await market.scout()
    seller = await market.seller(by=scout)
    done = await market.sold(seller)
    assert isinstance(await market.ask(scout, "30.00"), Payout)
    await market.refund(done.order)
    assert (await market.balance(scout), await market.owes(scout)) == (("0.00", "30.00"), "30.00")
    [debt] = await earnings.debts_page(tx, earnings.DebtQuery(holder_id=scout.id))
    assert debt.reference == f"refund:{done.order.reference}"


async def test_a_price_that_settled_a_debt_is_owed_anew_when_its_order_is_refunded(tx: Transaction) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    lost = await market.sold(seller, "400.00")
    await market.take(lost.payout, "send", "settle")
    await market.refund(lost.order)
    netted = await market.sold(seller, "1000.00")
    assert netted.payout is not None
    assert netted.payout.netted == 40_000
    refunded = await market.refund(netted.order)
    assert (refunded.taken_back, refunded.owed) == (rupees("600.00"), rupees("400.00"))
    assert (await market.owes(seller), await market.balance(seller)) == ("400.00", ("0.00", "0.00"))


async def test_each_order_of_a_batch_is_refunded_or_refused_on_its_own(tx: Transaction) -> None:
    market = await open_market(tx)
    seller, other = await market.seller(), await market.seller()
    open_, kept, gone, foreign = [await market.order(each, "100.00") for each in (seller, seller, seller, other)]
    for order in (kept, gone, foreign):
        done = await market.complete(order)
        if order is gone:
            await market.take(done.payout, "send", "settle")
    own = frozenset([seller.id])
    answers = await market.try_refund(open_, kept, "unknown", gone, market.step(foreign, sellers=own))
    assert codes(answers) == ["wrong_order_state", None, "order_not_found", None, "order_not_found"]
    assert answers[0].facts["allowed_from"] == ["completed"]  # type: ignore[union-attr]
    assert await market.owes(seller) == "100.00"
    assert await market.balance(other) == ("0.00", "100.00")


async def test_an_open_order_is_cancelled_once_and_completed_no_more(tx: Transaction) -> None:
    market = await open_market(tx)
    seller = await market.seller()
    order, sold = await market.order(seller), await market.sold(seller)
    steps = [market.step(order, reason="Sold out."), market.step(order, reason="Twice."), market.step(sold.order)]
    first, second, refused = await orders.cancel(tx, steps, at=AT)
    assert isinstance(first, Order)
    assert (first.state, first.ended_at, first.reason) == (OrderState.CANCELLED, AT, "Sold out.")
    assert second == first
    assert codes([refused, *await market.try_complete(order)]) == ["wrong_order_state"] * 2
    assert await orders.cancel(tx, [market.step(order)], at=AT) == [first]
    assert await market.notes(f"order:{order.id}") == [("order.created", PLATFORM), ("order.cancelled", PLATFORM)]
