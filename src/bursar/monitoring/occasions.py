"""Kinds of things that have to be done now and then: what housekeeping is handed, and does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bursar.foundation.db import Transaction


@dataclass(frozen=True, slots=True)
class Occasion:
    """A name, and how often something is done under it."""

    name: str
    every: timedelta

    def slot(self, at: datetime) -> str:
        """The name of the next occasion after ``at``; whoever queues it, it is queued once."""
        return f"{self.name}:{int(at.timestamp() // self.every.total_seconds()) + 1}"


@dataclass(frozen=True, slots=True)
class Chore(Occasion):
    """A job that is one transaction."""

    work: Callable[[Transaction], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Errand(Occasion):
    """A job that leaves the house: it calls others, and opens transactions of its own in between."""

    work: Callable[[], Awaitable[object]]
