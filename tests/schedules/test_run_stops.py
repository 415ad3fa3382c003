"""Runs that stop: before too much money leaves, after too many failures, or because a person says so."""

from typing import Any
from uuid import UUID

import pytest

from balances_house import STAFF, begun, carried_out, desk, paying_balances, rupees, writers
from bursar import dispatch, ledger, payouts, programs, schedules
from bursar.foundation.db import Transaction
from bursar.payouts import PayoutState, Step
from bursar.schedules import NoSuchRun, Run, RunIsOver, RunNotStopped, Standing


async def handed_over(tx: Transaction, terms: programs.Terms) -> Run:
    return await carried_out(tx, (await begun(tx, terms)).id)


async def of_four(tx: Transaction, **changes: Any) -> tuple[Run, list[UUID]]:
    """A run that has handed four payouts over, and these, in the order in which they leave."""
    terms = await paying_balances(tx, **changes)
    await writers(tx, terms, *["50.00"] * 4)
    run = await handed_over(tx, terms)
    return run, [one.id for one in reversed(await payouts.page_of_run(tx, run.id))]


async def went(tx: Transaction, payout_id: UUID, *verbs: str) -> None:
    """What dispatch makes of a payout, step by step."""
    for verb in verbs:
        step = Step(payout_id=payout_id, verb=verb, actor="gateway:mockbank", reason="refused", gateway="mockbank")
        [after] = await payouts.advance(tx, [step], book=programs.Book())
        assert isinstance(after, payouts.Payout)


async def claimable(tx: Transaction, run: Run) -> int:
    """How many payouts of its program the next claim would be given."""
    runs = (await dispatch.standing(tx)).runs
    taken, _ = await payouts.take_waiting(tx, run.program, limit=100, except_holders=[], except_runs=runs)
    return len(taken)


async def test_a_run_of_more_than_the_terms_let_go_stops_before_anything_leaves(tx: Transaction) -> None:
    terms = await paying_balances(tx, runs__amount_max=149.99)
    await writers(tx, terms, "50.00", "50.00", "50.00")
    run = await handed_over(tx, terms)
    assert (run.standing, run.stopped_by, run.stopped_why) == (Standing.STOPPED, "system:failsafe", "amount")
    assert (run.asked, run.count, await claimable(tx, run)) == (3, 0, 0)
    assert await schedules.leaving(tx, run.id) == (3, [rupees("150.00")])
    await schedules.resume(tx, run.id, actor=STAFF)
    run = await carried_out(tx, run.id)
    assert (run.standing, run.count, await claimable(tx, run)) == (Standing.HANDED_OVER, 3, 3)


async def test_what_a_run_asks_for_after_somebody_let_it_go_on_has_not_been_seen(tx: Transaction) -> None:
    terms = await paying_balances(tx, runs__amount_max=149.99)
    await writers(tx, terms, "50.00", "50.00", "50.00")
    run = await begun(tx, terms)
    await schedules.carry_on(tx, run.id, desk=desk(), at_most=1)
    await schedules.stop(tx, run.id, actor=STAFF, why="wait")
    assert await schedules.leaving(tx, run.id) == (1, [rupees("50.00")])
    await schedules.resume(tx, run.id, actor=STAFF)
    await tx.run("UPDATE runs SET resumed_at = resumed_at - interval '1 minute' WHERE id = $1", run.id)
    run = await carried_out(tx, run.id)
    assert (run.standing, run.stopped_why, run.count) == (Standing.STOPPED, "amount", 0)


async def test_as_much_as_the_terms_let_go_leaves(tx: Transaction) -> None:
    terms = await paying_balances(tx, runs__amount_max=150.00)
    await writers(tx, terms, "50.00", "100.00")
    assert (await handed_over(tx, terms)).standing is Standing.HANDED_OVER


async def test_without_a_failsafe_nothing_is_too_much(tx: Transaction) -> None:
    terms = await paying_balances(tx, runs__amount_max=1.00, runs__failsafe=False)
    await writers(tx, terms, "50.00")
    assert (await handed_over(tx, terms)).standing is Standing.HANDED_OVER


async def test_too_many_failures_stop_the_run_and_keep_what_is_done(tx: Transaction) -> None:
    run, (first, second, third, _) = await of_four(tx, runs__failures_min=2, runs__failure_rate_max=50)
    await went(tx, first, "send", "settle")
    await went(tx, second, "send", "fail")
    assert await schedules.watch(tx, run.program, book=programs.Book()) == (None, []), "one failure says nothing"
    await went(tx, third, "send", "fail")
    _, [stopped] = await schedules.watch(tx, run.program, book=programs.Book())
    assert (stopped.id, stopped.standing, stopped.stopped_why) == (run.id, Standing.STOPPED, "failure_rate")
    assert await claimable(tx, run) == 0
    assert (await schedules.results(tx, [run.id]))[run.id].states == {
        PayoutState.APPROVED: 1, PayoutState.COMPLETED: 1, PayoutState.FAILED: 2,
    }  # fmt: skip


async def test_after_a_person_lets_it_go_on_failures_count_anew(tx: Transaction) -> None:
    run, (first, second, *_) = await of_four(tx, runs__failures_min=2, runs__failure_rate_max=50)
    await went(tx, first, "send", "fail")
    await went(tx, second, "send", "fail")
    await tx.run("UPDATE payouts SET updated_at = now() - interval '1 minute' WHERE run_id = $1", run.id)
    await schedules.watch(tx, run.program, book=programs.Book())
    await schedules.resume(tx, run.id, actor=STAFF)
    assert await schedules.watch(tx, run.program, book=programs.Book()) == (None, [])
    assert await claimable(tx, run) == 2


async def test_a_run_wants_its_own_batch_size(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    await writers(tx, terms, "50.00")
    run = await begun(tx, terms, overrides=schedules.Overrides(batch_size=3))
    await carried_out(tx, run.id)
    assert await schedules.watch(tx, run.program, book=programs.Book()) == (3, [])


async def test_what_leaves_while_the_rest_is_handed_over_is_watched_as_well(tx: Transaction) -> None:
    terms = await paying_balances(tx, runs__failures_min=1, runs__failure_rate_max=50)
    await writers(tx, terms, *["50.00"] * 3)
    run = await begun(tx, terms, overrides=schedules.Overrides(batch_size=3))
    await schedules.carry_on(tx, run.id, desk=desk())
    await schedules.carry_on(tx, run.id, desk=desk(), at_most=2)
    assert await schedules.watch(tx, run.program, book=programs.Book()) == (3, [])
    [first, *_] = reversed(await payouts.page_of_run(tx, run.id))
    await went(tx, first.id, "send", "fail")
    _, [stopped] = await schedules.watch(tx, run.program, book=programs.Book())
    assert (stopped.standing, stopped.count, stopped.handed_over_at) == (Standing.STOPPED, 2, None)
    assert await schedules.carry_on(tx, run.id, desk=desk()) is None, "and nothing more is handed over"


async def test_a_person_stops_a_run_while_it_is_asking(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    await writers(tx, terms, *["50.00"] * 3)
    run = await begun(tx, terms)
    await schedules.carry_on(tx, run.id, desk=desk(), at_most=2)
    stopped = await schedules.stop(tx, run.id, actor=STAFF, why="wrong month")
    assert (stopped.standing, stopped.stopped_by, stopped.stopped_why) == (Standing.STOPPED, STAFF, "wrong month")
    assert await schedules.carry_on(tx, run.id, desk=desk()) is None
    assert await schedules.stop(tx, run.id, actor="cli:other", why="me too") == stopped, "the first reason stays"
    await schedules.resume(tx, run.id, actor=STAFF)
    assert (await carried_out(tx, run.id)).count == 3


async def test_what_a_stopped_run_asked_for_does_not_leave_with_the_next_one(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    await writers(tx, terms, "50.00")
    run = await begun(tx, terms)
    await schedules.carry_on(tx, run.id, desk=desk(), at_most=2)
    await schedules.stop(tx, run.id, actor=STAFF, why="wait")
    other = await handed_over(tx, terms)
    assert (other.count, await claimable(tx, other)) == (0, 0)


async def test_a_stopped_run_is_not_finished_and_keeps_no_other_from_it(tx: Transaction) -> None:
    run, _ = await of_four(tx)
    await schedules.stop(tx, run.id, actor=STAFF, why="wait")
    other = await handed_over(tx, await programs.terms(tx, run.program))
    assert [one.id for one in await schedules.finish(tx, run.program)] == [other.id]


async def test_cancelling_releases_what_has_not_left_and_nothing_else(tx: Transaction) -> None:
    run, (gone, retrying, disputed, _) = await of_four(tx)
    await went(tx, gone, "send", "settle")
    await went(tx, retrying, "send", "defer")
    await went(tx, disputed, "send", "defer")
    await payouts.wait_longer(tx, [disputed], reason="paid_after_refused", seconds=60)
    cancelled = await schedules.cancel(tx, run.id, actor=STAFF)
    assert (cancelled.standing, await claimable(tx, run)) == (Standing.CANCELLED, 0)
    done = await carried_out(tx, run.id, at_most=1)
    assert done.finished_at is not None
    states = {one.id: one.state for one in await payouts.page_of_run(tx, run.id)}
    assert [states[one] for one in (gone, retrying, disputed)] == ["completed", "cancelled", "retrying"]
    released = [one.holder_id for one in await payouts.page_of_run(tx, run.id, states=[PayoutState.CANCELLED])]
    assert [(b.available, b.reserved) for b in await ledger.balances(tx, released)] == [(5_000, 0)] * 2


async def test_a_cancelled_run_lifts_its_switch_when_it_is_done(tx: Transaction) -> None:
    run, _ = await of_four(tx)
    await schedules.cancel(tx, run.id, actor=STAFF)
    assert run.id in (await dispatch.standing(tx)).runs
    await carried_out(tx, run.id)
    assert run.id not in (await dispatch.standing(tx)).runs


async def test_only_what_is_under_way_is_stopped_and_only_what_is_stopped_goes_on(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    run = await handed_over(tx, terms)
    with pytest.raises(RunNotStopped):
        await schedules.resume(tx, run.id, actor=STAFF)
    await schedules.finish(tx, run.program)
    for verb in (schedules.cancel(tx, run.id, actor=STAFF), schedules.stop(tx, run.id, actor=STAFF, why="late")):
        with pytest.raises(RunIsOver):
            await verb
    with pytest.raises(NoSuchRun):
        await schedules.stop(tx, UUID(int=1), actor=STAFF, why="?")


async def test_every_stop_resume_and_cancel_is_on_record(tx: Transaction) -> None:
    run, _ = await of_four(tx)
    await schedules.stop(tx, run.id, actor=STAFF, why="wait")
    await schedules.resume(tx, run.id, actor=STAFF)
    await schedules.cancel(tx, run.id, actor=STAFF)
    notes = await tx.many("SELECT action FROM audit_notes WHERE subject = $1 AND actor = $2", run.program, STAFF)
    assert [note["action"] for note in notes] == ["run.stopped", "run.resumed", "run.stopped", "run.cancelled"]
