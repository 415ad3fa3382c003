"""The float: what the client has paid in beforehand, per currency, in minor units."""

from typing import Final

from bursar_sandbox.book import Status, Transfer

TAKES_FUNDS: Final = frozenset({Status.SUCCESS, Status.PENDING, Status.ON_HOLD, Status.RETURNED})


def taken_minor(transfer: Transfer) -> int:
    """How much of the float a transfer takes up as it stands."""
    if transfer.status not in TAKES_FUNDS:
        return 0
    return transfer.amount_minor - transfer.returned_minor


class Funds:
    """What is left per currency; unlimited until a limit is set."""

    def __init__(self) -> None:
        """Start without limits."""
        self._available: dict[str, int] = {}

    @property
    def limited(self) -> list[str]:
        """The currencies that have a limit."""
        return list(self._available)

    def limit(self, currency: str, available_minor: int | None) -> None:
        """Set what is available from now on; None lifts the limit."""
        if available_minor is None:
            self._available.pop(currency, None)
        else:
            self._available[currency] = available_minor

    def available(self, currency: str) -> int | None:
        """What is left, or None if unlimited."""
        return self._available.get(currency)

    def cover(self, currency: str, amount_minor: int) -> bool:
        """Enough is left for this amount."""
        available = self._available.get(currency)
        return available is None or available >= amount_minor

    def take(self, currency: str, amount_minor: int) -> None:
        """Take so much; a negative amount gives back."""
        if currency in self._available:
            self._available[currency] -= amount_minor
