"""The fourth version: short-lived tokens, text ids, idempotency keys, error codes, and webhooks that are signed."""

import base64
import hmac
from collections.abc import Mapping
from typing import Final

from bursar_sandbox.asgi import Answer
from bursar_sandbox.chance import stream
from bursar_sandbox.clock import Clock
from bursar_sandbox.faults import Fault, Faults
from bursar_sandbox.flutterwave.processor import Processor
from bursar_sandbox.flutterwave.records import News
from bursar_sandbox.flutterwave.v4 import events, wire
from bursar_sandbox.flutterwave.v4.desk import V4Desk
from bursar_sandbox.flutterwave.v4.tokens import Tokens
from bursar_sandbox.settings import FlutterwaveSettings

REFUSING: Final = {
    Fault.DOWN: wire.error(503, "SERVICE_UNAVAILABLE", "Service unavailable"),
    Fault.RATE_LIMIT: wire.error(429, "TOO_MANY_REQUESTS", "Too many requests")._replace(
        headers=((b"retry-after", b"1"),)
    ),
    Fault.ERROR_BEFORE_ACCEPT: wire.error(500, "INTERNAL_SERVER_ERROR", "Something went wrong"),
}


class V4:
    """The version to come."""

    name: str = "flutterwave-v4"
    refusing: Mapping[Fault, Answer] = REFUSING

    def __init__(self, settings: FlutterwaveSettings, *, clock: Clock) -> None:
        """With these keys, calling this address."""
        self.webhook_url = settings.v4_webhook_url
        self._secret_hash = settings.secret_hash.encode()
        self._tokens = Tokens(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            clock=clock,
            chance=stream(settings.seed, "tokens"),
        )

    def open_desk(self, processor: Processor, _faults: Faults) -> V4Desk:
        """A desk for this merchant's account. There is no bulk that a fault could cut short."""
        return V4Desk(processor, tokens=self._tokens)

    def sign(self, _event_id: str, _unix_seconds: int, body: bytes) -> dict[str, str]:
        """HMAC-SHA256 over the raw body, in base64."""
        signed = hmac.digest(self._secret_hash, body, "sha256")
        return {"flutterwave-signature": base64.b64encode(signed).decode()}

    def report(self, news: News) -> bytes | None:
        """`transfer.disburse` for either outcome, `transfer.reversal` for money that came back."""
        return wire.encode(events.Event.of(news))
