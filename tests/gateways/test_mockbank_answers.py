"""What the mock bank's answers mean: only proof is believed, and everything else leaves us not knowing."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from teller import Teller, answer, bank, instruction

from bursar.gateways import NeverArrived, Outcome, Word, check_echo

STATUSES = {
    "SUCCESS": Word.PAID,
    "PENDING": Word.ACCEPTED,
    "ON_HOLD": Word.HELD,
    "FAILED": Word.REFUSED,
    "RETRY": Word.REFUSED,
    "RETURNED": Word.RETURNED,
}


async def sent(teller: Teller) -> Outcome:
    """What we make of the teller's answer to a payment, echo and all."""
    asked = instruction()
    outcome = (await bank(teller).send([asked]))[0]
    return check_echo(outcome, amount=asked.amount, destination_hash=asked.destination.hash)


async def asked(teller: Teller) -> Outcome | NeverArrived:
    [answer] = await bank(teller).inquire([instruction()])
    return answer


@pytest.mark.parametrize(("status", "word"), STATUSES.items())
async def test_each_status_has_its_word(status: str, word: Word) -> None:
    teller = Teller(body=answer(status, reason={"code": "because", "message": "m"}))
    outcome = await sent(teller)
    assert (outcome.word, outcome.reference, outcome.reason) == (word, "PSP1", "because")
    assert outcome.retryable == (status == "RETRY")
    looked_up = await asked(teller)
    assert isinstance(looked_up, Outcome)
    assert looked_up.word is word


async def test_a_payment_is_asked_for_in_the_banks_words() -> None:
    teller = Teller(body=answer())
    await sent(teller)
    method, url, body = teller.calls[0]
    assert (method, url) == ("POST", "http://bank.test/v1/transfers")
    assert body == {
        "reference": "key-1",
        "orderId": "00000000-0000-0000-0000-000000000001",
        "amount": "1000.00",
        "currency": "PKR",
        "bankCode": "HBL",
        "accountNumber": "1234500001",
        "accountTitle": "Anna Khan",
        "narration": "",
    }


@pytest.mark.parametrize(
    "teller",
    [
        Teller(body=b""),
        Teller(body=b"{"),
        Teller(body=json.dumps(answer()).encode()[:40]),
        Teller(body=b"[]"),
        Teller(body=b"\xff\xfe"),
        Teller(body={"status": "SUCCESS"}),
        Teller(body=answer("PAID")),
        Teller(body=answer(None)),
        Teller(body=answer(status=1)),
        Teller(body=answer(amount="1000.01")),
        Teller(body=answer(amount="999999999999999999999")),
        Teller(body=answer(amount="one thousand")),
        Teller(body=answer(currency="USD")),
        Teller(body=answer(currency="XXX")),
        Teller(body=answer(destinationHash="0" * 64)),
        Teller(body=answer(number=2, amount="1000.00")),
        Teller(201, answer()),
        Teller(202, answer()),
        Teller(204),
        Teller(302),
        Teller(400, {"error": {"code": "something_else"}}),
        Teller(401, {"error": {"code": "unauthorized"}}),
        Teller(404, {"error": {"code": "not_found"}}),
        Teller(409, {"error": {"code": "reference_conflict"}}),
        Teller(422, {"error": {"code": "invalid_request"}}),
        Teller(500, answer()),
        Teller(503),
        Teller.failing("timed_out", reached=True),
        Teller.failing("connection_lost", reached=True),
        Teller.failing("no_connection", reached=False),
    ],
    ids=lambda teller: str(getattr(teller._answer, "status", teller._answer))[:20],
)
async def test_what_proves_nothing_leaves_us_not_knowing(teller: Teller) -> None:
    assert (await sent(teller)).word is Word.UNKNOWN


async def test_a_named_mistake_in_the_request_is_proof_that_nothing_was_paid() -> None:
    outcome = await sent(Teller(400, {"error": {"code": "invalid_request", "message": "no"}}))
    assert (outcome.word, outcome.reason, outcome.retryable) == (Word.REFUSED, "invalid_request", False)


async def test_a_mistake_in_a_look_up_proves_nothing_about_the_payment() -> None:
    looked_up = await asked(Teller(400, {"error": {"code": "invalid_request", "message": "no"}}))
    assert isinstance(looked_up, Outcome)
    assert looked_up.word is Word.UNKNOWN


async def test_a_bank_that_asks_to_wait_is_waited_for() -> None:
    outcome = await sent(Teller(429, headers={"Retry-After": "7"}))
    assert (outcome.word, outcome.reason, outcome.retry_after) == (Word.UNKNOWN, "http_429", 7.0)


async def test_a_bank_that_asks_to_wait_for_ever_is_asked_again_within_the_hour() -> None:
    assert (await sent(Teller(429, headers={"Retry-After": "9" * 400}))).retry_after == 3600.0


@pytest.mark.parametrize("wait", ["soon", "-1", "1e9", "Fri, 20 Nov 2026 09:00:00 GMT", "²"])
async def test_a_wait_that_is_no_number_of_seconds_is_ignored(wait: str) -> None:
    assert (await sent(Teller(429, headers={"Retry-After": wait}))).retry_after is None


async def test_only_the_banks_own_word_says_that_it_never_arrived() -> None:
    assert isinstance(await asked(Teller(404, {"error": {"code": "not_found"}})), NeverArrived)
    for elsewhere in (Teller(404, {"error": {"code": "unknown_route"}}), Teller(404, b"<html>"), Teller(410)):
        looked_up = await asked(elsewhere)
        assert isinstance(looked_up, Outcome)
        assert looked_up.word is Word.UNKNOWN


async def test_a_batch_is_matched_by_reference_and_not_by_place() -> None:
    items = [answer("FAILED", number=3), answer(number=1), answer("PENDING", number=2)]
    teller = Teller(body={"batchReference": "b", "items": items})
    outcomes = await bank(teller).send([instruction(n) for n in (1, 2, 3)])
    assert [outcome.word for outcome in outcomes] == [Word.PAID, Word.ACCEPTED, Word.REFUSED]
    assert [outcome.reference for outcome in outcomes] == ["PSP1", "PSP2", "PSP3"]
    assert teller.calls[0][1].endswith("/v1/transfers/bulk")


async def test_what_a_batchs_answer_leaves_out_is_not_known() -> None:
    items = [answer(number=2), {"reference": "key-3", "error": {"code": "invalid_request", "message": "m"}},
             {"reference": "key-4", "error": {"code": "reference_conflict", "message": "m"}}]  # fmt: skip
    outcomes = await bank(Teller(body={"items": items})).send([instruction(n) for n in (1, 2, 3, 4)])
    assert [(o.word, o.reason) for o in outcomes] == [
        (Word.UNKNOWN, "missing_from_answer"),
        (Word.PAID, None),
        (Word.REFUSED, "invalid_request"),
        (Word.UNKNOWN, "reference_conflict"),
    ]


@pytest.mark.parametrize(
    "teller",
    [Teller(500), Teller(400, {"error": {"code": "invalid_request"}}), Teller(body=b"{"), Teller(body={"items": 3}),
     Teller(body=answer()), Teller.failing("timed_out", reached=True)],
)  # fmt: skip
async def test_of_a_batch_that_was_not_answered_nothing_is_known(teller: Teller) -> None:
    outcomes = await bank(teller).send([instruction(1), instruction(2)])
    assert [outcome.word for outcome in outcomes] == [Word.UNKNOWN] * 2


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
BENT = st.builds(lambda field, value: answer(**{field: value}), st.sampled_from(sorted(answer())), JSON)


@given(
    body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()) | BENT,
    status=st.integers(200, 599),
)
async def test_no_answer_however_bent_makes_us_believe_in_another_payment(body: Any, status: int) -> None:
    """Whatever comes back, it is an outcome, and one that moves money only if it echoes exactly what was asked."""
    outcome = await sent(Teller(status, body))
    assert isinstance(outcome, Outcome)
    if outcome.word in {Word.PAID, Word.RETURNED}:
        said = body if isinstance(body, dict) else json.loads(body)
        asked_for = answer()
        assert status == 200
        assert all(said[field] in {asked_for[field], None} for field in ("amount", "currency", "destinationHash"))
        assert said["reference"] == asked_for["reference"]
