"""Stripe's webhooks: whose signature is believed, and what is read in them."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe_desk import (
    NOW,
    SECRET,
    event,
    ours,
    payout,
    signature,
    signed,
    stripe,
    stripe_transfer,
    taken_back,
    transfer,
)
from switchboard import Switchboard, reply

from bursar.foundation.errors import Invalid
from bursar.gateways import ForgedReport, Report, Word

BODY = event("payout.paid", payout("paid"))


def read(body: bytes, headers: dict[str, str] | None = None, *, secrets: str = SECRET) -> list[Report]:
    return list(stripe(Switchboard(reply(500)), secrets=secrets).read_report(body, headers or signed(body)))


# ---- Whose it is


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"stripe-signature": ""},
        {"stripe-signature": "t=,v1="},
        {"stripe-signature": f"t={NOW}"},
        {"stripe-signature": f"t={NOW},v0={signature(BODY)}"},
        {"stripe-signature": f"v1={signature(BODY)}"},
        {"stripe-signature": f"t={NOW + 1},v1={signature(BODY)}"},
        {"stripe-signature": f"t={NOW},v1={signature(BODY).upper()}"},
        {"stripe-signature": f"t=²,v1={signature(BODY, at='²')}"},
        {"stripe-signature": f"t=soon,v1={signature(BODY, at='soon')}"},
        {"stripe-signature": f"t={NOW},v1=ü"},
        signed(BODY, secret="another"),
        signed(BODY, secret=""),
    ],
    ids=repr,
)
def test_a_signature_that_is_not_ours_is_forged(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedReport):
        read(BODY, headers or {"x": "y"})


@settings(deadline=None)
@given(place=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_a_single_changed_bit_is_seen(place: int, bit: int) -> None:
    changed = bytearray(BODY)
    changed[place] ^= 1 << bit
    with pytest.raises(ForgedReport):
        read(bytes(changed), signed(BODY))


@pytest.mark.parametrize(("age", "is_believed"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_a_signature_is_believed_for_five_minutes(age: int, is_believed: bool) -> None:
    headers = signed(BODY, at=NOW + age)
    if is_believed:
        assert read(BODY, headers)
    else:
        with pytest.raises(ForgedReport):
            read(BODY, headers)


def test_any_of_several_secrets_signs_and_any_of_several_signatures_will_do() -> None:
    """One endpoint for our own account and one for the connected ones; two signatures while a secret is replaced."""
    assert read(BODY, signed(BODY, secret="b"), secrets=" a, b ,")
    headers = {"stripe-signature": f"t={NOW}, v1={signature(BODY, secret='old')} , v1={signature(BODY)},v0=x"}
    assert read(BODY, headers)


@pytest.mark.parametrize("secrets", ["", " , "])
def test_without_a_secret_nothing_is_believed(secrets: str) -> None:
    with pytest.raises(ForgedReport):
        read(BODY, signed(BODY, secret=""), secrets=secrets)


# ---- What it says


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        ("payout.paid", "paid", Word.PAID),
        ("payout.failed", "failed", Word.REFUSED),
        ("payout.canceled", "canceled", Word.REFUSED),
        ("payout.updated", "in_transit", Word.ACCEPTED),
        ("payout.updated", "pending", Word.ACCEPTED),
        ("payout.updated", "odd", Word.UNKNOWN),
    ],
)
def test_each_event_has_its_word(kind: str, status: str, word: Word) -> None:
    [report] = read(event(kind, payout(status)))
    assert (report.event_id, report.key, report.outcome.word) == ("evt_1", "key-1", word)
    assert report.outcome.reference == "po_1"
    assert report.outcome.echo is not None
    assert report.outcome.echo.amount is not None
    assert report.outcome.echo.amount.minor == 2510


def test_a_transfer_that_came_back_is_told_of_when_all_of_it_did() -> None:
    [report] = read(event("transfer.reversed", taken_back()))
    assert (report.key, report.outcome.word) == ("key-1", Word.RETURNED)
    assert read(event("transfer.reversed", transfer(amount_reversed=10))) == []


@pytest.mark.parametrize(
    "body",
    [
        event("payout.created", payout()),
        event("payout.reconciliation_completed", payout("paid")),
        event("transfer.created", transfer()),
        event("account.updated", {"id": "acct_1", "object": "account"}),
        event("balance.available", {"object": "balance"}),
        event("payout.paid", payout("paid", metadata={})),
        event("payout.paid", payout("paid", metadata={"bursar_key": "key-1"})),
        event("payout.paid", payout("paid", metadata=ours(bursar_gateway="stripe-transfer"))),
    ],
    ids=repr,
)
def test_what_is_not_about_a_payment_of_this_gateway_is_passed_over(body: bytes) -> None:
    assert read(body) == []


def test_each_gateway_reads_its_own() -> None:
    body = event("transfer.reversed", taken_back() | {"metadata": ours(bursar_gateway="stripe-transfer")})
    assert read(body) == []
    assert stripe_transfer(Switchboard(reply(500))).read_report(body, signed(body))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        json.dumps({"id": "evt_1", "type": "payout.paid"}).encode(),
        json.dumps({"type": "payout.paid", "data": {"object": payout()}}).encode(),
        event("payout.paid", None),
        event("payout.paid", payout(amount="all")),
        event("payout.paid", payout(id="po_\0")),
        event("payout.paid", payout(), id="evt_\0"),
        event("transfer.reversed", payout()),
    ],
    ids=repr,
)
def test_what_is_signed_but_no_event_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        read(body)


@settings(deadline=None)
@given(body=st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_whatever_is_signed_is_read_or_refused(body: bytes) -> None:
    with suppress(Invalid):
        read(body)


def test_what_it_reports_is_a_hint_only() -> None:
    """Its signature covers what it says, but a failed payout is over only once we have taken the money back."""
    gateway: Any = stripe(Switchboard(reply(500)))
    assert not gateway.capabilities.reports_prove
