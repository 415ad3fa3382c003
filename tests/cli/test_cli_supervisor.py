"""Keeping processes alive, shown on small ones."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from cli_house import lives

from bursar.cli import supervisor
from bursar.cli.supervisor import Child

SOON = 10.0

LIVE = """
import os, pathlib, signal, sys
pathlib.Path(sys.argv[1], str(os.getpid())).touch()
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
sys.stdin.read()
"""


def child(folder: Path, **more: str) -> Child:
    """A process that leaves its number in a folder and lives as long as its standard input."""
    return Child((sys.executable, "-c", LIVE, str(folder)), environment=more)


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(SOON):
        while not true():
            await asyncio.sleep(0.02)


def born(folder: Path) -> set[int]:
    """The numbers of all that were ever started."""
    return {int(file.name) for file in folder.iterdir()}


async def test_all_are_ended_when_told_to(tmp_path: Path) -> None:
    stop = asyncio.Event()
    keeping = asyncio.create_task(supervisor.keep([child(tmp_path)] * 2, stop))
    await until(lambda: len(born(tmp_path)) == 2)
    stop.set()
    await asyncio.wait_for(keeping, SOON)
    assert not any(map(lives, born(tmp_path)))


async def test_one_that_dies_is_started_again(tmp_path: Path) -> None:
    stop = asyncio.Event()
    keeping = asyncio.create_task(supervisor.keep([child(tmp_path)], stop))
    await until(lambda: len(born(tmp_path)) == 1)
    os.kill(min(born(tmp_path)), signal.SIGKILL)
    await until(lambda: len(born(tmp_path)) == 2)
    stop.set()
    await asyncio.wait_for(keeping, SOON)


async def test_a_change_starts_it_anew(tmp_path: Path) -> None:
    stop, changed = asyncio.Event(), asyncio.Event()

    async def changes() -> AsyncIterator[object]:
        await changed.wait()
        yield "a file"
        await stop.wait()

    keeping = asyncio.create_task(supervisor.keep([child(tmp_path)], stop, changes=changes()))
    await until(lambda: len(born(tmp_path)) == 1)
    [first] = born(tmp_path)
    changed.set()
    await until(lambda: len(born(tmp_path)) == 2)
    assert not lives(first), "the old one has ended before the new one begins"
    stop.set()
    await asyncio.wait_for(keeping, SOON)


async def test_one_that_cannot_live_ends_all(tmp_path: Path) -> None:
    hopeless = Child((sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(supervisor.KeepsDying):
        await asyncio.wait_for(supervisor.keep([child(tmp_path), hopeless], asyncio.Event(), wait_seconds=0.01), SOON)
    assert not any(map(lives, born(tmp_path)))


async def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys; from bursar.cli import supervisor; "
        "asyncio.run(supervisor.keep([supervisor.Child(sys.argv[1:])], asyncio.Event()))"
    )
    keeper = await asyncio.create_subprocess_exec(sys.executable, "-c", script, *child(tmp_path).command)
    await until(lambda: len(born(tmp_path)) == 1)
    keeper.kill()
    await keeper.wait()
    await until(lambda: not any(map(lives, born(tmp_path))))
