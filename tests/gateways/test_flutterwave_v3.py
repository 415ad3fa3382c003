"""Flutterwave v3: what is asked for in its words, and what its answers mean."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from switchboard import (
    CallFailed,
    Switchboard,
    error,
    instruction,
    listed,
    reply,
    success,
    transfer,
    v3,
)

from bursar.foundation.http import Reply
from bursar.foundation.money import Money
from bursar.gateways import NotKnown, Outcome, Word, check_echo
from bursar.gateways.deadline import Deadline

LOST = CallFailed("timed_out", reached=True)
STATUSES = {
    "NEW": Word.ACCEPTED,
    "PENDING": Word.ACCEPTED,
    "SUCCESSFUL": Word.PAID,
    "successful": Word.PAID,
    "FAILED": Word.REFUSED,
    "Failed": Word.REFUSED,
    "REVERSED": Word.UNKNOWN,
    "": Word.UNKNOWN,
}
PROVES_NOTHING = [
    reply(200),
    reply(200, b"{"),
    reply(200, b"[]"),
    reply(200, b"\xff\xfe"),
    reply(200, json.dumps({"status": "success", "data": transfer()}).encode()[:80]),
    reply(200, {"status": "error", "message": "Payout was made to a blacklisted account number", "data": None}),
    reply(200, {"data": transfer()}),
    reply(202, {"status": "success", "data": transfer()}),
    reply(204),
    reply(302),
    reply(400, b"<html>"),
    reply(400, {"status": "error"}),
    reply(400, {"message": "Payout was made to a blacklisted account number"}),
    error("What we do not know"),
    error("Not found", 404),
    reply(429, {"status": "error", "message": "Too many requests"}),
    reply(500, {"status": "success", "data": transfer()}),
    reply(503),
    success(None),
    success([]),
    success(transfer(number=2)),
    success(transfer(amount=None)),
    success(transfer(amount=1000.11)),
    success(transfer(amount="one thousand")),
    success(transfer(amount=10**30)),
    success(transfer(amount=-1000.1)),
    success(transfer(currency="KES")),
    success(transfer(currency="???")),
    success(transfer(account_number="0690000032")),
    success(transfer(bank_code="058")),
    success({field: value for field, value in transfer().items() if field != "bank_code"}),
    success(transfer(id="trf_1")),
    success(transfer("SUCCESSFUL\0")),
    success(transfer(reference="key-1_RETRY_1\0")),
    success(transfer("X" * 300)),
    LOST,
    CallFailed("no_connection", reached=False),
]


async def sent(*answers: Reply | CallFailed) -> Outcome:
    """What we make of an answer to a payment, echo and all."""
    about = instruction()
    [outcome] = await v3(Switchboard(*answers)).send([about])
    return check_echo(outcome, amount=about.amount, destination_hash=about.destination.hash)


# ---- Sending one


async def test_a_payment_is_asked_for_in_v3s_words() -> None:
    line = Switchboard(success(transfer("NEW")))
    await v3(line).send([instruction()])
    [call] = line.calls
    assert (call.method, call.path) == ("POST", "/v3/transfers")
    assert call.headers["authorization"] == "Bearer key"
    assert call.body == {
        "account_bank": "044",
        "account_number": "0690000031",
        "amount": 1000.1,
        "currency": "NGN",
        "reference": "key-1",
        "beneficiary_name": "Ada Okafor",
    }


@pytest.mark.parametrize("amount", ["0.01", "1000.10", "5000000.00", "9999999999999.99"])
async def test_amounts_travel_digit_for_digit(amount: str) -> None:
    line = Switchboard(success(transfer()))
    await v3(line).send([instruction(amount=amount)])
    assert f'"amount":{amount},'.encode() in (line.calls[0].raw or b"")


async def test_amounts_are_read_digit_for_digit() -> None:
    amount = "9999999999999.99"
    body = json.dumps({"status": "success", "data": transfer(amount=0)}).replace('"amount": 0', f'"amount": {amount}')
    [outcome] = await v3(Switchboard(reply(200, body.encode()))).send([instruction(amount=amount)])
    assert outcome.echo is not None
    assert outcome.echo.amount == Money.parse(amount, "NGN")


@pytest.mark.parametrize(("status", "word"), STATUSES.items())
async def test_each_status_has_its_word(status: str, word: Word) -> None:
    outcome = await sent(success(transfer(status)))
    assert (outcome.word, outcome.reference) == (word, "101")


async def test_a_transfer_that_somebody_has_to_approve_there_is_held() -> None:
    outcome = await sent(success(transfer("NEW", requires_approval=1, is_approved=0)))
    assert (outcome.word, outcome.reason) == (Word.HELD, "gateway_approval")
    assert (await sent(success(transfer("SUCCESSFUL", requires_approval=1, is_approved=0)))).word is Word.PAID


@pytest.mark.parametrize("answer", PROVES_NOTHING, ids=repr)
async def test_what_proves_nothing_leaves_us_not_knowing(answer: Reply | CallFailed) -> None:
    assert (await sent(answer)).word is Word.UNKNOWN


async def test_being_told_to_wait_is_no_refusal_and_is_heeded() -> None:
    outcome = await sent(reply(429, headers={"Retry-After": "7"}))
    assert (outcome.word, outcome.reason, outcome.retry_after) == (Word.UNKNOWN, "http_429", 7.0)


@pytest.mark.parametrize(("wait", "seconds"), [("9" * 400, 3600.0), ("soon", None), ("-1", None), ("²", None)])
async def test_a_wait_is_a_number_of_seconds_within_the_hour(wait: str, seconds: float | None) -> None:
    assert (await sent(reply(429, headers={"Retry-After": wait}))).retry_after == seconds


# ---- Sending several


async def test_several_travel_in_one_bulk_and_are_known_by_it() -> None:
    line = Switchboard(success({"id": 77, "created_at": "2026-11-20T09:00:00.000Z", "approver": "N/A"}))
    outcomes = await v3(line).send([instruction(1), instruction(2, amount="5.00")])
    assert [(outcome.word, outcome.reference) for outcome in outcomes] == [(Word.ACCEPTED, "bulk:77")] * 2
    [call] = line.calls
    assert (call.method, call.path) == ("POST", "/v3/bulk-transfers")
    assert call.body["title"] == "key-1"
    assert [(item["reference"], item["bank_code"]) for item in call.body["bulk_data"]] == [
        ("key-1", "044"),
        ("key-2", "044"),
    ]
    assert b'"amount":5.00,' in (call.raw or b"")


@pytest.mark.parametrize(
    "answer",
    [reply(500), reply(200, b"{"), success({}), success({"id": "x"}), success([]), error("What?"), reply(429), LOST],
)
async def test_of_a_bulk_that_was_not_answered_nothing_is_known(answer: Reply | CallFailed) -> None:
    outcomes = await v3(Switchboard(answer)).send([instruction(1), instruction(2)])
    assert [outcome.word for outcome in outcomes] == [Word.UNKNOWN] * 2


# ---- Whatever comes back


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
BENT = st.builds(lambda field, value: transfer(**{field: value}), st.sampled_from(sorted(transfer())), JSON)
ANSWERS = st.binary(max_size=200) | JSON | st.builds(lambda data: {"status": "success", "data": data}, JSON | BENT)


@given(body=ANSWERS, status=st.integers(200, 599))
async def test_no_answer_however_bent_makes_us_believe_in_another_payment(body: Any, status: int) -> None:
    """Whatever comes back, it is an outcome, and one that ends the attempt only if it repeats what was asked."""
    answer = reply(status, body)
    about = instruction()
    for outcome in (*await v3(Switchboard(answer)).send([about]), *await v3(Switchboard(answer)).inquire([about])):
        if not isinstance(outcome, Outcome):
            continue
        believed = check_echo(outcome, amount=about.amount, destination_hash=about.destination.hash)
        if believed.word in {Word.PAID, Word.REFUSED}:
            said, expected = body["data"], transfer()
            assert status in {200, 201}
            assert all(said[f] == expected[f] for f in ("amount", "currency", "account_number", "bank_code"))
            assert said["reference"] == expected["reference"]


@given(body=st.binary(max_size=300), status=st.integers(200, 599))
async def test_no_bytes_pay_or_refuse_anything(body: bytes, status: int) -> None:
    answer = reply(status, body)
    gateway = v3(Switchboard(answer))
    several = await gateway.send([instruction(1), instruction(2)])
    assert {outcome.word for outcome in several} == {Word.UNKNOWN}
    assert {outcome.word for outcome in await gateway.send([instruction()])} == {Word.UNKNOWN}
    assert isinstance(await gateway.resolve(instruction().destination), NotKnown)
    assert await gateway.float_of("NGN") is None


# ---- One deadline for everything that a verb needs


async def test_all_calls_of_a_verb_share_one_deadline() -> None:
    line = Switchboard(error("Duplicate reference"), listed(transfer()))
    await v3(line).send([instruction()])
    first, second = [call.deadline for call in line.calls]
    assert 0 < second < first <= 30.0


def test_a_deadline_that_has_passed_leaves_nothing() -> None:
    assert Deadline(-1).left == 0
