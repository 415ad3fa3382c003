"""v4's calls, one function each. None raises: what is not the answer that was asked for is ``Trouble``."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from bursar.foundation import log
from bursar.foundation.http import PoliteClient, Reply
from bursar.gateways.deadline import Deadline
from bursar.gateways.flutterwave.accounts import Resolved
from bursar.gateways.flutterwave.answers import T, Trouble, ask, read
from bursar.gateways.flutterwave.v4.token import Tokens
from bursar.gateways.flutterwave.v4.wire import Answered, Transfer
from bursar.holders import Destination


class Api:
    """Calls v4 as one OAuth client."""

    def __init__(self, client: PoliteClient, *, url: str, tokens: Tokens) -> None:
        """Call the service at ``url``."""
        self._client = client
        self._url = url.rstrip("/")
        self._tokens = tokens

    async def create(self, order: Mapping[str, Any], *, within: Deadline) -> Transfer | Trouble:
        """Ask for one transfer, under its reference as the idempotency key."""
        return await self._post("/direct-transfers", _ONE, order, once=order["reference"], within=within)

    async def fetch(self, transfer_id: str, *, within: Deadline) -> Transfer | Trouble:
        """One transfer by its id there."""
        return await self._get(f"/transfers/{quote(transfer_id, safe='')}", _ONE, within=within)

    async def find(self, reference: str, *, within: Deadline) -> list[Transfer] | Trouble:
        """The transfers with this reference; an empty list is proof that there is none."""
        return await self._get(f"/transfers?{urlencode({'reference': reference})}", _MANY, within=within)

    async def retry(self, transfer_id: str, *, reference: str, within: Deadline) -> Transfer | Trouble:
        """Have a failed transfer tried again, as a new one with this reference. Sending does not use it; see v3."""
        path = f"/transfers/{quote(transfer_id, safe='')}/retries"
        return await self._post(path, _ONE, {"action": "retry", "reference": reference}, once=reference, within=within)

    async def resolve(self, destination: Destination, *, currency: str, within: Deadline) -> Resolved | Trouble:
        """Whose account this is."""
        account = {"code": destination.bank_code, "number": destination.account_number}
        body = {"account": account, "currency": currency}
        return await self._post("/banks/account-resolve", _RESOLVED, body, once=None, within=within)

    async def _post(
        self,
        path: str,
        decoder: "msgspec.json.Decoder[Answered[T]]",
        body: Mapping[str, Any],
        *,
        once: str | None,
        within: Deadline,
    ) -> T | Trouble:
        headers = {"content-type": "application/json"} | ({"x-idempotency-key": once} if once else {})
        reply = await self._call("POST", path, headers=headers, body=_ENCODER.encode(body), within=within)
        answer = read(reply, decoder)
        return answer if isinstance(answer, Trouble) else answer.data

    async def _get(self, path: str, decoder: "msgspec.json.Decoder[Answered[T]]", *, within: Deadline) -> T | Trouble:
        answer = read(await self._call("GET", path, headers={}, body=None, within=within), decoder)
        return answer if isinstance(answer, Trouble) else answer.data

    async def _call(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, within: Deadline
    ) -> Reply | Trouble:
        """Call with the token there is, and once more with a new one where that is refused."""
        token = await self._tokens.get(within=within)
        reply = await self._call_with(token, method, path, headers=headers, body=body, within=within)
        if isinstance(token, str) and isinstance(reply, Reply) and reply.status == 401:
            token = await self._tokens.get(within=within, refused=token)
            reply = await self._call_with(token, method, path, headers=headers, body=body, within=within)
        return reply

    async def _call_with(
        self,
        token: str | Trouble,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        within: Deadline,
    ) -> Reply | Trouble:
        if isinstance(token, Trouble):
            return token
        trace = log.correlation_id() or log.new_correlation_id()
        signed = {**headers, "authorization": f"Bearer {token}", "x-trace-id": trace}
        return await ask(self._client, method, self._url + path, headers=signed, body=body, within=within)


_ENCODER: Final = msgspec.json.Encoder()
_ONE: Final = msgspec.json.Decoder(Answered[Transfer])
_MANY: Final = msgspec.json.Decoder(Answered[list[Transfer]])
_RESOLVED: Final = msgspec.json.Decoder(Answered[Resolved])
