"""Flutterwave's webhooks: v3's hash covers nothing, so they are hints; v4's signature covers every byte."""

import itertools
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from switchboard import HASH, Switchboard, instruction, reply, signed, transfer, transfer_v4, v3, v4

from bursar.foundation.errors import Invalid
from bursar.gateways import Echo, ForgedReport, Report, Word

UNUSED = Switchboard(reply(500))
HEADERS = {"verif-hash": HASH}

V3 = {"event": "transfer.completed", "event.type": "Transfer", "data": transfer()}
V4 = {"webhook_id": "wbk_1", "timestamp": 1_763_630_000_000, "type": "transfer.disburse", "data": transfer_v4()}


def told(body: Any, **about: Any) -> Report:
    """The one report in a v3 webhook."""
    [report] = v3(UNUSED, **about).read_report(json.dumps(body).encode(), HEADERS)
    return report


def told_v4(body: Any) -> Report:
    """The one report in a v4 webhook."""
    raw = json.dumps(body).encode()
    [report] = v4(UNUSED).read_report(raw, signed(raw))
    return report


# ---- v3: what it says


def test_what_v3_reports_proves_nothing() -> None:
    assert v3(UNUSED).capabilities.reports_prove is False


@pytest.mark.parametrize(
    ("status", "word"), [("SUCCESSFUL", Word.PAID), ("FAILED", Word.REFUSED), ("PENDING", Word.ACCEPTED)]
)
def test_one_event_tells_of_success_and_failure_and_the_status_decides(status: str, word: Word) -> None:
    report = told(V3 | {"data": transfer(status)})
    assert (report.event_id, report.key, report.outcome.word) == (f"101:{status}", "key-1", word)
    assert report.outcome.echo is not None
    assert report.outcome.echo.amount == instruction().amount
    assert report.outcome.echo.destination_hash == instruction().destination.hash


@pytest.mark.parametrize("name", ["transfer.success", "transfer.failed"])
@pytest.mark.parametrize(("status", "word"), [("SUCCESSFUL", Word.PAID), ("FAILED", Word.REFUSED)])
def test_under_the_documents_names_the_status_decides_too(name: str, status: str, word: Word) -> None:
    assert told({"event": name, "data": transfer(status)}).outcome.word is word


@pytest.mark.parametrize(
    ("name", "word"),
    [("transfer.success", Word.PAID), ("transfer.failed", Word.REFUSED), ("transfer.completed", Word.UNKNOWN)],
)
def test_without_a_status_the_documents_names_are_hints(name: str, word: Word) -> None:
    report = told({"event": name, "data": {"id": 101, "reference": "key-1"}})
    assert (report.key, report.outcome.word, report.outcome.echo and report.outcome.echo.amount) == (
        "key-1",
        word,
        None,
    )


@pytest.mark.parametrize(("status", "word"), [("Successful", Word.PAID), ("Failed", Word.REFUSED)])
def test_v2s_shape_is_understood(status: str, word: Word) -> None:
    about = {"id": 101, "reference": "key-1", "status": status, "amount": 1000.1, "currency": "NGN"}
    report = told({"event.type": "Transfer", "transfer": about})
    assert (report.event_id, report.key, report.outcome.word) == (f"101:{status.upper()}", "key-1", word)


def test_a_failure_brings_its_reason() -> None:
    data = transfer("FAILED", complete_message="DISBURSE FAILED: Insufficient wallet balance")
    assert told(V3 | {"data": data}).outcome.reason == "gateway_float_low"


def test_a_retry_of_theirs_belongs_to_the_same_attempt() -> None:
    assert told(V3 | {"data": transfer(reference="key-1_RETRY_2")}).key == "key-1"
    assert told(V3 | {"data": transfer(reference="key-1_PMCK_RETRY_2")}, test_suffix="_PMCK").key == "key-1"


def test_the_same_news_has_the_same_name_and_other_news_another() -> None:
    reports = [told(V3 | {"data": transfer(status, number=n)}) for status, n in
               itertools.product(("SUCCESSFUL", "FAILED"), (1, 2))]  # fmt: skip
    assert len({report.event_id for report in reports}) == 4
    assert told(V3).event_id == told(V3 | {"data": transfer(created_at="later")}).event_id


@pytest.mark.parametrize("name", ["charge.completed", "subscription.cancelled"])
def test_what_is_about_something_else_is_taken_and_says_nothing(name: str) -> None:
    """An account has one address for all its webhooks; refusing these would make it try again."""
    assert v3(UNUSED).read_report(json.dumps({"event": name, "data": {"id": 5}}).encode(), HEADERS) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"not json", b'{"event": 5}', b'{"event": "transfer.completed"}',
     b'{"event": "transfer.completed", "data": null}', b'{"event": "transfer.completed", "data": {"id": 1}}',
     b'{"data": {"id": 1, "reference": "key-1"}}',
     json.dumps(V3 | {"data": transfer(reference="key\0")}).encode(),
     json.dumps(V3 | {"data": transfer("FAILED\0")}).encode()],
)  # fmt: skip
def test_a_report_that_makes_no_sense_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(Invalid):
        v3(UNUSED).read_report(body, HEADERS)


@given(st.binary(max_size=200) | st.builds(lambda v: json.dumps(V3 | {"data": v}).encode(), st.integers() | st.text()))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(Invalid):
        assert v3(UNUSED).read_report(body, HEADERS) == []


# ---- v3: who says it


@pytest.mark.parametrize(
    "headers",
    [{}, {"verif-hash": ""}, {"verif-hash": HASH[:-1]}, {"verif-hash": HASH + " "}, {"verif-hash": HASH.upper()},
     {"verif-hash": "ü"}, {"verifhash": HASH}, {"verif_hash": HASH}, {"flutterwave-signature": HASH},
     {"authorization": HASH}],
)  # fmt: skip
def test_a_hash_that_is_not_ours_is_forged(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedReport):
        v3(UNUSED).read_report(json.dumps(V3).encode(), headers)


def test_a_hash_with_any_character_altered_is_forged() -> None:
    for place in range(len(HASH)):
        altered = HASH[:place] + chr(ord(HASH[place]) ^ 1) + HASH[place + 1 :]
        with pytest.raises(ForgedReport):
            v3(UNUSED).read_report(json.dumps(V3).encode(), {"verif-hash": altered})


@pytest.mark.parametrize("headers", [{}, {"verif-hash": ""}, {"verif-hash": HASH}])
def test_without_a_secret_of_our_own_nobody_is_believed(headers: dict[str, str]) -> None:
    """An empty secret would otherwise equal a header that is missing."""
    with pytest.raises(ForgedReport):
        v3(UNUSED, secret_hash="").read_report(json.dumps(V3).encode(), headers)


def test_nothing_of_a_forged_body_is_read() -> None:
    with pytest.raises(ForgedReport):
        v3(UNUSED).read_report(b"not json", {})


# ---- v4: what it says


def test_what_v4_reports_under_its_signature_is_proof() -> None:
    assert v4(UNUSED).capabilities.reports_prove is True
    assert v4(UNUSED, plain=True).capabilities.reports_prove is False


@pytest.mark.parametrize(
    ("status", "word"),
    [("SUCCESSFUL", Word.PAID), ("FAILED", Word.REFUSED), ("PENDING", Word.ACCEPTED), ("ODD", Word.UNKNOWN)],
)
def test_a_disbursements_status_decides(status: str, word: Word) -> None:
    report = told_v4(V4 | {"data": transfer_v4(status)})
    assert (report.event_id, report.key, report.outcome.word) == ("wbk_1", "key-1", word)
    assert report.outcome.echo is not None
    assert report.outcome.echo.amount == instruction().amount
    assert report.outcome.echo.destination_hash == instruction().destination.hash


def test_a_webhook_may_be_flatter_than_an_answer() -> None:
    data = transfer_v4(amount=1000.1, bank={"account_number": "0690000031", "code": "044"})
    del data["recipient"]
    outcome = told_v4(V4 | {"data": data}).outcome
    about = instruction()
    assert outcome.word is Word.PAID
    assert outcome.echo == Echo(about.amount, about.destination.hash)


def test_an_older_name_of_the_events_id_is_understood() -> None:
    body = {name: value for name, value in V4.items() if name != "webhook_id"}
    assert told_v4(body | {"id": "wbk_9"}).event_id == "wbk_9"


def test_a_reversal_means_that_the_money_came_back() -> None:
    reversal = {"reversal_datetime": "2026-11-21T00:00:00Z", "initial_status": "SUCCESSFUL"}
    for data in (
        transfer_v4(reversal=reversal | {"reconciliation_status": "REVERSED"}),
        transfer_v4(reversal=reversal),
        transfer_v4("FAILED"),
        transfer_v4(),
    ):
        assert told_v4(V4 | {"type": "transfer.reversal", "data": data}).outcome.word is Word.RETURNED


def test_a_reversal_that_is_not_through_yet_proves_nothing() -> None:
    data = transfer_v4(reversal={"reconciliation_status": "PENDING"})
    assert told_v4(V4 | {"type": "transfer.reversal", "data": data}).outcome.word is Word.UNKNOWN


def test_a_retry_belongs_to_the_attempt_of_its_parent() -> None:
    data = transfer_v4(reference="by-hand", retry={"parent_id": "trf_1", "parent_reference": "key-1"})
    assert told_v4(V4 | {"data": data}).key == "key-1"


@pytest.mark.parametrize("name", ["charge.completed", "transfer.completed", "transfer.failed"])
def test_v4s_other_events_say_nothing(name: str) -> None:
    """A catalogue gives v4 the names of v3; its reference does not."""
    raw = json.dumps(V4 | {"type": name}).encode()
    assert v4(UNUSED).read_report(raw, signed(raw)) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"not json", b'{"type": "transfer.disburse", "data": {}, "webhook_id": "w"}',
     json.dumps({"type": "transfer.disburse", "data": transfer_v4()}).encode(),
     json.dumps(V4 | {"data": transfer_v4(amount=None)}).encode()],
)  # fmt: skip
def test_a_signed_report_that_makes_no_sense_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(Invalid):
        v4(UNUSED).read_report(body, signed(body))


# ---- v4: who says it


RAW = json.dumps(V4).encode()


def test_a_report_with_any_byte_altered_is_forged() -> None:
    gateway, headers = v4(UNUSED), signed(RAW)
    for place in range(len(RAW)):
        with pytest.raises(ForgedReport):
            gateway.read_report(RAW[:place] + bytes([RAW[place] ^ 1]) + RAW[place + 1 :], headers)


def test_a_signature_with_any_character_altered_is_forged() -> None:
    given = signed(RAW)["flutterwave-signature"]
    for place in range(len(given)):
        altered = given[:place] + chr(ord(given[place]) ^ 1) + given[place + 1 :]
        with pytest.raises(ForgedReport):
            v4(UNUSED).read_report(RAW, {"flutterwave-signature": altered})


@pytest.mark.parametrize(
    "headers",
    [{}, {"flutterwave-signature": ""}, {"flutterwave-signature": "ü"}, {"flutterwave-signature": HASH},
     {"verif-hash": HASH}, {"verif-hash": signed(RAW)["flutterwave-signature"]}, signed(RAW, secret="another"),
     signed(b""), {"flutterwave-signature": signed(RAW)["flutterwave-signature"] + "="}],
)  # fmt: skip
def test_a_signature_that_is_not_ours_is_forged(headers: dict[str, str]) -> None:
    """The secret itself is no signature: whoever once saw it in a header could then sign bodies of their own."""
    with pytest.raises(ForgedReport):
        v4(UNUSED).read_report(RAW, headers)


def test_with_the_plain_switch_the_secret_itself_is_expected_and_a_signature_is_forged() -> None:
    gateway = v4(UNUSED, plain=True)
    assert gateway.read_report(RAW, {"flutterwave-signature": HASH})
    with pytest.raises(ForgedReport):
        gateway.read_report(RAW, signed(RAW))


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("headers", [{}, {"flutterwave-signature": ""}, signed(RAW, secret="")])
def test_without_a_secret_of_our_own_v4_believes_nobody(headers: dict[str, str], *, plain: bool) -> None:
    with pytest.raises(ForgedReport):
        v4(UNUSED, plain=plain, secret_hash="").read_report(RAW, headers)
