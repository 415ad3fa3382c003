"""What becomes of runs: counted while they go on, kept when they are over, and paged through."""

from test_run_stops import of_four, went

from balances_house import begun, carried_out, paying_balances, rupees, writers
from bursar import payouts, schedules
from bursar.foundation.db import Database, Transaction
from bursar.payouts import PayoutState
from bursar.schedules import Standing


async def test_a_run_says_how_far_it_is(tx: Transaction) -> None:
    run, (first, second, third, _) = await of_four(tx)
    await went(tx, first, "send", "settle")
    await went(tx, second, "send", "fail")
    await went(tx, third, "send")
    found = (await schedules.results(tx, [run.id]))[run.id]
    assert (found.total, found.succeeded, found.failed, found.waiting, found.called_off) == (4, 1, 1, 2, 0)
    assert (found.amount, found.paid) == (rupees("200.00"), (rupees("50.00"),))
    [failure] = found.errors
    assert (failure.payout_id, failure.amount, failure.reason) == (second, rupees("50.00"), "refused")


async def test_failures_come_in_pages(tx: Transaction) -> None:
    run, ids = await of_four(tx)
    for one in ids[:3]:
        await went(tx, one, "send", "fail")
    first = await schedules.failures(tx, run.id, limit=2)
    rest = await schedules.failures(tx, run.id, limit=2, before=first[-1].payout_id)
    assert [one.payout_id for one in (*first, *rest)] == [ids[2], ids[1], ids[0]]


async def test_a_run_is_over_when_the_last_of_its_payouts_has_come_to_rest(tx: Transaction) -> None:
    run, ids = await of_four(tx)
    for one in ids:
        await went(tx, one, "send")
    assert [one.id for one in await schedules.finish(tx, run.program)] == [run.id]
    assert await schedules.end(tx, run.program) == []
    for one in ids:
        await went(tx, one, "settle")
    assert await schedules.end(tx, run.program) == [run.id]
    over = await schedules.get(tx, run.id)
    assert (over.standing, over.ended_at) == (Standing.FINISHED, await tx.now())


async def test_however_late_somebody_looks_a_run_ended_when_its_last_payout_came_to_rest(database: Database) -> None:
    async with database.transaction() as tx:
        run, ids = await of_four(tx)
        for one in ids:
            await went(tx, one, "send")
        await went(tx, ids[0], "settle")
    async with database.transaction() as tx:
        for one in ids[1:]:
            await went(tx, one, "settle")
        rested_at = await tx.now()
    async with database.transaction() as tx:
        await schedules.finish(tx, run.program)
        assert await schedules.end(tx, run.program) == [run.id]
        assert (await schedules.get(tx, run.id)).ended_at == rested_at < await tx.now()


async def test_what_became_of_a_run_that_is_over_stays_what_it_was(tx: Transaction) -> None:
    run, ids = await of_four(tx)
    for one in ids:
        await went(tx, one, "send", "settle")
    await schedules.finish(tx, run.program)
    await schedules.end(tx, run.program)
    before = await schedules.results(tx, [run.id])
    await went(tx, ids[0], "return")
    assert await schedules.results(tx, [run.id]) == before
    assert before[run.id].states == {PayoutState.COMPLETED: 4}


async def test_a_run_without_payouts_is_over_as_well(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    run = await carried_out(tx, (await begun(tx, terms)).id)
    await schedules.finish(tx, run.program)
    assert await schedules.end(tx, run.program) == [run.id]
    over = await schedules.get(tx, run.id)
    assert over.ended_at == over.finished_at
    found = (await schedules.results(tx, [run.id]))[run.id]
    assert (found.total, found.amount, found.errors) == (0, None, ())


async def test_the_payouts_of_a_run_come_in_pages(tx: Transaction) -> None:
    terms = await paying_balances(tx)
    await writers(tx, terms, *["50.00"] * 3)
    run = await carried_out(tx, (await begun(tx, terms)).id)
    first = await payouts.page_of_run(tx, run.id, limit=2)
    rest = await payouts.page_of_run(tx, run.id, limit=2, before=first[-1].id)
    assert (len(first), len(rest)) == (2, 1)
    assert await payouts.page_of_run(tx, run.id, states=[PayoutState.FAILED]) == []
