"""The merchant's wallets at Flutterwave, one per currency; in major units, since fees have three decimals."""

from decimal import Decimal
from typing import Final

SHOWN: Final = ("NGN", "KES", "GHS", "USD", "EUR", "ZAR", "GBP", "TZS", "UGX", "XAF", "XOF")
"""The wallets that everybody has."""


class Wallets:
    """What is left to be paid out."""

    def __init__(self, opening: Decimal) -> None:
        """Every wallet begins with so much."""
        self._opening = opening
        self._balances = dict.fromkeys(SHOWN, opening)

    @property
    def currencies(self) -> list[str]:
        """The wallets there are."""
        return list(self._balances)

    def balance(self, currency: str) -> Decimal:
        """What a wallet holds."""
        return self._balances.get(currency, self._opening)

    def set(self, currency: str, balance: Decimal | None) -> None:
        """Let a wallet hold so much from now on; None: what it began with."""
        self._balances[currency] = self._opening if balance is None else balance

    def covers(self, currency: str, amount: Decimal) -> bool:
        """There is enough for this."""
        return self.balance(currency) >= amount

    def take(self, currency: str, amount: Decimal) -> None:
        """Debit so much; a negative amount gives back."""
        self._balances[currency] = self.balance(currency) - amount
