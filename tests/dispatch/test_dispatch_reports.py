"""What gateways tell us: stored once, applied by rank, in whatever order, number and time it comes."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from uuid import uuid4

import pytest
from dispatch_house import ACCEPTED, HELD, NOT_NOW, PAID, REFUSED, RETURNED, DispatchHouse, open_house

from bursar import dispatch, ledger
from bursar.dispatch.reports.actions import TRIES_MAX
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.gateways import Echo, Outcome, Report
from bursar.payouts import PayoutState

S = PayoutState
FULL, AMOUNT = 100_000_000, 100_000


@pytest.fixture
async def house(tx: Transaction) -> DispatchHouse:
    return await open_house(tx)


async def results(house: DispatchHouse) -> list[str | None]:
    """What became of this bank's reports, in the order they came."""
    rows = await house.tx.many("SELECT result FROM reports WHERE gateway = $1 ORDER BY event_id", house.bank.name)
    return [row["result"] for row in rows]


async def test_a_report_is_stored_first_and_applied_later(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.report(about.instruction.key, PAID)
    assert (await house.state(about), await results(house)) == (S.SENDING, [None])
    assert await house.apply_reports() == 1
    assert (await house.state(about), await results(house)) == (S.COMPLETED, ["applied"])
    assert await house.apply_reports() == 0


async def test_the_same_event_a_hundred_times_has_one_effect(house: DispatchHouse) -> None:
    about = await house.sending()
    for _ in range(50):
        await house.report(about.instruction.key, PAID, event="E1")
    await house.apply_reports()
    for _ in range(50):
        await house.report(about.instruction.key, PAID, event="E1")
    await house.apply_reports()
    assert (await results(house), await house.figures()) == (["applied"], (FULL - AMOUNT, 0))
    assert (await house.payout(about)).version == 4


async def test_the_same_event_twice_in_one_body_is_stored_once(house: DispatchHouse) -> None:
    about = await house.sending()
    twins = [Report("E1", about.instruction.key, PAID)] * 2
    assert await dispatch.reports.take_in(house.tx, [(house.bank.name, twins, b"body")]) == [2]
    assert await house.apply_reports() == 1


async def test_an_event_id_is_a_gateways_own(house: DispatchHouse) -> None:
    about = await house.sending()
    await dispatch.reports.take_in(house.tx, [("another", [Report("E1", about.instruction.key, PAID)], b"body")])
    await house.report(about.instruction.key, PAID, event="E1")
    await house.apply_reports()
    assert await house.state(about) is S.COMPLETED


async def test_another_gateways_report_about_our_key_moves_nothing(house: DispatchHouse) -> None:
    about = await house.sending()
    await dispatch.reports.take_in(house.tx, [("another", [Report("E1", about.instruction.key, PAID)], b"body")])
    await house.apply_reports()
    assert await house.state(about) is S.SENDING


async def test_a_hundred_different_events_that_say_the_same_have_one_effect(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.report(about.instruction.key, *[PAID] * 100)
    await house.apply_reports()
    assert sorted(filter(None, await results(house))) == ["applied"] + ["late"] * 99
    assert await house.figures() == (FULL - AMOUNT, 0)


@pytest.mark.parametrize(
    ("said", "state", "breaks"),
    [
        ((ACCEPTED, PAID), S.COMPLETED, []),
        ((ACCEPTED, HELD, PAID), S.COMPLETED, []),
        ((ACCEPTED, REFUSED), S.FAILED, []),
        ((HELD, ACCEPTED, REFUSED), S.FAILED, []),
        ((ACCEPTED, PAID, RETURNED), S.RETURNED, []),
        ((HELD, ACCEPTED, PAID, RETURNED), S.RETURNED, []),
        ((PAID, RETURNED, PAID, RETURNED), S.RETURNED, []),
    ],
    ids=lambda value: "+".join(o.word for o in value) if isinstance(value, tuple) else "",
)
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
async def test_in_whatever_order_they_come_the_end_is_the_same(
    tx: Transaction, said: Sequence[Outcome], state: PayoutState, breaks: list[str], *, together: bool
) -> None:
    house = await open_house(tx)
    for order in sorted(set(permutations(range(len(said))))):
        about = await house.sending()
        for place in order:
            await house.report(about.instruction.key, said[place])
            if not together:
                await house.apply_reports()
        await house.apply_reports()
        assert await house.state(about) is state, order
    assert await house.breaks() == breaks
    assert await ledger.discrepancies(tx) == []
    assert (await house.figures())[1] == 0


@pytest.mark.parametrize(("first", "second", "state"), [(PAID, REFUSED, S.COMPLETED), (REFUSED, PAID, S.FAILED)])
async def test_of_two_ends_the_first_counts_and_the_second_is_for_people(
    house: DispatchHouse, first: Outcome, second: Outcome, state: PayoutState
) -> None:
    about = await house.sending()
    await house.report(about.instruction.key, first)
    await house.apply_reports()
    figures = await house.figures()
    await house.report(about.instruction.key, second)
    await house.apply_reports()
    assert (await house.state(about), await house.figures()) == (state, figures)
    assert len(await house.breaks()) == 1


async def test_a_report_that_overtakes_the_answer_counts_and_the_answer_is_late(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.report(about.instruction.key, PAID)
    await house.apply_reports()
    assert await house.learn(about, ACCEPTED) == ["late"]
    assert await house.learn(about, PAID) == ["late"]
    assert await house.state(about) is S.COMPLETED


async def test_a_report_needs_no_lease(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.tx.run("UPDATE attempts SET lease_no = 7 WHERE id = $1", about.attempt_id)
    await house.report(about.instruction.key, PAID)
    await house.apply_reports()
    assert await house.state(about) is S.COMPLETED


async def test_a_return_counts_however_late_it_comes(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, PAID)
    await house.tx.run(
        "UPDATE payouts SET processed_at = now() - interval '90 days' WHERE holder_id = $1", house.holder
    )
    await house.report(about.instruction.key, RETURNED)
    await house.apply_reports()
    assert (await house.state(about), await house.figures()) == (S.RETURNED, (FULL, 0))


async def test_a_report_about_an_earlier_attempt_is_not_about_the_present_one(house: DispatchHouse) -> None:
    first = await house.sending()
    await house.learn(first, NOT_NOW)
    await house.let_waits_end()
    second = (await house.prepare()).prepared[0]
    await house.report(first.instruction.key, REFUSED)
    await house.apply_reports()
    assert await house.state(second) is S.SENDING
    assert await results(house) == ["late"]


async def test_one_that_speaks_of_another_amount_moves_nothing_and_is_a_break(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.report(about.instruction.key, replace(PAID, echo=Echo(Money(AMOUNT - 1, "PKR"))))
    await house.apply_reports()
    assert (await house.state(about), await house.breaks()) == (S.SENDING, ["amount_mismatch"])
    assert await results(house) == ["contradicting"]


async def test_one_about_an_attempt_we_do_not_know_is_parked_and_tried_again(house: DispatchHouse) -> None:
    about = await house.sending()
    key = f"{uuid4().hex}-1"
    await house.report(key, PAID)
    assert await house.apply_reports() == 1
    assert await results(house) == ["unmatched"]
    assert await house.apply_reports() == 0, "not before its time"
    await house.tx.run("UPDATE attempts SET key = $2 WHERE id = $1", about.attempt_id, key)
    await house.let_waits_end()
    assert await house.apply_reports() == 1
    assert (await house.state(about), await results(house)) == (S.COMPLETED, ["applied"])


async def test_one_that_never_finds_its_attempt_is_a_break_in_the_end(house: DispatchHouse) -> None:
    """A gateway speaks of a payment we know nothing of; that is said once, and nothing is tried for ever."""
    await house.report("somebody-elses-key", PAID)
    for tries in range(TRIES_MAX):
        assert await house.breaks() == [], tries
        assert await house.apply_reports() == 1
        await house.let_waits_end()
    assert await house.apply_reports() == 0
    assert (await house.breaks(), await results(house)) == (["unmatched_report"], ["unmatched"])


async def test_waits_between_tries_grow(house: DispatchHouse) -> None:
    await house.report("somebody-elses-key", PAID)
    waits = []
    for _ in range(4):
        await house.apply_reports()
        waits.append(await house.tx.value("SELECT apply_at - now() FROM reports WHERE gateway = $1", house.bank.name))
        await house.let_waits_end()
    assert [wait.total_seconds() for wait in waits] == [1.0, 4.0, 16.0, 64.0]


async def test_a_mixed_lot_is_settled_each_on_its_own(house: DispatchHouse) -> None:
    await house.request(2)
    one, other = (await house.prepare()).prepared
    await house.report(one.instruction.key, PAID, event="E1")
    await house.report("unknown-key", PAID, event="E2")
    await house.report(other.instruction.key, REFUSED, event="E3")
    await house.report(one.instruction.key, REFUSED, event="E4")
    assert await house.apply_reports() == 4
    assert await results(house) == ["applied", "unmatched", "applied", "contradicting"]


async def test_what_is_stored_of_a_report_holds_no_account(house: DispatchHouse) -> None:
    about = await house.sending(account="98765432100001")
    destination = about.instruction.destination
    await house.report(about.instruction.key, replace(PAID, echo=Echo(about.instruction.amount, destination.hash)))
    stored = await house.tx.value("SELECT r::text FROM reports r WHERE gateway = $1", house.bank.name)
    assert "9876543210" not in stored
    assert destination.hash not in stored, "account numbers are short enough to be guessed from a plain hash"
