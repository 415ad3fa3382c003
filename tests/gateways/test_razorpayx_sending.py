"""Paying through RazorpayX: what is asked, by which system it goes, and what each answer proves."""

import base64
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid5

import pytest
from razorpayx_desk import (
    ACCOUNT,
    BANK,
    KEY,
    LOST,
    VPA,
    believed,
    error,
    instruction,
    paths,
    payout,
    razorpayx,
    said,
    whole,
)
from switchboard import Switchboard, reply

from bursar.foundation.http import CallFailed, Reply
from bursar.gateways import Instruction, Outcome, Word
from bursar.gateways.razorpayx import causes
from bursar.holders import Destination

PROVES_NOTHING: list[Reply | CallFailed] = [
    LOST,
    CallFailed("no_connection", reached=False),
    reply(200, b""),
    reply(200, b"{"),
    reply(200, b"[]"),
    said({"entity": "payout"}),
    said(whole(entity="refund")),
    said(whole(amount=2511)),
    said(whole(currency="USD")),
    said(whole(reference_id="key-2")),
    said(whole(reference_id=None)),
    said(whole(to={"bank_account": {"ifsc": "HDFC0001234", "account_number": "999"}})),
    said(whole(to={"bank_account": {"ifsc": "UTIB0001234", "account_number": "1121431121541121"}})),
    said(whole(id="pout_\0")),
    error(None),
    error("server_error", 500),
    error("input_validation_failed", 500),
    error("insufficient_funds", 502),
    error("what_we_do_not_know"),
    error("input_validation_failed", field="X-Payout-Idempotency"),
    error("input_validation_failed", description="Different request body sent for the same Idempotency Header"),
    error(None, 401),
    error("input_validation_failed", 403),
    error("input_validation_failed", 404),
    error("input_validation_failed", 409),
    error(None, 429),
    reply(400, b"<html>"),
    reply(302, b""),
]


async def sent(
    *answers: Reply | CallFailed, about: Instruction | None = None, **setting: Any
) -> tuple[Outcome, Switchboard]:
    """Send, and believe only what is about what was asked; the calls that were made with it."""
    line, asked = Switchboard(*answers or (LOST,)), about or instruction()
    [outcome] = await razorpayx(line, **setting).send([asked])
    return believed(outcome, asked), line


# ---- What is asked


async def test_contact_account_and_payout_are_one_call() -> None:
    _, line = await sent(said(whole()))
    assert paths(line) == ["POST /payouts"]
    assert line.calls[0].body == {
        "account_number": ACCOUNT,
        "fund_account": {
            "account_type": "bank_account",
            "bank_account": {"name": "Gaurav Kumar", "ifsc": "HDFC0001234", "account_number": "1121431121541121"},
            "contact": {"name": "Gaurav Kumar"},
        },
        "amount": 2510,
        "currency": "INR",
        "mode": "IMPS",
        "purpose": "payout",
        "queue_if_low_balance": False,
        "reference_id": KEY,
        "notes": {"bursar_key": KEY, "bursar_payout": str(UUID(int=1))},
    }


async def test_a_upi_address_is_paid_by_upi() -> None:
    _, line = await sent(said(whole(to={"vpa": {"address": "gauravkumar@okaxis"}})), about=instruction(to=VPA))
    body = line.calls[0].body
    assert (body["mode"], body["fund_account"]) == (
        "UPI",
        {"account_type": "vpa", "vpa": {"address": "gauravkumar@okaxis"}, "contact": {"name": "Gaurav Kumar"}},
    )


async def test_it_is_asked_with_key_and_secret_under_an_idempotency_key_of_the_attempt() -> None:
    _, line = await sent(said(whole()))
    [call] = line.calls
    assert base64.b64decode(call.headers["authorization"].removeprefix("Basic ")) == b"rzp_live_1:of this test"
    once = call.headers["x-payout-idempotency"]
    assert once == str(uuid5(UUID(int=1), KEY)), "resending after an update must find it again"
    _, another = await sent(said(whole()), about=replace(instruction(), key=f"{KEY[:-1]}2"))
    assert another.calls[0].headers["x-payout-idempotency"] != once
    assert len(once) == 36, "the longest that it takes"


async def test_the_same_instruction_is_always_the_same_bytes() -> None:
    """It compares them, and refuses a key that comes with others."""
    (_, first), (_, second) = await sent(said(whole())), await sent(said(whole()))
    assert first.calls[0].raw == second.calls[0].raw


async def test_settings_are_in_what_is_asked() -> None:
    _, line = await sent(said(whole()), queues=True, purpose="vendor bill", bank_mode="NEFT")
    body = line.calls[0].body
    assert (body["queue_if_low_balance"], body["purpose"], body["mode"]) == (True, "vendor bill", "NEFT")


@pytest.mark.parametrize(
    ("narration", "told"),
    [("", None), ("November", "November"), ("Nov: 1/2 – paid", "Nov  1 2   paid"), ("x" * 40, "x" * 30), ("–", None)],
)
async def test_a_narration_has_the_letters_that_it_takes(narration: str, told: str | None) -> None:
    _, line = await sent(said(whole()), about=instruction(narration=narration))
    assert line.calls[0].body.get("narration") == told


@pytest.mark.parametrize(
    ("title", "account", "contact"),
    [
        ("José  O'Brien & Söhne", "Jose O Brien Sohne", "Jose O Brien Sohne"),
        ("Om", "Om..", "Om."),
        ("A" * 130, "A" * 120, "A" * 50),
        ("गौरव कुमार", "Payee", "Payee"),
        ("(…)", "Payee", "Payee"),
    ],
)
async def test_a_name_is_told_in_the_letters_that_it_takes(title: str, account: str, contact: str) -> None:
    _, line = await sent(said(whole()), about=instruction(to=Destination("HDFC0001234", "1121431121541121", title)))
    told = line.calls[0].body["fund_account"]
    assert (told["bank_account"]["name"], told["contact"]["name"]) == (account, contact)


# ---- By which system it goes


@pytest.mark.parametrize(
    ("to", "amount", "bank_mode", "mode"),
    [
        (BANK, "1.00", "auto", "IMPS"),
        (BANK, "500000.00", "auto", "IMPS"),
        (BANK, "500000.01", "auto", "RTGS"),
        (BANK, "500000.00", "IMPS", "IMPS"),
        (BANK, "1.00", "NEFT", "NEFT"),
        (BANK, "90000000.00", "NEFT", "NEFT"),
        (BANK, "200000.00", "RTGS", "RTGS"),
        (VPA, "1.00", "NEFT", "UPI"),
        (VPA, "100000.00", "auto", "UPI"),
    ],
)
async def test_destination_and_amount_decide_the_mode(to: Destination, amount: str, bank_mode: Any, mode: str) -> None:
    _, line = await sent(LOST, about=instruction(to=to, amount=amount), bank_mode=bank_mode)
    assert line.calls[0].body["mode"] == mode


@pytest.mark.parametrize(
    ("to", "amount", "bank_mode", "reason"),
    [
        (BANK, "0.99", "auto", "under_gateway_limit"),
        (BANK, "500000.01", "IMPS", "over_gateway_limit"),
        (BANK, "199999.99", "RTGS", "under_gateway_limit"),
        (VPA, "0.99", "auto", "under_gateway_limit"),
        (VPA, "100000.01", "auto", "over_gateway_limit"),
        (Destination("x", "y", "z", "ADDRESS"), "5.00", "auto", "destination_not_payable"),
    ],
)
async def test_what_no_mode_carries_is_refused_without_a_call(
    to: Destination, amount: str, bank_mode: Any, reason: str
) -> None:
    outcome, line = await sent(about=instruction(to=to, amount=amount), bank_mode=bank_mode)
    assert (outcome.word, outcome.reason, outcome.retryable, line.calls) == (Word.REFUSED, reason, False, [])


# ---- What its answers mean


@pytest.mark.parametrize(
    ("status", "reason", "word", "kept"),
    [
        ("processing", "beneficiary_bank_confirmation_pending", Word.ACCEPTED, None),
        ("scheduled", None, Word.ACCEPTED, None),
        ("processed", "payout_processed", Word.PAID, None),
        ("queued", "low_balance", Word.HELD, "low_balance"),
        ("queued", None, Word.HELD, "queued"),
        ("pending", "pending_approval", Word.HELD, "pending_approval"),
        ("cancelled", None, Word.REFUSED, "cancelled_at_gateway"),
        ("rejected", "beneficiary_bank_rejected", Word.REFUSED, "rejected_at_gateway"),
        ("failed", "bank_account_closed", Word.REFUSED, "account_closed"),
        ("reversed", "beneficiary_bank_offline", Word.REFUSED, "bank_unavailable"),
        ("initiated", None, Word.UNKNOWN, "unknown_status"),
    ],
)
async def test_each_status_has_its_word(status: str, reason: str | None, word: Word, kept: str | None) -> None:
    outcome, _ = await sent(said(whole(status, reason=reason)))
    assert (outcome.word, outcome.reason, outcome.reference) == (word, kept, "pout_1")


@pytest.mark.parametrize(("reason", "cause"), causes.FAILURES.items())
async def test_each_reason_of_a_failure_has_its_class(reason: str, cause: causes.Cause) -> None:
    for status in ("failed", "reversed"):
        outcome, _ = await sent(said(whole(status, reason=reason)))
        assert (outcome.word, outcome.reason) == (Word.REFUSED, cause.reason)
        assert outcome.retryable == (cause.kind is not causes.Kind.PERMANENT)
        assert outcome.lacks_funds == (reason == "insufficient_funds")


@pytest.mark.parametrize("reason", [None, "", "what_we_do_not_know"])
async def test_a_failure_for_no_known_reason_is_over_and_for_a_person(reason: str | None) -> None:
    outcome, _ = await sent(said(whole("failed", reason=reason)))
    assert (outcome.word, outcome.reason, outcome.retryable) == (Word.REFUSED, "unrecognised_failure", False)


async def test_a_failure_without_details_is_one_all_the_same() -> None:
    outcome, _ = await sent(said(whole("failed", status_details=None)))
    assert outcome.reason == "unrecognised_failure"


@pytest.mark.parametrize("answer", PROVES_NOTHING, ids=range(len(PROVES_NOTHING)))
async def test_what_proves_nothing_leaves_us_not_knowing_and_is_not_repeated(answer: Reply | CallFailed) -> None:
    outcome, line = await sent(answer)
    assert (outcome.word, len(line.calls)) == (Word.UNKNOWN, 1)


@pytest.mark.parametrize(
    ("answer", "reason", "lacks_funds"),
    [
        (error("input_validation_failed", field="fund_account.bank_account.ifsc"), "invalid_request", False),
        (error("insufficient_funds"), "gateway_float_low", True),
    ],
    ids=["validation", "funds"],
)
async def test_a_known_reason_is_proof_that_nothing_was_made_of_it(
    answer: Reply, reason: str, lacks_funds: bool
) -> None:
    outcome, _ = await sent(answer)
    assert (outcome.word, outcome.reason, outcome.retryable, outcome.lacks_funds) == (
        Word.REFUSED, reason, lacks_funds, lacks_funds,
    )  # fmt: skip


async def test_being_told_to_wait_is_heeded() -> None:
    outcome, _ = await sent(error(None, 429, headers={"Retry-After": "7"}))
    assert (outcome.word, outcome.reason, outcome.retry_after) == (Word.UNKNOWN, "http_429", 7.0)


@pytest.mark.parametrize(
    ("to", "told"),
    [
        (BANK, {"bank_account": {"ifsc": "hdfc0001234", "account_number": "1121431121541121"}}),
        (BANK, {"bank_account": {"ifsc": "HDFC0001234"}}),
        (BANK, {"bank_account": {}}),
        (VPA, {"vpa": {"username": "gauravkumar", "handle": "okaxis", "address": "GauravKumar@okaxis"}}),
    ],
    ids=["other case", "part", "nothing", "address"],
)
async def test_an_account_written_another_way_is_the_same_one(to: Destination, told: dict[str, Any]) -> None:
    outcome, _ = await sent(said(whole("processed", to=told)), about=instruction(to=to))
    assert outcome.word is Word.PAID


async def test_an_address_of_somebody_else_proves_nothing() -> None:
    outcome, _ = await sent(said(whole("processed", to={"vpa": {"address": "an@ybl"}})), about=instruction(to=VPA))
    assert (outcome.word, outcome.reason) == (Word.UNKNOWN, "answer_to_another")


async def test_nothing_of_an_account_is_shown() -> None:
    for answer in (said(whole("failed", reason="bank_account_closed")), error("input_validation_failed", field="vpa")):
        outcome, _ = await sent(answer)
        assert "1121431121541121" not in repr(outcome)
        assert "Told in words" not in repr(outcome.shown), "who knows what they write there"


async def test_notes_that_are_empty_are_a_list() -> None:
    outcome, _ = await sent(said(payout("processed", notes=[])))
    assert outcome.word is Word.PAID


async def test_that_our_own_key_is_refused_is_told_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    await sent(error(None, 401))
    told = capsys.readouterr()
    assert "gateway.account_refused" in told.out + told.err


async def test_several_are_sent_one_by_one_and_answered_in_order() -> None:
    line = Switchboard(said(whole("processed")), error("insufficient_funds"), LOST)
    outcomes = await razorpayx(line).send([instruction()] * 3)
    assert [outcome.word for outcome in outcomes] == [Word.PAID, Word.REFUSED, Word.UNKNOWN]
