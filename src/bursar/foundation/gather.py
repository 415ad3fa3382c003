"""Concurrent requests become one transaction: while a batch commits, the next one collects.

There is no timer. A batch is whatever queued while earlier ones were in flight, as in group commit, so a lone
request waits for nobody. Each caller gets its own result, after the commit that holds its work.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")

BATCH_MAX: Final = 256  # Measured: larger batches gain nothing and make the first caller wait.


class Gather(Generic[Ask, Answer]):
    """Runs one unit of work for many callers at once.

    ``work`` takes a batch and gives one result each, in order; a result that is an exception is raised to its caller
    alone. When ``work`` itself fails, its batch is run again one by one, so that one bad item cannot
    take the others down. Two asks with the same ``key`` never share a batch: the second waits for the next.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Ask]], Awaitable[Sequence[Answer | Exception]]],
        *,
        key: Callable[[Ask], Hashable],
        lane: Callable[[Ask], Hashable] | None = None,
        in_flight: int = 2,
        batch_max: int = BATCH_MAX,
    ) -> None:
        """Gather asks for ``work``, with at most ``in_flight`` batches of ``batch_max`` under way.

        Asks of one ``lane`` (their ``key``, unless given) may share a batch and are never in two at once.
        """
        self._work = work
        self._key = key
        self._lane = lane or key
        self._in_flight = in_flight
        self._batch_max = batch_max
        self._waiting: deque[tuple[Ask, asyncio.Future[Answer]]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._busy: set[Hashable] = set()
        self._asked = 0
        self._starting = False

    async def ask(self, ask: Ask) -> Answer:
        """Hand in one piece of work and wait for its own result.

        Raises:
            Whatever the work raises or returns as an exception for this piece.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((ask, answer))
        self._start_soon()
        return await answer

    async def drain(self) -> None:
        """Wait until nothing is under way; called on shutdown, after the door closed."""
        while self._running or self._waiting:
            await (asyncio.wait(self._running) if self._running else asyncio.sleep(0))

    def _start_soon(self) -> None:
        """Start what may start once everybody who is asking at this moment has asked.

        Answers leave together, so those who ask again arrive together: a batch begun at the first of them would hold
        one or two, and the others would wait for it. Two turns of the loop are enough, and cost a lone request nothing.
        """
        if not self._starting:
            self._starting = True
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._start)

    def _start(self) -> None:
        self._starting = False
        while self._waiting and self._has_room():
            batch = self._collect()
            if not batch:  # Only what has to wait for what is under way.
                return
            lanes = {self._lane(ask) for ask, _ in batch}
            self._busy |= lanes
            self._asked += len(batch)
            task = asyncio.create_task(self._run(batch))
            self._running.add(task)
            task.add_done_callback(partial(self._finish, lanes, len(batch)))

    def _has_room(self) -> bool:
        """Whether another batch may start: always when none is under way, else only one that is worth its own commit.

        Without the second rule one lane carries almost everybody and the other a handful, over and over, and pays a
        whole commit for each handful.
        """
        if not self._running:
            return True
        return len(self._running) < self._in_flight and 2 * len(self._waiting) >= self._asked

    def _finish(self, lanes: set[Hashable], size: int, task: "asyncio.Task[None]") -> None:
        self._busy -= lanes
        self._asked -= size
        self._running.discard(task)
        self._start_soon()

    def _collect(self) -> list[tuple[Ask, asyncio.Future[Answer]]]:
        """The next batch: distinct keys of free lanes, oldest first; whoever has to wait stays at the queue's head."""
        batch: dict[Hashable, tuple[Ask, asyncio.Future[Answer]]] = {}
        held = []
        while self._waiting and len(batch) < self._batch_max:
            entry = self._waiting.popleft()
            if entry[1].done():  # The caller went away before its work began.
                continue
            if self._lane(entry[0]) in self._busy or batch.setdefault(self._key(entry[0]), entry) is not entry:
                held.append(entry)
        self._waiting.extendleft(reversed(held))
        return list(batch.values())

    async def _run(self, batch: list[tuple[Ask, asyncio.Future[Answer]]]) -> None:
        try:
            results = await self._work([ask for ask, _ in batch])
            assert len(results) == len(batch), "work gives one result for each ask"
        except Exception as failure:  # noqa: BLE001 - it is handed to the callers whose work it was
            if len(batch) == 1:
                _answer(batch[0][1], failure)
                return
            for entry in batch:
                await self._run([entry])
            return
        for (_, future), result in zip(batch, results, strict=True):
            _answer(future, result)


def _answer(future: "asyncio.Future[Answer]", result: Answer | Exception) -> None:
    if future.done():  # The caller went away; its work is committed all the same.
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
