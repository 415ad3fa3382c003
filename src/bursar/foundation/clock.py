"""The only place that asks what time it is, and says how a moment is written.

Leases, due times and everything two machines must agree on use the database's time instead.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)


@dataclass
class FakeClock:
    """Stands still until told to move."""

    current: datetime

    def now(self) -> datetime:
        """The moment it was last set to."""
        return self.current

    def pass_time(self, span: timedelta) -> None:
        """Let some time pass."""
        self.current += span


def timestamp(at: datetime) -> str:
    """A moment as all documents write it: UTC, milliseconds, ``Z``, such as ``2025-12-12T11:13:51.708Z``."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
