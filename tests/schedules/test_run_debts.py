"""Runs over balances of holders who owe something: the rest is paid, or nothing, and the dry run said so before."""

from uuid import UUID

from balances_house import begun, carried_out, desk, paid_by, paying_balances, rupees, writers
from bursar import earnings, ledger, payouts, programs, schedules
from bursar.earnings import NewDebt
from bursar.foundation.db import Transaction
from ground import AT


async def owing(tx: Transaction, terms: programs.Terms, money: str, debt: str) -> UUID:
    """Somebody with so much, who owes so much."""
    [holder_id] = await writers(tx, terms, money)
    await earnings.owe(tx, [NewDebt(holder_id, terms.program, "refund:order-1", rupees(debt), "test")], at=AT)
    return holder_id


async def test_a_run_pays_what_is_left_and_leaves_out_those_who_owe_all_of_it(tx: Transaction) -> None:
    terms = await paying_balances(tx, credits="earnings")
    [free] = await writers(tx, terms, "100.00")
    netted = await owing(tx, terms, "100.00", "40.00")
    bare = await owing(tx, terms, "100.00", "100.00")
    too_little = await owing(tx, terms, "100.00", "80.00")
    plan = await schedules.plan(tx, terms.program, desk=desk())
    assert (plan.count, plan.amount) == (2, rupees("160.00"))
    assert plan.left_out == {"holder_owes": (1, rupees("100.00")), "not_allowed": (1, rupees("100.00"))}
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert await paid_by(tx, run.id) == {free: rupees("100.00"), netted: rupees("60.00")}
    assert (run.asked, run.asked_amount) == (2, 16_000)
    assert run.left_out == {"holder_owes": 1, "not_allowed": 1}
    [payout] = [one for one in await payouts.page_of_run(tx, run.id) if one.holder_id == netted]
    assert payout.netted == 4_000
    balances = {b.holder_id: (b.available, b.reserved) for b in await ledger.balances(tx, [netted, bare, too_little])}
    assert balances == {netted: (0, 6_000), bare: (10_000, 0), too_little: (10_000, 0)}
    assert set(await earnings.owed(tx, [(one, "PKR") for one in (netted, bare, too_little)])) == {
        (bare, "PKR"),
        (too_little, "PKR"),
    }
