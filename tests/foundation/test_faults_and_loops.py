"""Fault points do nothing unless told; loops outlive their passes and end when told."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bursar
from bursar.foundation.faults import POINTS, fault
from bursar.foundation.loops import repeat

SOURCE = Path(bursar.__file__).parent


def hit(point: str, plan: str) -> subprocess.CompletedProcess[str]:
    """Pass a fault point in a process of its own."""
    code = f"from bursar.foundation.faults import fault\nfault({point!r})\nprint('alive')"
    environment = {**os.environ, "BURSAR_FAULTS": plan}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_in_production_a_fault_point_does_nothing() -> None:
    for point in POINTS:
        fault(point)


def test_a_named_point_kills() -> None:
    assert hit("dispatch.after_intent", "dispatch.after_intent:kill").returncode == -9


def test_other_points_stay_harmless() -> None:
    assert hit("dispatch.after_answer", "dispatch.after_intent:kill").stdout == "alive\n"


def test_a_plan_for_a_point_that_does_not_exist_is_a_mistake() -> None:
    assert "points that do not exist" in hit("dispatch.after_intent", "dispatch.nowhere:kill").stderr


def test_every_point_stands_in_the_code_once_and_no_other_does() -> None:
    passed = [
        point
        for file in SOURCE.rglob("*.py")
        if file.name != "faults.py"
        for point in re.findall(r'\bfault\("([^"]+)"\)', file.read_text())
    ]
    assert sorted(passed) == sorted(POINTS)


class Work:
    """Passes that give what they were told, then stop the loop."""

    def __init__(self, *passes: bool | Exception) -> None:
        self.stop = asyncio.Event()
        self.pauses = 0
        self._passes = list(passes)

    async def __call__(self) -> bool:
        result = self._passes.pop(0)
        if not self._passes:
            self.stop.set()
        if isinstance(result, Exception):
            raise result
        return result

    async def pause(self) -> None:
        self.pauses += 1

    async def run(self) -> None:
        await asyncio.wait_for(repeat(self, name="work", stop=self.stop, pause=self.pause), 1)


async def test_a_loop_rests_only_when_nothing_more_is_waiting() -> None:
    work = Work(True, True, False, True, False)
    await work.run()
    assert work.pauses == 1, "after the first False; after the last it was time to stop"


async def test_a_loop_outlives_a_pass_that_fails() -> None:
    work = Work(ConnectionError("gone"), False, False)
    await work.run()
    assert work.pauses == 2


async def test_a_loop_that_is_cancelled_ends() -> None:
    async def for_ever() -> bool:
        await asyncio.sleep(60)
        return False

    task = asyncio.create_task(repeat(for_ever, name="work", stop=asyncio.Event(), pause=for_ever))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
