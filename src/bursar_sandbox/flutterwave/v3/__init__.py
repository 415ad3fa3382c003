"""The third version: a secret key, numeric ids, failures in prose, and the secret hash itself on a webhook."""

from collections.abc import Mapping
from typing import Final

from bursar_sandbox.asgi import Answer
from bursar_sandbox.faults import Fault, Faults
from bursar_sandbox.flutterwave.processor import Processor
from bursar_sandbox.flutterwave.records import News, Occasion
from bursar_sandbox.flutterwave.v3 import wire
from bursar_sandbox.flutterwave.v3.desk import V3Desk
from bursar_sandbox.settings import FlutterwaveSettings

REFUSING: Final = {
    Fault.DOWN: wire.error(503, "Service unavailable"),
    Fault.RATE_LIMIT: wire.error(429, "Too many requests")._replace(headers=((b"retry-after", b"1"),)),
    Fault.ERROR_BEFORE_ACCEPT: wire.error(500, "An error occurred while processing your request"),
}


class V3:
    """The version that most merchants use."""

    name: str = "flutterwave"
    refusing: Mapping[Fault, Answer] = REFUSING

    def __init__(self, settings: FlutterwaveSettings) -> None:
        """With these keys, calling this address."""
        self.webhook_url = settings.webhook_url
        self._secret_key = settings.secret_key
        self._secret_hash = settings.secret_hash

    def open_desk(self, processor: Processor, faults: Faults) -> V3Desk:
        """A desk for this merchant's account."""
        return V3Desk(processor, faults, secret_key=self._secret_key)

    def sign(self, _event_id: str, _unix_seconds: int, _body: bytes) -> dict[str, str]:
        """The secret hash as it is: it proves who knows it, and nothing about the body."""
        return {"verif-hash": self._secret_hash}

    def report(self, news: News) -> bytes | None:
        """`transfer.completed` for either outcome; of money that came back later, nobody is told."""
        if news.occasion is Occasion.REVERSAL:
            return None
        return wire.encode(wire.Event.of(news.record))
