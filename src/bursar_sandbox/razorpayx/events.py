"""What happened, as webhooks tell it, and how they are signed."""

import hmac
from typing import Any, Final, Protocol

import msgspec

from bursar_sandbox.clock import Clock
from bursar_sandbox.razorpayx.ids import Ids
from bursar_sandbox.webhooks import Sign, Webhook

ACCOUNT_ID: Final = "acc_SandboxAccount"

_encode: Final = msgspec.json.Encoder().encode


class Thing(Protocol):
    """What an event can be about."""

    @property
    def entity(self) -> str:
        """What kind of thing it is: webhooks name it so."""
        ...


class Event(msgspec.Struct):
    """A webhook's body."""

    event: str
    contains: list[str]
    payload: dict[str, dict[str, Any]]
    created_at: int
    account_id: str = ACCOUNT_ID
    entity: str = "event"


class Events:
    """Tells what happens, to the one address that listens, if any."""

    def __init__(self, secret: str, *, clock: Clock, ids: Ids) -> None:
        """Sign with this secret."""
        self._sign = signer(secret)
        self._clock = clock
        self._ids = ids
        self._news: list[Webhook] = []

    def roll(self, secret: str) -> None:
        """Sign what happens from now on with another secret. Retries of what has happened keep the old one."""
        self._sign = signer(secret)

    def tell(self, what: str, thing: Thing, *, about: str) -> None:
        """Something happened; `about` is what a tester finds it by."""
        event = Event(what, [thing.entity], {thing.entity: {"entity": thing}}, self._clock.now_ms() // 1000)
        self._news.append(Webhook(self._ids.new("evt"), about, _encode(event), sign=self._sign))

    def take_news(self) -> list[Webhook]:
        """What there is to tell since the last call of this, oldest first."""
        news, self._news = self._news, []
        return news


def signer(secret: str) -> Sign:
    """Headers with the event's id, and the hex HMAC-SHA256 over the raw body."""
    key = secret.encode()

    def sign(event_id: str, _unix_seconds: int, body: bytes) -> dict[str, str]:
        return {
            "X-Razorpay-Event-Id": event_id,
            "X-Razorpay-Signature": hmac.digest(key, body, "sha256").hex(),
        }

    return sign
