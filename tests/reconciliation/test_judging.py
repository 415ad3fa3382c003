"""What it means when the other side says something else: one table, and no database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bursar.foundation.money import Money
from bursar.gateways import Word
from bursar.monitoring.reconciliation import RULES, Action, Kind
from bursar.monitoring.reconciliation.judging import GRACE, Ours, Theirs, judge

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAYOUT = UUID(int=7)
THOUSAND = Money(100_000, "PKR")
W, K = Word, Kind


def found(word: Word, outcome: str | None, state: str | None, *, age: timedelta = timedelta(hours=6)) -> Kind | None:
    theirs = Theirs("PSP1", f"{PAYOUT.hex}-1", PAYOUT, THOUSAND, word, NOW - age)
    ours = Ours(state, "merchants" if state else None, outcome, THOUSAND if outcome else None)
    finding = judge(theirs, ours, gateway="bank", now=NOW)
    return finding.kind if finding else None


@pytest.mark.parametrize(
    ("word", "outcome", "state", "kind"),
    [
        (W.PAID, "paid", "completed", None),
        (W.PAID, "returned", "returned", None),
        (W.PAID, "refused", "failed", K.PAID_AFTER_REFUSED),
        (W.PAID, "refused", "retrying", K.PAID_AFTER_REFUSED),
        (W.PAID, "refused", "completed", K.PAID_TWICE),
        (W.PAID, "open", "sending", K.PAID_NOT_SETTLED),
        (W.PAID, "unknown", "sending", K.PAID_NOT_SETTLED),
        (W.PAID, "accepted", "sent", K.PAID_NOT_SETTLED),
        (W.PAID, None, "approved", K.LOST_ATTEMPT),
        (W.PAID, None, "completed", K.PAID_TWICE),
        (W.PAID, None, None, K.ORPHAN_PAYMENT),
        (W.ACCEPTED, None, "approved", K.LOST_ATTEMPT),
        (W.ACCEPTED, "accepted", "sent", None),
        (W.ACCEPTED, "refused", "retrying", K.OPEN_THERE),
        (W.HELD, "refused", "failed", K.OPEN_THERE),
        (W.ACCEPTED, "paid", "completed", K.OPEN_THERE),
        (W.REFUSED, "refused", "failed", None),
        (W.REFUSED, "paid", "completed", K.REFUSED_AFTER_PAID),
        (W.REFUSED, "unknown", "sending", K.REFUSED_NOT_FAILED),
        (W.REFUSED, None, "approved", None),
        (W.REFUSED, None, None, None),
        (W.RETURNED, "paid", "completed", K.RETURNED_NOT_BOOKED),
        (W.RETURNED, "accepted", "sent", K.RETURNED_NOT_BOOKED),
        (W.RETURNED, "returned", "returned", None),
        (W.RETURNED, "refused", "failed", None),
        (W.UNKNOWN, "paid", "completed", None),
        (W.UNKNOWN, None, None, None),
    ],
)
def test_a_difference_has_one_name(word: Word, outcome: str | None, state: str | None, kind: Kind | None) -> None:
    assert found(word, outcome, state) is kind


@pytest.mark.parametrize("word", [W.PAID, W.REFUSED, W.RETURNED])
def test_what_a_report_may_still_end_is_nobodys_concern_yet(word: Word) -> None:
    assert found(word, "accepted", "sent", age=GRACE - timedelta(seconds=1)) is None
    assert found(word, "accepted", "sent", age=GRACE) is not None


@pytest.mark.parametrize(("outcome", "state"), [(None, "approved"), (None, None), ("refused", "failed")])
def test_what_no_time_ends_is_told_at_once(outcome: str | None, state: str | None) -> None:
    assert found(W.PAID, outcome, state, age=timedelta(0)) is not None


@pytest.mark.parametrize("amount", [Money(99_999, "PKR"), Money(100_000, "INR")])
def test_another_amount_or_currency_is_a_difference_whatever_else_agrees(amount: Money) -> None:
    theirs = Theirs("PSP1", "k", PAYOUT, amount, W.PAID, NOW)
    finding = judge(theirs, Ours("completed", "merchants", "paid", THOUSAND), gateway="bank", now=NOW)
    assert finding is not None
    assert (finding.kind, finding.amount, finding.facts["expected"]) == (K.AMOUNT_MISMATCH, amount, "1000.00 PKR")


def test_every_kind_has_somebody_to_look_and_a_suggestion_is_always_possible() -> None:
    assert RULES.keys() == set(Kind)
    for rule in RULES.values():
        assert rule.suggested is None or rule.suggested in rule.actions
    assert {action for rule in RULES.values() for action in rule.actions} == set(Action)
