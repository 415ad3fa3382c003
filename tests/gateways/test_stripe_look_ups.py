"""Stripe: asking what became of an attempt, and taking back what lies where it should not."""

from typing import Any

import pytest
from stripe_desk import (
    ACCOUNT,
    LOST,
    NOW,
    believed,
    error,
    form,
    instruction,
    listed,
    ours,
    paths,
    payout,
    reversal,
    said,
    stripe,
    stripe_transfer,
    taken_back,
    transfer,
)
from switchboard import CallFailed, Switchboard, reply

from bursar.foundation.http import Reply
from bursar.gateways import NeverArrived, Outcome, Word

FAILED = payout("failed", failure_code="account_closed")


async def found(*answers: Reply | CallFailed, **more: Any) -> tuple[Outcome | NeverArrived, Switchboard]:
    """What a look-up makes of these answers, and the calls that brought them."""
    line = Switchboard(*answers)
    [answer] = await stripe(line).inquire([instruction(**more)])
    return believed(answer) if isinstance(answer, Outcome) else answer, line


def summary(answer: Outcome | NeverArrived) -> tuple[Word, str | None, bool]:
    assert isinstance(answer, Outcome)
    return answer.word, answer.reason, answer.retryable


# ---- Looking


async def test_the_transfer_is_found_by_its_group_and_the_payout_by_our_key() -> None:
    answer, line = await found(listed(transfer()), listed(payout(id="po_9", metadata={}), payout("paid")))
    assert (summary(answer)[0], paths(line)) == (Word.PAID, ["GET /transfers", "GET /payouts"])
    by_group, by_key = line.calls
    assert by_group.query == {"transfer_group": "key-1", "limit": "100"}
    assert by_key.query == {"created[gte]": str(NOW), "created[lte]": str(NOW + 25 * 3600), "limit": "100"}
    assert by_key.headers["stripe-account"] == ACCOUNT
    assert all(call.method == "GET" and "idempotency-key" not in call.headers for call in line.calls)


async def test_a_known_payout_is_fetched_by_its_id() -> None:
    answer, line = await found(listed(transfer()), said(payout("in_transit")), reference="po_1")
    assert (summary(answer)[0], paths(line)) == (Word.ACCEPTED, ["GET /transfers", "GET /payouts/po_1"])


async def test_an_accounts_payouts_are_read_page_by_page() -> None:
    others = [payout(id=f"po_{number}", metadata={}) for number in range(10, 12)]
    answer, line = await found(listed(transfer()), listed(*others, has_more=True), listed(payout("paid")))
    assert summary(answer)[0] is Word.PAID
    assert line.calls[2].query["starting_after"] == "po_11"


async def test_without_a_transfer_it_never_arrived() -> None:
    assert isinstance((await found(listed()))[0], NeverArrived)


async def test_between_the_steps_it_never_arrived_and_both_may_be_sent_again() -> None:
    answer, line = await found(listed(transfer()), listed())
    assert isinstance(answer, NeverArrived)
    assert {call.method for call in line.calls} == {"GET"}


@pytest.mark.parametrize(
    "answers",
    [
        [LOST],
        [reply(200, b"{")],
        [error(None, 401)],
        [error(None, 500)],
        [listed(transfer(), transfer(id="tr_2"))],
        [listed(transfer(), has_more=True)],
        [listed(transfer(transfer_group="key-2"))],
        [listed(transfer(amount=1))],
        [listed(transfer(destination="acct_1Ben"))],
        [listed(transfer()), LOST],
        [listed(transfer()), error("account_invalid", 403)],
        [listed(transfer()), listed(payout(), payout(id="po_2"))],
        [listed(transfer()), listed(payout(amount=1))],
        [listed(transfer()), listed(payout(has_more=True), has_more=True)],
    ],
    ids=repr,
)
async def test_a_look_up_that_proves_nothing_leaves_us_not_knowing(answers: list[Any]) -> None:
    answer, line = await found(*answers)
    assert summary(answer)[0] is Word.UNKNOWN
    assert {call.method for call in line.calls} == {"GET"}


async def test_another_payout_under_the_known_id_proves_nothing() -> None:
    answer, _ = await found(
        listed(transfer()), said(payout("paid", metadata=ours(bursar_key="key-2"))), reference="po_1"
    )
    assert summary(answer)[0] is Word.UNKNOWN


# ---- Taking back


async def test_a_failed_payout_is_over_once_its_money_is_back() -> None:
    answer, line = await found(listed(transfer()), listed(FAILED), said(reversal()))
    assert summary(answer) == (Word.REFUSED, "account_closed", False)
    assert form(line.calls[-1])["metadata[bursar_reason]"] == "account_closed"


async def test_a_failed_payout_whose_money_is_back_already_is_over() -> None:
    answer, line = await found(listed(taken_back()), listed(FAILED))
    assert summary(answer) == (Word.REFUSED, "account_closed", False)
    assert {call.method for call in line.calls} == {"GET"}


@pytest.mark.parametrize("answer", [LOST, error("balance_insufficient")], ids=repr)
async def test_a_failed_payout_whose_money_cannot_come_back_yet_is_held(answer: Any) -> None:
    outcome, _ = await found(listed(transfer()), listed(FAILED), answer)
    assert summary(outcome)[:2] == (Word.HELD, "being_taken_back")


async def test_a_cancelled_payout_is_taken_back() -> None:
    answer, _ = await found(listed(transfer()), listed(payout("canceled")), said(reversal()))
    assert summary(answer) == (Word.REFUSED, "cancelled_at_gateway", False)


async def test_why_a_payout_was_refused_survives_our_death_on_stripes_side() -> None:
    answer, _ = await found(listed(taken_back(bursar_reason="over_daily_limit")), listed())
    assert summary(answer) == (Word.REFUSED, "over_daily_limit", True)


async def test_a_transfer_that_somebody_took_back_was_not_paid() -> None:
    assert summary((await found(listed(taken_back()), listed()))[0]) == (Word.REFUSED, "taken_back", False)


async def test_what_was_held_for_its_money_is_asked_to_come_back_again() -> None:
    answer, line = await found(listed(transfer()), listed(), said(reversal()), reference="tr_1")
    assert summary(answer)[0] is Word.REFUSED
    assert paths(line)[-1] == "POST /transfers/tr_1/reversals"


# ---- After it was paid


async def test_a_payout_that_fails_after_it_was_paid_came_back() -> None:
    answer, line = await found(listed(transfer()), said(FAILED), said(reversal()), reference="po_1", paid=True)
    assert summary(answer) == (Word.RETURNED, "account_closed", False)
    assert paths(line)[-1] == "POST /transfers/tr_1/reversals"


async def test_one_that_may_be_tried_again_is_returned_and_not_retried() -> None:
    failed = payout("failed", failure_code="could_not_process")
    answer, _ = await found(listed(transfer()), said(failed), said(reversal()), reference="po_1", paid=True)
    assert summary(answer) == (Word.RETURNED, "could_not_process", False)


async def test_until_its_money_is_back_we_do_not_know_and_go_on_asking() -> None:
    answer, _ = await found(listed(transfer()), said(FAILED), LOST, reference="po_1", paid=True)
    assert summary(answer)[:2] == (Word.UNKNOWN, "being_taken_back")


async def test_what_was_paid_and_still_is_stays_so() -> None:
    answer, _ = await found(listed(transfer()), said(payout("paid")), reference="po_1", paid=True)
    assert summary(answer)[0] is Word.PAID


async def test_a_paid_payout_whose_transfer_somebody_took_back_came_back() -> None:
    answer, _ = await found(listed(taken_back()), said(payout("paid")), reference="po_1", paid=True)
    assert summary(answer)[0] is Word.RETURNED


# ---- Only as far as the account


@pytest.mark.parametrize(
    ("answers", "paid", "word"),
    [
        ([listed(transfer())], False, Word.PAID),
        ([listed(transfer(amount_reversed=10))], False, Word.PAID),
        ([listed(taken_back())], False, Word.REFUSED),
        ([listed(taken_back())], True, Word.RETURNED),
        ([listed(transfer(amount=1))], False, Word.UNKNOWN),
        ([LOST], False, Word.UNKNOWN),
        ([listed()], False, None),
    ],
    ids=repr,
)
async def test_a_transfer_alone_is_found_by_its_group(answers: list[Any], paid: bool, word: Word | None) -> None:
    line = Switchboard(*answers)
    [answer] = await stripe_transfer(line).inquire([instruction(paid=paid)])
    assert (answer.word if isinstance(answer, Outcome) else None) is word
    assert paths(line) == ["GET /transfers"]
