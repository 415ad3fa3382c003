"""Facts in, findings out: every rule is asked, every finding kept, and the strongest decides."""

import pytest

from bursar import risk
from bursar.foundation.money import Money
from bursar.risk import Facts, Finding, Level

THRESHOLD = Money.parse("100000.00", "PKR")


def facts(minor: int, *, review_at: Money | None = THRESHOLD) -> Facts:
    return Facts(amount=Money(minor, "PKR"), review_at=review_at)


@pytest.mark.parametrize(
    ("minor", "needs_review"), [(1, False), (9_999_999, False), (10_000_000, True), (10**15, True)]
)
def test_from_the_threshold_on_a_person_looks(minor: int, *, needs_review: bool) -> None:
    assert risk.screen(facts(minor)).needs_review is needs_review


def test_without_a_threshold_no_amount_asks_for_a_person() -> None:
    assert risk.screen(facts(10**15, review_at=None)) == risk.Verdict(Level.PASS, ())


def test_a_finding_says_what_it_saw_in_a_sentence_and_in_figures() -> None:
    finding = risk.screen(facts(15_000_000)).findings[0]
    assert finding.sentence == (
        "The amount of 150,000.00 PKR is at or above 100,000.00 PKR, from where a person decides."
    )
    assert finding.to_json() == {
        "rule": "amount_over_review_threshold",
        "level": "high",
        "sentence": finding.sentence,
        "facts": {"amount": "150000.00", "threshold": "100000.00"},
    }


def finding(level: Level) -> Finding:
    return Finding(rule=level.name, level=level, sentence="", facts={})


def test_all_findings_are_kept_and_the_strongest_decides() -> None:
    rules = [lambda _: finding(Level.LOW), lambda _: None, lambda _: finding(Level.HIGH), lambda _: finding(Level.PASS)]
    verdict = risk.screen(facts(1), rules)
    assert [one.rule for one in verdict.findings] == ["LOW", "HIGH", "PASS"]
    assert (verdict.level, verdict.needs_review) == (Level.HIGH, True)


def test_a_finding_that_only_notes_something_asks_for_nobody() -> None:
    assert not risk.screen(facts(1), [lambda _: finding(Level.PASS)]).needs_review
