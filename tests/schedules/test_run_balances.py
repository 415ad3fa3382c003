"""Runs over balances: whoever has enough gets a payout, once, whatever happens on the way."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from uuid import UUID

import pytest

from balances_house import BALANCES, STAFF, begun, carried_out, desk, paid_by, paying_balances, rupees, writer, writers
from bursar import dispatch, holders, ledger, payouts, programs, schedules
from bursar.dispatch import Scope
from bursar.foundation.db import Database, Transaction
from bursar.holders import AccountCheck, AccountVerdict, NewDenial
from bursar.payouts import PayoutState
from bursar.schedules import LeftOut, Standing
from ground import AT, KEYRING, ask, funding, merchant, person, program, rolled_back
from statements import statements_of


async def test_a_run_pays_everybody_who_has_enough_and_all_that_they_have(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    rich, exact, poor, idle = await writers(tx, terms, "250.75", "25.00", "24.99", "100.00")
    other = await paying_balances(tx)
    await writer(tx, other, "500.00")
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert await paid_by(tx, run.id) == {rich: rupees("250.75"), exact: rupees("25.00"), idle: rupees("100.00")}
    assert (run.asked, run.asked_amount, run.count, run.standing) == (3, 37_575, 3, Standing.HANDED_OVER)
    assert [(b.available, b.reserved) for b in await ledger.balances(tx, [rich, poor])] == [(0, 25_075), (2_499, 0)]


async def test_its_payouts_are_the_runs(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    await writer(tx, terms)
    run = await begun(tx, terms, correlation_id="corr_abc123", overrides=schedules.Overrides(tries_max=2))
    await carried_out(tx, run.id)
    [payout] = await payouts.page_of_run(tx, run.id)
    assert (payout.run_id, payout.correlation_id, payout.tries_max) == (run.id, "corr_abc123", 2)
    assert (payout.requester, payout.state) == (f"system:run:{run.id}", PayoutState.APPROVED)
    assert payout.reference == f"{terms.program}-{run.due_at:%Y-%m-%d}"
    assert not payout.waits_for_run


async def test_the_second_run_finds_nothing_left_to_pay(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    await writers(tx, terms, "100.00", "200.00")
    await carried_out(tx, (await begun(tx, terms)).id)
    again = await carried_out(tx, (await begun(tx, terms)).id)
    assert (again.asked, again.count) == (0, 0)


async def test_a_run_that_was_interrupted_goes_on_behind_whom_it_has_asked_for(database: Database) -> None:
    async with database.transaction() as tx:
        terms = await paying_balances(tx)
        expected = await writers(tx, terms, *["50.00"] * 5)
        run = await begun(tx, terms)
    async with database.transaction() as tx:
        await schedules.carry_on(tx, run.id, desk=desk(), at_most=2)
    with pytest.raises(RuntimeError, match="power"):
        async with database.transaction() as tx:
            await schedules.carry_on(tx, run.id, desk=desk(), at_most=2)
            raise RuntimeError("power cut")
    async with database.transaction() as tx:
        assert (await schedules.get(tx, run.id)).asked == 2
        done = await carried_out(tx, run.id)
        assert (await paid_by(tx, run.id)).keys() == set(expected)
        assert (done.asked, done.count) == (5, 5)


async def test_what_somebody_else_is_at_is_left_to_them(database: Database) -> None:
    async with database.transaction() as tx:
        terms = await paying_balances(tx)
        await writers(tx, terms, *["50.00"] * 3)
        run = await begun(tx, terms)
    async with database.transaction() as one, _second(database) as other:
        assert await schedules.carry_on(one, run.id, desk=desk(), at_most=2)
        assert await schedules.carry_on(other, run.id, desk=desk(), at_most=2) is None


async def test_a_stretch_costs_the_same_for_two_holders_and_for_forty(tx: Transaction) -> None:
    terms = await paying_balances(tx, runs__cut_off_hours=1)
    await writers(tx, terms, *["50.00"] * 45)
    run = await begun(tx, terms)
    await schedules.carry_on(tx, run.id, desk=desk(), at_most=1)  # The driver learns the types.
    costs = []
    for at_most in (2, 40):
        async with statements_of(tx) as heard:
            await schedules.carry_on(tx, run.id, desk=desk(), at_most=at_most)
        costs.append(len(heard))
    assert costs[0] == costs[1] < 30


async def test_who_is_left_out_is_counted_by_reason(tx: Transaction) -> None:
    terms = await paying_balances(tx, destinations__validate=True)
    paused, held, choosy, stopped, unpaid, homeless, denied = await writers(tx, terms, *["50.00"] * 7)
    paid, later = await writers(tx, terms, "50.00", "50.00")
    now = await tx.now()
    await holders.pause(tx, [paused], since=now - timedelta(days=1), actor="holder")
    await holders.pause(tx, [later], since=now + timedelta(days=1), actor="holder")
    await holders.hold(tx, [held], why="under investigation", actor=STAFF)
    await holders.set_minimum(tx, [choosy], minimum=rupees("50.01"), actor="holder")
    await dispatch.stop(tx, Scope.HOLDER, subject=str(stopped), reason="taken over", actor=STAFF)
    await _remove_accounts(tx, unpaid, homeless)
    await _deny_account(tx, denied)
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert (await paid_by(tx, run.id)).keys() == {paid, later}
    assert run.left_out == {
        "paused": 1, "held": 1, "own_minimum": 1, "stopped": 1, "no_destination": 2, "account_denied": 1,
    }  # fmt: skip


async def test_what_was_credited_after_the_cut_off_is_left_for_the_next_run(tx: Transaction) -> None:
    terms = await paying_balances(tx, runs__cut_off_hours=24)
    now = await tx.now()
    early, late, both = [await writer(tx, terms, None) for _ in range(3)]
    long_ago = now - timedelta(hours=25)
    await ledger.credit(tx, [funding(one, "40.00", program=terms.program) for one in (early, both)], at=long_ago)
    await ledger.credit(tx, [funding(one, "30.00", program=terms.program) for one in (late, both)], at=now)
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert await paid_by(tx, run.id) == {early: rupees("40.00"), both: rupees("40.00")}
    assert run.left_out == {LeftOut.CUT_OFF: 1}


async def test_no_payout_is_larger_than_the_terms_allow(tx: Transaction) -> None:
    terms = await paying_balances(tx, limits__maximum=500.00)
    rich = await writer(tx, terms, "501.00")
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert await paid_by(tx, run.id) == {rich: rupees("500.00")}
    [left] = await ledger.balances(tx, [rich])
    assert left.available == 100


async def test_whom_the_denied_list_names_waits_for_people(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    suspect, other = await writers(tx, terms, "50.00", "50.00")
    await holders.deny(tx, [NewDenial(reason="fraud", holder_id=suspect)], actor=STAFF, keyring=KEYRING, at=AT)
    run = await carried_out(tx, (await begun(tx, terms)).id)
    states = {one.holder_id: one.state for one in await payouts.page_of_run(tx, run.id)}
    assert states == {suspect: PayoutState.IN_REVIEW, other: PayoutState.APPROVED}
    assert (run.asked, run.count) == (2, 1)


async def test_who_began_a_run_does_not_approve_what_it_asks_for(tx: Transaction) -> None:
    terms = await paying_balances(tx, review__amount_at=50.00)
    await writer(tx, terms, "50.00")
    anna, ben = await person(tx, "anna"), await person(tx, "ben")
    run = await begun(tx, terms, actor=f"person:{anna}")
    await carried_out(tx, run.id)
    [payout] = await payouts.page_of_run(tx, run.id)
    book = programs.Book()
    [refused] = await payouts.approve(tx, [payout.id], person=anna, book=book)
    [approved] = await payouts.approve(tx, [payout.id], person=ben, book=book)
    assert (refused.code, approved.state) == ("requester_may_not_approve", PayoutState.APPROVED)


async def test_a_destination_that_does_not_open_keeps_nobody_else_from_being_paid(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    broken, whole = await writers(tx, terms, "50.00", "50.00")
    await tx.run("UPDATE destinations SET sealed = sealed || '\\x00' WHERE holder_id = $1", broken)
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert (await paid_by(tx, run.id)).keys() == {whole}
    assert run.left_out == {LeftOut.UNREADABLE: 1}


async def test_a_run_over_balances_takes_along_what_was_asked_for(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    asker = await merchant(tx, terms.program, money="30.00")
    [asked] = await payouts.request(tx, [ask(asker, terms.program, amount="30.00")], desk=desk(), at=AT)
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert isinstance(asked, payouts.Payout)
    assert (await payouts.get(tx, asked.id)).run_id == run.id
    assert (run.asked, run.count) == (0, 1)


async def test_a_run_does_not_take_what_another_is_still_asking_for(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    await writers(tx, terms, *["50.00"] * 3)
    slow = await begun(tx, terms)
    await schedules.carry_on(tx, slow.id, desk=desk(), at_most=2)
    quick = await carried_out(tx, (await begun(tx, terms)).id)
    assert (quick.asked, quick.count) == (1, 1)
    assert (await carried_out(tx, slow.id)).count == 2


async def test_terms_that_pay_requests_ask_for_nothing(tx: Transaction) -> None:
    terms = await program(tx, **{**BALANCES, "runs__pays": "requests"})
    await writer(tx, terms, "50.00")
    run = await carried_out(tx, (await begun(tx, terms)).id)
    assert (run.asked, run.count, run.standing) == (0, 0, Standing.HANDED_OVER)


async def _remove_accounts(tx: Transaction, *holder_ids: UUID) -> None:
    found = await holders.destinations_of(tx, holder_ids)
    await holders.remove_destinations(tx, [one.id for several in found.values() for one in several], actor="holder")


async def _deny_account(tx: Transaction, holder_id: UUID) -> None:
    [stored] = (await holders.destinations_of(tx, [holder_id]))[holder_id]
    await holders.note_checks(tx, [AccountCheck(stored.id, AccountVerdict.DENIED)], at=AT)


def _second(database: Database) -> AbstractAsyncContextManager[Transaction]:
    """Another transaction beside the open one, as another worker would have it."""
    return rolled_back(database)
