"""What the demo sends, and what it expects of it."""

import csv
from collections import Counter

import msgspec
import pytest

from bursar.cli.demo import sheet
from bursar.cli.demo.sheet import Outcome
from bursar.cli.demo.traffic import SCENARIOS, View
from bursar.cli.demo.verdict import rests
from bursar.foundation.money import Money

REVIEW_AT = Money.parse("100000.00", "PKR")


def test_the_sample_file_shows_everything_there_is() -> None:
    rows = sheet.read(200)
    assert len({row.merchant_reference for row in rows}) == 200
    outcomes = Counter(row.outcome(REVIEW_AT) for row in rows)
    assert set(outcomes) == {sheet.REVIEW, *sheet.BY_SUFFIX.values()}
    assert min(outcomes.values()) >= 10
    assert len({row.bank_code for row in rows}) >= 10
    assert any(not row.account_title.isascii() for row in rows)
    assert {"." in row.amount for row in rows} == {True, False}


def test_more_rows_are_the_same_again_under_other_references() -> None:
    rows = sheet.read(450)
    assert len({row.merchant_reference for row in rows}) == 450
    assert rows[0].account_number == rows[200].account_number == rows[400].account_number


def test_rows_are_written_as_they_were_read() -> None:
    rows = sheet.read(200)
    text = sheet.as_csv(rows).decode()
    assert [msgspec.convert(cells, sheet.Row) for cells in csv.DictReader(text.splitlines())] == rows


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        ("Success", Outcome("SUCCESS", 1)),
        ("Retry", Outcome("SUCCESS", 2)),
        ("Failed", Outcome("FAILED", 1)),
        ("Pending", Outcome("PENDING", 1)),
        ("On hold", Outcome("ON_HOLD", 1)),
        ("Review", Outcome("IN_REVIEW", 0)),
    ],
)
def test_the_documents_scenarios_end_as_the_document_says(scenario: str, outcome: Outcome) -> None:
    assert SCENARIOS[scenario].outcome(REVIEW_AT) == outcome


@pytest.mark.parametrize(
    ("view", "expected", "resting"),
    [
        (View("SUCCESS", 1, "PSP1"), Outcome("SUCCESS", 1), True),
        (View("SUCCESS", 1, "PSP1"), Outcome("SUCCESS", 2), False),
        (View("RETRY", 1, None), Outcome("SUCCESS", 2), False),
        (View("PENDING", 0, None), Outcome("PENDING", 1), False),
        (View("PENDING", 1, "PSP1"), Outcome("PENDING", 1), True),
        (View("FAILED", 1, None), Outcome("FAILED", 1), True),
        (View("IN_REVIEW", 0, None), Outcome("IN_REVIEW", 0), True),
        (None, Outcome("SUCCESS", 1), False),
    ],
)
def test_a_payout_rests_where_its_account_number_says(view: View | None, expected: Outcome, resting: bool) -> None:
    assert rests(view, expected) is resting
