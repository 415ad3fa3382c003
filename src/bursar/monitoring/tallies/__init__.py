"""Tallies: what happened to payouts, added up by one reader of their events, so that a look at them is cheap.

The room promises that each committed move is counted exactly once, in the transaction that reads on, and that a look
costs the same at ten thousand payouts and at ten million. What has happened within the last second or so may be missing
still; ``read_on`` counts it at once.
"""

from bursar.monitoring.tallies.counting import READ_MAX, READER, count_all_day, forget_old, read_on
from bursar.monitoring.tallies.look import WINDOW_MAX, Window, ever, oldest_open, states, window
from bursar.monitoring.tallies.model import (
    BOUNDS,
    DurationTally,
    FlowTally,
    OpenTally,
    Span,
    StateTally,
    cumulative,
    quantile,
)

__all__ = [
    "BOUNDS",
    "READER",
    "READ_MAX",
    "WINDOW_MAX",
    "DurationTally",
    "FlowTally",
    "OpenTally",
    "Span",
    "StateTally",
    "Window",
    "count_all_day",
    "cumulative",
    "ever",
    "forget_old",
    "oldest_open",
    "quantile",
    "read_on",
    "states",
    "window",
]
