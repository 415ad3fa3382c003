"""Web push: one small message to one browser, by way of its maker's push service (RFC 8030, 8291, 8292).

The library encrypts and signs. The call itself is ours, over ``Egress``: a subscription's address was chosen by whoever
sent it to us, so it is called by the same rules as any webhook.
"""

import base64
from datetime import timedelta
from typing import Final

import msgspec
from yarl import URL

from bursar.foundation.clock import Clock
from bursar.foundation.egress import Egress
from bursar.foundation.http import CallFailed
from bursar.outbound.notices.letters import Letter
from bursar.outbound.notices.model import OPTIONAL, Subscription
from bursar.outbound.notices.sending.model import Answer, Due
from bursar.outbound.notices.vapid import VapidKey

DEADLINE_SECONDS: Final = 10.0
KEPT_SECONDS: Final = 86_400  # How long a push service keeps it for a browser that is off; then the e-mail has told it.
_SIGNED_FOR: Final = timedelta(hours=12)  # RFC 8292, section 2, allows a day.
_GONE: Final = frozenset({404, 410})  # RFC 8030, section 7.3.
_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429})


class Payload(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a browser's service worker gets, as JSON: enough to show a notification, and where a click on it leads."""

    kind: str
    title: str
    body: str
    tag: str
    url: str | None = None


class PushSender:
    """Sends to browsers, as the installation that has this key."""

    def __init__(self, egress: Egress, key: VapidKey, *, subject: str, clock: Clock) -> None:
        """Sign as ``subject``, a ``mailto:`` or ``https:`` address at which a push service can complain."""
        from pywebpush import Vapid  # type: ignore[import-untyped] # Slow to load, and only workers send.

        self._egress = egress
        self._signer = Vapid(key.private)
        self._subject = subject
        self._clock = clock

    async def send(self, browser: Subscription, letter: Letter, *, due: Due, url: str | None) -> Answer:
        """Send one message; a newer one about the same thing takes its place where it still waits."""
        payload = Payload(
            kind=due.kind.value, title=due.facts["program"], body=letter.push, tag=due.subject_id.hex, url=url
        )
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(KEPT_SECONDS),
            "Urgency": "normal" if due.kind in OPTIONAL else "high",
            "Topic": due.subject_id.hex,  # 32 characters, as many as there may be (RFC 8030, section 5.4).
            "Authorization": self._authorization(browser.endpoint),
        }
        body = _encrypted(browser, msgspec.json.encode(payload))
        try:
            status = await self._egress.post(browser.endpoint, headers=headers, body=body, deadline=DEADLINE_SECONDS)
        except CallFailed as failed:
            return Answer(None, failed.cause, is_final=failed.cause == "address_refused")
        return _answer(status)

    def _authorization(self, endpoint: str) -> str:
        """Our signature, good for this push service and some hours (RFC 8292, section 3)."""
        ends = self._clock.now() + _SIGNED_FOR
        claims = {"aud": str(URL(endpoint).origin()), "sub": self._subject, "exp": int(ends.timestamp())}
        return str(self._signer.sign(claims)["Authorization"])


def _encrypted(browser: Subscription, payload: bytes) -> bytes:
    """For this browser alone (RFC 8291)."""
    from pywebpush import WebPusher

    keys = {"p256dh": _base64url(browser.p256dh), "auth": _base64url(browser.auth)}
    return bytes(WebPusher({"endpoint": browser.endpoint, "keys": keys}).encode(payload)["body"])


def _answer(status: int) -> Answer:
    if 200 <= status < 300:
        return Answer(status)
    if status in _GONE:
        return Answer(status, "gone", is_final=True, is_gone=True)
    return Answer(status, "refused", is_final=400 <= status < 500 and status not in _WORTH_ANOTHER_TRY)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
