"""Flutterwave's messages: every one of the table, however it is typed, and nothing that only looks like one."""

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from switchboard import CallFailed, Switchboard, error, instruction, listed, reply, success, transfer, v3

from bursar.gateways import Outcome, Word, check_echo
from bursar.gateways.flutterwave.causes import TABLE, Kind, cause_of

PERMANENT, RETRYABLE, UNFUNDED, UNKNOWN = Kind.PERMANENT, Kind.RETRYABLE, Kind.UNFUNDED, Kind.UNKNOWN

MESSAGES = [
    ("Payout was made to a blacklisted account number", PERMANENT, "account_blacklisted"),
    ("DISBURSE FAILED: Insufficient wallet balance", UNFUNDED, "gateway_float_low"),
    ("Insufficient funds in customer wallet", UNFUNDED, "gateway_float_low"),
    ("DISBURSE FAILED: Insufficient funds in customer wallet", UNFUNDED, "gateway_float_low"),
    ("beneficiary_name is required", PERMANENT, "invalid_request"),
    ('"account_bank" is required', PERMANENT, "invalid_request"),
    ("amount is invalid: NGN has 2 decimals", PERMANENT, "invalid_request"),
    ("amount must be a positive number", PERMANENT, "invalid_request"),
    ("Invalid bank code passed", PERMANENT, "invalid_request"),
    ("DISBURSE FAILED: You can only spend NGN 500000 at once", PERMANENT, "over_gateway_limit"),
    ("DISBURSE FAILED: You can only spend KES 1,000.50 at once", PERMANENT, "over_gateway_limit"),
    ("DISBURSE FAILED: You can only spend ₦500,000 at once", PERMANENT, "over_gateway_limit"),
    ("DISBURSE FAILED: Unable to obtain user details", PERMANENT, "recipient_not_found"),
    (
        "DISBURSE FAILED: wallet currently restricted. please contact administrator",
        PERMANENT,
        "gateway_account_restricted",
    ),
    ("DISBURSE FAILED: A fatal error occured while proccesing your request.", RETRYABLE, "gateway_error"),
    ("DISBURSE FAILED: A fatal error occurred while processing your request.", RETRYABLE, "gateway_error"),
    ("DISBURSE FAILED: Transfer failed. Please contact support", UNKNOWN, "gateway_unclear"),
    ("Sorry, recipient account could not be validated. Please try again", PERMANENT, "account_not_found"),
    ("Account resolve failed", PERMANENT, "account_not_found"),
]
ACCOUNT_WIDE = {"gateway_float_low", "gateway_account_restricted"}
NOT_KNOWN = [
    "",
    "undefined",
    "DISBURSE FAILED: undefined",
    "Payout was not made to a blacklisted account number",
    "Payout was made to a blacklisted account number in 2019 and is fine now",
    "Insufficient wallet balance check skipped",
    "your authorization is required by the bank",
    "An error occurred",
    "<html>",
]


async def refused(message: str, status: int = 400) -> Outcome:
    """What comes of a transfer whose request is refused with this message."""
    [outcome] = await v3(Switchboard(error(message, status))).send([instruction()])
    return outcome


async def failed(message: str | None) -> Outcome:
    """What comes of one whose own record says that it failed."""
    line = Switchboard(listed(transfer("FAILED", complete_message=message)))
    [outcome] = await v3(line).inquire([instruction()])
    assert isinstance(outcome, Outcome)
    return outcome


@pytest.mark.parametrize(("message", "kind", "reason"), MESSAGES)
async def test_a_failed_transfer_tells_whether_another_attempt_can_help(message: str, kind: Kind, reason: str) -> None:
    outcome = await failed(message)
    assert outcome.reason == reason
    assert outcome.word is (Word.UNKNOWN if kind is UNKNOWN else Word.REFUSED)
    assert outcome.retryable == (kind in {RETRYABLE, UNFUNDED})
    assert outcome.lacks_funds == (kind is UNFUNDED)
    about = instruction()
    assert check_echo(outcome, amount=about.amount, destination_hash=about.destination.hash) == outcome


@pytest.mark.parametrize(("message", "kind", "reason"), MESSAGES)
async def test_a_refused_request_is_proof_only_where_the_message_is_known_to_be(
    message: str, kind: Kind, reason: str
) -> None:
    """A fatal error or advice to call support may come after something was booked: that is asked about first."""
    outcome = await refused(message)
    assert outcome.reason == reason
    assert outcome.word is (Word.REFUSED if kind in {PERMANENT, UNFUNDED} else Word.UNKNOWN)
    assert outcome.retryable == outcome.lacks_funds == (kind is UNFUNDED)


@pytest.mark.parametrize(("message", "kind", "reason"), MESSAGES)
async def test_of_a_bulk_only_what_is_true_of_the_whole_account_is_proof_for_all(
    message: str, kind: Kind, reason: str
) -> None:
    outcomes = await v3(Switchboard(error(message))).send([instruction(1), instruction(2)])
    expected = Word.REFUSED if reason in ACCOUNT_WIDE else Word.UNKNOWN
    assert [(outcome.word, outcome.reason) for outcome in outcomes] == [(expected, reason)] * 2


@pytest.mark.parametrize(("message", "kind", "reason"), MESSAGES)
def test_messages_are_known_however_they_are_typed(message: str, kind: Kind, reason: str) -> None:
    for typed in (message.upper(), message.lower(), f"  {message}  ", message.replace(" ", "\n  "), message + "."):
        cause = cause_of(typed)
        assert cause is not None
        assert (cause.kind, cause.reason) == (kind, reason)


def test_no_line_of_the_table_is_without_a_message_here() -> None:
    told = {reason for _, _, reason in MESSAGES} | {"duplicate_reference"}
    assert {cause.reason for _, cause in TABLE} == told


@pytest.mark.parametrize("message", NOT_KNOWN)
async def test_a_message_that_nobody_knows_is_no_proof_of_a_refusal(message: str) -> None:
    assert cause_of(message) is None
    assert (await refused(message)).word is Word.UNKNOWN


@pytest.mark.parametrize("message", [*NOT_KNOWN, None, "DISBURSE FAILED: Suspected fraud"])
async def test_a_transfer_that_failed_for_reasons_nobody_knows_is_over_and_not_tried_again(message: str | None) -> None:
    """``FAILED`` is documented as final; why is prose, and without a known reason a person decides."""
    outcome = await failed(message)
    assert (outcome.word, outcome.retryable, outcome.reason) == (Word.REFUSED, False, "unrecognised_failure")


@pytest.mark.parametrize("status", [200, 202, 302, 408, 425, 429, 500, 502, 503, 504])
async def test_a_known_message_proves_nothing_under_a_status_that_is_no_refusal(status: int) -> None:
    assert (await refused(MESSAGES[0][0], status)).word is Word.UNKNOWN


@given(st.text(max_size=60))
def test_no_text_breaks_the_table(text: str) -> None:
    cause_of(text)


@given(noise=st.text(min_size=1, max_size=20), message=st.sampled_from([m for m, k, _ in MESSAGES if k is not UNKNOWN]))
def test_a_known_message_within_another_sentence_is_not_taken_for_it(noise: str, message: str) -> None:
    """Sentences are matched whole; what is left of them by trimming may not be words."""
    if noise.strip(" .!\"'\n\t") and noise.isalpha():
        assert cause_of(f"{noise} {message}") is None


# ---- A reference that is taken


DUPLICATES = [
    "A transfer with this reference already exists",
    "Duplicate transfer reference",
    "Transfer reference: key-1 ALREADY used",
    "Reference has to be unique; it exists",
    "reference must be unique",
    "transfer_reference is invalid: already used",
    "Duplicated references",
]


@pytest.mark.parametrize("message", DUPLICATES)
@pytest.mark.parametrize(
    ("status", "word"), [("SUCCESSFUL", Word.PAID), ("PENDING", Word.ACCEPTED), ("FAILED", Word.REFUSED)]
)
async def test_a_taken_reference_leads_to_the_transfer_that_has_it(message: str, status: str, word: Word) -> None:
    line = Switchboard(error(message), listed(transfer(status)))
    [outcome] = await v3(line).send([instruction()])
    assert (outcome.word, outcome.reference) == (word, "101")
    assert (line.calls[1].method, line.calls[1].query) == ("GET", {"reference": "key-1"})


async def test_a_taken_reference_of_another_amount_is_not_believed() -> None:
    line = Switchboard(error(DUPLICATES[0]), listed(transfer(amount=999)))
    about = instruction()
    [outcome] = await v3(line).send([about])
    believed = check_echo(outcome, amount=about.amount, destination_hash=about.destination.hash)
    assert (believed.word, believed.reason) == (Word.UNKNOWN, "echo_mismatch")


@pytest.mark.parametrize("second", [listed(), reply(500), CallFailed("timed_out", reached=True), success(5)])
async def test_a_taken_reference_that_cannot_be_found_leaves_us_not_knowing(second: object) -> None:
    line = Switchboard(error(DUPLICATES[0]), second)  # type: ignore[arg-type]  # Either is an answer.
    assert (await v3(line).send([instruction()]))[0].word is Word.UNKNOWN


@pytest.mark.parametrize("message", ["reference must be a string", "reference is invalid", "reference is required"])
async def test_nothing_that_is_said_about_a_reference_refuses_the_payment(message: str) -> None:
    """If it turned out to mean that the reference is taken, money on its way would be given back."""
    assert (await refused(message)).word is Word.UNKNOWN


# ---- Our own account


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            error("DISBURSE FAILED: wallet currently restricted. please contact administrator"),
            "gateway_account_restricted",
        ),
        (error("Invalid authorization key", 401), "http_401"),
        (error("Your IP is not whitelisted", 403), "http_403"),
    ],
)
async def test_trouble_with_our_whole_account_is_told_once_for_a_call(answer: object, reason: str) -> None:
    with structlog.testing.capture_logs() as lines:
        outcomes = await v3(Switchboard(answer)).send([instruction(1), instruction(2)])  # type: ignore[arg-type]
    assert [outcome.reason for outcome in outcomes] == [reason] * 2
    told = [line for line in lines if line["event"] == "gateway.account_refused"]
    assert [(line["log_level"], line["reason_code"], line["count"]) for line in told] == [("error", reason, 2)]


async def test_an_ordinary_refusal_is_no_trouble_with_our_account() -> None:
    with structlog.testing.capture_logs() as lines:
        await refused(MESSAGES[0][0])
    assert lines == []


async def test_account_numbers_never_reach_the_timeline() -> None:
    outcome = await failed("Account 0690000031 of Ada is dormant\0")
    assert outcome.shown["message"] == "Account … of Ada is dormant"
