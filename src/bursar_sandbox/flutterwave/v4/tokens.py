"""Access tokens: OAuth client credentials, good for ten minutes."""

import hmac
import random
import string
from typing import Final
from urllib.parse import parse_qsl

from bursar_sandbox.asgi import Answer
from bursar_sandbox.clock import Clock
from bursar_sandbox.flutterwave.v4 import wire

LIFE_S: Final = 600
LENGTH: Final = 40


class Tokens:
    """The tokens of one client."""

    def __init__(self, *, client_id: str, client_secret: str, clock: Clock, chance: random.Random) -> None:
        """Hand tokens to whoever shows these."""
        self._shown = f"{client_id}:{client_secret}".encode()
        self._clock = clock
        self._chance = chance
        self._ends_ms: dict[str, int] = {}

    def issue(self, body: bytes) -> Answer:
        """Answer a form with client id and secret."""
        form = dict(parse_qsl(body.decode("latin-1")))
        shown = f"{form.get('client_id', '')}:{form.get('client_secret', '')}".encode()
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", "Unsupported grant_type")
        if not hmac.compare_digest(shown, self._shown):
            return _refusal(401, "unauthorized_client", "Invalid client or Invalid client credentials")
        token = "".join(self._chance.choices(string.ascii_letters + string.digits, k=LENGTH))
        self._ends_ms[token] = self._clock.now_ms() + LIFE_S * 1000
        said = {"access_token": token, "expires_in": LIFE_S, "token_type": "Bearer", "scope": "profile email"}
        return Answer(200, wire.encode(said))

    def holds(self, authorization: bytes | None) -> bool:
        """A token of ours is shown, and still good."""
        scheme, _, token = (authorization or b"").decode("latin-1").partition(" ")
        return scheme == "Bearer" and self._ends_ms.get(token, 0) > self._clock.now_ms()


def _refusal(status: int, error: str, description: str) -> Answer:
    """In OAuth's form, which is not the rest's."""
    return Answer(status, wire.encode({"error": error, "error_description": description}))
