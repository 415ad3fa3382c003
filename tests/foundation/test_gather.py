"""Gather: concurrent asks share a batch, each gets its own answer, and nobody pays for another's trouble."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from bursar.foundation.gather import Gather


class Workshop:
    """Does the work of a batch when it is let, and remembers what was handed in together."""

    def __init__(self, answer: Callable[[int], int | Exception] = lambda ask: ask * 10, *, breaks_on: int = -1) -> None:
        self.batches: list[list[int]] = []
        self.let_go = asyncio.Event()
        self._answer = answer
        self._breaks_on = breaks_on

    async def __call__(self, batch: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(batch))
        await self.let_go.wait()
        if self._breaks_on in batch:
            raise ConnectionError("the whole batch is lost")
        return [self._answer(ask) for ask in batch]


def gathered(work: Workshop, *, key: Callable[[int], int] = lambda ask: ask, **bounds: int) -> Gather[int, int]:
    return Gather(work, key=key, **bounds)


async def hand_in(gather: Gather[int, int], *asks: int) -> list[asyncio.Task[int]]:
    """Ask all at once, and let everything run that can."""
    tasks = [asyncio.create_task(gather.ask(ask)) for ask in asks]
    await settle()
    return tasks


async def settle() -> None:
    """Let everything that can run, run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_lone_ask_waits_for_nobody() -> None:
    work = Workshop()
    work.let_go.set()
    assert await gathered(work).ask(7) == 70
    assert work.batches == [[7]]


async def test_while_a_batch_is_under_way_the_next_one_collects() -> None:
    work = Workshop()
    gather = gathered(work, in_flight=1)
    asks = [*await hand_in(gather, 0), *await hand_in(gather, 1, 2), *await hand_in(gather, 3, 4)]
    assert work.batches == [[0]]
    work.let_go.set()
    assert await asyncio.gather(*asks) == [0, 10, 20, 30, 40]
    assert work.batches == [[0], [1, 2, 3, 4]]


async def test_no_more_batches_are_under_way_than_allowed() -> None:
    work = Workshop()
    gather = gathered(work, in_flight=2)
    asks = [*await hand_in(gather, 0), *await hand_in(gather, 1), *await hand_in(gather, 2), *await hand_in(gather, 3)]
    assert work.batches == [[0], [1]]
    work.let_go.set()
    await asyncio.gather(*asks)
    assert work.batches[2:] == [[2, 3]]


async def test_a_batch_is_never_larger_than_its_bound() -> None:
    work = Workshop()
    gather = gathered(work, in_flight=1, batch_max=3)
    asks = [*await hand_in(gather, 0), *await hand_in(gather, *range(1, 8))]
    work.let_go.set()
    assert await asyncio.gather(*asks) == [n * 10 for n in range(8)]
    assert [len(batch) for batch in work.batches] == [1, 3, 3, 1]


async def test_asks_are_served_in_the_order_they_came() -> None:
    work = Workshop()
    gather = gathered(work, in_flight=1, batch_max=4)
    asks = await hand_in(gather, *range(12))
    work.let_go.set()
    await asyncio.gather(*asks)
    assert [ask for batch in work.batches for ask in batch] == list(range(12))


async def test_twins_never_share_a_batch_nor_run_side_by_side() -> None:
    work = Workshop()
    gather = gathered(work, key=lambda ask: ask % 10, in_flight=2)
    asks = [*await hand_in(gather, 1), *await hand_in(gather, 11, 21, 2)]
    assert work.batches == [[1], [2]], "11 and 21 wait for 1; 2 does not wait for them"
    work.let_go.set()
    assert await asyncio.gather(*asks) == [10, 110, 210, 20]
    assert work.batches == [[1], [2], [11], [21]]


async def test_twins_that_come_together_are_answered_one_after_the_other() -> None:
    work = Workshop()
    work.let_go.set()
    gather = gathered(work, key=lambda _: 0)
    assert await asyncio.gather(*(gather.ask(n) for n in range(5))) == [0, 10, 20, 30, 40]
    assert work.batches == [[0], [1], [2], [3], [4]]


async def test_a_refusal_reaches_its_own_caller_alone() -> None:
    work = Workshop(lambda ask: ValueError(ask) if ask == 2 else ask)
    work.let_go.set()
    gather = gathered(work, in_flight=1)
    answers = await asyncio.gather(*(gather.ask(n) for n in (1, 2, 3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [int, ValueError, int]


async def test_a_batch_that_fails_is_run_again_one_by_one() -> None:
    work = Workshop(breaks_on=3)
    gather = gathered(work, in_flight=1)
    asks = [*await hand_in(gather, 1), *await hand_in(gather, 2, 3, 4, 5)]
    work.let_go.set()
    answers = await asyncio.gather(*asks, return_exceptions=True)
    assert work.batches == [[1], [2, 3, 4, 5], [2], [3], [4], [5]]
    assert [type(answer) for answer in answers] == [int, int, ConnectionError, int, int]


async def test_a_caller_that_leaves_before_its_work_began_is_passed_over() -> None:
    work = Workshop()
    gather = gathered(work, in_flight=1)
    [first], [leaver], [last] = [await hand_in(gather, n) for n in (1, 2, 3)]
    leaver.cancel()
    work.let_go.set()
    assert await asyncio.gather(first, last) == [10, 30]
    assert work.batches == [[1], [3]]


async def test_a_caller_that_leaves_later_does_not_stop_its_work_or_anybody_elses() -> None:
    work = Workshop()
    gather = gathered(work, in_flight=2)
    [first], [leaver, stayer] = await hand_in(gather, 1), await hand_in(gather, 2, 3)
    assert work.batches == [[1], [2, 3]]
    leaver.cancel()
    work.let_go.set()
    assert await asyncio.gather(first, stayer) == [10, 30]
    assert leaver.cancelled()


async def test_the_work_goes_on_after_a_failure() -> None:
    async def work(batch: Sequence[int]) -> list[int]:
        if batch == [1]:
            raise ConnectionError
        return list(batch)

    gather: Gather[int, int] = Gather(work, key=lambda ask: ask)
    with pytest.raises(ConnectionError):
        await gather.ask(1)
    assert await gather.ask(2) == 2


async def test_work_that_answers_for_too_few_leaves_nobody_waiting() -> None:
    async def forgetful(batch: Sequence[int]) -> list[int]:
        return []

    gather: Gather[int, int] = Gather(forgetful, key=lambda ask: ask)
    with pytest.raises(AssertionError, match="one result for each"):
        await asyncio.wait_for(gather.ask(1), 1)


async def test_draining_waits_for_everything_that_was_handed_in() -> None:
    work = Workshop()
    gather = gathered(work, in_flight=1)
    asks = [*await hand_in(gather, 0), *await hand_in(gather, 1, 2)]
    draining = asyncio.create_task(gather.drain())
    await settle()
    assert not draining.done()
    work.let_go.set()
    await draining
    await settle()
    assert all(ask.done() for ask in asks)


async def test_asks_of_one_lane_share_a_batch_and_are_never_in_two_at_once() -> None:
    work = Workshop()
    gather = Gather(work, key=lambda ask: ask, lane=lambda ask: ask % 2, in_flight=2)
    asks = [*await hand_in(gather, 1, 3), *await hand_in(gather, 5, 7, 2, 4)]
    assert work.batches == [[1, 3], [2, 4]], "5 and 7 wait for the lane of 1 and 3"
    work.let_go.set()
    assert await asyncio.gather(*asks) == [10, 30, 50, 70, 20, 40]
    assert work.batches == [[1, 3], [2, 4], [5, 7]]


async def test_a_second_batch_begins_only_when_it_is_worth_its_commit() -> None:
    work = Workshop()
    gather = gathered(work, in_flight=2)
    asks = [*await hand_in(gather, 1, 2, 3, 4), *await hand_in(gather, 5)]
    assert work.batches == [[1, 2, 3, 4]]
    asks += await hand_in(gather, 6)
    assert work.batches == [[1, 2, 3, 4], [5, 6]]
    work.let_go.set()
    assert await asyncio.gather(*asks) == [10, 20, 30, 40, 50, 60]


async def test_draining_waits_for_those_who_have_only_just_asked() -> None:
    work = Workshop()
    work.let_go.set()
    gather = gathered(work)
    ask = asyncio.create_task(gather.ask(1))
    await asyncio.sleep(0)
    await gather.drain()
    assert work.batches == [[1]]
    assert await ask == 10
