"""The groups of the terms that say how long to wait before something is tried, asked or told again."""

from collections.abc import Sequence
from typing import Final

import msgspec

ATTEMPTS_MAX: Final = 20  # More tries never helped anybody; then a person looks.
HALF_A_WEEKEND: Final = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 36_000.0)
"""Waits in seconds that add up to 28 hours: a receiver that fails on a Saturday is still served on Sunday."""


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """Another attempt after a gateway refused for now: exponential backoff with jitter."""

    max_attempts: int = 3  # All in all, the first one included; then a person looks.
    base_seconds: float = 2.0  # The wait after the first attempt.
    factor: float = 2.0  # Each further wait is this many times the one before.
    max_seconds: float = 3600.0  # No wait is longer.
    jitter: float = 0.1  # The share of a wait, 0 to 1, that chance may take off, so that retries spread out.

    def delay(self, attempt: int, chance: float) -> float:
        """Seconds to wait after the attempt of this number (from 1) was refused; ``chance`` is in [0, 1).

        Chance only ever shortens a wait, so ``max_seconds`` holds.
        """
        assert attempt >= 1, "attempts count from one"
        grown = self.base_seconds * self.factor ** (min(attempt, ATTEMPTS_MAX) - 1)
        return min(grown, self.max_seconds) * (1 - self.jitter * chance)


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """Asking again: when we do not know what became of an attempt, and when a promised answer does not come."""

    # Outcome unknown: the waits between inquiries; the last one repeats.
    schedule_seconds: tuple[float, ...] = (5.0, 30.0, 120.0, 600.0, 3600.0, 21_600.0)
    # Unknown for longer than this after sending: parked for two people.
    limit_hours: int = 18
    # Answer promised but not come: the waits between inquiries; the last one repeats.
    poll_seconds: tuple[float, ...] = (60.0, 300.0, 900.0, 3600.0)

    def delay(self, inquiries: int) -> float:
        """Seconds to the next inquiry about an unknown outcome, after so many; the schedule's last wait repeats."""
        return _step(self.schedule_seconds, inquiries)

    def poll_delay(self, inquiries: int) -> float:
        """Seconds to the next inquiry about a promised answer, after so many; the last wait repeats."""
        return _step(self.poll_seconds, inquiries)


class Webhooks(msgspec.Struct, frozen=True, kw_only=True):
    """Our messages to the holders' endpoints: how often and how long we try."""

    max_attempts: int = 8  # Tries all in all, the first one included.
    schedule_seconds: tuple[float, ...] = HALF_A_WEEKEND  # The wait after each try but the last.
    timeout_seconds: float = 30.0  # For one try, all in all.

    def delay(self, tries: int) -> float | None:
        """Seconds to the next try after so many (from 1); None when there is none left."""
        return self.schedule_seconds[tries - 1] if tries < self.max_attempts else None


def _step(schedule: Sequence[float], taken: int) -> float:
    return schedule[min(taken, len(schedule) - 1)]
