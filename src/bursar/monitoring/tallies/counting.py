"""The reader that keeps tallies, and what it adds where."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from bursar import payouts
from bursar.foundation.db import Database, Transaction
from bursar.foundation.loops import repeat, rest
from bursar.monitoring.tallies import store
from bursar.monitoring.tallies.model import BOUNDS, Span

READER: Final = "tallies"
READ_MAX: Final = 5_000  # Events at once; more would only lengthen the transaction.
COUNT_SECONDS: Final = 1.0  # How soon what happened is counted; looking costs three small statements.
MINUTES_DAYS: Final = 3  # Windows that begin earlier are rounded to the hour.
HOURS_DAYS: Final = 400  # A year and a little, so that a month can be compared with the same one a year ago.
THE_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when what has ever happened is added up."""


async def read_on(tx: Transaction) -> int:
    """Count what has happened since the last time, each move once; how many moves that were.

    A dozen small statements for up to ``READ_MAX`` moves. Only one process counts at a time: others find nothing to do.
    """
    moves, read = await payouts.tally_feed(tx, reader=READER, limit=READ_MAX, bounds=BOUNDS)
    if moves:
        await store.add_states(tx, _states(moves))
        await store.add_open(tx, _open(moves))
        await store.add_flows(tx, _flows(moves))
        await store.add_durations(tx, _durations(moves))
    return read


async def count_all_day(database: Database, stop: asyncio.Event) -> None:
    """Keep the tallies until told to stop."""

    async def work() -> bool:
        return await database.retrying(read_on) == READ_MAX

    await repeat(work, name="tallies", stop=stop, pause=partial(rest, stop, COUNT_SECONDS))


async def forget_old(tx: Transaction) -> None:
    """Forget minutes and hours that nobody looks at any more."""
    await store.forget(tx, minutes_days=MINUTES_DAYS, hours_days=HOURS_DAYS)


def _states(moves: Sequence[payouts.MovesTally]) -> list[store.Row]:
    counts: Counter[tuple[str, str, str]] = Counter()
    amounts: Counter[tuple[str, str, str]] = Counter()
    for move in moves:
        for state, sign in ((move.to_state, 1), (move.from_state, -1)):
            if state is not None:
                place = (move.program, move.currency, state.value)
                counts[place] += sign * move.count
                amounts[place] += sign * move.amount
    return [(*place, count, amounts[place]) for place, count in counts.items() if count or amounts[place]]


def _open(moves: Sequence[payouts.MovesTally]) -> list[store.Row]:
    """What begins to be open and what comes to rest; a retry opens again what had come to rest."""
    counts: Counter[tuple[str, datetime]] = Counter()
    for move in moves:
        was_open = move.from_state is not None and move.from_state not in payouts.RESTING
        is_open = move.to_state not in payouts.RESTING
        counts[move.program, move.asked_at] += (is_open - was_open) * move.count
    return [(*place, count) for place, count in counts.items() if count]


def _flows(moves: Sequence[payouts.MovesTally]) -> list[store.Row]:
    sums: dict[tuple[object, ...], list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for move in moves:
        for span, since in _spans(move.minute):
            figures = sums[span, since, move.program, move.currency, move.verb]
            figures[0] += move.count
            figures[1] += move.amount
            figures[2] += move.seconds
    return [(*place, *figures) for place, figures in sorted(sums.items(), key=_place)]


def _durations(moves: Sequence[payouts.MovesTally]) -> list[store.Row]:
    counts: Counter[tuple[object, ...]] = Counter()
    for move in moves:
        if move.bucket is not None:
            for span, since in _spans(move.minute):
                counts[span, since, move.program, move.verb, move.bucket] += move.count
    return [(*place, count) for place, count in sorted(counts.items(), key=_place)]


def _spans(minute: datetime) -> Iterator[tuple[str, datetime]]:
    """The spans of time that a minute is counted in."""
    yield Span.MINUTE.value, minute
    yield Span.HOUR.value, minute.replace(minute=0)
    yield Span.EVER.value, THE_BEGINNING


def _place(item: tuple[tuple[object, ...], object]) -> list[str]:
    """The order in which rows are written: always the same, whoever writes."""
    return [str(part) for part in item[0]]
