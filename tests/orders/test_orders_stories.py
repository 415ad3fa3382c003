"""An order is found by each of its names, and its payout's story tells of it."""

from orders_house import Marketplace, open_market

from bursar import monitoring
from bursar.foundation.db import Transaction
from bursar.monitoring import Story


def lines(story: Story) -> list[str]:
    return [line.text for line in story.lines if line.kind == "order"]


async def told(market: Marketplace, name: object) -> Story:
    return await monitoring.trace(market.tx, str(name))


async def test_a_completed_order_leads_to_its_payout_and_the_payout_tells_of_it(tx: Transaction) -> None:
    market = await open_market(tx)
    done = await market.sold(await market.seller(), reference="lamp-1")
    assert done.payout is not None
    for name in (done.order.id, "lamp-1", done.payout.id):
        story = await told(market, name)
        assert [payout.id for payout in story.payouts] == [done.payout.id]
        assert lines(story) == [
            "Brass lamp for 1,000.00 INR is ordered, as lamp-1",
            "the order is completed",
        ]
    assert {match.what for match in (await told(market, "lamp-1")).matches} == {"order", "reference"}


async def test_an_order_without_a_payout_has_a_story_too(tx: Transaction) -> None:
    market = await open_market(tx)
    done = await market.sold(await market.seller(paid_to=None))
    await market.try_refund(market.step(done.order, reason="It broke."))
    story = await told(market, done.order.reference)
    assert story.payouts == ()
    assert lines(story) == [
        f"Brass lamp for 1,000.00 INR is ordered, as {done.order.reference}",
        "the order is completed without a payout: The seller has not said where to be paid.",
        "the order is refunded (It broke.)",
    ]
