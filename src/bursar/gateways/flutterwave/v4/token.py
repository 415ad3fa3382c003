"""v4's access token: OAuth client credentials, fetched once for everybody and renewed shortly before its end."""

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

import msgspec

from bursar.foundation.http import PoliteClient
from bursar.gateways.deadline import Deadline
from bursar.gateways.flutterwave.answers import Trouble, ask, read

RENEW_BEFORE: Final = 30.0  # Seconds before its end, so that no call is under way with a token that ends meanwhile.
SHORTEST_LIFE: Final = 10.0  # Seconds; a token that says it lives shorter is used this long, and renewed when refused.


class Token(msgspec.Struct, frozen=True):
    """What the identity provider hands out; its life is in seconds."""

    access_token: str
    expires_in: float


class Tokens:
    """The token of one account. Whoever needs one while it is being fetched waits for that one."""

    def __init__(
        self,
        client: PoliteClient,
        *,
        url: str,
        client_id: str,
        client_secret: str,
        monotonic: Callable[[], float],
    ) -> None:
        """Fetch tokens from ``url``; ``monotonic`` gives seconds that never go back."""
        self._client = client
        self._url = url
        self._form = urlencode(
            {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        ).encode()
        self._monotonic = monotonic
        self._turn = asyncio.Lock()
        self._token: str | None = None
        self._good_until = 0.0

    async def get(self, *, within: Deadline, refused: str | None = None) -> str | Trouble:
        """A token that should be good; never again the one that was ``refused``."""
        async with self._turn:
            if self._token is None or self._token == refused or self._monotonic() >= self._good_until:
                answer = await self._fetch(within)
                if isinstance(answer, Trouble):
                    return answer
                self._token = answer.access_token
                self._good_until = self._monotonic() + max(answer.expires_in - RENEW_BEFORE, SHORTEST_LIFE)
            return self._token

    async def _fetch(self, within: Deadline) -> Token | Trouble:
        reply = await ask(
            self._client,
            "POST",
            self._url,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=self._form,
            within=within,
        )
        answer = read(reply, _TOKEN)
        if isinstance(answer, Trouble):  # Nothing said about a token may be taken for something about a transfer.
            return Trouble(f"token_{answer.reason}", retry_after=answer.retry_after)
        return answer


_TOKEN: Final = msgspec.json.Decoder(Token)
