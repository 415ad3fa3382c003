"""Time, handed in as an argument so that a test can own the day."""

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000


def iso(epoch_ms: int) -> str:
    """Write epoch milliseconds as `2025-12-12T11:13:51.708Z`."""
    seconds, milliseconds = divmod(epoch_ms, 1000)
    return f"{_to_the_second(seconds)}.{milliseconds:03d}Z"


def from_iso(text: str) -> int:
    """Read an ISO-8601 instant as epoch milliseconds; ValueError without a UTC offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs a UTC offset, such as Z")
    since_epoch = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1000 + (since_epoch.microseconds // 1000)


# Thousands of answers carry the same second; formatting it once keeps the bank fast.
@lru_cache(maxsize=1024)
def _to_the_second(epoch_seconds: int) -> str:
    return datetime.fromtimestamp(epoch_seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
