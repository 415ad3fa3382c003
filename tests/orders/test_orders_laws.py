"""``bursar doctor`` notices an order whose money is not as it says."""

import pytest
from orders_house import Marketplace, open_market

from bursar import monitoring
from bursar.foundation.db import Transaction

THEIRS = "(SELECT id FROM holders WHERE program = $1)"

DEEDS = {
    "another price": "UPDATE orders SET price = price + 1 WHERE state = 'completed' AND program = $1",
    "another fee": "UPDATE orders SET fee = fee + 1 WHERE state = 'completed' AND program = $1",
    "another bounty": "UPDATE orders SET bounty = bounty + 1 WHERE scout_id IS NOT NULL AND program = $1",
    "a payout of other money": "UPDATE payouts SET amount = amount + 1 WHERE program = $1",
    "a payout of another order": "UPDATE payouts SET order_id = gen_random_uuid() WHERE program = $1",
    "never credited": "DELETE FROM transfers WHERE kind = 'credit' AND holder_id IN " + THEIRS,
    "nothing taken back": "DELETE FROM transfers WHERE kind = 'take_back' AND holder_id IN " + THEIRS,
    "a debt not booked": "DELETE FROM transfers WHERE kind = 'owe' AND holder_id IN " + THEIRS,
    "a fee that was kept": "DELETE FROM transfers WHERE kind = 'fee_back' AND holder_id IN " + THEIRS,
}


async def wrong_orders(market: Marketplace) -> list[str]:
    """What the doctor says of orders."""
    found = await monitoring.check_laws(market.tx)
    return [breach.subject for breach in found if breach.what.startswith("an order")]


@pytest.mark.parametrize("deed", DEEDS, ids=str)
async def test_an_order_whose_money_is_not_as_it_says_is_found(tx: Transaction, deed: str) -> None:
    market = await open_market(tx)
    scout = await market.scout()
    kept, back, owed = [await market.sold(await market.seller(by=scout)) for _ in range(3)]
    await market.take(owed.payout, "send", "settle")
    await market.refund(back.order)
    await market.refund(owed.order)
    assert await wrong_orders(market) == []
    await tx.run("SET LOCAL session_replication_role = replica")  # With the triggers off, as nobody of ours can.
    await tx.run(DEEDS[deed], market.program)
    assert set(await wrong_orders(market)) & {str(one.order.id) for one in (kept, back, owed)}
