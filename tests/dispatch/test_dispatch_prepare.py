"""Claiming a batch: written down before anything is sent, and everything checked once more inside the claim."""

from datetime import timedelta
from typing import Any

import pytest
from dispatch_house import NOT_NOW, PAID, REFUSED, DispatchHouse, open_house

from bursar import dispatch, payouts
from bursar.dispatch import Scope
from bursar.dispatch.prepare import Batch
from bursar.foundation.db import Transaction
from bursar.payouts import PayoutState
from ground import AT, person, program

S = PayoutState


@pytest.fixture
async def house(tx: Transaction) -> DispatchHouse:
    return await open_house(tx)


async def test_what_is_due_is_claimed_up_to_a_batch(house: DispatchHouse) -> None:
    await house.request(12)
    assert [len((await house.prepare()).prepared) for _ in range(3)] == [10, 2, 0]


async def test_an_attempt_is_written_down_before_anything_is_sent(house: DispatchHouse) -> None:
    payout = (await house.request())[0]
    prepared = (await house.prepare()).prepared[0]
    attempt, now = await house.attempt(prepared), await house.tx.now()
    assert (attempt["payout_id"], attempt["generation"], attempt["outcome"]) == (payout.id, 1, "open")
    assert attempt["key"] == prepared.instruction.key == f"{payout.id.hex}-1"
    assert (attempt["gateway"], attempt["amount"], attempt["currency"]) == (house.bank.name, 100_000, "PKR")
    assert (attempt["lease_no"], prepared.lease_no) == (1, 1)
    assert (attempt["sent_at"], attempt["look_at"]) == (now, now + timedelta(seconds=120))
    assert attempt["window_ends_at"] == now + timedelta(hours=24) * 0.8
    assert house.bank.calls == []


async def test_a_claimed_payout_is_sending_and_its_instruction_is_what_was_asked(house: DispatchHouse) -> None:
    prepared = await house.sending(account="1234500001")
    stored = await house.payout(prepared)
    assert (stored.state, stored.tries, stored.gateway) == (S.SENDING, 1, house.bank.name)
    asked = prepared.instruction
    assert (asked.payout_id, asked.amount, asked.destination.account_number) == (stored.id, stored.amount, "1234500001")


async def test_another_attempt_has_another_key(house: DispatchHouse) -> None:
    first = await house.sending()
    await house.learn(first, NOT_NOW)
    await house.let_waits_end()
    second = (await house.prepare()).prepared[0]
    assert second.instruction.key == f"{first.instruction.payout_id.hex}-2"
    assert second.instruction.payout_id == first.instruction.payout_id


@pytest.mark.parametrize("scope", [Scope.GLOBAL, Scope.PROGRAM, Scope.GATEWAY])
async def test_a_switch_stops_everything_in_its_scope(house: DispatchHouse, scope: Scope) -> None:
    await house.request(3)
    subject = {Scope.GLOBAL: "", Scope.PROGRAM: house.terms.program, Scope.GATEWAY: house.bank.name}[scope]
    await dispatch.stop(house.tx, scope, subject=subject, reason="fraud alarm", actor="person:anna")
    batch = await house.prepare()
    assert (batch.prepared, batch.blocker) == ((), "fraud alarm")
    await dispatch.go(house.tx, scope, subject=subject, actor="person:anna")
    assert len((await house.prepare()).prepared) == 3


@pytest.mark.parametrize(("scope", "subject"), [(Scope.PROGRAM, "another"), (Scope.GATEWAY, "another")])
async def test_a_switch_for_others_stops_nothing(house: DispatchHouse, scope: Scope, subject: str) -> None:
    await house.request()
    await dispatch.stop(house.tx, scope, subject=subject, reason="alarm", actor="person:anna")
    assert len((await house.prepare()).prepared) == 1


async def test_a_stopped_merchants_payouts_wait_and_the_others_leave(house: DispatchHouse) -> None:
    await house.request()
    stopped = house.holder
    house.holder = (await open_house(house.tx)).holder
    other = (await house.request())[0]
    await dispatch.stop(house.tx, Scope.HOLDER, subject=str(stopped), reason="alarm", actor="person:anna")
    assert [one.instruction.payout_id for one in (await house.prepare()).prepared] == [other.id]


async def test_nothing_is_claimed_for_a_gateway_whose_circuit_is_open(house: DispatchHouse) -> None:
    await house.request()
    await house.tx.run("INSERT INTO circuits (gateway, state) VALUES ($1, 'open')", house.bank.name)
    assert await house.prepare() == dispatch.prepare.Batch(blocker="circuit_open")  # type: ignore[attr-defined]


async def test_a_review_that_nobody_held_does_not_let_it_leave(house: DispatchHouse) -> None:
    """Whoever sets the state by hand has not approved anything."""
    payout = (await house.request(amount="150000.00"))[0]
    await house.tx.run("UPDATE payouts SET state = 'approved' WHERE id = $1", payout.id)
    assert (await house.prepare()).prepared == ()
    assert (await payouts.get(house.tx, payout.id)).reason == "not_approved"
    assert await house.breaks() == ["not_approved"]


async def test_with_enough_approvals_it_leaves(house: DispatchHouse) -> None:
    payout = (await house.request(amount="150000.00"))[0]
    assert (await house.prepare()).prepared == ()
    await payouts.approve(house.tx, [payout.id], person=await person(house.tx), book=house.book)
    assert len((await house.prepare()).prepared) == 1


@pytest.mark.parametrize(
    ("tampering", "reason"),
    [
        ("amount = amount - 1", "destination_altered"),
        ("amount = amount - 1, digest = sha256('made up')", "not_approved"),
        ("digest = sha256('made up')", "not_approved"),
        ("destination = destination || '\\x00'::bytea", "destination_altered"),
        ("destination = substring(destination for 8)", "destination_altered"),
        ("destination = ''", "destination_altered"),
        ("destination = set_byte(destination, 20, (get_byte(destination, 20) + 1) % 256)", "destination_altered"),
        ("destination = (SELECT destination FROM payouts o WHERE o.id <> payouts.id LIMIT 1)", "destination_altered"),
    ],
)  # fmt: skip
async def test_what_was_altered_after_its_approval_is_not_sent(
    house: DispatchHouse, tampering: str, reason: str
) -> None:
    """And one that was not is: the claim goes on around it."""
    fine, altered = (await house.request(1))[0], (await house.request(1, amount="150000.00"))[0]
    await payouts.approve(house.tx, [altered.id], person=await person(house.tx), book=house.book)
    await house.tx.run(f"UPDATE payouts SET {tampering} WHERE id = $1", altered.id)
    assert [one.instruction.payout_id for one in (await house.prepare()).prepared] == [fine.id]
    blocked = await payouts.get(house.tx, altered.id)
    assert (blocked.state, blocked.reason) == (S.APPROVED, reason)
    assert await house.breaks() == [reason]
    assert (await house.figures())[1] == 100_000 + 15_000_000, "the money stays reserved"


@pytest.mark.parametrize("tampering", ["currency = 'USD'", "terms_version = 1, currency = 'JPY'"])
async def test_a_payout_in_another_currency_than_was_judged_holds_nobody_else_up(
    tx: Transaction, tampering: str
) -> None:
    house = await open_house(tx, limits__maximum=5000.00)
    fine, altered = await house.request(2)
    await tx.run(f"UPDATE payouts SET {tampering} WHERE id = $1", altered.id)
    assert [one.instruction.payout_id for one in (await house.prepare()).prepared] == [fine.id]


async def test_one_that_stays_blocked_is_told_of_once(house: DispatchHouse) -> None:
    payout = (await house.request())[0]
    await house.tx.run("UPDATE payouts SET amount = amount + 1 WHERE id = $1", payout.id)
    for _ in range(3):
        await house.prepare()
        await house.let_waits_end()
    assert await house.breaks() == ["destination_altered"]


async def test_a_limit_that_was_lowered_since_holds(house: DispatchHouse) -> None:
    payout = (await house.request(amount="5000.00"))[0]
    await program(house.tx, house.terms.program, limits__maximum=4999.99)
    assert (await house.prepare()).prepared == ()
    assert (await payouts.get(house.tx, payout.id)).reason == "over_limit"
    assert await house.breaks() == [], "nothing but the terms explains it"
    await program(house.tx, house.terms.program, limits__maximum=5000.00)
    await house.let_waits_end()
    assert len((await house.prepare()).prepared) == 1


async def held_up(house: DispatchHouse, **wanted: Any) -> payouts.Payout:
    """A payout that was refused, and then reported as paid: whether it was, only people can find out."""
    first = await house.sending(**wanted)
    await house.learn(first, NOT_NOW)
    assert await house.learn(first, PAID) == ["contradicting"]
    return await house.payout(first)


async def test_one_that_may_have_been_paid_already_waits_for_people_and_not_for_a_clock(house: DispatchHouse) -> None:
    payout = await held_up(house)
    assert (payout.state, payout.reason) == (S.RETRYING, "paid_after_refused")
    await house.let_waits_end()
    assert (await house.prepare()).prepared == ()


async def test_hurrying_does_not_pay_twice(house: DispatchHouse) -> None:
    payout = await held_up(house)
    await payouts.hurry(house.tx, [payout.id])
    assert (await house.prepare()).prepared == ()


async def test_a_retry_by_a_person_does_not_pay_twice(house: DispatchHouse) -> None:
    """The payout had failed for good when the gateway reported it as paid."""
    first = await house.sending()
    assert await house.learn(first, REFUSED, PAID) == ["applied", "contradicting"]
    await payouts.retry(house.tx, [first.instruction.payout_id], actor="person:anna", book=house.book)
    assert (await house.prepare()).prepared == ()
    assert (await house.payout(first)).state is S.APPROVED


async def test_once_people_have_closed_the_break_it_leaves(house: DispatchHouse) -> None:
    payout = await held_up(house)
    await house.tx.run("UPDATE breaks SET closed_at = now(), resolution = 'never paid' WHERE payout_id = $1", payout.id)
    await house.let_waits_end()
    assert [one.instruction.payout_id for one in (await house.prepare()).prepared] == [payout.id]


async def test_payouts_born_later_wait_their_turn(house: DispatchHouse) -> None:
    older = await house.request(10)
    await house.tx.run("UPDATE payouts SET due_at = $2 WHERE holder_id = $1", house.holder, AT - timedelta(days=1))
    await house.request(5)
    claimed = {one.instruction.payout_id for one in (await house.prepare()).prepared}
    assert claimed == {payout.id for payout in older}


async def test_what_was_left_waiting_for_a_run_leaves_once_there_are_no_runs(house: DispatchHouse) -> None:
    in_runs = {"mode": "schedule", "every_seconds": None, "cron": "0 9 * * *", "time_zone": "UTC"}
    await program(house.tx, house.terms.program, **{f"dispatch__{name}": value for name, value in in_runs.items()})
    await house.request(2)
    assert await house.prepare() == Batch()
    await program(house.tx, house.terms.program)
    assert await house.prepare() == Batch(next_in=0.0)
    assert len((await house.prepare()).prepared) == 2
