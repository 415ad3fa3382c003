"""Answering many requests in one transaction, each with its own answer, and each once for its idempotency key."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeVar
from uuid import UUID

from litestar import Response

from bursar import dispatch, identity
from bursar.foundation import idempotency
from bursar.foundation.clock import Clock
from bursar.foundation.db import Transaction, UniqueViolation
from bursar.foundation.gather import Gather
from bursar.foundation.idempotency import Answer, Key
from bursar.house import House

USE_NOTED_EVERY: Final = timedelta(minutes=1)
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"

W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Replayed:
    """An answer that was given before."""

    answer: Answer


Outcome = Answer | Replayed | Exception
"""What became of one request of a batch."""


class KeysInUse:
    """Keeps the API keys' last use fresh, now and then: on every request it would cost as much as the request."""

    def __init__(self, clock: Clock) -> None:
        """Note by this clock."""
        self._clock = clock
        self._used: set[UUID] = set()
        self._noted_at = clock.now()

    async def note(self, tx: Transaction, callers: Iterable[identity.Caller]) -> None:
        """These have just called."""
        self._used.update(caller.key_id for caller in callers)
        now = self._clock.now()
        if now - self._noted_at >= USE_NOTED_EVERY and self._used:
            used, self._used, self._noted_at = self._used, set(), now
            await identity.touch(tx, used)


class Batches(Generic[W]):
    """Requests that may make payouts, gathered into batches, each of which is answered in one transaction."""

    def __init__(
        self,
        house: House,
        answer: Callable[[Transaction, Sequence[W]], Awaitable[list[Outcome]]],
        *,
        key: Callable[[W], Hashable],
        lane: Callable[[W], Hashable],
    ) -> None:
        """Gather in this house; ``answer`` gives one outcome each, in order. ``key`` and ``lane`` are ``Gather``'s."""
        self._house = house
        self._answer = answer
        self._gather: Gather[W, Answer | Replayed] = Gather(
            self._together, key=key, lane=lane, in_flight=house.settings.gather_in_flight
        )

    async def ask(self, wanted: W) -> Answer | Replayed:
        """The answer to one request, once the transaction that holds its work is committed.

        Raises:
            Refusal: whatever stands in the way; nothing was done.
        """
        answer = await self._gather.ask(wanted)
        if isinstance(answer, Answer):
            self._house.ringer.ring(dispatch.BELL)
        return answer

    async def drain(self) -> None:
        """Wait until every request that was taken in is answered."""
        await self._gather.drain()

    async def _together(self, batch: Sequence[W]) -> list[Outcome]:
        """Answer a batch; once more if a twin in another process took one of its keys."""
        try:
            return await self._house.lanes.retrying(lambda tx: self._answer(tx, batch))
        except UniqueViolation:  # By now the twin's answer is there to be found.
            return await self._house.lanes.retrying(lambda tx: self._answer(tx, batch))


async def once(
    tx: Transaction,
    wanted: Mapping[int, W],
    keys: Mapping[int, Key],
    do: Callable[[Mapping[int, W]], Awaitable[dict[int, Outcome]]],
) -> dict[int, Outcome]:
    """By place: what was answered before under the same key, and for the rest what ``do`` makes of it.

    The new answers are stored beside the work they report, wherever a request brought a key.
    """
    answers = await _replays(tx, keys) if keys else {}
    fresh = {place: one for place, one in wanted.items() if place not in answers}
    if fresh:
        new = await do(fresh)
        await _remember(tx, keys, new)
        answers |= new
    return answers


def response(answer: Answer | Replayed) -> Response[bytes]:
    """An answer as the framework sends it."""
    told, extra = (answer.answer, {"idempotent-replayed": "true"}) if isinstance(answer, Replayed) else (answer, {})
    return Response(told.body, status_code=told.status, media_type="application/json", headers=extra)


async def _replays(tx: Transaction, keys: Mapping[int, Key]) -> dict[int, Outcome]:
    """The answers to requests that were answered before, or whose keys were used for something else."""
    recalled = await idempotency.recall(tx, list(keys.values()))
    return {
        place: Replayed(before) if isinstance(before, Answer) else before
        for place, before in zip(keys, recalled, strict=True)
        if before is not None
    }


async def _remember(tx: Transaction, keys: Mapping[int, Key], answers: Mapping[int, Outcome]) -> None:
    answered = [
        (keys[place], answer) for place, answer in answers.items() if isinstance(answer, Answer) and place in keys
    ]
    if answered:
        await idempotency.remember(tx, answered)
