"""Metrics: the figures of the writers document, from tallies alone, so that a look costs the same at any size."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bursar import payouts
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money, totals
from bursar.monitoring import tallies

WINDOW: Final = timedelta(hours=24)
_JUDGED: Final = ("settle", "fail")
"""What says how well payouts go: those that people rejected or took back say nothing about it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many payouts stand in a state, and what they add up to in each currency."""

    count: int
    money: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Metrics:
    """How payouts went within a window, and how they stand now; of one program, or of all.

    Rates are in percent and None where there is nothing to judge by. Of the payouts that ended within the window, so
    many succeeded and so many failed; of the tries within it, so many were refused for now and lead to another one.
    Times are in seconds, from request to the end of those that succeeded or failed. ``moves`` counts every verb.
    """

    program: str | None
    since: datetime
    until: datetime
    moves: Mapping[str, int]
    requested: tuple[Money, ...]
    paid: tuple[Money, ...]
    average_seconds: float | None
    p50_seconds: float | None
    p95_seconds: float | None
    p99_seconds: float | None
    standing: Mapping[payouts.PayoutState, Standing]
    oldest_open_at: datetime | None
    at: datetime

    @property
    def succeeded(self) -> int:
        """How many payouts were completed within the window."""
        return self.moves.get("settle", 0)

    @property
    def failed(self) -> int:
        """How many failed for good within the window."""
        return self.moves.get("fail", 0)

    @property
    def ended(self) -> int:
        """How many succeeded or failed within the window."""
        return self.succeeded + self.failed

    @property
    def success_rate(self) -> float | None:
        """The share of those that ended within the window that succeeded."""
        return _percent(self.succeeded, self.ended)

    @property
    def failure_rate(self) -> float | None:
        """The share of those that ended within the window that failed."""
        return _percent(self.failed, self.ended)

    @property
    def retry_rate(self) -> float | None:
        """The share of tries within the window that led to another one."""
        return _percent(self.moves.get("defer", 0), self.moves.get("send", 0))

    @property
    def pending(self) -> int:
        """How many payouts have been asked for and have not come to rest."""
        return sum(one.count for state, one in self.standing.items() if state not in payouts.RESTING)

    @property
    def pending_money(self) -> tuple[Money, ...]:
        """What they add up to, in each currency."""
        return totals(
            money for state, one in self.standing.items() if state not in payouts.RESTING for money in one.money
        )

    @property
    def oldest_open_seconds(self) -> float | None:
        """How long ago the oldest of them was asked for, to the minute."""
        return None if self.oldest_open_at is None else max((self.at - self.oldest_open_at).total_seconds(), 0.0)

    def count(self, state: payouts.PayoutState) -> int:
        """How many payouts stand in this state."""
        return self.standing[state].count if state in self.standing else 0


async def metrics(tx: Transaction, program: str | None = None, *, window: timedelta = WINDOW) -> Metrics:
    """How payouts of a program, or of all, went within a window, and how they stand; five statements.

    What has happened within the last second or so may be missing; ``tallies.read_on`` counts it first.
    """
    at = await tx.now()
    passed = await tallies.window(tx, program, span=window, at=at)
    standing = await tallies.states(tx, program)
    oldest = await tallies.oldest_open(tx, program)
    moves: Counter[str] = Counter()
    for flow in passed.flows:
        moves[flow.verb] += flow.count
    counts: Counter[int] = Counter()
    for duration in passed.durations:
        if duration.verb in _JUDGED:
            counts[duration.bucket] += duration.count
    return Metrics(
        program=program,
        since=passed.since,
        until=passed.until,
        moves=dict(moves),
        requested=_of_verb(passed.flows, "request"),
        paid=_of_verb(passed.flows, "settle"),
        average_seconds=_average(passed.flows),
        p50_seconds=tallies.quantile(counts, 0.50),
        p95_seconds=tallies.quantile(counts, 0.95),
        p99_seconds=tallies.quantile(counts, 0.99),
        standing=_standing(standing),
        oldest_open_at=min((one.oldest_asked_at for one in oldest), default=None),
        at=at,
    )


def _standing(found: Iterable[tallies.StateTally]) -> dict[payouts.PayoutState, Standing]:
    by_state: dict[payouts.PayoutState, list[tallies.StateTally]] = defaultdict(list)
    for one in found:
        by_state[one.state].append(one)
    return {
        state: Standing(sum(one.count for one in all_), totals(Money(one.amount, one.currency) for one in all_))
        for state, all_ in by_state.items()
    }


def _of_verb(flows: Iterable[tallies.FlowTally], verb: str) -> tuple[Money, ...]:
    return totals(Money(flow.amount, flow.currency) for flow in flows if flow.verb == verb)


def _average(flows: Iterable[tallies.FlowTally]) -> float | None:
    judged = [flow for flow in flows if flow.verb in _JUDGED]
    ended = sum(flow.count for flow in judged)
    return sum(flow.seconds for flow in judged) / ended if ended else None


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None
