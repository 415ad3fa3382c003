"""Works that go on side by side and end together."""

import asyncio

import pytest

from bursar.foundation.loops import rest, side_by_side


async def until(stop: asyncio.Event, ended: list[str], name: str) -> None:
    await stop.wait()
    ended.append(name)


async def test_all_end_when_told_to() -> None:
    stop, ended = asyncio.Event(), list[str]()
    going = asyncio.create_task(side_by_side(stop, until(stop, ended, "a"), until(stop, ended, "b")))
    await asyncio.sleep(0)
    stop.set()
    await going
    assert ended == ["a", "b"]


async def test_one_that_fails_lets_the_others_finish_and_is_reported() -> None:
    async def fail() -> None:
        raise KeyError("a bug")

    stop, ended = asyncio.Event(), list[str]()
    with pytest.raises(KeyError, match="a bug"):
        await side_by_side(stop, until(stop, ended, "a"), fail())
    assert ended == ["a"]


async def test_one_that_is_over_ends_the_others() -> None:
    stop, ended = asyncio.Event(), list[str]()
    await side_by_side(stop, until(stop, ended, "a"), asyncio.sleep(0))
    assert ended == ["a"]


async def test_a_rest_ends_with_the_time_or_with_everything() -> None:
    stop = asyncio.Event()
    await rest(stop, 0.001)
    resting = asyncio.create_task(rest(stop, 60))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(1):
        await resting
