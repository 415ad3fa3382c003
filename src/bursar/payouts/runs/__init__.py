"""The payouts of runs: how far they are, which of them failed, and those that can still be cancelled."""

from bursar.payouts.runs.look import (
    Figures,
    count_by_run,
    count_failures,
    count_for_run,
    failures_by_run,
    last_moves,
    page_of_run,
)
from bursar.payouts.runs.withdraw import cancel_rest

__all__ = [
    "Figures",
    "cancel_rest",
    "count_by_run",
    "count_failures",
    "count_for_run",
    "failures_by_run",
    "last_moves",
    "page_of_run",
]
