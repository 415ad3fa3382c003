"""What a transfer costs, and what one currency is in another. Plausible figures, always the same."""

from decimal import Decimal
from typing import Final

# Nigeria's are the published ones, value added tax included; the others are seen in samples.
_NIGERIA: Final = ((Decimal(5_000), Decimal("10.75")), (Decimal(50_000), Decimal("26.875")))
_NIGERIA_ABOVE: Final = Decimal("53.75")
_FLAT: Final = {"EUR": 35, "GBP": 35, "GHS": 10, "KES": 45, "UGX": 500, "USD": 40, "ZAR": 10}
_FLAT_USUAL: Final = 5

_PER_DOLLAR: Final = {
    "EUR": Decimal("0.9"), "GBP": Decimal("0.8"), "GHS": Decimal(12), "KES": Decimal(130), "NGN": Decimal(1500),
    "TZS": Decimal(2600), "UGX": Decimal(3700), "USD": Decimal(1), "XAF": Decimal(600), "XOF": Decimal(600),
    "ZAR": Decimal(18),
}  # fmt: skip
_RATE_PLACES: Final = Decimal("0.00000001")


def fee(amount: Decimal, currency: str) -> Decimal:
    """What a transfer of this amount costs, in its own currency."""
    if currency != "NGN":
        return Decimal(_FLAT.get(currency, _FLAT_USUAL))
    return next((price for limit, price in _NIGERIA if amount <= limit), _NIGERIA_ABOVE)


def rate(source: str, destination: str) -> Decimal | None:
    """How much of the source buys one of the destination; None where it is not known."""
    if source == destination:
        return Decimal(1)
    if source not in _PER_DOLLAR or destination not in _PER_DOLLAR:
        return None
    return (_PER_DOLLAR[source] / _PER_DOLLAR[destination]).quantize(_RATE_PLACES).normalize()
