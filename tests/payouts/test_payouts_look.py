"""Looking at payouts, and at those that wait to leave; nothing here changes where they stand."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from payouts_house import PayoutsHouse, open_house

from bursar import payouts, programs
from bursar.foundation.db import Database, Transaction, transaction_is_open
from bursar.foundation.money import Money
from bursar.payouts import NoSuchPayout, Payout, PayoutState, Query, WrongState
from ground import AT, ask, merchant, program

S = PayoutState


@pytest.fixture
async def house(tx: Transaction) -> PayoutsHouse:
    return await open_house(tx)


async def ids(house: PayoutsHouse, **query: Any) -> list[str]:
    """The references of one page of this merchant's payouts."""
    found = await payouts.page(house.tx, Query(**{"holder_id": house.holder, **query}))
    return [payout.reference for payout in found]


async def test_one_is_shown_to_its_own_merchant_alone(house: PayoutsHouse) -> None:
    payout = await house.born()
    stranger = await merchant(house.tx, house.program)
    assert await payouts.get(house.tx, payout.id, holder_id=house.holder) == payout
    for holder in (stranger, None):
        with pytest.raises(NoSuchPayout):
            await payouts.get(house.tx, payout.id if holder else stranger, holder_id=holder)


async def test_pages_are_newest_first_and_leave_nothing_out(house: PayoutsHouse) -> None:
    for n in range(7):
        asks = [ask(house.holder, house.program, reference=f"r{n}")]
        await payouts.request(house.tx, asks, desk=house.desk, at=AT + timedelta(seconds=n))
    first = await payouts.page(house.tx, Query(holder_id=house.holder, limit=4))
    rest = await payouts.page(house.tx, Query(holder_id=house.holder, limit=4, before=first[-1].id))
    assert [payout.reference for payout in [*first, *rest]] == [f"r{n}" for n in reversed(range(7))]


async def test_a_page_has_its_bound(house: PayoutsHouse) -> None:
    await house.request(payouts.PAGE_MAX + 5, amount="1.00")
    assert len(await payouts.page(house.tx, Query(holder_id=house.holder, limit=10_000))) == payouts.PAGE_MAX


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "inv"}, ["inv-1", "inv-2"]),
        ({"search": "INV-1"}, ["inv-1"]),
        ({"search": "nv"}, []),
        ({"search": "100%"}, ["100%_off"]),
        ({"search": "%"}, []),
        ({"search": "_nv-1"}, []),
        ({"amount_min": 200}, ["inv-2", "100%_off"]),
        ({"amount_max": 200}, ["inv-1", "inv-2"]),
        ({"amount_min": 150, "amount_max": 250}, ["inv-2"]),
        ({"states": frozenset({S.APPROVED})}, ["inv-1", "inv-2", "100%_off"]),
        ({"states": frozenset({S.FAILED})}, []),
        ({"since": AT + timedelta(seconds=1)}, ["inv-2", "100%_off"]),
        ({"until": AT + timedelta(seconds=1)}, ["inv-1"]),
        ({"program": "another"}, []),
    ],
)
async def test_a_page_shows_what_was_looked_for(house: PayoutsHouse, query: dict[str, Any], found: list[str]) -> None:
    for n, reference in enumerate(("inv-1", "inv-2", "100%_off")):
        asks = [ask(house.holder, house.program, reference=reference, amount=f"{n + 1}.00")]
        await payouts.request(house.tx, asks, desk=house.desk, at=AT + timedelta(seconds=n))
    assert sorted(await ids(house, **query)) == sorted(found)


async def test_a_search_finds_a_gateways_reference_and_an_id(house: PayoutsHouse) -> None:
    payout = await house.standing_at(S.SENDING, reference="mine")
    await house.take(payout, "settle", gateway_reference="PSP17")
    assert await ids(house, search="PSP17") == ["mine"]
    assert await ids(house, search=str(payout.id)[:-4]) == ["mine"]


async def test_counts_are_by_state_with_their_sums(house: PayoutsHouse) -> None:
    await house.request(3)
    await house.standing_at(S.COMPLETED, amount="5.00")
    counts = await payouts.count_by_state(house.tx, house.program)
    assert {state: (count, [str(money) for money in sums]) for state, (count, sums) in counts.items()} == {
        S.APPROVED: (3, ["3,000.00 PKR"]),
        S.COMPLETED: (1, ["5.00 PKR"]),
    }


async def test_a_merchants_events_come_newest_first_and_can_be_continued(house: PayoutsHouse) -> None:
    for _ in range(3):
        await house.standing_at(S.SENDING)
    first = await payouts.holder_events(house.tx, house.holder, before=None, limit=4)
    rest = await payouts.holder_events(house.tx, house.holder, before=first[-1][0], limit=100)
    numbers = [number for number, _ in [*first, *rest]]
    assert len(numbers) == 9
    assert numbers == sorted(numbers, reverse=True)


async def test_what_waits_longest_leaves_first_and_only_when_it_is_due(house: PayoutsHouse) -> None:
    made = [await house.born(reference=f"r{n}") for n in range(4)]
    await house.tx.run("UPDATE payouts SET due_at = now() - interval '9 years' WHERE id = $1", made[2].id)
    await house.tx.run("UPDATE payouts SET due_at = now() + interval '1 hour' WHERE id = $1", made[0].id)
    taken, at = await payouts.take_waiting(house.tx, house.program, limit=2, except_holders=[])
    assert next(iter(taken)) == made[2].id
    assert made[0].id not in taken
    assert len(taken) == 2
    assert at == await house.tx.now()


@pytest.mark.parametrize("state", sorted(set(S) - {S.APPROVED, S.RETRYING}))
async def test_only_approved_and_retrying_ones_wait_to_leave(house: PayoutsHouse, state: PayoutState) -> None:
    await house.standing_at(state)
    taken, _ = await payouts.take_waiting(house.tx, house.program, limit=10, except_holders=[])
    assert taken == {}


async def test_a_stopped_merchants_payouts_are_passed_over(house: PayoutsHouse) -> None:
    await house.born()
    taken, _ = await payouts.take_waiting(house.tx, house.program, limit=10, except_holders=[house.holder])
    assert taken == {}


async def test_a_blocker_says_why_and_until_when(house: PayoutsHouse) -> None:
    payout, sending = await house.born(), await house.standing_at(S.SENDING)
    await payouts.wait_longer(house.tx, [payout.id, sending.id], reason="over_limit", seconds=60)
    blocked = await house.see(payout)
    assert (blocked.state, blocked.reason) == (S.APPROVED, "over_limit")
    assert blocked.due_at == await house.tx.now() + timedelta(seconds=60)
    assert await house.see(sending) == sending, "what has left is not made to wait"


async def test_a_waiting_one_can_be_hurried_and_no_other(house: PayoutsHouse) -> None:
    payout, sending = await house.born(), await house.standing_at(S.SENDING)
    await payouts.wait_longer(house.tx, [payout.id], reason="over_limit", seconds=3600)
    results = await payouts.hurry(house.tx, [payout.id, sending.id, house.holder])
    assert [type(result) for result in results] == [Payout, WrongState, NoSuchPayout]
    assert (await house.see(payout)).due_at == await house.tx.now()


IN_RUNS = {
    "dispatch__mode": "schedule",
    "dispatch__every_seconds": None,
    "dispatch__cron": "0 9 * * *",
    "dispatch__time_zone": "UTC",
}


async def pay_in_runs(house: PayoutsHouse) -> None:
    """New terms: from now on payouts leave in runs."""
    await program(house.tx, house.program, **IN_RUNS)


async def test_what_is_approved_for_a_run_waits_for_it_and_leaves_in_the_order_of_asking(house: PayoutsHouse) -> None:
    await pay_in_runs(house)
    made = [payout for payout in await house.request(3) if isinstance(payout, Payout)]
    assert all(payout.waits_for_run and payout.due_at == payouts.NEVER for payout in made)
    assert await house.see(made[0]) == made[0], "stored as it was answered"
    assert await payouts.seconds_to_next(house.tx, house.program) is None
    assert (await payouts.take_waiting(house.tx, house.program, limit=9, except_holders=[]))[0] == {}
    handed = [await payouts.hand_over(house.tx, house.program, limit=2) for _ in range(3)]
    assert handed == [(2, [Money(200_000, "PKR")]), (1, [Money(100_000, "PKR")]), (0, [])]
    assert await payouts.with_due(house.tx, [house.program, "nobody"]) == {house.program}
    taken, _ = await payouts.take_waiting(house.tx, house.program, limit=9, except_holders=[])
    assert list(taken) == [payout.id for payout in made]
    assert not any(payout.waits_for_run for payout in taken.values())


async def test_a_retry_waits_for_the_next_run_and_a_deferred_one_for_its_time(house: PayoutsHouse) -> None:
    await pay_in_runs(house)
    failed, sending = await house.standing_at(S.FAILED), await house.standing_at(S.SENDING)
    deferred = await house.take(sending, "defer", due_at=AT + timedelta(hours=3))
    [retried] = await payouts.retry(house.tx, [failed.id], actor="person:x", book=house.book)
    assert isinstance(retried, Payout)
    assert retried.waits_for_run
    assert isinstance(deferred, Payout)
    assert not deferred.waits_for_run


async def test_one_that_waits_for_a_run_can_be_hurried_or_made_to_wait_for_a_time(house: PayoutsHouse) -> None:
    await pay_in_runs(house)
    hurried, blocked = await house.born(), await house.born()
    await payouts.hurry(house.tx, [hurried.id])
    await payouts.wait_longer(house.tx, [blocked.id], reason="cool_off", seconds=60)
    assert (await house.see(hurried)).due_at == await house.tx.now()
    assert (await house.see(blocked)).due_at == await house.tx.now() + timedelta(seconds=60)
    assert await payouts.hand_over(house.tx, house.program) == (0, [])


async def test_leftovers_can_be_handed_over_once_payouts_leave_as_they_come(house: PayoutsHouse) -> None:
    await pay_in_runs(house)
    left = await house.born()
    await program(house.tx, house.program)
    new = await house.born()
    assert (left.waits_for_run, new.waits_for_run) == (True, False)
    assert (await payouts.hand_over(house.tx, house.program))[0] == 1


async def test_two_workers_never_take_the_same_payout(database: Database) -> None:
    async with database.transaction() as tx:
        terms = await program(tx)
        holder = await merchant(tx, terms.program)
        desk = PayoutsHouse(tx, terms.program, holder).desk
        await payouts.request(tx, [ask(holder, terms.program) for _ in range(20)], desk=desk, at=AT)
    both_hold = asyncio.Barrier(2)

    async def take() -> set[object]:
        async with database.transaction() as tx:
            taken, _ = await payouts.take_waiting(tx, terms.program, limit=10, except_holders=[])
            await both_hold.wait()
            return set(taken)

    one, other = await asyncio.gather(take(), take())
    assert (len(one), len(other), one & other) == (10, 10, set())


async def test_racing_verbs_leave_one_winner_and_whole_money(database: Database) -> None:
    """Cancelling and sending at once, many times over: one of them wins, the other is refused, the books agree."""
    async with database.transaction() as tx:
        terms = await program(tx)
        holder = await merchant(tx, terms.program)
        house = PayoutsHouse(tx, terms.program, holder)
        asks = [ask(holder, terms.program) for _ in range(20)]
        made = await payouts.request(tx, asks, desk=house.desk, at=AT)

    async def step(payout_id: Any, verb: str) -> bool:
        transaction_is_open.set(False)
        async with database.transaction() as tx:
            one = payouts.Step(payout_id=payout_id, verb=verb, actor="test", gateway="bank")
            return isinstance((await payouts.advance(tx, [one], book=programs.Book()))[0], Payout)

    races = [(p.id, verb) for p in made if isinstance(p, Payout) for verb in ("cancel", "send")]
    won = await asyncio.gather(*(step(payout_id, verb) for payout_id, verb in races))
    assert [sum(won[n : n + 2]) for n in range(0, len(won), 2)] == [1] * 20
    async with database.transaction() as tx:
        counts = await payouts.count_by_state(tx, terms.program)
        house.tx = tx
        sending = counts.get(S.SENDING, (0, []))[0]
        assert sending + counts.get(S.CANCELLED, (0, []))[0] == 20
        assert await house.figures() == (100_000_000 - sending * 100_000, sending * 100_000)
