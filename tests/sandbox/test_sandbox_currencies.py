"""Amounts are exact in every currency, and anything else is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from bursar_sandbox.currencies import DECIMALS_OF, exact_minor, major_number, to_major, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1000.00", "PKR", 100_000),
        ("1000", "PKR", 100_000),
        ("1000.5", "PKR", 100_050),
        ("0.01", "USD", 1),
        ("1000", "JPY", 1000),
        ("1.000", "KWD", 1000),
        ("1.001", "KWD", 1001),
        ("0.0001", "CLF", 1),
        ("999999999999999.99", "INR", 99_999_999_999_999_999),
    ],
)
def test_amounts_are_read_exactly(amount: str, currency: str, minor: int) -> None:
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1000.001", "PKR"),
        ("1.0", "JPY"),
        ("1e3", "PKR"),
        ("-1.00", "PKR"),
        ("+1.00", "PKR"),
        ("1,000.00", "PKR"),
        (" 1.00", "PKR"),
        ("1.00\n", "PKR"),
        ("", "PKR"),
        (".50", "PKR"),
        ("1.", "PKR"),
        ("01.00", "PKR"),
        ("\u0661.\u0660\u0660", "PKR"),
        ("NaN", "PKR"),
        ("1000000000000000.00", "PKR"),
        ("1.00", "pkr"),
        ("1.00", "ZZZ"),
    ],
)
def test_anything_else_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"decimal|currency"):
        to_minor(amount, currency)


@given(st.integers(0, 10**15 - 1), st.sampled_from(sorted(DECIMALS_OF)))
def test_writing_and_reading_give_the_same_amount(minor: int, currency: str) -> None:
    assert to_minor(to_major(minor, currency), currency) == minor


def test_a_negative_amount_can_be_written() -> None:
    assert to_major(-5, "PKR") == "-0.05"


@pytest.mark.parametrize("currency", [currency for currency in Currency if currency.exponent is not None])
def test_exponents_are_those_of_the_standard(currency: Currency) -> None:
    if currency.code in DECIMALS_OF:
        assert DECIMALS_OF[currency.code] == currency.exponent


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("1000.5", "NGN", 100_050), ("1e3", "NGN", 100_000), ("1000", "JPY", 1000), ("0.001", "KWD", 1)],
)
def test_numbers_are_read_exactly(amount: str, currency: str, minor: int) -> None:
    assert exact_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1000.005", "NGN"),
        ("0.5", "JPY"),
        ("NaN", "NGN"),
        ("Infinity", "NGN"),
        ("1e15", "NGN"),
        ("1e400", "NGN"),
        ("123456789012345.0000000000000000000000001", "NGN"),
        ("1", "ZZZ"),
    ],
)
def test_numbers_that_are_no_amounts_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"decimals|digits|currency"):
        exact_minor(Decimal(amount), currency)


@given(st.integers(0, 10**15 - 1), st.sampled_from(["NGN", "JPY", "KWD", "CLF"]))
def test_a_number_that_was_written_is_read_back(minor: int, currency: str) -> None:
    assert exact_minor(major_number(minor, currency), currency) == minor
