"""Stripe: what is asked for in its words, and what its answers mean."""

import json
from typing import Any

import pytest
from stripe_desk import (
    ACCOUNT,
    LOST,
    believed,
    error,
    form,
    instruction,
    kept_500,
    listed,
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
from bursar.gateways import Instruction, Outcome, Word

AT_ACCOUNT = {"bursar_gateway": "stripe-transfer"}
PROVES_NOTHING = [
    reply(200),
    reply(200, b"{"),
    reply(200, b"[]"),
    reply(200, b"\xff\xfe"),
    reply(202, transfer()),
    reply(302),
    said(transfer(object="transfer_reversal")),
    said(transfer(amount=None)),
    said(transfer(amount=2511)),
    said(transfer(amount=-2510)),
    said(transfer(currency="eur")),
    said(transfer(currency="???")),
    said(transfer(destination="acct_1Ben")),
    said(transfer(destination=None)),
    said(transfer(transfer_group="key-2")),
    said(transfer(id="tr_1\0")),
    said(transfer(id="t" * 600)),
    reply(400, b"<html>"),
    reply(400, {"error": "no"}),
    error(None),
    error("what_we_do_not_know"),
    error("account_invalid", 500, type_="api_error"),
    error("balance_insufficient", 409),
    error("balance_insufficient", 429),
    error("balance_insufficient", headers={"Stripe-Should-Retry": "true"}),
    error("resource_missing", 404, param="transfer"),
    error(None, 400, type_="idempotency_error"),
    error("idempotency_key_in_use", 409, type_="idempotency_error"),
    error("lock_timeout", 429),
    error("rate_limit", 429),
    error("api_key_expired", 401),
    error(None, 401),
    error(None, 403),
    error(None, 500, type_="api_error"),
    reply(503),
    LOST,
    CallFailed("no_connection", reached=False),
]


async def sent(*answers: Reply | CallFailed, about: Instruction | None = None) -> tuple[Outcome, Switchboard]:
    """What is made of these answers, and the calls that brought them."""
    line = Switchboard(*answers)
    [outcome] = await stripe(line).send([about or instruction()])
    return believed(outcome, about), line


# ---- What is asked for


async def test_the_money_is_moved_and_then_paid_out_on_the_accounts_behalf() -> None:
    _, line = await sent(said(transfer()), said(payout()))
    moved, paid = line.calls
    assert paths(line) == ["POST /transfers", "POST /payouts"]
    ours = {
        "metadata[bursar_key]": "key-1",
        "metadata[bursar_payout]": "00000000-0000-0000-0000-000000000001",
        "metadata[bursar_gateway]": "stripe",
    }
    money = {"amount": "2510", "currency": "usd"}
    assert form(moved) == {**money, "destination": ACCOUNT, "transfer_group": "key-1", **ours}
    assert form(paid) == {**money, **ours}
    assert "stripe-account" not in moved.headers
    assert paid.headers["stripe-account"] == ACCOUNT
    for call in line.calls:
        assert call.headers["authorization"] == "Bearer sk_test_1"
        assert call.headers["stripe-version"] == "2026-10-28.endive"


async def test_each_step_has_an_idempotency_key_of_its_own() -> None:
    _, line = await sent(said(transfer()), error("payouts_not_allowed"), said(reversal()))
    assert [call.headers["idempotency-key"] for call in line.calls] == [
        "key-1-transfer",
        "key-1-payout",
        "key-1-reversal",
    ]


async def test_all_steps_share_one_deadline() -> None:
    _, line = await sent(said(transfer()), error("payouts_not_allowed"), said(reversal()))
    allowed = [call.deadline for call in line.calls]
    assert allowed == sorted(allowed, reverse=True)
    assert max(allowed) <= 30.0


@pytest.mark.parametrize("answer", [LOST, error(None, 500, type_="api_error"), error("rate_limit", 429)], ids=repr)
async def test_nothing_is_tried_again_behind_our_back(answer: Reply | CallFailed) -> None:
    assert len((await sent(answer))[1].calls) == 1
    assert len((await sent(said(transfer()), answer))[1].calls) == 2


@pytest.mark.parametrize(
    "account", ["0123456789", "acct_", "acct_1\r\nX-Evil: 1", "acct_1 ", "po_1", "acct_" + "1" * 80]
)
async def test_what_is_no_account_there_is_refused_without_a_call(account: str) -> None:
    outcome, line = await sent(about=instruction(account=account))
    assert (outcome.word, outcome.retryable, line.calls) == (Word.REFUSED, False, [])


# ---- What its answers mean


@pytest.mark.parametrize(
    ("status", "word"),
    [("pending", Word.ACCEPTED), ("in_transit", Word.ACCEPTED), ("paid", Word.PAID), ("posted", Word.UNKNOWN)],
)
async def test_each_status_of_a_payout_has_its_word(status: str, word: Word) -> None:
    outcome, _ = await sent(said(transfer()), said(payout(status)))
    assert (outcome.word, outcome.reference) == (word, "po_1")


@pytest.mark.parametrize("answer", PROVES_NOTHING, ids=repr)
async def test_what_proves_nothing_about_the_transfer_leaves_us_not_knowing(answer: Reply | CallFailed) -> None:
    outcome, line = await sent(answer)
    assert (outcome.word, outcome.reference, len(line.calls)) == (Word.UNKNOWN, None, 1)


@pytest.mark.parametrize(
    "answer",
    [
        LOST,
        reply(200, b"{"),
        said(payout(amount=2511)),
        said(payout(currency="eur")),
        said(payout(metadata={})),
        said(payout(metadata={"bursar_key": "key-2"})),
        error("what_we_do_not_know"),
        error(None, 400, type_="idempotency_error"),
        error("rate_limit", 429),
        error(None, 401),
        error(None, 500, type_="api_error"),
    ],
    ids=repr,
)
async def test_what_proves_nothing_about_the_payout_leaves_us_not_knowing_and_takes_nothing_back(answer: Any) -> None:
    outcome, line = await sent(said(transfer()), answer)
    assert (outcome.word, len(line.calls)) == (Word.UNKNOWN, 2)


async def test_being_told_to_wait_is_heeded() -> None:
    outcome, _ = await sent(error("rate_limit", 429, headers={"Retry-After": "7"}))
    assert (outcome.word, outcome.reason, outcome.retry_after) == (Word.UNKNOWN, "http_429", 7.0)


@pytest.mark.parametrize(
    ("answer", "reason", "retryable", "lacks_funds"),
    [
        (error("balance_insufficient"), "gateway_float_low", True, True),
        (error("account_invalid", 403), "account_not_found", False, False),
        (error("resource_missing", 404, param="destination"), "account_not_found", False, False),
        (error("transfers_not_allowed"), "account_blocked", False, False),
        (error("amount_too_small"), "under_gateway_limit", False, False),
        (error("payouts_limit_exceeded"), "over_daily_limit", True, False),
        (error("amount_too_large", headers={"Stripe-Should-Retry": "false"}), "over_gateway_limit", False, False),
    ],
    ids=repr,
)
async def test_a_known_code_is_proof_that_nothing_was_moved(
    answer: Reply, reason: str, retryable: bool, lacks_funds: bool
) -> None:
    outcome, line = await sent(answer)
    said_ = (outcome.word, outcome.reason, outcome.retryable, outcome.lacks_funds)
    assert said_ == (Word.REFUSED, reason, retryable, lacks_funds)
    assert paths(line) == ["POST /transfers"]


async def test_that_our_own_key_is_refused_is_told_to_people(caplog: Any, capsys: pytest.CaptureFixture[str]) -> None:
    await sent(error("api_key_expired", 401))
    told = capsys.readouterr()
    assert "gateway.account_refused" in told.out + told.err


# ---- A payout that is refused, and the money that is taken back


async def test_a_refused_payout_is_over_once_its_money_is_back() -> None:
    outcome, line = await sent(said(transfer()), error("payouts_not_allowed"), said(reversal()))
    assert (outcome.word, outcome.reason, outcome.retryable, outcome.reference) == (
        Word.REFUSED, "account_blocked", False, "tr_1",
    )  # fmt: skip
    assert paths(line)[-1] == "POST /transfers/tr_1/reversals"
    assert form(line.calls[-1]) == {
        "amount": "2510", "metadata[bursar_key]": "key-1", "metadata[bursar_reason]": "account_blocked",
    }  # fmt: skip


async def test_that_the_account_has_no_funds_is_not_a_lack_of_ours() -> None:
    outcome, _ = await sent(said(transfer()), error("balance_insufficient"), said(reversal()))
    assert (outcome.word, outcome.reason, outcome.lacks_funds) == (Word.REFUSED, "account_in_debt", False)


@pytest.mark.parametrize(
    "answer", [LOST, error("balance_insufficient"), said(reversal(2509)), reply(200, b"{")], ids=repr
)
async def test_until_its_money_is_back_a_refused_payout_is_held(answer: Reply | CallFailed) -> None:
    outcome, _ = await sent(said(transfer()), error("payouts_not_allowed"), answer)
    assert (outcome.word, outcome.reason, outcome.reference) == (Word.HELD, "being_taken_back", "tr_1")


async def test_a_payout_that_fails_at_once_is_taken_back_too() -> None:
    outcome, _ = await sent(
        said(transfer()), said(payout("failed", failure_code="could_not_process")), said(reversal())
    )
    assert (outcome.word, outcome.reason, outcome.retryable) == (Word.REFUSED, "could_not_process", True)


async def test_a_refusal_that_stripe_kept_for_the_key_of_taking_back_is_tried_under_another() -> None:
    kept = error("balance_insufficient", headers={"Idempotent-Replayed": "true"})
    outcome, line = await sent(said(transfer()), error("payouts_not_allowed"), kept, said(reversal()))
    assert outcome.word is Word.REFUSED
    first, second = (call.headers["idempotency-key"] for call in line.calls[2:])
    assert (first, second[: len(first) + 1], len(second)) == ("key-1-reversal", "key-1-reversal-", len(first) + 13)


async def test_only_what_is_left_of_a_transfer_is_taken_back() -> None:
    answers = said(transfer(amount_reversed=10)), error("payouts_not_allowed"), said(reversal(2500))
    outcome, line = await sent(*answers)
    assert (outcome.word, form(line.calls[-1])["amount"]) == (Word.REFUSED, "2500")


# ---- A server's error that Stripe has kept


async def test_a_kept_error_is_looked_past_when_the_transfer_is_there() -> None:
    outcome, line = await sent(kept_500(), listed(transfer()), said(payout()))
    assert outcome.word is Word.ACCEPTED
    assert paths(line) == ["POST /transfers", "GET /transfers", "POST /payouts"]


async def test_a_kept_error_without_a_transfer_proves_nothing() -> None:
    outcome, _ = await sent(kept_500(), listed())
    assert (outcome.word, outcome.reason) == (Word.UNKNOWN, "http_500")


async def test_a_kept_error_is_looked_past_when_the_payout_is_there() -> None:
    outcome, line = await sent(said(transfer()), kept_500(), listed(payout("in_transit")))
    assert (outcome.word, outcome.reference) == (Word.ACCEPTED, "po_1")
    assert paths(line)[-1] == "GET /payouts"


async def test_a_kept_error_without_a_payout_proves_nothing() -> None:
    assert (await sent(said(transfer()), kept_500(), listed()))[0].word is Word.UNKNOWN


# ---- Only as far as the account


async def test_a_transfer_alone_is_paid_once_it_is_made() -> None:
    line = Switchboard(said(transfer(metadata=AT_ACCOUNT)))
    [outcome] = await stripe_transfer(line).send([instruction()])
    assert (believed(outcome).word, outcome.reference) == (Word.PAID, "tr_1")
    assert paths(line) == ["POST /transfers"]
    assert form(line.calls[0])["metadata[bursar_gateway]"] == "stripe-transfer"


async def test_a_transfer_that_somebody_took_back_was_not_paid() -> None:
    [outcome] = await stripe_transfer(Switchboard(said(taken_back()))).send([instruction()])
    assert (outcome.word, outcome.reason) == (Word.REFUSED, "taken_back")


async def test_amounts_travel_as_whole_minor_units() -> None:
    about = instruction(amount="9999999999.99")
    _, line = await sent(LOST, about=about)
    assert form(line.calls[0])["amount"] == "999999999999"
    assert json.dumps(form(line.calls[0])).isascii()
