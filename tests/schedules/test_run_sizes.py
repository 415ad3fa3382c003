"""Runs that take so many payouts and no more: the oldest leave, and the rest wait for the next run."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from schedules_house import in_runs

from balances_house import begun, carried_out, desk, rupees
from bursar import payouts, programs, schedules
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.schedules import Standing
from ground import AT, ask, merchant

OCCURRENCES = timedelta(minutes=61)


async def taking(tx: Transaction, most: int | None, **changes: Any) -> programs.Terms:
    """A program whose runs take so many."""
    return await in_runs(tx, applied=OCCURRENCES, runs__payouts_max=most, **changes)


async def waiting(tx: Transaction, terms: programs.Terms, *amounts: str) -> list[UUID]:
    """Payouts of these amounts that wait for a run, the first asked for first."""
    holder = await merchant(tx, terms.program)
    asks = [ask(holder, terms.program, amount=amount) for amount in amounts]
    made = await payouts.request(tx, asks, desk=desk(), at=AT)
    return [one.id for one in made if not isinstance(one, Refusal)]


async def of_run(tx: Transaction, run_id: UUID) -> set[UUID]:
    return {one.id for one in await payouts.page_of_run(tx, run_id)}


@pytest.mark.parametrize("at_most", [4, 5, 10, 100])
async def test_ten_of_twenty_five_leave_with_each_run_oldest_first(tx: Transaction, at_most: int) -> None:
    terms = await taking(tx, 10)
    asked = await waiting(tx, terms, *["10.00"] * 25)
    found = []
    for expected, kept in ((asked[:10], 15), (asked[10:20], 5), (asked[20:], 0)):
        run = await carried_out(tx, (await begun(tx, terms)).id, at_most=at_most)
        assert (await of_run(tx, run.id), run.kept_waiting) == (set(expected), kept)
        found.append((run.count, run.standing, run.payouts_max))
    assert found == [(10, Standing.HANDED_OVER, 10), (10, Standing.HANDED_OVER, 10), (5, Standing.HANDED_OVER, 10)]


async def test_exactly_as_many_as_it_takes_leave_nothing_waiting(tx: Transaction) -> None:
    terms = await taking(tx, 5)
    await waiting(tx, terms, *["10.00"] * 5)
    run = await carried_out(tx, (await begun(tx, terms)).id, at_most=5)
    assert (run.count, run.kept_waiting, run.standing) == (5, 0, Standing.HANDED_OVER)


async def test_terms_without_a_most_take_all(tx: Transaction) -> None:
    terms = await taking(tx, None)
    await waiting(tx, terms, *["10.00"] * 25)
    run = await carried_out(tx, (await begun(tx, terms)).id, at_most=10)
    assert (run.count, run.kept_waiting, run.payouts_max) == (25, 0, None)


async def test_a_scheduled_run_takes_as_many_as_its_terms_say_when_it_begins(tx: Transaction) -> None:
    terms = await taking(tx, 2)
    await waiting(tx, terms, *["10.00"] * 3)
    [run] = await schedules.begin_due(tx, [terms], book=programs.Book(), at=await tx.now())
    await in_runs(tx, terms.program, applied=timedelta(0), runs__payouts_max=99)
    assert (await carried_out(tx, run.id)).count == 2


async def test_a_run_is_finished_while_others_go_on_to_wait(tx: Transaction) -> None:
    terms = await taking(tx, 1)
    await waiting(tx, terms, "10.00", "20.00")
    run = await carried_out(tx, (await begun(tx, terms)).id)
    taken, _ = await payouts.take_waiting(tx, terms.program, limit=9, except_holders=[])
    await payouts.wait_longer(tx, taken, reason="over_limit", seconds=60)
    assert [one.id for one in await schedules.finish(tx)] == [run.id]


async def test_a_dry_run_says_what_leaves_and_what_goes_on_to_wait(tx: Transaction) -> None:
    terms = await taking(tx, 2)
    await waiting(tx, terms, "10.00", "20.00", "40.00")
    plan = await schedules.plan(tx, terms.program, desk=desk())
    assert (plan.waiting, plan.leaving) == ((3, (rupees("70.00"),)), (2, (rupees("30.00"),)))
    assert (plan.payouts_max, plan.kept_waiting) == (2, 1)


async def test_the_failsafe_looks_at_what_leaves(tx: Transaction) -> None:
    """Else a long queue would stop one run after the other, although each is small."""
    terms = await taking(tx, 2, runs__amount_max=30.00)
    await waiting(tx, terms, "10.00", "20.00", "40.00")
    assert (await schedules.plan(tx, terms.program, desk=desk())).stops is None
    assert (await carried_out(tx, (await begun(tx, terms)).id)).count == 2
    assert (await schedules.plan(tx, terms.program, desk=desk())).stops == "amount"
    stopped = await carried_out(tx, (await begun(tx, terms)).id)
    assert (stopped.standing, stopped.stopped_why) == (Standing.STOPPED, "amount")


async def test_before_it_goes_on_a_person_is_shown_what_leaves(tx: Transaction) -> None:
    terms = await taking(tx, 2)
    await waiting(tx, terms, "10.00", "20.00", "40.00")
    run = await begun(tx, terms)
    await schedules.stop(tx, run.id, actor="person:anna", why="a look at it")
    assert await schedules.leaving(tx, run.id) == (2, [rupees("30.00")])
