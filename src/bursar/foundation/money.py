"""Exact amounts: whole minor units of one ISO-4217 currency.

Decimals exist only at the doors. Inside, an amount is an integer of minor units (paisa, cent, fils),
and nothing outside this module and SQL sums does arithmetic on them.

Exponents come from the table that the ISO 4217 maintenance agency publishes, through ``iso4217``.
(Locale data is no substitute: CLDR shows the Iraqi dinar without decimals, ISO 4217 gives it three.)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final

from iso4217 import Currency

from bursar.foundation.errors import Invalid

MINOR_MAX: Final = 10**15  # Ten thousand billion of a two-decimal currency; far inside bigint, so that sums are too.
_DIGITS_MAX: Final = 28  # As many as decimal arithmetic keeps; a longer number would be rounded and then pass as exact.


class UnknownCurrency(Invalid):
    """The currency is not an ISO-4217 code with minor units."""

    code = "unknown_currency"


class BadAmount(Invalid):
    """The amount is not an exact positive decimal of its currency."""

    code = "invalid_amount"


@lru_cache(maxsize=512)
def exponent(currency: str) -> int:
    """How many decimals the currency has (JPY 0, PKR 2, KWD 3).

    Raises:
        UnknownCurrency: for codes that are not in ISO 4217, and for those without minor units (XAU, XXX).
    """
    try:
        decimals = Currency(currency).exponent
    except ValueError:
        decimals = None
    if decimals is None:
        raise UnknownCurrency(field="currency", rule="an ISO-4217 currency code such as PKR", given=currency[:8])
    return decimals


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount: whole minor units of one currency."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, given: str | Decimal, currency: str, *, field: str = "amount") -> "Money":
        """Read a positive amount in major units ("1000", "1000.00") without losing or inventing a digit.

        Raises:
            UnknownCurrency: the currency is not in ISO 4217.
            BadAmount: not a plain number, not positive, too precise for the currency, or beyond ``MINOR_MAX``.
        """
        decimals = exponent(currency)
        number = _plain_decimal(given, field)
        minor = number.scaleb(decimals)
        if minor != minor.to_integral_value():
            raise BadAmount(field=field, rule=f"at most {decimals} decimals in {currency}", given=str(given))
        if not 0 < minor <= MINOR_MAX:
            largest = Money(MINOR_MAX, currency)
            raise BadAmount(field=field, rule=f"more than 0 and at most {largest}", given=str(given))
        return cls(int(minor), currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, in this currency."""
        return cls(0, currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, with as many decimals as the currency has."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    @property
    def text(self) -> str:
        """The amount in major units as the wire shows it: ``"1000.00"``, no separators, no code."""
        return f"{self.decimal:f}"

    def __str__(self) -> str:
        """For people: ``"1,000.00 PKR"``."""
        return f"{self.decimal:,f} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        """Sum of two amounts of one currency."""
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Difference of two amounts of one currency; may be negative."""
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> "Money":
        """The same amount in the other direction."""
        return Money(-self.minor, self.currency)

    def covers(self, other: "Money") -> bool:
        """Whether this amount is enough for the other."""
        return self.minor >= self._same(other).minor

    def split(self, parts: int) -> list["Money"]:
        """Share out evenly; the first parts carry the leftover units, so nothing is lost."""
        share, leftover = divmod(self.minor, parts)
        return [Money(share + (i < leftover), self.currency) for i in range(parts)]

    def share(self, percent: float) -> "Money":
        """So many percent of it, as written in decimal, rounded to whole minor units and halves to the even one."""
        exact = self.minor * Decimal(str(percent)) / 100
        return Money(int(exact.to_integral_value(ROUND_HALF_EVEN)), self.currency)

    def _same(self, other: "Money") -> "Money":
        assert self.currency == other.currency, "amounts of two currencies never meet without a rate"
        return other


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Add up amounts of one currency; nothing at all is zero."""
    return sum(amounts, start=Money.zero(currency))


def totals(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """Add up amounts of any currencies: one sum for each, in the order of their codes."""
    sums: dict[str, Money] = {}
    for one in amounts:
        sums[one.currency] = sums.get(one.currency, Money.zero(one.currency)) + one
    return tuple(sums[currency] for currency in sorted(sums))


def _plain_decimal(given: str | Decimal, field: str) -> Decimal:
    """A finite number of sane size; Decimal itself would also read "NaN", "1e999999" and digits of other scripts."""
    if isinstance(given, str):
        if not (given.isascii() and len(given) <= _DIGITS_MAX and given.replace(".", "", 1).isdigit()):
            raise BadAmount(field=field, rule="digits with at most one decimal point", given=given[:_DIGITS_MAX])
        given = Decimal(given)
    if not given.is_finite() or abs(given.adjusted()) > _DIGITS_MAX or len(given.as_tuple().digits) > _DIGITS_MAX:
        raise BadAmount(field=field, rule="a plain decimal number", given=str(given)[:_DIGITS_MAX])
    return given
