"""A crew answers jobs within its limits, and what goes wrong with one is that one's alone."""

import asyncio

import msgspec
import pytest

from bursar.foundation.queue import Answer, Crew, DeadLetter
from bursar.foundation.queue.envelope import Envelope

JOB = "tests.note"


class Note(msgspec.Struct, frozen=True):
    """A job that carries a number."""

    number: int


async def nobody(_: DeadLetter) -> None:
    raise AssertionError("nothing is to be buried")


async def test_a_job_that_fails_is_counted_and_the_next_one_is_done() -> None:
    done = []

    async def work(note: Note) -> None:
        done.append(10 // note.number)

    crew, stop = Crew({JOB: Answer(Note, work)}, bury=nobody), asyncio.Event()
    assert [await crew.take(Envelope.seal(JOB, Note(number)), stop) for number in (0, 5)] == [True, True]
    assert done == [2]
    tally = crew.tallies[JOB]
    assert (tally.done, tally.failed, tally.running) == (1, 1, 0)


async def test_no_more_at_once_than_allowed_and_each_kind_for_itself() -> None:
    running: dict[str, int] = {"a": 0, "b": 0}
    most = dict(running)

    def working(name: str) -> Answer:
        async def work(_: Note) -> None:
            running[name] += 1
            most[name] = max(most[name], running[name])
            await asyncio.sleep(0.01)
            running[name] -= 1

        return Answer(Note, work, concurrency=1 if name == "a" else 3)

    crew = Crew({"a": working("a"), "b": working("b")}, bury=nobody)
    assert crew.capacity == 4
    stop = asyncio.Event()
    await asyncio.gather(*(crew.take(Envelope.seal(name, Note(1)), stop) for name in "ab" for _ in range(9)))
    assert most == {"a": 1, "b": 3}


async def test_no_more_per_second_than_allowed() -> None:
    async def work(_: Note) -> None:
        return

    crew = Crew({JOB: Answer(Note, work, concurrency=50, per_second=20)}, bury=nobody)
    began, stop = asyncio.get_running_loop().time(), asyncio.Event()
    await asyncio.gather(*(crew.take(Envelope.seal(JOB, Note(1)), stop) for _ in range(30)))
    assert asyncio.get_running_loop().time() - began >= 0.45, "twenty at once, and ten in the half second after"


async def test_what_has_not_begun_when_the_process_ends_is_left_to_others() -> None:
    async def work(_: Note) -> None:
        raise AssertionError("too late")

    crew, stop = Crew({JOB: Answer(Note, work)}, bury=nobody), asyncio.Event()
    stop.set()
    assert not await crew.take(Envelope.seal(JOB, Note(1)), stop)


@pytest.mark.parametrize(
    ("body", "job", "reason"),
    [
        (b"", None, "unreadable"),
        (b"{}", None, "unreadable"),
        (b'{"job":"\\ud800"}', None, "unreadable"),
        (b'{"job":"rm","payload":{}}', "rm", "unknown_job"),
        (b'{"job":"tests.note","payload":{}}', JOB, "wrong_payload"),
        (b'{"job":"tests.note","payload":{"number":"1"}}', JOB, "wrong_payload"),
        (b'{"job":"tests.note","payload":{"number":1},"more":1}', None, "unreadable"),
    ],
)
async def test_what_is_no_job_is_buried_whole_with_the_reason(body: bytes, job: str | None, reason: str) -> None:
    buried = []

    async def bury(letter: DeadLetter) -> None:
        buried.append(letter)

    async def work(_: Note) -> None:
        raise AssertionError("nobody is to work on it")

    crew = Crew({JOB: Answer(Note, work)}, bury=bury)
    assert await crew.take(body, asyncio.Event()), "it has been dealt with"
    assert buried == [DeadLetter(job, body, reason)]
    assert crew.dropped == 1
