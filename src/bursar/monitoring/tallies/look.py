"""Looking at tallies: what stands where, and what happened within a window, at the same cost however much there is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bursar.foundation.db import Transaction
from bursar.monitoring.tallies import store
from bursar.monitoring.tallies.model import DurationTally, FlowTally, OpenTally, StateTally

WINDOW_MAX: Final = timedelta(days=366)
_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """What happened from ``since`` until ``until``: both whole minutes."""

    since: datetime
    until: datetime
    flows: tuple[FlowTally, ...]
    durations: tuple[DurationTally, ...]


async def states(tx: Transaction, program: str | None = None) -> list[StateTally]:
    """How many payouts stand where, of one program or of each."""
    return await store.states(tx, program)


async def oldest_open(tx: Transaction, program: str | None = None) -> list[OpenTally]:
    """When the oldest payout was asked for that has not come to rest, to the minute, of one program or of each."""
    return await store.oldest_open(tx, program)


async def window(tx: Transaction, program: str | None = None, *, span: timedelta, at: datetime) -> Window:
    """What happened within this span before ``at``, the minute under way included.

    It reads two hours of minutes at most and a row for each hour between, whatever happened in them. Beyond
    ``MINUTES_DAYS`` only whole hours are known.
    """
    until = at.replace(second=0, microsecond=0) + _MINUTE
    since = until - min(max(span, _MINUTE), WINDOW_MAX)
    edges = _edges(since, until)
    flows = await store.flows(tx, program, edges=edges)
    return Window(since, until, tuple(flows), tuple(await store.durations(tx, program, edges=edges)))


async def ever(tx: Transaction) -> tuple[list[FlowTally], list[DurationTally]]:
    """What has ever happened, and how long it took: figures that only grow."""
    return await store.flows_ever(tx), await store.durations_ever(tx)


def _edges(since: datetime, until: datetime) -> tuple[datetime, datetime, datetime, datetime]:
    """Where a window begins, where its first whole hour begins and its last one ends, and where it ends."""
    last = until.replace(minute=0)
    first = since.replace(minute=0) + (_HOUR if since.minute else timedelta())
    return (since, first, last, until) if first <= last else (since, until, until, until)
