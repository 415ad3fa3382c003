"""What a statement says, whatever its form."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bursar.foundation.money import Money
from bursar.gateways import Payment


@dataclass(frozen=True, slots=True)
class Gap:
    """Balances that do not follow from each other: what the entries lead to, and what the statement says."""

    statement: str
    expected: Money
    found: Money
    at: datetime


class Statement(Protocol):
    """A statement that is read once, from beginning to end."""

    def payments(self) -> Iterator[Payment]:
        """Its payments as they come.

        Raises:
            UnreadableStatement: it is not what it is said to be; what was given so far proves nothing.
        """
        ...

    def gaps(self) -> list[Gap]:
        """Once it has been read: the balances that do not follow."""
        ...
