"""Money: what is read is what was written, sharing loses nothing, and nothing else is taken for an amount."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.foundation.money import MINOR_MAX, BadAmount, Money, UnknownCurrency, exponent, total, totals

EXPONENTS = {"JPY": 0, "PKR": 2, "USD": 2, "KWD": 3, "IQD": 3}

amounts = st.builds(Money, st.integers(1, MINOR_MAX), st.sampled_from(sorted(EXPONENTS)))


@pytest.mark.parametrize(("currency", "decimals"), EXPONENTS.items())
def test_exponents_are_those_of_iso_4217(currency: str, decimals: int) -> None:
    assert exponent(currency) == decimals


@pytest.mark.parametrize("code", ["XXX", "XAU", "PKX", "pk", "", "PKRR", "₨", "123"])
def test_what_is_no_currency_with_minor_units_is_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency) as refusal:
        Money.parse("1", code)
    assert refusal.value.facts["field"] == "currency"


@given(amounts)
def test_an_amount_is_read_back_as_it_was_written(amount: Money) -> None:
    assert Money.parse(amount.text, amount.currency) == amount
    assert Money.parse(amount.decimal, amount.currency) == amount


@given(amounts)
def test_an_amount_is_written_with_all_its_decimals_and_nothing_else(amount: Money) -> None:
    whole, _, decimals = amount.text.partition(".")
    assert whole.isdigit()
    assert len(decimals) == exponent(amount.currency)


@given(st.decimals(allow_nan=False, allow_infinity=False), st.sampled_from(sorted(EXPONENTS)))
def test_a_decimal_is_read_exactly_or_not_at_all(number: Decimal, currency: str) -> None:
    try:
        read = Money.parse(number, currency)
    except BadAmount:
        return
    assert read.decimal == number


@given(st.text(alphabet="0123456789.", max_size=30))
def test_a_text_of_digits_is_read_exactly_or_not_at_all(text: str) -> None:
    try:
        read = Money.parse(text, "PKR")
    except BadAmount:
        return
    assert read.decimal == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "NaN", "sNaN", "Infinity", "-Infinity", "1e3", "1E999", "1e-2", "1_000", "1,000", "1 000", " 1", "1\n", "+1",
        "-1", "0", "0.00", "", ".", "1.2.3", "0x10", "１２", "१२", "²", "1.001", "0.001", "one", "9" * 31,
        "1000000000000.0000000000000001",  # Beyond the digits that decimal arithmetic keeps.
        "10000000000000.01",  # One more than MINOR_MAX.
    ],
)  # fmt: skip
def test_what_is_not_an_exact_positive_amount_is_refused(text: str) -> None:
    with pytest.raises(BadAmount) as refusal:
        Money.parse(text, "PKR", field="payout.amount")
    assert refusal.value.facts["field"] == "payout.amount"
    assert refusal.value.facts["rule"]


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "1E+999", "1E-999", "-5", "0", "0.001"])
def test_a_decimal_that_is_no_amount_is_refused(number: str) -> None:
    with pytest.raises(BadAmount):
        Money.parse(Decimal(number), "PKR")


def test_the_largest_amount_is_still_an_amount() -> None:
    assert Money.parse("10000000000000.00", "PKR").minor == MINOR_MAX


def test_a_refusal_repeats_no_more_than_a_line_of_what_was_given() -> None:
    with pytest.raises(BadAmount) as refusal:
        Money.parse("7" * 10_000, "PKR")
    assert len(refusal.value.facts["given"]) <= 30


@given(amounts, st.integers(1, 1_000))
def test_sharing_out_loses_and_invents_nothing(amount: Money, parts: int) -> None:
    shares = amount.split(parts)
    assert len(shares) == parts
    assert total(shares, amount.currency) == amount
    assert max(shares).minor - min(shares).minor <= 1


@given(st.lists(st.integers(-MINOR_MAX, MINOR_MAX), max_size=50))
def test_adding_up_is_the_sum_of_the_minor_units(minors: list[int]) -> None:
    assert total([Money(minor, "KWD") for minor in minors], "KWD") == Money(sum(minors), "KWD")


@given(amounts)
def test_taking_away_what_was_added_leaves_what_there_was(amount: Money) -> None:
    one = Money(1, amount.currency)
    assert amount + one - one == amount
    assert amount + -amount == Money.zero(amount.currency)


@pytest.mark.parametrize("verb", ["__add__", "__sub__", "covers"])
def test_amounts_of_two_currencies_never_meet(verb: str) -> None:
    with pytest.raises(AssertionError, match="two currencies"):
        getattr(Money(1, "PKR"), verb)(Money(1, "USD"))


def test_an_amount_covers_itself_and_less() -> None:
    five = Money(500, "PKR")
    assert five.covers(Money(500, "PKR"))
    assert five.covers(Money(499, "PKR"))
    assert not five.covers(Money(501, "PKR"))


def test_people_see_separators_and_the_code() -> None:
    assert str(Money.parse("1234567.8", "PKR")) == "1,234,567.80 PKR"
    assert str(Money.parse("1500", "JPY")) == "1,500 JPY"


def test_amounts_of_any_currencies_add_up_currency_by_currency() -> None:
    amounts = [Money(5, "USD"), Money(7, "PKR"), Money(1, "USD")]
    assert totals(amounts) == (Money(7, "PKR"), Money(6, "USD"))
    assert totals([]) == ()
