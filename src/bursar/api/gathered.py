"""Answering many requests in one transaction, each with its own answer, and each once for its idempotency key."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from litestar import Response

from bursar import identity
from bursar.foundation import idempotency
from bursar.foundation.clock import Clock
from bursar.foundation.db import Transaction, UniqueViolation
from bursar.foundation.idempotency import Answer, Key
from bursar.house import House

USE_NOTED_EVERY: Final = timedelta(minutes=1)


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


async def together(house: House, work: Callable[[Transaction], Awaitable[list[Outcome]]]) -> list[Outcome]:
    """Answer a batch in one transaction; once more if a twin in another process took one of its keys."""
    try:
        return await house.lanes.retrying(work)
    except UniqueViolation:  # By now the twin's answer is there to be found.
        return await house.lanes.retrying(work)


async def replays(tx: Transaction, keys: Mapping[int, Key]) -> dict[int, Outcome]:
    """By place: the answers to requests that were answered before, or whose keys were used for something else."""
    if not keys:
        return {}
    recalled = await idempotency.recall(tx, list(keys.values()))
    return {
        place: Replayed(before) if isinstance(before, Answer) else before
        for place, before in zip(keys, recalled, strict=True)
        if before is not None
    }


async def remember(tx: Transaction, keys: Mapping[int, Key], answers: Mapping[int, Outcome]) -> None:
    """Store the answers that are new beside the work they report, wherever a request brought a key."""
    answered = [
        (keys[place], answer) for place, answer in answers.items() if isinstance(answer, Answer) and place in keys
    ]
    if answered:
        await idempotency.remember(tx, answered)


def response(answer: Answer | Replayed) -> Response[bytes]:
    """An answer as the framework sends it."""
    told, extra = (answer.answer, {"idempotent-replayed": "true"}) if isinstance(answer, Replayed) else (answer, {})
    return Response(told.body, status_code=told.status, media_type="application/json", headers=extra)
