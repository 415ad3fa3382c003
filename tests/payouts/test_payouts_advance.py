"""The one function that moves payouts, over a real database: every verb from every state, money, history and events."""

from datetime import timedelta
from typing import Final

import asyncpg
import pytest
from payouts_house import PayoutsHouse, open_house

from bursar.foundation.db import Transaction
from bursar.ledger import InsufficientFunds
from bursar.payouts import MOVES, Effect, NoSuchPayout, Payout, PayoutState, Step, WrongState
from ground import AT

S = PayoutState
AMOUNT: Final = 100_000  # 1000.00, as ``ask`` asks for.

MONEY: Final = {
    Effect.NONE: (0, 0),
    Effect.RESERVE: (-AMOUNT, +AMOUNT),
    Effect.POST: (0, -AMOUNT),
    Effect.VOID: (+AMOUNT, -AMOUNT),
    Effect.REVERSE: (+AMOUNT, 0),
}
"""What each effect does to available and reserved."""


@pytest.fixture
async def house(tx: Transaction) -> PayoutsHouse:
    return await open_house(tx)


def step(payout: Payout, verb: str, **why: object) -> Step:
    return Step(**{"payout_id": payout.id, "verb": verb, "actor": "test", "gateway": "bank", **why})  # type: ignore[arg-type]


@pytest.mark.parametrize("verb", sorted(MOVES.keys() - {"request"}))
async def test_from_every_state_a_verb_does_what_the_table_says(house: PayoutsHouse, verb: str) -> None:
    """One batch with a payout in each state: those from where the verb is allowed move, all others are refused."""
    before = {state: await house.standing_at(state) for state in S}
    figures = await house.figures()
    results = await house.advance(*(step(payout, verb) for payout in before.values()))
    moved = 0
    for (state, payout), result in zip(before.items(), results, strict=True):
        stored, story = await house.see(payout), await house.story(payout)
        if state in MOVES[verb].sources:
            moved += 1
            assert isinstance(result, Payout)
            assert stored == result
            assert (stored.state, stored.version) == (MOVES[verb].target, payout.version + 1)
            assert (story[-1].verb, story[-1].seq) == (verb, payout.version + 1)
            assert (story[-1].from_state, story[-1].to_state) == (state, MOVES[verb].target)
        else:
            assert isinstance(result, WrongState)
            assert stored == payout
            assert story[-1].seq == payout.version
    effect = MONEY[MOVES[verb].money]
    assert await house.figures() == (figures[0] + moved * effect[0], figures[1] + moved * effect[1])


async def test_history_counts_without_a_gap_and_ends_where_the_payout_stands(house: PayoutsHouse) -> None:
    payout = await house.standing_at(S.RETURNED)
    story = await house.story(payout)
    assert [moved.seq for moved in story] == list(range(1, payout.version + 1))
    assert [moved.verb for moved in story] == ["request", "approve", "send", "settle", "return"]
    assert [moved.from_state for moved in story[1:]] == [moved.to_state for moved in story[:-1]]
    assert story[-1].to_state == payout.state


async def test_a_batch_of_different_verbs_moves_each_on_its_own(house: PayoutsHouse) -> None:
    approved, sending, failed, done = [
        await house.standing_at(state) for state in (S.APPROVED, S.SENDING, S.FAILED, S.COMPLETED)
    ]
    results = await house.advance(
        step(approved, "cancel"), step(sending, "settle"), step(done, "cancel"), step(failed, "retry")
    )
    assert [getattr(result, "state", type(result)) for result in results] == [
        S.CANCELLED, S.COMPLETED, WrongState, S.APPROVED,
    ]  # fmt: skip
    assert await house.figures() == (100_000_000 - 3 * AMOUNT, AMOUNT)


async def test_a_payout_may_come_twice_and_goes_on_from_where_it_got(house: PayoutsHouse) -> None:
    payout = await house.standing_at(S.SENDING)
    results = await house.advance(step(payout, "settle"), step(payout, "return"))
    assert [result.state for result in results if isinstance(result, Payout)] == [S.COMPLETED, S.RETURNED]
    stored, story = await house.see(payout), await house.story(payout)
    assert (stored.state, stored.version) == (S.RETURNED, payout.version + 2)
    assert [(m.verb, m.seq) for m in story[-2:]] == [("settle", payout.version + 1), ("return", payout.version + 2)]
    assert await house.figures() == (100_000_000, 0)


async def test_of_the_same_step_twice_the_second_is_refused(house: PayoutsHouse) -> None:
    payout = await house.standing_at(S.SENDING)
    results = await house.advance(step(payout, "settle"), step(payout, "settle"))
    assert isinstance(results[1], WrongState)
    assert (await house.see(payout)).version == payout.version + 1


async def test_a_payout_that_does_not_exist_is_refused_and_the_rest_moves(house: PayoutsHouse) -> None:
    payout = await house.standing_at(S.SENDING)
    nobody = Step(payout_id=house.holder, verb="settle", actor="test")
    results = await house.advance(nobody, step(payout, "settle"))
    assert isinstance(results[0], NoSuchPayout)
    assert (await house.see(payout)).state is S.COMPLETED


async def test_nothing_to_do_is_nothing(house: PayoutsHouse) -> None:
    assert await house.advance() == []


async def test_a_retry_reserves_anew_and_counts_its_reservations(house: PayoutsHouse) -> None:
    failed = await house.standing_at(S.FAILED)
    retried = await house.take(failed, "retry")
    assert isinstance(retried, Payout)
    assert (retried.reservation, retried.tries, retried.processed_at) == (2, 1, None)
    assert await house.figures() == (100_000_000 - AMOUNT, AMOUNT)


async def test_a_retry_that_the_money_does_not_cover_is_refused_alone(tx: Transaction) -> None:
    house = await open_house(tx, money="1000.00")
    failed = [await house.standing_at(S.FAILED) for _ in range(2)]
    results = await house.advance(*(step(payout, "retry") for payout in failed))
    assert [type(result) for result in results] == [Payout, InsufficientFunds]
    stored = [await house.see(payout) for payout in failed]
    assert [payout.state for payout in stored] == [S.APPROVED, S.FAILED]
    assert [len(await house.story(payout)) for payout in failed] == [failed[0].version + 1, failed[1].version]


async def test_no_second_step_may_count_on_a_retry(house: PayoutsHouse) -> None:
    failed = await house.standing_at(S.FAILED)
    with pytest.raises(AssertionError, match="no second step can count on it"):
        await house.advance(step(failed, "retry"), step(failed, "send"))


@pytest.mark.parametrize(("returns_to", "available"), [("holder", 100_000_000), ("suspense", 100_000_000 - AMOUNT)])
async def test_returned_money_goes_where_the_payouts_own_terms_want_it(
    tx: Transaction, returns_to: str, available: int
) -> None:
    house = await open_house(tx, returns_to=returns_to)
    await house.standing_at(S.RETURNED)
    assert await house.figures() == (available, 0)


async def test_a_send_counts_and_a_rest_is_dated(house: PayoutsHouse) -> None:
    payout = await house.standing_at(S.RETRYING)
    again = await house.take(payout, "send")
    assert isinstance(again, Payout)
    assert (payout.tries, again.tries, again.processed_at) == (1, 2, None)
    done = await house.take(again, "settle", gateway_reference="PSP1")
    assert isinstance(done, Payout)
    assert done.processed_at == done.updated_at
    assert (done.gateway, done.gateway_reference) == ("bank", "PSP1")


async def test_a_step_may_say_when_the_payout_is_due(house: PayoutsHouse) -> None:
    sending = await house.standing_at(S.SENDING)
    deferred = await house.take(sending, "defer", due_at=AT + timedelta(hours=3), reason="bank_unavailable")
    assert isinstance(deferred, Payout)
    assert (deferred.due_at, deferred.reason) == (AT + timedelta(hours=3), "bank_unavailable")


async def test_a_step_is_told_with_its_actor_reason_and_facts(house: PayoutsHouse) -> None:
    sending = await house.standing_at(S.SENDING)
    await house.take(sending, "fail", actor="gateway:bank", reason="account_closed", facts={"attempt": 1})
    told = (await house.story(sending))[-1]
    assert (told.actor, told.reason, told.facts) == ("gateway:bank", "account_closed", {"attempt": 1})


@pytest.mark.parametrize("statement", ["UPDATE payout_events SET reason = 'x'", "DELETE FROM payout_events"])
async def test_history_is_append_only(house: PayoutsHouse, statement: str) -> None:
    await house.born()
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await house.tx.run(statement)


@pytest.mark.parametrize(
    ("verb", "source", "target"),
    [
        ("settle", "approved", "completed"),
        ("send", "sending", "sending"),
        ("retry", "cancelled", "approved"),
        ("fly", "approved", "sent"),
    ],
)
async def test_the_database_refuses_a_step_that_is_not_in_the_table(
    house: PayoutsHouse, verb: str, source: str, target: str
) -> None:
    payout = await house.born()
    with pytest.raises(asyncpg.CheckViolationError, match="history_follows_the_table"):
        await house.tx.run(
            "INSERT INTO payout_events (payout_id, holder_id, seq, verb, from_state, to_state, actor) "
            "VALUES ($1, $2, 99, $3, $4, $5, 'test')",
            payout.id, house.holder, verb, source, target,
        )  # fmt: skip


async def test_the_database_refuses_a_second_step_of_the_same_number(house: PayoutsHouse) -> None:
    payout = await house.born()
    with pytest.raises(asyncpg.UniqueViolationError):
        await house.tx.run(
            "INSERT INTO payout_events (payout_id, holder_id, seq, verb, from_state, to_state, actor) "
            "VALUES ($1, $2, 2, 'send', 'approved', 'sending', 'test')",
            payout.id, house.holder,
        )  # fmt: skip
