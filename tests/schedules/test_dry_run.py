"""Dry runs: they say what the run would do, and do nothing."""

from datetime import timedelta

import pytest

from balances_house import STAFF, begun, carried_out, desk, paid_by, paying_balances, rupees, writer, writers
from bursar import dispatch, holders, ledger, payouts, schedules
from bursar.dispatch import Scope
from bursar.foundation.db import Transaction
from bursar.holders import NewDenial
from bursar.schedules import LeftOut, NotInRuns
from ground import AT, KEYRING, ask, merchant, program


async def test_it_says_how_much_would_leave_and_who_would_be_left_out(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    await writers(tx, terms, "50.00", "75.50")
    [held] = await writers(tx, terms, "60.00")
    await writers(tx, terms, "10.00", "24.99")
    await writer(tx, terms, "30.00", account=False)
    await holders.hold(tx, [held], why="check", actor=STAFF)
    plan = await schedules.plan(tx, terms.program, desk=desk())
    assert (plan.count, plan.amount, plan.in_review) == (2, rupees("125.50"), 0)
    assert plan.left_out == {
        LeftOut.BELOW_MINIMUM: (2, rupees("34.99")),
        LeftOut.NO_DESTINATION: (1, rupees("30.00")),
        "held": (1, rupees("60.00")),
    }
    assert (plan.blocker, plan.stops) == (None, None)


async def test_it_does_nothing(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    [holder] = await writers(tx, terms, "50.00")
    await schedules.plan(tx, terms.program, desk=desk())
    assert [(b.available, b.reserved) for b in await ledger.balances(tx, [holder])] == [(5_000, 0)]
    assert await payouts.page(tx, payouts.Query(program=terms.program)) == []


async def test_the_run_then_does_what_it_said(tx: Transaction) -> None:
    terms = await paying_balances(tx, limits__maximum=100.00)
    paid = await writers(tx, terms, "50.00", "150.00", "99.99")
    [paused] = await writers(tx, terms, "80.00")
    await holders.pause(tx, [paused], since=(await tx.now()) - timedelta(days=1), actor="holder")
    lines, _ = await schedules.plan_page(tx, terms.program, desk=desk())
    assert {line.holder_id: line.reason for line in lines} == {**dict.fromkeys(paid), paused: "paused"}
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert await paid_by(tx, run.id) == {line.holder_id: line.amount for line in lines if line.reason is None}


async def test_its_lines_come_in_pages(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    expected = await writers(tx, terms, *["50.00"] * 5)
    found, after = [], None
    for _ in range(3):
        lines, after = await schedules.plan_page(tx, terms.program, desk=desk(), after=after, limit=2)
        found += [line.holder_id for line in lines]
    assert (found, after) == (expected, None)


async def test_it_says_what_would_wait_for_people(tx: Transaction) -> None:
    terms = await paying_balances(tx, review__amount_at=70.00)
    suspect, *_ = await writers(tx, terms, "50.00", "70.00", "60.00")
    await holders.deny(tx, [NewDenial(reason="fraud", holder_id=suspect)], actor=STAFF, keyring=KEYRING, at=AT)
    plan = await schedules.plan(tx, terms.program, desk=desk())
    assert (plan.count, plan.in_review) == (3, 2)


async def test_it_says_what_would_stop_it(tx: Transaction) -> None:
    terms = await paying_balances(tx, runs__amount_max=50.00)
    await writers(tx, terms, "50.01")
    await dispatch.stop(tx, Scope.PROGRAM, subject=terms.program, reason="audit", actor=STAFF)
    plan = await schedules.plan(tx, terms.program, desk=desk())
    assert (plan.stops, plan.blocker) == ("amount", "audit")


async def test_it_counts_what_was_asked_for_and_waits(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    asker = await merchant(tx, terms.program, money="30.00")
    await payouts.request(tx, [ask(asker, terms.program, amount="30.00")], desk=desk(), at=AT)
    plan = await schedules.plan(tx, terms.program, desk=desk())
    assert (plan.count, plan.waiting) == (0, (1, (rupees("30.00"),)))


async def test_a_program_without_runs_has_nothing_to_foretell(tx: Transaction) -> None:
    with pytest.raises(NotInRuns):
        await schedules.plan(tx, (await program(tx)).program, desk=desk())
