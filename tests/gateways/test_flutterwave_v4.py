"""Flutterwave v4: its token, what is asked for in its words, and what its answers mean."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from switchboard import (
    TOKEN,
    Call,
    CallFailed,
    Switchboard,
    instruction,
    reply,
    success,
    transfer_v4,
    v4,
)

from bursar.foundation import log
from bursar.foundation.http import Reply
from bursar.gateways import Confirmed, Denied, NeverArrived, NotKnown, Outcome, Word, check_echo
from bursar.gateways.deadline import Deadline
from bursar.gateways.flutterwave import FlutterwaveV4
from bursar.gateways.flutterwave.answers import Trouble
from bursar.gateways.flutterwave.v4 import Api
from bursar.gateways.flutterwave.v4.token import Tokens
from bursar.holders.model import Destination

LOST = CallFailed("timed_out", reached=True)


class Service(Switchboard):
    """A service behind an identity provider, which numbers its tokens; answers to calls come in turn, as ever."""

    def __init__(self, *answers: Reply | CallFailed, expires_in: Any = 600, token: Reply | None = None) -> None:
        super().__init__(*answers)
        self.tokens: list[Call] = []
        self._expires_in = expires_in
        self._token = token

    async def call(self, method: str, url: str, **more: Any) -> Reply:
        if not url.startswith("http://idp.test/"):
            return await super().call(method, url, **more)
        self.tokens.append(Call(method, url, {}, more["headers"], more["body"], more["deadline"]))
        await asyncio.sleep(0)  # Long enough for others to come and want one too.
        return self._token or reply(
            200, TOKEN | {"access_token": f"token-{len(self.tokens)}", "expires_in": self._expires_in}
        )


def failure(message: str | None = None, *, status: int = 400, type_: str | None = None) -> Reply:
    """How v4 refuses."""
    return reply(status, {"status": "failed", "error": {"type": type_, "code": "10400", "message": message}})


def no(**provider_response: Any) -> Reply:
    """A transfer that failed, and what the bank said."""
    return success(transfer_v4("FAILED", provider_response=provider_response))


async def sent(*answers: Reply | CallFailed) -> Outcome:
    """What we make of an answer to a payment, echo and all."""
    about = instruction()
    [outcome] = await v4(Service(*answers)).send([about])
    return check_echo(outcome, amount=about.amount, destination_hash=about.destination.hash)


async def found(*answers: Reply | CallFailed, reference: str | None = None) -> Outcome | NeverArrived:
    """What we make of the answer to a look-up."""
    [answer] = await v4(Service(*answers)).inquire([instruction(reference=reference)])
    return answer


# ---- The token


async def test_a_token_is_fetched_once_and_used_for_every_call() -> None:
    line = Service(success(transfer_v4()))
    gateway = v4(line)
    await asyncio.gather(*(gateway.send([instruction(n)]) for n in range(5)))
    assert len(line.tokens) == 1
    assert {call.headers["authorization"] for call in line.calls} == {"Bearer token-1"}
    asked = line.tokens[0]
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs((asked.raw or b"").decode()) == {
        "client_id": ["id"],
        "client_secret": ["secret"],
        "grant_type": ["client_credentials"],
    }


@pytest.mark.parametrize(
    ("expires_in", "age", "fetched"),
    [(600, 569, 1), (600, 570, 2), (600, 10_000, 2), (5, 9, 1), (5, 10, 2), (-1, 10, 2)],
)
async def test_a_token_is_renewed_shortly_before_its_end(expires_in: int, age: float, fetched: int) -> None:
    now = [1000.0]
    line = Service(success(transfer_v4()), expires_in=expires_in)
    gateway = v4(line, now=now)
    await gateway.send([instruction()])
    now[0] += age
    await gateway.send([instruction()])
    assert len(line.tokens) == fetched


async def test_a_refused_token_is_renewed_once_and_the_call_repeated() -> None:
    line = Service(reply(401, {"status": "failed"}), success(transfer_v4()))
    [outcome] = await v4(line).send([instruction()])
    assert outcome.word is Word.PAID
    assert [call.headers["authorization"] for call in line.calls] == ["Bearer token-1", "Bearer token-2"]
    assert line.calls[0].headers["x-idempotency-key"] == line.calls[1].headers["x-idempotency-key"]


async def test_a_token_that_many_calls_saw_refused_is_renewed_once() -> None:
    line = Service(*[reply(401)] * 4, success([]))
    await v4(line).inquire([instruction(n) for n in range(4)])
    assert len(line.tokens) == 2


async def test_refused_again_it_is_not_asked_for_ever() -> None:
    line = Service(reply(401, {"status": "failed", "error": {"type": "UNAUTHORIZATION"}}))
    [outcome] = await v4(line).send([instruction()])
    assert (outcome.word, outcome.reason) == (Word.UNKNOWN, "http_401")
    assert len(line.calls) == 2


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (reply(401, {"error": "invalid_client"}), "token_http_401"),
        (
            reply(400, {"status": "error", "message": "Payout was made to a blacklisted account number"}),
            "token_http_400",
        ),
        (reply(500), "token_http_500"),
        (reply(200, b"<html>"), "token_malformed_answer"),
        (reply(200, {"access_token": None}), "token_malformed_answer"),
    ],
)
async def test_without_a_token_nothing_is_asked_and_nothing_is_known(token: Reply, reason: str) -> None:
    line = Service(success(transfer_v4()), token=token)
    with structlog.testing.capture_logs() as lines:
        [outcome] = await v4(line).send([instruction()])
    assert (outcome.word, outcome.reason) == (Word.UNKNOWN, reason)
    assert line.calls == []
    told = [line["reason_code"] for line in lines if line["event"] == "gateway.account_refused"]
    assert told == ([reason] if reason in {"token_http_400", "token_http_401"} else [])


# ---- Sending


async def test_a_payment_is_asked_for_in_v4s_words() -> None:
    line = Service(success(transfer_v4("NEW")))
    with log.correlated("corr_test"):
        await v4(line).send([instruction()])
    [call] = line.calls
    assert (call.method, call.path) == ("POST", "/v4/direct-transfers")
    assert (call.headers["x-idempotency-key"], call.headers["x-trace-id"]) == ("key-1", "corr_test")
    assert call.body == {
        "action": "instant",
        "type": "bank",
        "reference": "key-1",
        "payment_instruction": {
            "source_currency": "NGN",
            "destination_currency": "NGN",
            "amount": {"value": 1000.1, "applies_to": "destination_currency"},
            "recipient": {"bank": {"account_number": "0690000031", "code": "044"}},
        },
    }
    assert b'"value":1000.10,' in (call.raw or b"")


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("NEW", Word.ACCEPTED),
        ("PENDING", Word.ACCEPTED),
        ("SUCCESSFUL", Word.PAID),
        ("FAILED", Word.REFUSED),
        ("?", Word.UNKNOWN),
    ],
)
async def test_each_status_has_its_word(status: str, word: Word) -> None:
    outcome = await sent(reply(201, {"status": "success", "message": "Transfer created", "data": transfer_v4(status)}))
    assert (outcome.word, outcome.reference) == (word, "trf_1")


async def test_it_has_no_bulk_so_several_are_several_calls_in_their_order() -> None:
    line = Service(success(transfer_v4(number=1)), success(transfer_v4("FAILED", number=2)))
    outcomes = await v4(line).send([instruction(1), instruction(2)])
    assert FlutterwaveV4.capabilities.bulk_max == 1
    assert [outcome.word for outcome in outcomes] == [Word.PAID, Word.REFUSED]


@pytest.mark.parametrize(
    "answer",
    [
        reply(200),
        reply(200, b"{"),
        reply(202, {"status": "success", "data": transfer_v4()}),
        reply(500, {"status": "success", "data": transfer_v4()}),
        reply(429),
        failure("What we do not know"),
        failure(type_="REQUEST_NOT_VALID"),
        failure("Payout was made to a blacklisted account number", status=500),
        success(None),
        success([transfer_v4()]),
        success(transfer_v4(number=2)),
        success(transfer_v4(amount={"value": 999})),
        success(transfer_v4(amount={"value": "x"})),
        success(transfer_v4(amount=None)),
        success(transfer_v4(destination_currency="KES")),
        success(transfer_v4(recipient={"bank": {"account_number": "0690000032", "code": "044"}})),
        success(transfer_v4(id=5)),
        LOST,
    ],
    ids=repr,
)
async def test_what_proves_nothing_leaves_us_not_knowing(answer: Reply | CallFailed) -> None:
    assert (await sent(answer)).word is Word.UNKNOWN


@pytest.mark.parametrize(
    ("answer", "reason", "retryable"),
    [
        (failure("Payout was made to a blacklisted account number"), "account_blacklisted", False),
        (failure("Insufficient wallet balance"), "gateway_float_low", True),
        (failure(type_="transfer_amount_exceeds_limit"), "over_gateway_limit", False),
        (no(type="transfer_amount_exceeds_limit", code="1"), "over_gateway_limit", False),
        (no(message="A fatal error occured while proccesing your request."), "gateway_error", True),
        (no(type="something_new", code=5), "unrecognised_failure", False),
        (success(transfer_v4("FAILED")), "unrecognised_failure", False),
    ],
)  # fmt: skip
async def test_known_reasons_refuse(answer: Reply, reason: str, *, retryable: bool) -> None:
    outcome = await sent(answer)
    assert (outcome.word, outcome.reason, outcome.retryable) == (Word.REFUSED, reason, retryable)


@pytest.mark.parametrize(
    "conflict", [failure(status=409, type_="RESOURCE_CONFLICT"), failure("reference already exists")]
)
async def test_a_taken_reference_leads_to_the_transfer_that_has_it(conflict: Reply) -> None:
    assert (await sent(conflict, success([transfer_v4("PENDING")]))).word is Word.ACCEPTED
    assert (await sent(conflict, success([]))).reason == "duplicate_reference"
    assert (await sent(conflict, LOST)).word is Word.UNKNOWN


# ---- Looking up


async def test_an_attempt_is_found_by_our_reference_or_fetched_by_its_id() -> None:
    line = Service(success([transfer_v4()]), success(transfer_v4(number=2)))
    answers = await v4(line).inquire([instruction(1), instruction(2, reference="trf_2")])
    assert [answer.word for answer in answers if isinstance(answer, Outcome)] == [Word.PAID] * 2
    assert [(call.path, call.query) for call in line.calls] == [
        ("/v4/transfers", {"reference": "key-1"}),
        ("/v4/transfers/trf_2", {}),
    ]


async def test_an_id_is_no_path() -> None:
    line = Service(success(transfer_v4()))
    await v4(line).inquire([instruction(reference="../x?y=1")])
    assert line.calls[0].path == "/v4/transfers/..%2Fx%3Fy%3D1"


async def test_only_an_empty_list_says_that_it_never_arrived() -> None:
    assert isinstance(await found(success([])), NeverArrived)
    for answer in (success([transfer_v4(number=2)]), success(None), failure(status=404), reply(500), LOST):
        looked_up = await found(answer)
        assert isinstance(looked_up, Outcome)
        assert looked_up.word is Word.UNKNOWN
    assert isinstance(await found(success([]), reference="trf_1"), Outcome)


async def test_money_that_came_back_is_seen_in_a_look_up_too() -> None:
    answer = await found(success([transfer_v4(reversal={"reconciliation_status": "REVERSED"})]))
    assert isinstance(answer, Outcome)
    assert answer.word is Word.RETURNED


async def test_two_transfers_under_one_reference_leave_us_not_knowing() -> None:
    answer = await found(success([transfer_v4(), transfer_v4("FAILED", id="trf_9")]))
    assert isinstance(answer, Outcome)
    assert answer.word is Word.UNKNOWN


async def test_the_latest_retry_of_a_transfer_is_the_one_that_counts() -> None:
    parent = {"parent_id": "trf_1", "parent_reference": "key-1"}
    answer = await found(
        success(
            [
                transfer_v4("FAILED"),
                transfer_v4(id="trf_3", reference="b", retry=parent, created_datetime="2026-11-22T09:00:00Z"),
                transfer_v4("FAILED", id="trf_2", reference="a", retry=parent, created_datetime="2026-11-21T09:00:00Z"),
            ]
        )
    )
    assert isinstance(answer, Outcome)
    assert (answer.word, answer.reference) == (Word.PAID, "trf_3")


# ---- Whatever comes back


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
BENT = st.builds(lambda field, value: transfer_v4(**{field: value}), st.sampled_from(sorted(transfer_v4())), JSON)
ANSWERS = st.binary(max_size=200) | JSON | st.builds(lambda data: {"status": "success", "data": data}, JSON | BENT)


@given(body=ANSWERS, status=st.integers(200, 599))
async def test_no_answer_however_bent_makes_us_believe_in_another_payment(body: Any, status: int) -> None:
    outcome = await sent(reply(status, body))
    if outcome.word in {Word.PAID, Word.REFUSED, Word.RETURNED}:
        said = body["data"]
        assert status in {200, 201}
        assert (said["reference"], said["destination_currency"]) == ("key-1", "NGN")
        assert 1000.1 in (
            said["amount"],
            said["amount"] if isinstance(said["amount"], float) else said["amount"]["value"],
        )


@given(body=st.binary(max_size=300), status=st.integers(200, 599))
async def test_no_bytes_pay_or_refuse_anything(body: bytes, status: int) -> None:
    answer = reply(status, body)
    assert (await sent(answer)).word is Word.UNKNOWN
    looked_up = await found(answer)
    assert isinstance(looked_up, Outcome)
    assert looked_up.word is Word.UNKNOWN


# ---- Accounts, and a call that sending does not need


@pytest.mark.parametrize(
    ("answer", "resolution"),
    [
        (
            success({"bank_code": "044", "account_number": "0690000031", "account_name": "ADA OKAFOR"}),
            Confirmed("ADA OKAFOR"),
        ),
        (failure("Recipient account could not be validated"), Denied("account_not_found")),
        (failure("Something else"), NotKnown("http_400")),
        (LOST, NotKnown("timed_out")),
    ],
)
async def test_whose_account_it_is(answer: Reply | CallFailed, resolution: object) -> None:
    line = Service(answer)
    assert await v4(line).resolve(Destination("044", "0690000031", "Ada")) == resolution
    assert line.calls[0].path == "/v4/banks/account-resolve"
    assert line.calls[0].body == {"account": {"code": "044", "number": "0690000031"}, "currency": "NGN"}


async def test_a_failed_transfer_can_be_retried_under_a_reference_of_ones_own() -> None:
    line = Service(success(transfer_v4("NEW", reference="key-1-again")))
    tokens = Tokens(
        line,  # type: ignore[arg-type]  # It answers as the client would.
        url="http://idp.test/token",
        client_id="id",
        client_secret="secret",
        monotonic=lambda: 0.0,
    )
    api = Api(line, url="http://flw.test/v4", tokens=tokens)  # type: ignore[arg-type]  # As above.
    again = await api.retry("trf_1", reference="key-1-again", within=Deadline(1))
    assert not isinstance(again, Trouble)
    [call] = line.calls
    assert (call.method, call.path) == ("POST", "/v4/transfers/trf_1/retries")
    assert json.loads(call.raw or b"") == {"action": "retry", "reference": "key-1-again"}
