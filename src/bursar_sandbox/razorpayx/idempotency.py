"""Answers that are kept under the idempotency keys of payouts, so that the same request pays once."""

import re
from collections import OrderedDict
from typing import Any, Final, NamedTuple

import msgspec

from bursar_sandbox.asgi import Answer
from bursar_sandbox.razorpayx.refusals import KeyRefused

KEPT_MAX: Final = 200_000  # About 250 MB; how long RazorpayX keeps them is not documented.

_KEY: Final = re.compile(r"[A-Za-z0-9 _-]{4,36}")


class Kept(NamedTuple):
    """The answer to the first request with a key."""

    body: Any
    answer: Answer


class Answers:
    """Answers by key."""

    def __init__(self) -> None:
        """Nothing was answered yet."""
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def find(self, key: str, body: bytes) -> Answer | None:
        """The answer to this request, if it was given before.

        Raises:
            KeyRefused: the key has another form, or came with another body.
        """
        if not key:
            raise KeyRefused
        if not _KEY.fullmatch(key):
            raise KeyRefused(
                "Idempotency key must have 4 to 36 characters: alphabets, numbers, hyphens, underscores and space."
            )
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.body != _read(body):
            raise KeyRefused("Different request body sent for the same Idempotency Key.")
        return kept.answer

    def keep(self, key: str, body: bytes, answer: Answer) -> None:
        """Keep the answer to a request that made a payout. Those that made none leave their key free."""
        self._kept[key] = Kept(_read(body), answer)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)


def _read(body: bytes) -> Any:
    """A body as it is compared: spaces and the order of fields are nothing."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
