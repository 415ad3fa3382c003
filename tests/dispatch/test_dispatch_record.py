"""Writing down what was learned: attempt, payout, money and history together, and each thing once."""

from dataclasses import replace

import asyncpg
import pytest
from dispatch_house import ACCEPTED, HELD, NOT_NOW, PAID, REFUSED, RETURNED, UNKNOWN, DispatchHouse, open_house

from bursar import dispatch, ledger, payouts
from bursar.dispatch import Told
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.gateways import Echo, Outcome
from bursar.payouts import PayoutState
from ground import program

S = PayoutState
FULL, AMOUNT = 100_000_000, 100_000


@pytest.fixture
async def house(tx: Transaction) -> DispatchHouse:
    return await open_house(tx)


@pytest.mark.parametrize(
    ("outcome", "state", "attempt", "figures"),
    [
        (PAID, S.COMPLETED, "paid", (FULL - AMOUNT, 0)),
        (ACCEPTED, S.SENT, "accepted", (FULL - AMOUNT, AMOUNT)),
        (HELD, S.ON_HOLD, "held", (FULL - AMOUNT, AMOUNT)),
        (REFUSED, S.FAILED, "refused", (FULL, 0)),
        (NOT_NOW, S.RETRYING, "refused", (FULL - AMOUNT, AMOUNT)),
        (UNKNOWN, S.SENDING, "unknown", (FULL - AMOUNT, AMOUNT)),
        (RETURNED, S.RETURNED, "returned", (FULL, 0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_each_outcome_makes_true(
    house: DispatchHouse, outcome: Outcome, state: PayoutState, attempt: str, figures: tuple[int, int]
) -> None:
    about = await house.sending()
    assert await house.learn(about, outcome) == ["applied"]
    stored = await house.attempt(about)
    assert (await house.state(about), stored["outcome"], await house.figures()) == (state, attempt, figures)
    assert (stored["look_at"] is not None) == (attempt in {"accepted", "held", "unknown"})
    assert await ledger.discrepancies(house.tx) == []


async def test_a_payment_is_on_the_gateways_clearing_account(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, PAID)
    assert await clearing(house) == AMOUNT
    await house.learn(about, RETURNED)
    assert await clearing(house) == 0


async def clearing(house: DispatchHouse) -> int:
    held = await ledger.platform_balances(house.tx)
    return sum(b.amount.minor for b in held if b.owner == house.bank.name)


async def test_history_says_who_said_it_how_we_heard_and_about_which_attempt(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, REFUSED)
    told = (await payouts.history(house.tx, about.instruction.payout_id))[-1]
    assert (told.verb, told.reason, told.actor) == ("fail", "account_closed", f"gateway:{house.bank.name}")
    assert told.facts == {"attempt": 1, "source": "answer"}


async def test_whoever_holds_an_old_lease_is_too_late(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.tx.run("UPDATE attempts SET lease_no = 2 WHERE id = $1", about.attempt_id)
    assert await house.learn(about, PAID) == ["late"]
    assert await house.state(about) is S.SENDING
    assert await house.learn(about, PAID, lease_no=2) == ["applied"]


async def test_the_same_word_twice_is_late_and_changes_nothing(house: DispatchHouse) -> None:
    about = await house.sending()
    assert await house.learn(about, *[PAID] * 5) == ["applied", "late", "late", "late", "late"]
    assert (await house.payout(about)).version == 4
    assert await house.figures() == (FULL - AMOUNT, 0)


async def test_many_words_about_one_attempt_in_one_batch_are_taken_in_order(house: DispatchHouse) -> None:
    about = await house.sending()
    told = [
        Told(about.attempt_id, outcome, "report") for outcome in (ACCEPTED, HELD, HELD, PAID, ACCEPTED, RETURNED, PAID)
    ]
    words = await dispatch.record(house.tx, told, scribe=house.scribe)
    assert words == ["applied", "applied", "applied", "applied", "late", "applied", "late"]
    history = await payouts.history(house.tx, about.instruction.payout_id)
    assert [moved.verb for moved in history[3:]] == ["accept", "hold", "settle", "return"]
    assert await house.figures() == (FULL, 0)


async def test_a_batch_mixes_what_is_applied_late_contradicting_and_unmatched(house: DispatchHouse) -> None:
    await house.request(3)
    fresh, done, gone = (await house.prepare()).prepared
    await house.learn(done, PAID)
    await house.learn(gone, REFUSED)
    told = [
        Told(fresh.attempt_id, PAID, "report"),
        Told(done.attempt_id, PAID, "report"),
        Told(gone.attempt_id, PAID, "report"),
        Told(house.holder, PAID, "report"),
    ]
    assert await dispatch.record(house.tx, told, scribe=house.scribe) == [
        "applied",
        "late",
        "contradicting",
        "unmatched",
    ]


async def test_words_about_nothing_we_know_are_unmatched(house: DispatchHouse) -> None:
    assert await dispatch.record(house.tx, [Told(house.holder, PAID, "report")], scribe=house.scribe) == ["unmatched"]
    assert await dispatch.record(house.tx, [], scribe=house.scribe) == []


async def test_a_refusal_after_payment_moves_nothing_and_is_a_break(house: DispatchHouse) -> None:
    about = await house.sending()
    assert await house.learn(about, PAID, REFUSED) == ["applied", "contradicting"]
    assert (await house.state(about), await house.breaks()) == (S.COMPLETED, ["refused_after_paid"])
    assert await house.figures() == (FULL - AMOUNT, 0)


@pytest.mark.parametrize("late", [PAID, RETURNED])
async def test_a_payment_after_a_refusal_moves_nothing_and_is_a_break(house: DispatchHouse, late: Outcome) -> None:
    about = await house.sending()
    assert await house.learn(about, REFUSED, late) == ["applied", "contradicting"]
    assert (await house.state(about), await house.breaks()) == (S.FAILED, ["paid_after_refused"])
    assert await house.figures() == (FULL, 0)


async def test_another_attempt_that_is_due_waits_when_the_first_was_paid_after_all(house: DispatchHouse) -> None:
    about = await house.sending()
    assert await house.learn(about, NOT_NOW, PAID) == ["applied", "contradicting"]
    waiting = await house.payout(about)
    assert (waiting.state, waiting.reason) == (S.RETRYING, "paid_after_refused")


@pytest.mark.parametrize("echo", [Echo(Money(AMOUNT + 1, "PKR")), Echo(Money(AMOUNT, "USD")), Echo(Money(0, "XXX"))])
async def test_another_amount_than_was_asked_for_moves_nothing_and_is_a_break(house: DispatchHouse, echo: Echo) -> None:
    about = await house.sending()
    assert await house.learn(about, replace(PAID, echo=echo)) == ["contradicting"]
    assert (await house.state(about), await house.breaks()) == (S.SENDING, ["amount_mismatch"])
    assert (await house.attempt(about))["look_at"] is not None, "somebody asks what is true"


async def test_the_amount_that_was_asked_for_is_believed(house: DispatchHouse) -> None:
    about = await house.sending()
    assert await house.learn(about, replace(PAID, echo=Echo(Money(AMOUNT, "PKR")))) == ["applied"]


async def test_a_part_that_came_back_is_for_people(house: DispatchHouse) -> None:
    about = await house.sending()
    part = replace(RETURNED, echo=Echo(Money(AMOUNT // 2, "PKR")))
    assert await house.learn(about, PAID, part) == ["applied", "contradicting"]
    assert (await house.state(about), await house.breaks()) == (S.COMPLETED, ["amount_mismatch"])


async def test_money_that_came_back_goes_aside_where_the_terms_want_it(tx: Transaction) -> None:
    house = await open_house(tx, returns_to="suspense")
    about = await house.sending()
    await house.learn(about, PAID, RETURNED)
    assert await house.figures() == (FULL - AMOUNT, 0)
    held = {b.kind: b.amount.minor for b in await ledger.platform_balances(tx) if b.owner == house.terms.program}
    assert held[ledger.AccountKind.SUSPENSE] == AMOUNT


async def test_it_is_tried_again_after_a_growing_wait_and_fails_after_the_last_attempt(house: DispatchHouse) -> None:
    about = await house.sending()
    for generation, wait in ((1, 2.0), (2, 4.0)):
        assert await house.learn(about, NOT_NOW) == ["applied"]
        payout = await house.payout(about)
        assert (payout.state, payout.tries) == (S.RETRYING, generation)
        assert (payout.due_at - await house.tx.now()).total_seconds() == wait
        assert (await house.prepare()).prepared == (), "not before it is due"
        await house.let_waits_end()
        about = (await house.prepare()).prepared[0]
    assert await house.learn(about, NOT_NOW) == ["applied"]
    assert (await house.state(about), await house.figures()) == (S.FAILED, (FULL, 0))


async def test_what_is_unknown_is_looked_at_on_schedule_and_parked_after_the_limit(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, UNKNOWN)
    assert (await house.attempt(about))["look_in"].total_seconds() == 5.0
    await house.tx.run("UPDATE attempts SET sent_at = now() - interval '19 hours' WHERE id = $1", about.attempt_id)
    assert await house.learn(about, UNKNOWN) == ["applied"]
    parked = await house.attempt(about)
    assert (parked["outcome"], parked["look_at"], parked["reason"]) == ("unknown", None, "unknown_outcome")
    assert (await house.state(about), await house.breaks()) == (S.SENDING, ["unknown_outcome"])
    assert await house.figures() == (FULL - AMOUNT, AMOUNT), "the money stays reserved"


@pytest.mark.parametrize(("late", "state"), [(PAID, S.COMPLETED), (REFUSED, S.FAILED), (ACCEPTED, S.SENT)])
async def test_a_gateways_word_still_counts_for_what_is_parked(
    house: DispatchHouse, late: Outcome, state: PayoutState
) -> None:
    about = await house.sending()
    await house.tx.run("UPDATE attempts SET sent_at = now() - interval '19 hours' WHERE id = $1", about.attempt_id)
    assert await house.learn(about, UNKNOWN, late) == ["applied", "applied"]
    assert await house.state(about) is state


async def test_a_look_up_that_failed_tells_nothing_new_about_what_the_gateway_has(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, ACCEPTED, UNKNOWN)
    stored = await house.attempt(about)
    assert (stored["outcome"], await house.state(about)) == ("accepted", S.SENT)
    assert stored["look_in"].total_seconds() == 60.0


async def test_what_the_gateway_called_it_is_kept(house: DispatchHouse) -> None:
    about = await house.sending()
    await house.learn(about, replace(ACCEPTED, reference="PSP1"), UNKNOWN, replace(PAID, reference=None))
    assert (await house.attempt(about))["gateway_reference"] == "PSP1"
    assert (await house.payout(about)).gateway_reference == "PSP1"


async def test_a_payout_has_one_live_attempt(house: DispatchHouse) -> None:
    """The database's own rule, should ours ever fail."""
    about = await house.sending()
    with pytest.raises(asyncpg.UniqueViolationError, match="one_live_attempt_per_payout"):
        await house.tx.run(
            """
            INSERT INTO attempts (id, payout_id, holder_id, program, terms_version, amount, currency, generation,
                                  gateway, key, batch_id, outcome, window_ends_at)
            SELECT gen_random_uuid(), payout_id, holder_id, program, terms_version, amount, currency, 2, gateway,
                   key || 'x', batch_id, 'open', window_ends_at FROM attempts WHERE id = $1
            """,
            about.attempt_id,
        )


async def test_an_outcome_that_comes_while_the_terms_changed_is_judged_by_the_old_ones(house: DispatchHouse) -> None:
    about = await house.sending()
    await program(house.tx, house.terms.program, retry__max_attempts=1)
    await house.learn(about, NOT_NOW)
    assert await house.state(about) is S.RETRYING
