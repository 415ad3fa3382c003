"""RazorpayX's webhooks: whose signature is believed, and what is read in them."""

import json
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from razorpayx_desk import KEY, NOW, SECRET, downtime, event, payout, razorpayx, signed, whole
from switchboard import Switchboard, reply

from bursar.foundation.errors import Invalid
from bursar.gateways import Downtime, ForgedReport, Report, Word
from ground import AT

BODY = event("payout.processed", whole("processed"))


def read(
    body: bytes, headers: dict[str, str] | None = None, *, secrets: str = SECRET, bank_mode: str = "auto"
) -> list[Report | Downtime]:
    gateway = razorpayx(Switchboard(reply(500)), secrets=secrets, bank_mode=bank_mode)
    return list(gateway.read_report(body, signed(body) if headers is None else headers))


# ---- Whose it is


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-razorpay-signature": ""},
        {"x-razorpay-signature": "ü"},
        {"x-razorpay-signature": signed(BODY)["x-razorpay-signature"].upper()},
        {"x-razorpay-signature": signed(BODY)["x-razorpay-signature"][:-1]},
        signed(BODY, secret="another"),
        signed(BODY, secret=""),
        signed(BODY + b" "),
    ],
    ids=range(8),
)
def test_a_signature_that_is_not_ours_is_forged(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedReport):
        read(BODY, headers)


@settings(deadline=None)
@given(place=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_a_single_changed_bit_is_seen(place: int, bit: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= 1 << bit
    with pytest.raises(ForgedReport):
        read(bytes(changed), signed(BODY))


def test_an_old_secret_is_believed_beside_the_new_one() -> None:
    """Retries of older events carry the signature of the secret that was replaced."""
    for secret in ("old", "new"):
        assert read(BODY, signed(BODY, secret=secret), secrets=" new, old ,")


@pytest.mark.parametrize("secrets", ["", " , "])
def test_without_a_secret_nothing_is_believed(secrets: str) -> None:
    with pytest.raises(ForgedReport):
        read(BODY, signed(BODY, secret=""), secrets=secrets)


def test_an_event_has_the_name_that_its_header_gives_it() -> None:
    [report] = read(BODY, signed(BODY, event_id="K4zR6TNmZvxVXm"))
    assert report.event_id == "K4zR6TNmZvxVXm"


@pytest.mark.parametrize("named", ["", "x" * 101, "a\tb", "ä"])
def test_an_event_without_a_name_that_can_be_kept_is_named_by_its_bytes(named: str) -> None:
    [first], [again] = read(BODY, signed(BODY, event_id=named)), read(BODY, signed(BODY, event_id=named))
    [other] = read(event("payout.failed", payout("failed")), None)
    assert first.event_id == again.event_id != other.event_id
    assert first.event_id.startswith("sha256:")


# ---- What it tells of payouts


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        ("pending", "pending", Word.HELD),
        ("queued", "queued", Word.HELD),
        ("initiated", "processing", Word.ACCEPTED),
        ("processed", "processed", Word.PAID),
        ("updated", "processed", Word.PAID),
        ("reversed", "reversed", Word.REFUSED),
        ("failed", "failed", Word.REFUSED),
        ("rejected", "rejected", Word.REFUSED),
        ("processed", "odd", Word.UNKNOWN),
    ],
)
def test_each_event_has_its_word(kind: str, status: str, word: Word) -> None:
    [report] = read(event(f"payout.{kind}", payout(status)))
    assert isinstance(report, Report)
    assert (report.event_id, report.key, report.outcome.word, report.outcome.reference) == (
        "evt_1", KEY, word, "pout_1",
    )  # fmt: skip
    assert report.outcome.echo is not None
    assert report.outcome.echo.amount is not None
    assert report.outcome.echo.amount.minor == 2510


def test_what_it_reports_is_a_hint_only() -> None:
    """In any order they come, and whether a reversed payout has come back or was never paid, only its story says."""
    assert not razorpayx(Switchboard(reply(500))).capabilities.reports_prove


@pytest.mark.parametrize(
    "body",
    [
        event("payout.processed", payout("processed", notes=[])),
        event("payout.processed", payout("processed", notes={"bursar_key": "another"})),
        event("payout.processed", payout("processed", reference_id=None)),
        event("payout_link.processed", {}),
        event("transaction.created", payload={"transaction": {"entity": {}}}),
        event("fund_account.validation.completed", payload={"fund_account.validation": {"entity": {}}}),
        event("payment.captured", payload={"payment": {"entity": {}}}),
    ],
    ids=range(7),
)
def test_what_is_not_about_a_payout_of_ours_is_passed_over(body: bytes) -> None:
    assert read(body) == []


# ---- What it tells of banks


@pytest.mark.parametrize(("kind", "is_over"), [("started", False), ("resolved", True)])
def test_a_downtime_names_the_bank_and_when_it_began(kind: str, is_over: bool) -> None:
    assert read(downtime(kind)) == [Downtime("evt_1", "HDFC", AT.replace(microsecond=0), is_over)]


def test_one_downtime_is_told_from_the_next_by_its_beginning() -> None:
    [first], [second] = read(downtime()), read(downtime(begin=NOW + 60))
    assert isinstance(first, Downtime)
    assert isinstance(second, Downtime)
    assert second.since - first.since == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("methods", "bank_mode", "counts"),
    [
        (["IMPS"], "auto", True),
        (["NEFT"], "auto", False),
        (["NEFT", "RTGS"], "auto", True),
        (["IMPS"], "NEFT", False),
        (["NEFT"], "NEFT", True),
        (["UPI"], "auto", False),
        ([], "auto", True),
    ],
)
def test_only_a_downtime_of_the_modes_that_we_use_counts(methods: list[str], bank_mode: str, counts: bool) -> None:
    assert bool(read(downtime(method=methods), bank_mode=bank_mode)) == counts


@pytest.mark.parametrize("instrument", [{"bank": None}, {"bank": ""}, {}])
def test_a_downtime_of_no_bank_is_one_of_everything(instrument: dict[str, str | None]) -> None:
    [told] = read(downtime(instrument=instrument))
    assert isinstance(told, Downtime)
    assert told.bank is None


# ---- What is no event


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"event": 5}',
        b'{"event": "payout.processed"}',
        event("payout.processed", None),
        event("payout.processed", payout(amount="all")),
        event("payout.processed", payout(id="pout_\0")),
        event("payout.downtime.started", payout()),
        downtime(begin=10**18),
        downtime(begin="now"),
        downtime(instrument={"bank": "%"}),
        downtime(instrument={"bank": "H_FC"}),
    ],
    ids=range(14),
)
def test_what_is_signed_but_no_event_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        read(body)


@settings(deadline=None)
@given(body=st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_whatever_is_signed_is_read_or_refused(body: bytes) -> None:
    with suppress(Invalid):
        read(body)
