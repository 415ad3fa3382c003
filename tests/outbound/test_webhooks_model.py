"""What is decided about messages without a database."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from standardwebhooks import Webhook
from webhooks_house import TELL, S

from bursar.foundation.money import Money
from bursar.outbound.webhooks import signatures
from bursar.outbound.webhooks.model import DeliveryState, Patience, body_of, event_name, name_of, word_changes
from bursar.outbound.webhooks.sending.model import (
    CLAIM_MAX,
    Due,
    Queue,
    Result,
    error_in,
    health,
    share_out,
    wait_after,
)
from bursar.payouts import LIFECYCLE, Moved, PayoutState
from bursar.programs import Webhooks

PAYOUT = UUID("0b165350-6ab4-4b3b-a5f3-f9f5d0c8719b")
MESSAGE = UUID(int=1)
PATIENCE = Patience((2.0, 10.0), 30.0)


def moved(
    before: PayoutState | None, after: PayoutState, *, reason: str | None = None, reference: str | None = None
) -> Moved:
    return Moved(
        payout_id=PAYOUT, holder_id=UUID(int=2), program="merchants", terms_version=1, reference="test-success",
        amount=Money(100_000, "PKR"), gateway_reference=reference, seq=4, verb="x", from_state=before, to_state=after,
        reason=reason, facts={"account": "1234500001"}, actor="system:test", correlation_id="corr_1",
        at=datetime(2025, 12, 12, 16, 13, 51, 708_999, tzinfo=timezone(timedelta(hours=5))),
    )  # fmt: skip


def test_the_body_is_the_documents_and_ours_comes_after() -> None:
    move = moved(S.SENDING, S.COMPLETED, reference="PSP1765538031708HMB10PVVF")
    assert body_of(move, status="SUCCESS") == (
        b'{"event":"payout.updated","payoutId":"0b165350-6ab4-4b3b-a5f3-f9f5d0c8719b","status":"SUCCESS",'
        b'"pspReference":"PSP1765538031708HMB10PVVF","timestamp":"2025-12-12T11:13:51.708Z",'
        b'"merchantReference":"test-success","amount":"1000.00","currency":"PKR",'
        b'"eventId":"evt_0b1653506ab44b3ba5f3f9f5d0c8719b_4","sequence":4}'
    )


def test_a_reason_is_told_and_a_missing_reference_is_null() -> None:
    move = moved(S.IN_REVIEW, S.REJECTED, reason="name_mismatch")
    body = json.loads(body_of(move, status="FAILED"))
    assert (body["status"], body["reason"], body["pspReference"]) == ("FAILED", "name_mismatch", None)


def test_an_event_has_one_name_and_a_test_one_of_its_own() -> None:
    assert name_of(MESSAGE, PAYOUT, 4) == name_of(UUID(int=9), PAYOUT, 4) == event_name(PAYOUT, 4)
    assert event_name(PAYOUT, 4) != event_name(PAYOUT, 5)
    assert name_of(MESSAGE, None, None) == "msg_00000000000000000000000000000001"


def test_only_a_change_of_the_merchants_word_is_news() -> None:
    news = {
        (source, move.target)
        for move in LIFECYCLE
        for source in move.sources
        if word_changes(moved(source, move.target), TELL)
    }
    silent = {(source, move.target) for move in LIFECYCLE for source in move.sources} - news
    assert silent == {(S.REQUESTED, S.APPROVED)}
    assert (S.SENDING, S.SENT) in news  # PROCESSING, then PENDING again: test account 0004.


def test_a_request_is_answered_and_not_announced() -> None:
    assert not word_changes(moved(None, S.REQUESTED), TELL)


def test_patience_is_what_the_terms_ask_for() -> None:
    patience = Patience.under(Webhooks(max_attempts=3, schedule_seconds=(5.0, 300.0), timeout_seconds=30.0))
    assert (patience.retry_seconds, patience.tries_max, patience.timeout_seconds) == ((5.0, 300.0), 3, 30.0)
    assert Patience.under(Webhooks()).tries_max == 8


def due(*, tries: int = 0, endpoint: int = 1, delivery: int = 1) -> Due:
    return Due(UUID(int=delivery), UUID(int=endpoint), 1, tries, "evt_1", b"{}", PATIENCE)


@pytest.mark.parametrize(("tries", "shortest", "longest"), [(0, 2.0, 2.2), (1, 10.0, 11.0)])
def test_a_wait_is_the_schedules_and_a_little_more(tries: int, shortest: float, longest: float) -> None:
    assert wait_after(due(tries=tries), chance=0.0) == shortest
    assert wait_after(due(tries=tries), chance=1.0) == pytest.approx(longest)


def test_after_the_last_try_there_is_no_wait() -> None:
    assert wait_after(due(tries=2), chance=0.5) is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, None), (201, None), (202, None), (204, None), (299, None),
        (301, "redirected"), (302, "redirected"), (307, "redirected"),
        (400, "refused"), (401, "refused"), (404, "refused"), (409, "refused"), (410, "gone"), (429, "refused"),
        (500, "refused"), (503, "refused"), (100, "refused"),
    ],
)  # fmt: skip
def test_only_2xx_is_delivered(status: int, error: str | None) -> None:
    assert error_in(status) == error


def result(*, endpoint: int, error: str | None, was_failing: bool = False, status: int | None = 200) -> Result:
    return Result(due(endpoint=endpoint), was_failing, status, error, 5, None)


def test_one_delivery_is_enough_to_be_well() -> None:
    told = health(
        [
            result(endpoint=1, error=None),
            result(endpoint=1, error="refused"),
            result(endpoint=2, error=None, was_failing=True),
            result(endpoint=3, error="timed_out", status=None),
            result(endpoint=4, error="gone", status=410, was_failing=True),
        ]
    )
    assert told.recovered == {UUID(int=2)}
    assert told.failing == {UUID(int=3), UUID(int=4)}
    assert told.gone == {UUID(int=4)}


def test_while_all_is_well_there_is_nothing_to_note() -> None:
    assert not health([result(endpoint=1, error=None), result(endpoint=2, error=None)]).says_something


@pytest.mark.parametrize(
    ("error", "wait", "state"),
    [
        (None, None, DeliveryState.DELIVERED),
        ("refused", 2.0, DeliveryState.WAITING),
        ("refused", None, DeliveryState.EXHAUSTED),
    ],
)
def test_a_result_leaves_the_delivery_somewhere(error: str | None, wait: float | None, state: DeliveryState) -> None:
    assert Result(due(), was_failing=False, status=200, error=error, duration_ms=5, wait_seconds=wait).state is state


def test_the_failing_have_places_of_their_own() -> None:
    queues = [Queue(UUID(int=n), "https://a.example/", b"", None, is_failing=n % 2 == 1) for n in range(20)]
    shares = share_out(queues, lanes=3, probes=2)
    assert [(queue.endpoint_id.int, most) for queue, most in shares] == [
        (0, CLAIM_MAX), (2, CLAIM_MAX), (4, CLAIM_MAX), (1, 1), (3, 1),
    ]  # fmt: skip


def test_the_specifications_own_example_verifies() -> None:
    """The vector that all Standard Webhooks libraries are tested with."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signatures.Signer.of([secret], installation=None).headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at=at
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_every_secret_signs_and_the_installation_signs_twice() -> None:
    now = datetime.now(UTC)
    signer = signatures.Signer.of([b"n" * 32, b"o" * 32], installation="default-webhook-secret-key")
    headers = signer.headers("evt_1", b"{}", at=now)
    assert len(headers["webhook-signature"].split(" ")) == 3
    for secret in (b"n" * 32, b"o" * 32, b"default-webhook-secret-key"):
        Webhook(secret).verify(b"{}", headers)
    plain = hmac.new(b"default-webhook-secret-key", b"{}", hashlib.sha256).hexdigest()
    assert headers["X-Webhook-Signature"] == f"sha256={plain}"


def test_an_installation_secret_may_be_a_standard_one() -> None:
    secret = signatures.shown(b"i" * 32)
    headers = signatures.Signer.of([], installation=secret).headers("evt_1", b"{}", at=datetime.now(UTC))
    Webhook(secret).verify(b"{}", headers)


def test_secrets_are_32_random_bytes_in_the_standard_form() -> None:
    first, second = signatures.new_secret(), signatures.new_secret()
    assert len(first) == 32
    assert first != second
    assert base64.b64decode(signatures.shown(first).removeprefix("whsec_")) == first
