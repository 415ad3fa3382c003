"""Logs show listed fields, masked, and nothing else; what a call causes carries its correlation id."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

import pytest

from bursar.foundation import log
from bursar.foundation.money import Money

ACCOUNT = "12345678900001"
SECRET = "sk_live_do_not_show"


@contextmanager
def written(level: str = "info") -> Iterator[list[dict[str, Any]]]:
    """What is logged inside the block, read back from its lines once the block is over."""
    out, lines = io.StringIO(), list[dict[str, Any]]()
    log.configure(level=level, json=True)
    try:
        with redirect_stderr(out):
            yield lines
    finally:
        log.configure(level="info", json=True)
        lines += [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_field_that_nobody_listed_is_not_shown() -> None:
    with written() as lines:
        log.get("test").info("key.issued", api_key=SECRET, payout_id="p1")
    assert SECRET not in json.dumps(lines)
    assert lines[0]["api_key"] == "[redacted]"
    assert lines[0]["payout_id"] == "p1"


@pytest.mark.parametrize(
    "value",
    [
        ACCOUNT,
        f"to {ACCOUNT}.",
        [ACCOUNT],
        {"to": ACCOUNT},
        {ACCOUNT: 1},
        {"deep": [{"er": ACCOUNT}]},
        Money(9, ACCOUNT),
    ],
    ids=["alone", "in a sentence", "in a list", "in a mapping", "as a key", "deep inside", "in an object"],
)
def test_a_long_number_is_masked_inside_a_listed_field(value: object) -> None:
    with written() as lines:
        log.get("test").warning("payout.blocked", cause=value)
    assert ACCOUNT not in json.dumps(lines)
    assert "[redacted]" in json.dumps(lines[0]["cause"])


def test_ids_and_times_stay_whole() -> None:
    with written() as lines:
        log.get("test").info("payout.sent", payout_id="01234567-8901-7345-8678-901234567890")
    assert lines[0]["payout_id"] == "01234567-8901-7345-8678-901234567890"
    assert lines[0]["timestamp"].endswith("Z")


def test_a_text_keeps_its_ids_and_its_signs_and_no_long_number() -> None:
    name = "01234567-8901-7345-8678-901234567890"
    out = io.StringIO()
    log.configure(level="info", json=True)
    with redirect_stderr(out):
        log.get("test").info("payout.completed", text=f"✅ Payout {name} completed: ₹10.00 to user {ACCOUNT}")
    assert f"✅ Payout {name} completed: ₹10.00 to user [redacted]" in out.getvalue()


def test_an_exception_shows_no_row_and_no_account() -> None:
    with written() as lines:
        try:
            raise ValueError(
                f"new row violates a check\nDETAIL: Failing row contains ({ACCOUNT}, Anna Khan).\n{ACCOUNT}"
            )
        except ValueError:
            log.get("test").exception("pass.failed", job="dispatch")
    assert "new row violates a check" in lines[0]["exception"]
    assert "Anna Khan" not in json.dumps(lines)
    assert ACCOUNT not in json.dumps(lines)


def test_lines_below_the_level_are_not_written() -> None:
    with written("warning") as lines:
        log.get("test").info("worker.started")
        log.get("test").warning("doorbell.lost")
    assert [line["event"] for line in lines] == ["doorbell.lost"]


def test_everything_inside_carries_the_correlation_id() -> None:
    with written() as lines:
        with log.correlated("corr_given"):
            log.get("test").info("inside")
            assert log.correlation_id() == "corr_given"
        log.get("test").info("outside")
    assert lines[0]["correlation_id"] == "corr_given"
    assert "correlation_id" not in lines[1]
    assert log.correlation_id() is None


def test_without_a_given_one_each_block_gets_an_id_of_its_own() -> None:
    with log.correlated() as one:
        assert log.correlation_id() == one
    with log.correlated() as other:
        assert other != one


def test_an_inner_id_ends_with_its_block() -> None:
    with log.correlated("outer"):
        with log.correlated("inner"):
            pass
        assert log.correlation_id() == "outer"
