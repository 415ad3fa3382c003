"""Amounts: exact decimal strings at the door, whole minor units inside, never a float.

The exponents are ISO 4217's own. They are not taken from CLDR, whose figures say how many
decimals people usually write: it gives 0 for IQD, LAK or RSD, where the standard has 3, 2 and 2.
"""

import re
from decimal import Decimal
from typing import Final

from babel.numbers import list_currencies

_DECIMALS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_USUAL_DECIMALS: Final = 2
DECIMALS_OF: Final[dict[str, int]] = {
    **dict.fromkeys(sorted(list_currencies()), _USUAL_DECIMALS),
    **{code: decimals for decimals, codes in _DECIMALS.items() for code in codes.split()},
}
"""Every currency the sandbox knows, with its number of decimals."""

# Fifteen digits leave room for any sum of payouts in a 64-bit integer.
_AMOUNT_END: Final = Decimal(10) ** 15
_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,4}))?")


def to_minor(amount: str, currency: str) -> int:
    """Read `"1000.00"` PKR as 100000 minor units; ValueError unless it is exact."""
    decimals = DECIMALS_OF.get(currency)
    if decimals is None:
        raise ValueError(f"{currency} is not a currency code")
    written = _AMOUNT.fullmatch(amount)
    if written is None:
        raise ValueError("an amount is a plain decimal number, such as 1000.00")
    whole, fraction = written[1], written[2] or ""
    if len(fraction) > decimals:
        raise ValueError(f"{currency} has {decimals} decimals")
    return int(whole + fraction.ljust(decimals, "0"))


def exact_minor(amount: Decimal, currency: str) -> int:
    """Read 1000.5 NGN, as a JSON number gave it, as 100050 minor units; ValueError unless it is exact."""
    decimals = DECIMALS_OF.get(currency)
    if decimals is None:
        raise ValueError(f"{currency} is not a currency code")
    if not amount.is_finite() or abs(amount) >= _AMOUNT_END:
        raise ValueError("an amount has at most fifteen digits before the point")
    minor = int(amount.scaleb(decimals))
    # Compared with what was given: scaling rounds what has too many digits.
    if Decimal(minor).scaleb(-decimals) != amount:
        raise ValueError(f"{currency} has {decimals} decimals")
    return minor


def major_number(minor: int, currency: str) -> Decimal:
    """Write 100050 minor units of NGN as the number 1000.5, without noughts at its end."""
    whole, rest = divmod(minor, 10 ** DECIMALS_OF[currency])
    return Decimal(whole) if rest == 0 else Decimal(to_major(minor, currency).rstrip("0"))


def to_major(minor: int, currency: str) -> str:
    """Write 100000 minor units of PKR as `"1000.00"`."""
    decimals = DECIMALS_OF[currency]
    if decimals == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"
