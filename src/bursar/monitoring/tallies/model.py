"""Tallies: what happened to payouts, added up. One reader of their events keeps them, so a look at them is cheap."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bursar.payouts.model import PayoutState

BOUNDS: Final = tuple(round(0.1 * 2 ** (step / 4), 4) for step in range(108))
"""Upper bounds of the buckets in which times from request to end are counted, in seconds: from 0.1 s to 130 days.

Each is a fifth longer than the one before, so a percentile is right to about a tenth of itself. What took longer than
the last one is counted in one bucket more.
"""


class Span(StrEnum):
    """Over how long a tally was added up."""

    MINUTE = "minute"
    HOUR = "hour"
    EVER = "ever"


@dataclass(frozen=True, slots=True)
class StateTally:
    """How many payouts of a program stand in a state, and what they add up to in minor units."""

    program: str
    currency: str
    state: PayoutState
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class FlowTally:
    """How often a verb came, with what the payouts add up to in minor units.

    ``seconds`` is what those took altogether from their request that came to rest by it.
    """

    program: str
    currency: str
    verb: str
    count: int
    amount: int
    seconds: float


@dataclass(frozen=True, slots=True)
class DurationTally:
    """How many payouts a verb brought to rest whose time since their request falls into a bucket of ``BOUNDS``."""

    program: str
    verb: str
    bucket: int
    count: int


@dataclass(frozen=True, slots=True)
class OpenTally:
    """What of a program has not come to rest: when the oldest of it was asked for, to the minute."""

    program: str
    oldest_asked_at: datetime


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The time in seconds within which this share (0 to 1) of what is counted by bucket was done; None of nothing.

    Within a bucket times are taken to be spread evenly; what took longer than the last bound took that long.
    """
    total = sum(counts.values())
    if not total:
        return None
    wanted, passed = share * total, 0
    for bucket in sorted(counts):
        if passed + counts[bucket] >= wanted:
            lower = BOUNDS[bucket - 1] if bucket else 0.0
            upper = BOUNDS[min(bucket, len(BOUNDS) - 1)]
            return lower + (upper - lower) * (wanted - passed) / counts[bucket]
        passed += counts[bucket]
    return BOUNDS[-1]


def cumulative(tallies: Iterable[DurationTally], bounds: Sequence[float]) -> list[int]:
    """How many took at most so long, for each of these bounds in seconds: a histogram as Prometheus has it."""
    by_bucket: dict[int, int] = defaultdict(int)
    for tally in tallies:
        by_bucket[tally.bucket] += tally.count
    last = [bisect_left(BOUNDS, bound) for bound in bounds]
    return [sum(count for bucket, count in by_bucket.items() if bucket <= most) for most in last]
