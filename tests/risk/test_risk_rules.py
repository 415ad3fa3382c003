"""Facts in, findings out: every rule its terms ask answers, at its threshold to the unit, and the strongest decides."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar import programs, risk
from bursar.foundation.money import Money
from bursar.risk import RULES, Denied, Facts, Finding, Level, Owner, Pace, Past, Target
from ground import EVERYTHING, terms_text

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LONG_AGO = AT - timedelta(days=400)

USUAL = Facts(
    amount=Money(100_000, "PKR"),
    at=AT,
    owner=Owner("Anna Khan", verified_at=LONG_AGO),
    past=Past(completed=3, failed=0, largest=Money(100_000, "PKR"), comparable=10),
    pace=Pace(in_hour=1, in_day=1, in_week=1, earlier=12, weeks=12.0),
    target=Target(title="Anna Khan", since=LONG_AGO),
)
"""A payout about which nothing is unusual."""


def terms(**changes: Any) -> programs.Terms:
    """The merchants' terms with these changes."""
    return _terms(tuple(sorted(changes.items())))


@lru_cache
def _terms(changes: tuple[tuple[str, Any], ...]) -> programs.Terms:
    return programs.read(terms_text(**dict(changes)), file="draft.yaml")


def found(rule: str, facts: Facts, **changes: Any) -> Finding:
    """What one rule says, asked with all the others."""
    return next(f for f in risk.screen(facts, terms(**EVERYTHING | changes)).findings if f.rule == rule)


def test_where_nothing_is_unusual_every_rule_says_so() -> None:
    verdict = risk.screen(USUAL, terms(**EVERYTHING))
    assert [finding.rule for finding in verdict.findings] == [rule.name for rule in RULES]
    assert {finding.level for finding in verdict.findings} == {Level.PASS}
    assert (verdict.level, verdict.needs_review, verdict.reason) == (Level.PASS, False, None)


def test_rules_that_the_terms_do_not_ask_are_not_there() -> None:
    assert [rule.name for rule in risk.asked(terms())] == ["amount_over_review_threshold", "denied"]
    assert risk.asked(terms(review__amount_at=None, risk__denied=False)) == ()
    assert risk.screen(USUAL, terms(review__amount_at=None, risk__denied=False)).findings == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_looks_only_at_what_it_is_asked_for(rule: risk.Rule) -> None:
    """Terms that ask nothing else still get its answer."""
    asks = {
        "amount_over_review_threshold": {"review__amount_at": 1.00},
        "denied": {"risk__denied": True},
        "holder_not_verified": {"risk__verified": True},
        "few_completed_payouts": {"risk__successes_min": 3},
        "many_failed_payouts": {"risk__failures_max": 1},
        "destination_recent": {"risk__changed_hours": 72},
        "destination_shared": {"risk__shared_max": 0},
        "account_name_differs": {"risk__name_score_min": 0.75},
        "amount_rises": {"risk__amount_factor": 5},
        "requests_rise": {"risk__frequency_factor": 4},
        "many_in_an_hour": {"risk__per_hour_max": 3},
        "many_in_a_day": {"risk__per_day_max": 10},
    }[rule.name]
    only = terms(**{"review__amount_at": None, "risk__denied": False} | asks)
    assert [one.name for one in risk.asked(only)] == [rule.name]


M, H, L, P = Level.MEDIUM, Level.HIGH, Level.LOW, Level.PASS


@pytest.mark.parametrize(
    ("rule", "changed", "level"),
    [
        ("amount_over_review_threshold", {"amount": Money(9_999_999, "PKR")}, P),
        ("amount_over_review_threshold", {"amount": Money(10_000_000, "PKR")}, H),
        ("holder_not_verified", {"owner": Owner("Anna Khan")}, H),
        ("few_completed_payouts", {"past": Past(completed=2)}, M),
        ("few_completed_payouts", {"past": Past(completed=3)}, P),
        ("many_failed_payouts", {"past": Past(failed=1)}, P),
        ("many_failed_payouts", {"past": Past(failed=2)}, M),
        ("many_failed_payouts", {"past": Past(failed=3)}, H),
        ("destination_recent", {"target": Target("Anna Khan")}, M),
        ("destination_recent", {"target": Target("Anna Khan", since=AT - timedelta(hours=72, microseconds=-1))}, M),
        ("destination_recent", {"target": Target("Anna Khan", since=AT - timedelta(hours=72))}, P),
        ("destination_recent", {"target": Target("", since=LONG_AGO, usable_at=AT)}, P),
        ("destination_recent", {"target": Target("", since=LONG_AGO, usable_at=AT + timedelta(seconds=1))}, H),
        ("destination_shared", {"target": Target("Anna Khan", others=1)}, H),
        ("amount_rises", {"amount": Money(500_000, "PKR")}, P),
        ("amount_rises", {"amount": Money(500_001, "PKR")}, M),
        ("amount_rises", {"amount": Money(1_000_000, "PKR")}, M),
        ("amount_rises", {"amount": Money(1_000_001, "PKR")}, H),
        ("amount_rises", {"amount": Money(1_000_001, "PKR"), "past": Past(3, 0, Money(100_000, "PKR"), 2)}, L),
        ("amount_rises", {"past": Past(completed=3)}, P),
        ("requests_rise", {"pace": Pace(in_week=4, earlier=12, weeks=12)}, P),
        ("requests_rise", {"pace": Pace(in_week=5, earlier=12, weeks=12)}, M),
        ("requests_rise", {"pace": Pace(in_week=9, earlier=12, weeks=12)}, H),
        ("requests_rise", {"pace": Pace(in_week=9, earlier=24, weeks=12)}, M),
        ("requests_rise", {"pace": Pace(in_week=9, earlier=2, weeks=2)}, L),
        ("requests_rise", {"pace": Pace(in_week=4, earlier=1, weeks=12)}, P),
        ("requests_rise", {"pace": Pace(in_week=99)}, P),
        ("many_in_an_hour", {"pace": Pace(in_hour=3)}, P),
        ("many_in_an_hour", {"pace": Pace(in_hour=4)}, M),
        ("many_in_an_hour", {"pace": Pace(in_hour=7)}, H),
        ("many_in_a_day", {"pace": Pace(in_day=10)}, P),
        ("many_in_a_day", {"pace": Pace(in_day=11)}, M),
        ("many_in_a_day", {"pace": Pace(in_day=21)}, H),
        ("account_name_differs", {"target": Target("KHAN, ANNA")}, P),
        ("account_name_differs", {"target": Target("Anna Begum")}, H),
        ("account_name_differs", {"target": Target("Anna Khan", title_found="Bilal Ahmed")}, H),
        ("account_name_differs", {"target": Target("Anna")}, M),
        ("denied", {"denied": (Denied("holder", "stolen"),)}, H),
        ("denied", {"denied": (Denied("destination", "stolen"),)}, H),
        ("denied", {"denied": (Denied("name", "stolen", "KHAN ANNA"),)}, H),
        ("denied", {"denied": (Denied("name", "stolen", "Anna Begum"),)}, P),
    ],
)
def test_each_threshold_at_its_edge(rule: str, changed: dict[str, Any], level: Level) -> None:
    assert found(rule, replace(USUAL, **changed)).level is level


def test_an_amount_in_another_currency_than_the_threshold_is_for_people() -> None:
    """A program may change its currency while payouts wait."""
    assert found("amount_over_review_threshold", replace(USUAL, amount=Money(1, "USD"))).level is Level.HIGH


def test_how_many_may_share_a_destination_is_the_terms() -> None:
    shared = replace(USUAL, target=Target("Anna Khan", others=2))
    levels = [found("destination_shared", shared, risk__shared_max=most).level for most in (1, 2)]
    assert levels == [H, P]


def test_a_name_on_the_denied_list_is_looked_for_on_the_account_as_well() -> None:
    facts = replace(
        USUAL,
        target=Target("Anna Khan", title_found="Bilal Ahmed", since=LONG_AGO),
        denied=(Denied("name", "case 17", "Ahmed Bilal"),),
    )
    finding = found("denied", facts)
    assert finding.sentence == "On the denied list: the name (case 17)."
    assert finding.facts == {"denied": [{"what": "name", "reason": "case 17"}]}


def test_a_finding_says_what_it_saw_in_a_sentence_and_in_figures() -> None:
    finding = found("amount_over_review_threshold", replace(USUAL, amount=Money(15_000_000, "PKR")))
    assert finding.sentence == (
        "The amount of 150,000.00 PKR is at or above 100,000.00 PKR, from where a person decides."
    )
    assert finding.to_json() == {
        "rule": "amount_over_review_threshold",
        "level": "high",
        "sentence": finding.sentence,
        "facts": {"amount": "150000.00", "threshold": "100000.00"},
    }


@pytest.mark.parametrize(
    ("rule", "changed", "sentence"),
    [
        ("few_completed_payouts", {"past": Past(1)}, "1 completed payout before this one; 3 are wanted."),
        ("many_failed_payouts", {"past": Past(failed=2)}, "2 payouts failed within 30 days; up to 1 may."),
        ("many_in_an_hour", {"pace": Pace(in_hour=4)}, "4 requests within an hour; up to 3 are usual."),
        ("destination_shared", {"target": Target(others=1)}, "Used by 1 other holder as well; up to 0 may."),
        (
            "amount_rises",
            {"amount": Money(612_300, "PKR")},
            (
                "The amount of 6,123.00 PKR is 6.1 times 1,000.00 PKR, the largest completed within 90 days; "
                "up to 5 times is usual."
            ),
        ),
        (
            "requests_rise",
            {"pace": Pace(in_week=9, earlier=18, weeks=12)},
            "9 requests within a week, where 1.5 are usual; up to 4 times that is not unusual.",
        ),
        (
            "account_name_differs",
            {"target": Target("Anna")},
            'The account is in the name of "Anna", the holder is "Anna Khan": 70% alike; at least 75% is wanted.',
        ),
        (
            "destination_recent",
            {"target": Target(since=AT - timedelta(hours=5))},
            "The destination is new since 20 November 2026 04:00 UTC; within 72 hours that is recent.",
        ),
    ],
)
def test_a_reviewer_reads_the_figures(rule: str, changed: dict[str, Any], sentence: str) -> None:
    assert found(rule, replace(USUAL, **changed)).sentence == sentence


@pytest.mark.parametrize(("at_level", "needs_review"), [("low", True), ("medium", True), ("high", False)])
def test_from_which_level_on_people_look_is_the_terms(at_level: str, *, needs_review: bool) -> None:
    verdict = risk.screen(replace(USUAL, pace=Pace(in_hour=4)), terms(**EVERYTHING | {"review__at_level": at_level}))
    assert (verdict.level, verdict.needs_review) == (Level.MEDIUM, needs_review)


def test_the_strongest_decides_and_gives_the_reason() -> None:
    facts = replace(USUAL, pace=Pace(in_hour=4), target=Target("Anna Khan", since=LONG_AGO, others=3))
    verdict = risk.screen(facts, terms(**EVERYTHING))
    assert (verdict.level, verdict.reason) == (Level.HIGH, "destination_shared")


@given(
    st.builds(
        Facts,
        amount=st.integers(1, 10**12).map(lambda minor: Money(minor, "PKR")),
        at=st.just(AT),
        owner=st.builds(Owner, st.text(max_size=20), st.none() | st.just(LONG_AGO)),
        past=st.builds(
            Past,
            st.integers(0, 5),
            st.integers(0, 9),
            st.none() | st.integers(1, 10**9).map(lambda minor: Money(minor, "PKR")),
            st.integers(0, 9),
        ),
        pace=st.builds(
            Pace, st.integers(1, 99), st.integers(1, 99), st.integers(1, 99), st.integers(0, 99), st.floats(1, 52)
        ),
        target=st.builds(Target, st.text(max_size=20), st.none() | st.text(max_size=20), others=st.integers(0, 5)),
    )
)
def test_whatever_the_facts_every_rule_answers_and_the_verdict_is_the_strongest(facts: Facts) -> None:
    verdict = risk.screen(facts, terms(**EVERYTHING))
    assert len(verdict.findings) == len(RULES)
    assert verdict.level == max(finding.level for finding in verdict.findings)
    assert verdict.needs_review == (verdict.level >= Level.MEDIUM)
    assert (verdict.reason is None) != verdict.needs_review
