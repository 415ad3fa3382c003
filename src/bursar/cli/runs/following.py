"""Following a run while it goes: a bar for what has come to rest, and a sentence where it stops."""

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

from bursar import schedules
from bursar.cli import frame
from bursar.foundation.loops import rest
from bursar.schedules import Results, Run, Standing

LOOK_SECONDS: Final = 0.25
OVER: Final = frozenset({Standing.FINISHED, Standing.CANCELLED})


async def follow(run_id: UUID, stop: asyncio.Event) -> None:
    """Draw the run's progress on standard error until its payouts have ended, it is stopped, or Ctrl-C."""
    async with frame.database() as database:
        async with database.transaction(readonly=True) as tx:
            program = (await schedules.get(tx, run_id)).program
        with frame.meter(f"Run of {program}") as draw:
            while not stop.is_set():
                async with database.transaction(readonly=True) as tx:
                    run = await schedules.get(tx, run_id)
                    found = (await schedules.results(tx, [run_id]))[run_id]
                _draw(draw, run, found)
                if _is_over(run, found):
                    return
                await rest(stop, LOOK_SECONDS)


def _draw(draw: Callable[[str, int, int], None], run: Run, found: Results) -> None:
    if run.standing is Standing.BEGUN:
        draw(f"asked for {run.asked:,}", 0, 0)
        return
    words = [f"{found.succeeded:,} paid", f"{found.failed:,} failed", f"{found.waiting:,} on their way"]
    words += [f"{run.kept_waiting:,} wait for the next run"] if run.kept_waiting else []
    words += [f"stopped: {run.stopped_why}"] if run.standing is Standing.STOPPED else []
    draw(", ".join(words), found.total - found.waiting, found.total)


def _is_over(run: Run, found: Results) -> bool:
    return run.standing is Standing.STOPPED or (run.standing in OVER and not found.waiting)
