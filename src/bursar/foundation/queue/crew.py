"""Those who answer jobs in one process: each job checked, paced and counted, whichever carrier brought it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from bursar.foundation import log
from bursar.foundation.pace import Pace
from bursar.foundation.queue.envelope import Envelope

BYTES_MAX: Final = 4096  # A doorbell carries an id or two; whatever is longer is none.

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answers one kind of job: what its payload must be, what is done, how much of it at once and how often."""

    payload: type[msgspec.Struct]
    work: Callable[[Any], Awaitable[object]]
    concurrency: int = 1
    per_second: float | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that is no job of ours: its first bytes, and what is wrong with it."""

    job: str | None
    body: bytes
    reason: str


Bury = Callable[[DeadLetter], Awaitable[None]]
"""Keeps dead letters for people to look at."""


@dataclass(slots=True)
class Tally:
    """What became of one kind of job in this process."""

    done: int = 0
    failed: int = 0
    running: int = 0


class Crew:
    """Answers jobs. ``tallies`` counts them by their names, ``dropped`` the messages that were none."""

    def __init__(self, answers: Mapping[str, Answer], *, bury: Bury, now: Callable[[], float] = time.monotonic) -> None:
        """Answer these jobs; ``now`` is a monotonic clock in seconds."""
        self._answers = dict(answers)
        self._bury = bury
        self._places = {name: asyncio.Semaphore(answer.concurrency) for name, answer in answers.items()}
        self._paces = {name: Pace(answer.per_second, now) for name, answer in answers.items()}
        self.tallies = {name: Tally() for name in answers}
        self.dropped = 0

    @property
    def jobs(self) -> frozenset[str]:
        """The names of the jobs that are answered here."""
        return frozenset(self._answers)

    @property
    def capacity(self) -> int:
        """How many jobs are worked on at once, at most."""
        return sum(answer.concurrency for answer in self._answers.values())

    async def take(self, body: bytes, stop: asyncio.Event) -> bool:
        """Answer one message; False if it has not been begun because the process is ending.

        A job that fails is logged and counted, and that is all: what it was about is still there, and its owner rings
        again. A message that is no job of ours is buried.
        """
        with log.correlated():
            try:
                name, payload = self._read(body)
            except _NotAJob as wrong:
                await self._drop(DeadLetter(wrong.job, body[:BYTES_MAX], wrong.reason))
                return True
            async with self._places[name]:
                await self._paces[name].wait()
                if stop.is_set():
                    return False
                await self._do(name, payload)
                return True

    def _read(self, body: bytes) -> tuple[str, msgspec.Struct]:
        if len(body) > BYTES_MAX:
            raise _NotAJob(None, "too_long")
        try:
            envelope = msgspec.json.decode(body, type=Envelope)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            raise _NotAJob(None, "unreadable") from wrong
        if envelope.job not in self._answers:
            raise _NotAJob(envelope.job, "unknown_job")
        try:
            return envelope.job, msgspec.json.decode(envelope.payload, type=self._answers[envelope.job].payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            raise _NotAJob(envelope.job, "wrong_payload") from wrong

    async def _drop(self, letter: DeadLetter) -> None:
        self.dropped += 1
        _log.warning("job.dropped", reason_code=letter.reason, bytes=len(letter.body))
        await self._bury(letter)

    async def _do(self, name: str, payload: msgspec.Struct) -> None:
        tally = self.tallies[name]
        tally.running += 1
        try:
            await self._answers[name].work(payload)
        except Exception:  # noqa: BLE001 - one bad job must not end the process that everything else runs in
            tally.failed += 1
            _log.exception("job.failed", job=name)
        else:
            tally.done += 1
            _log.info("job.done", job=name)
        finally:
            tally.running -= 1


class _NotAJob(Exception):
    """A message that nobody here can have sent."""

    def __init__(self, job: str | None, reason: str) -> None:
        super().__init__(reason)
        self.job = job
        self.reason = reason
