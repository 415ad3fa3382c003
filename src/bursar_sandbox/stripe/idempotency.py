"""Answers that are kept for a day, so that the same request gives the same answer and is done once."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from bursar_sandbox.asgi import Answer
from bursar_sandbox.clock import Clock
from bursar_sandbox.stripe.refusals import BadParameter, KeyInUse, KeyMisused

KEPT_MS: Final = 24 * 60 * 60 * 1000
KEPT_MAX: Final = 200_000  # About 250 MB; the oldest are forgotten early, which Stripe would not do.
KEY_LENGTH_MAX: Final = 255


class Request(NamedTuple):
    """What a key stands for: the same key may not come back with anything else."""

    path: str
    body: bytes


class Kept(NamedTuple):
    """The answer to the first request with a key."""

    request: Request
    answer: Answer
    request_id: str
    at_ms: int


class Answers:
    """Answers by account and key."""

    def __init__(self, clock: Clock) -> None:
        """Nothing was answered yet."""
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()
        self._in_use: set[tuple[str, str]] = set()

    @contextmanager
    def using(self, account: str, key: str) -> Iterator[None]:
        """Hold a key while its request is being answered.

        Raises:
            BadParameter: it is too long.
            KeyInUse: another request holds it.
        """
        if len(key) > KEY_LENGTH_MAX:
            raise BadParameter("Idempotency keys may be at most 255 characters.")
        place = (account, key)
        if place in self._in_use:
            raise KeyInUse(key)
        self._in_use.add(place)
        try:
            yield
        finally:
            self._in_use.discard(place)

    def find(self, account: str, key: str, request: Request) -> Kept | None:
        """The answer to this request, if it was given before.

        Raises:
            KeyMisused: the key came with another request.
        """
        self._forget()
        kept = self._kept.get((account, key))
        if kept is None:
            return None
        if kept.request.path != request.path:
            raise KeyMisused(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{kept.request.path}' vs '{request.path}'). Try using a key other than '{key}' if you meant to "
                "execute a different request."
            )
        if kept.request.body != request.body:
            raise KeyMisused(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
                f"using a key other than '{key}' if you meant to execute a different request."
            )
        return kept

    def keep(self, account: str, key: str, request: Request, *, answer: Answer, request_id: str) -> None:
        """Keep an answer for a day."""
        self._kept[account, key] = Kept(request, answer, request_id, self._clock.now_ms())

    def _forget(self) -> None:
        oldest_ms = self._clock.now_ms() - KEPT_MS
        while self._kept:
            place, kept = next(iter(self._kept.items()))
            if kept.at_ms > oldest_ms and len(self._kept) <= KEPT_MAX:
                return
            del self._kept[place]
