"""The mock bank's webhooks: believed over their raw bytes, signed just now, and not one byte otherwise."""

import json
from datetime import timedelta

import pytest
from teller import Teller, answer, bank, signed

from bursar.foundation.clock import FakeClock
from bursar.foundation.errors import Invalid
from bursar.gateways import ForgedReport, Word
from ground import AT

BODY = json.dumps(answer() | {"eventId": "EVT1", "orderId": "o", "event": "transfer.updated"}).encode()
NOW = int(AT.timestamp())


def test_a_properly_signed_report_is_read() -> None:
    report = bank(Teller()).read_report(BODY, signed(BODY))[0]
    assert (report.event_id, report.key, report.outcome.word) == ("EVT1", "key-1", Word.PAID)
    assert report.outcome.echo is not None
    assert report.outcome.echo.amount is not None
    assert report.outcome.echo.amount.text == "1000.00"


def test_a_report_with_any_byte_altered_is_forged() -> None:
    headers = signed(BODY)
    for place in range(len(BODY)):
        altered = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
        with pytest.raises(ForgedReport):
            bank(Teller()).read_report(altered, headers)


@pytest.mark.parametrize("header", ["x-psp-signature", "x-psp-timestamp"])
def test_a_header_with_any_character_altered_is_forged(header: str) -> None:
    headers = signed(BODY)
    for place in range(len(headers[header])):
        given = headers[header]
        altered = given[:place] + chr(ord(given[place]) ^ 1) + given[place + 1 :]
        with pytest.raises(ForgedReport):
            bank(Teller()).read_report(BODY, headers | {header: altered})


@pytest.mark.parametrize("header", ["x-psp-signature", "x-psp-timestamp"])
@pytest.mark.parametrize("value", [None, "", "v1=", "v1=" + "0" * 64, "v0=abc", "1e9", "ü"])
def test_a_header_that_is_missing_or_nonsense_is_forged(header: str, value: str | None) -> None:
    headers = signed(BODY)
    del headers[header]
    with pytest.raises(ForgedReport):
        bank(Teller()).read_report(BODY, headers if value is None else headers | {header: value})


def test_a_report_signed_with_another_secret_is_forged() -> None:
    with pytest.raises(ForgedReport):
        bank(Teller()).read_report(BODY, signed(BODY, secret="another"))


@pytest.mark.parametrize(("age", "believed"), [(0, True), (299, True), (300, True), (301, False), (86_400, False)])
@pytest.mark.parametrize("direction", [1, -1], ids=["old", "ahead"])
def test_a_report_is_believed_for_five_minutes_either_way(age: int, direction: int, *, believed: bool) -> None:
    """Replayed later than that, it is as good as forged."""
    mockbank = bank(Teller(), FakeClock(AT + timedelta(seconds=age * direction)))
    if believed:
        assert mockbank.read_report(BODY, signed(BODY))
    else:
        with pytest.raises(ForgedReport):
            mockbank.read_report(BODY, signed(BODY))


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"not json", b'{"eventId": 5}', BODY.replace(b'"eventId"', b'"event_id"')]
)
def test_a_signed_report_that_makes_no_sense_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(Invalid):
        bank(Teller()).read_report(body, signed(body))


def test_nothing_of_a_forged_body_is_read() -> None:
    """The signature is looked at first, so nonsense that is not signed is forged and not invalid."""
    with pytest.raises(ForgedReport):
        bank(Teller()).read_report(b"not json", signed(BODY))


@pytest.mark.parametrize(
    ("changes", "amount"), [({"amount": "1.001"}, "XXX"), ({"amount": "-5"}, "XXX"), ({"currency": "???"}, "XXX")]
)
def test_an_amount_that_cannot_be_read_equals_nothing_that_was_asked(changes: dict[str, str], amount: str) -> None:
    body = json.dumps(answer() | {"eventId": "E"} | changes).encode()
    echo = bank(Teller()).read_report(body, signed(body))[0].outcome.echo
    assert echo is not None
    assert echo.amount is not None
    assert echo.amount.currency == amount
