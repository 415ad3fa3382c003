"""Statements as they are worked out and drawn: periods, lines, totals, CSV and PDF. No database."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from bursar.foundation.money import Money
from bursar.holders import Holder
from bursar.ledger import TransferKind as K
from bursar.ledger.model import ROUTES, AccountKind
from bursar.outbound import statements
from bursar.outbound.statements import Entry, NoSuchPeriod, Standing, Statement, model, periods
from bursar.programs.model import Statements

INDIA = Statements(year_begins=4, time_zone="Asia/Kolkata")
YEAR = periods.read("2026", terms=INDIA)


def rupees(minor: int) -> Money:
    return Money(minor, "INR")


def told(kind: K, minor: int, reference: str = "", description: str = "", *, hours: float = 1) -> model.Told:
    return model.Told(YEAR.since + timedelta(hours=hours), kind, rupees(minor), reference, description, None)


def drawn(*moved: model.Told, opening: int = 0, kind: str = "seller", **holder: Any) -> Statement:
    """The statement of 2026 of which these are the lines."""
    whose = Holder(UUID(int=7), "marketplace", kind, **{"reference": "s-1", "name": "Asha", "email": None, **holder})
    begins = Standing(rupees(opening), rupees(0))
    lines = tuple(model.lines(moved, opening=begins, holder=whose, period=YEAR))
    return Statement(whose, "Scouts and sellers", "INR", YEAR, None, begins, lines)


def text_of(pdf: bytes, *, page: int = 0) -> str:
    return PdfReader(io.BytesIO(pdf)).pages[page].extract_text()


SALE = told(K.CREDIT, 125000, "order:1042", "Scarf")


@pytest.mark.parametrize(
    ("name", "first", "last", "since"),
    [
        ("2026", "2026-04-01", "2027-03-31", "2026-03-31T18:30:00+00:00"),
        ("2026-11", "2026-11-01", "2026-11-30", "2026-10-31T18:30:00+00:00"),
        ("2028-02", "2028-02-01", "2028-02-29", "2028-01-31T18:30:00+00:00"),
    ],
)
def test_a_period_is_cut_by_the_programs_calendar_and_clock(name: str, first: str, last: str, since: str) -> None:
    period = periods.read(name, terms=INDIA)
    assert (period.first.isoformat(), period.last.isoformat(), period.since.isoformat()) == (first, last, since)


@pytest.mark.parametrize("zone", ["America/New_York", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kolkata"])
@pytest.mark.parametrize("year_begins", [1, 4])
def test_periods_follow_each_other_without_a_gap(zone: str, year_begins: int) -> None:
    terms = Statements(year_begins=year_begins, time_zone=zone)
    months = [periods.month_of(day, terms=terms) for day in periods.months_until(date(2010, 1, 1), date(2019, 12, 1))]
    assert all(one.until == next_.since for one, next_ in pairwise(months))
    year = periods.read("2011", terms=terms)
    of_year = [month for month in months if year.since <= month.since < year.until]
    assert (len(of_year), of_year[0].since, of_year[-1].until) == (12, year.since, year.until)
    assert {periods.year_of(month.first, terms=terms) for month in of_year} == {year}


@pytest.mark.parametrize(
    "name", ["", "26", "2026-13", "2026-1", "2026-11-20", "20266", "1899", "2200", "٢٠٢٦", "2026\n"]
)
def test_what_is_no_period_is_refused(name: str) -> None:
    with pytest.raises(NoSuchPeriod, match="a year such as 2026, or a month such as 2026-11"):
        periods.read(name, terms=INDIA)


def test_every_kind_of_transfer_is_told_or_left_out_on_purpose() -> None:
    assert set(K) == model.MEANING.keys() | model.UNTOLD
    assert not model.MEANING.keys() & model.UNTOLD
    assert set(model.WORDS) == set(Entry) == set(model.EFFECT)


def test_signs_are_the_ledgers() -> None:
    """What a transfer does to a statement's balance is what it does to available and reserved together."""
    for kind, (_, has, owes) in model.MEANING.items():
        debit, credit, available, reserved = ROUTES[kind]
        assert has == available + reserved, kind
        assert owes == (debit is AccountKind.DEBTS) - (credit is AccountKind.DEBTS), kind


def test_a_sellers_year_adds_up() -> None:
    statement = drawn(
        SALE,
        told(K.FEE, 12500, "order:1042"),
        told(K.POST, 125000, "o-1042", hours=2),
        told(K.OWE, 125000, "refund:1042", hours=3),
        told(K.CREDIT, 300000, "order:1050", hours=4),
        told(K.RECOVER, 125000, "refund:1042#1", hours=5),
        told(K.POST, 175000, "o-1050", hours=6),
        told(K.REVERSE, 175000, "o-1050", hours=7),
        told(K.TAKE_BACK, 20000, "refund:1050", hours=8),
        opening=1000,
    )
    assert statement.closing == Standing(rupees(156000), rupees(0))
    assert [line.owed.minor for line in statement.lines][3:6] == [125000, 125000, 0]
    assert statement.opening.balance + sum((line.change for line in statement.lines), rupees(0)) == rupees(156000)
    assert {entry.value: amount.minor for entry, amount in statement.totals.items()} == {
        "sale": 425000,
        "payout": 300000,
        "return": 175000,
        "taken_back": 20000,
        "fee": 12500,
        "debt": 125000,
        "recovered": 125000,
    }


@pytest.mark.parametrize(
    ("kind", "reference", "entry"),
    [
        ("scout", "bounty:1042", Entry.BOUNTY),
        ("scout", "welcome", Entry.BOUNTY),
        ("seller", "order:1042", Entry.SALE),
        ("seller", "present", Entry.CREDIT),
        ("merchant", "order:1042", Entry.CREDIT),
    ],
)
def test_what_comes_in_has_the_holders_word(kind: str, reference: str, entry: Entry) -> None:
    [line] = drawn(told(K.CREDIT, 100, reference), kind=kind).lines
    assert line.entry is entry


def test_within_one_transaction_what_comes_in_comes_first() -> None:
    statement = drawn(told(K.RECOVER, 100, "refund:1"), told(K.CREDIT, 100, "order:2"))
    assert [line.balance.minor for line in statement.lines] == [100, 0]


def test_days_are_those_of_the_programs_clock() -> None:
    [line] = drawn(told(K.CREDIT, 100, hours=23.75)).lines
    assert (line.at, line.day) == (datetime(2026, 4, 1, 18, 15, tzinfo=UTC), date(2026, 4, 1))
    [line] = drawn(told(K.CREDIT, 100, hours=24)).lines
    assert line.day == date(2026, 4, 2)


def test_csv_leads_from_the_opening_balance_to_the_closing_one() -> None:
    payout = told(K.POST, 25000, "=cmd", "to HDFC ••••0001", hours=2)
    rows = list(csv.DictReader(io.StringIO(statements.to_csv(drawn(SALE, payout, opening=100)).decode())))
    assert [row["entry"] for row in rows] == ["opening", "sale", "payout", "closing"]
    assert [row["change"] for row in rows] == ["", "1250.00", "-250.00", ""]
    assert [row["balance"] for row in rows] == ["1.00", "1251.00", "1001.00", "1001.00"]
    assert rows[2]["reference"] == "'=cmd"


def test_a_pdf_says_what_the_statement_says() -> None:
    text = text_of(statements.to_pdf(drawn(SALE, told(K.FEE, 12500, "order:1042"), opening=100)))
    for expected in (
        "1 April 2026 to 31 March 2027",
        "Asha",
        "₹1.00",
        "+₹1,250.00",
        "₹1,251.00",
        "Platform fee",
        "Scarf",
    ):
        assert expected in text
    assert "Page 1 of 1" in text
    assert "Owed" not in text


def test_a_pdf_has_a_column_for_what_is_owed_where_anything_is() -> None:
    assert "Owed" in text_of(statements.to_pdf(drawn(told(K.OWE, 100, "refund:1"))))


def test_an_empty_pdf_says_so() -> None:
    assert "Nothing moved in this period." in text_of(statements.to_pdf(drawn()))


def test_the_same_statement_gives_the_same_bytes() -> None:
    assert statements.to_pdf(drawn(SALE)) == statements.to_pdf(drawn(SALE))
    assert statements.to_csv(drawn(SALE)) == statements.to_csv(drawn(SALE))


def test_a_pdf_holds_only_the_letters_it_needs() -> None:
    assert len(statements.to_pdf(drawn(SALE))) < 40_000


def test_long_names_wrap_and_what_no_font_has_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    name = "Bartholomew " * 16
    text = text_of(statements.to_pdf(drawn(SALE, name=name.strip() + " नमस्ते", reference="x" * 200)))
    assert text.count("Bartholomew") == 16
    assert "\N{REPLACEMENT CHARACTER}" in text
    assert text.count("x") >= 200
    assert not caplog.records  # Names have no place in a log.


def test_large_figures_keep_apart() -> None:
    text = text_of(statements.to_pdf(drawn(told(K.CREDIT, 10**15, "order:1", hours=2))))
    assert "+10,000,000,000,000.00" in text.split("What", 1)[1]


def test_the_largest_figures_that_a_ledger_holds_leave_room_for_words() -> None:
    """Without any, a line would be broken for ever."""
    owing = drawn(told(K.OWE, 1, "refund:order-1"), SALE, opening=9 * 10**18)
    assert "order" in text_of(statements.to_pdf(owing))


def test_ten_thousand_lines_are_all_there() -> None:
    moved = [
        told(K.CREDIT if place % 2 else K.POST, 100, f"order:{place}", hours=place / 2) for place in range(1, 10_001)
    ]
    statement = drawn(*moved)
    assert statements.to_csv(statement).count(b"\r\n") == 10_003
    pdf = PdfReader(io.BytesIO(statements.to_pdf(statement)))
    last = pdf.pages[-1].extract_text()
    assert "order:10000" in last
    assert f"Page {len(pdf.pages)} of {len(pdf.pages)}" in last
