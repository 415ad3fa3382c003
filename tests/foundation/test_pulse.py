"""A process knows how late its event loop is, and what it takes of the machine."""

import asyncio
import os
import time

from bursar.foundation.pulse import BEAT_SECONDS, Pulse

HELD_UP = 0.4


async def test_a_loop_that_is_held_up_is_noticed_and_remembered() -> None:
    pulse = Pulse()
    pulse.start()
    await asyncio.sleep(BEAT_SECONDS / 2)
    time.sleep(HELD_UP)  # noqa: ASYNC251 - this is what must be noticed
    await asyncio.sleep(BEAT_SECONDS * 3)
    vitals = pulse.vitals()
    await pulse.stop()
    assert vitals.loop_lag_max >= HELD_UP / 2
    assert vitals.loop_lag <= vitals.loop_lag_max
    assert vitals.pid == os.getpid()
    assert vitals.memory_bytes > 10_000_000
    assert vitals.cpu_percent >= 0


async def test_one_that_never_began_can_be_looked_at_and_stopped() -> None:
    pulse = Pulse()
    assert (pulse.vitals().loop_lag, pulse.vitals().loop_lag_max) == (0.0, 0.0)
    await pulse.stop()
