"""RazorpayX's calls, one function each. None raises, and none is repeated by itself: trying again is its caller's.

What is not the answer that was asked for is ``Trouble``. Whoever asks for a payout says under which idempotency key; a
second request under it is answered as the first was (razorpay.com/docs/api/x/payout-idempotency).
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from bursar.foundation.http import CallFailed, PoliteClient, Reply
from bursar.gateways.deadline import Deadline
from bursar.gateways.patience import asked_wait
from bursar.gateways.razorpayx.wire import Balance, Page, Payout, Text, Validation

PAGE: Final = 100  # The most that it lists at once.

T = TypeVar("T")


class Trouble(msgspec.Struct, frozen=True):
    """No answer to what was asked.

    ``reason`` says in a word what happened; ``status`` is HTTP's, None when nothing complete came back. ``said`` is
    RazorpayX's own reason, from an error in its documented form, and ``field`` what that is about. ``of_key`` says that
    it is about the idempotency key, so that the key may be taken.
    """

    reason: str
    status: int | None = None
    said: str | None = None
    field: str | None = None
    of_key: bool = False
    retry_after: float | None = None


class _Error(msgspec.Struct):
    code: Text
    description: Text | None = None
    reason: Text | None = None
    field: Text | None = None


class _Refused(msgspec.Struct):
    error: _Error


class Api:
    """Calls RazorpayX with one key, for one account of ours there."""

    def __init__(self, client: PoliteClient, *, url: str, key_id: str, key_secret: str, account_number: str) -> None:
        """Call the service at ``url``, without its ``/v1``."""
        self._client = client
        self._url = url.rstrip("/") + "/v1"
        self._account_number = account_number
        basic = base64.b64encode(f"{key_id}:{key_secret}".encode()).decode()
        self._headers = {"authorization": f"Basic {basic}", "content-type": "application/json"}

    async def create(self, order: Mapping[str, Any], *, once: str, within: Deadline) -> Payout | Trouble:
        """Pay somebody, whom it need not have known before."""
        headers = {"x-payout-idempotency": once}
        return await self._call("POST", "/payouts", _PAYOUT, body=order, headers=headers, within=within)

    async def payout(self, payout_id: str, *, within: Deadline) -> Payout | Trouble:
        """One payout by its id there."""
        return await self._call("GET", f"/payouts/{quote(payout_id, safe='')}", _PAYOUT, within=within)

    async def find(self, reference: str, *, within: Deadline) -> list[Payout] | Trouble:
        """The payouts with this reference; an empty list is proof that there is none."""
        return await self._payouts({"reference_id": reference}, within=within)

    async def made(self, *, since: datetime, until: datetime, skip: int, within: Deadline) -> list[Payout] | Trouble:
        """One page of the payouts that were made in this span, newest first."""
        span = {"from": str(int(since.timestamp())), "to": str(int(until.timestamp()))}
        return await self._payouts({**span, "count": str(PAGE), "skip": str(skip)}, within=within)

    async def balances(self, *, within: Deadline) -> list[Balance] | Trouble:
        """What our accounts hold."""
        answer = await self._call("GET", f"/banking_balances?count={PAGE}", _BALANCES, within=within)
        return answer if isinstance(answer, Trouble) else answer.items

    async def validate(self, fund_account: Mapping[str, Any], *, within: Deadline) -> Validation | Trouble:
        """Begin to ask whose account this is. Each costs a fee."""
        body = {
            "source_account_number": self._account_number,
            "validation_type": "optimized",
            "fund_account": fund_account,
        }
        return await self._call("POST", "/fund_accounts/validations", _VALIDATION, body=body, within=within)

    async def validation(self, validation_id: str, *, within: Deadline) -> Validation | Trouble:
        """How far that is."""
        path = f"/fund_accounts/validations/{quote(validation_id, safe='')}"
        return await self._call("GET", path, _VALIDATION, within=within)

    async def _payouts(self, asked: Mapping[str, str], *, within: Deadline) -> list[Payout] | Trouble:
        query = urlencode({"account_number": self._account_number, **asked})
        answer = await self._call("GET", f"/payouts?{query}", _PAYOUTS, within=within)
        return answer if isinstance(answer, Trouble) else answer.items

    async def _call(
        self,
        method: str,
        path: str,
        decoder: "msgspec.json.Decoder[T]",
        *,
        within: Deadline,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T | Trouble:
        every = {**self._headers, **(headers or {})}
        raw = None if body is None else _ENCODER.encode(body)
        try:
            reply = await self._client.call(method, self._url + path, headers=every, body=raw, deadline=within.left)
        except CallFailed as failed:
            return Trouble(failed.cause)
        if reply.status not in {200, 201}:
            return _trouble(reply)
        try:
            return decoder.decode(reply.body)
        except msgspec.MsgspecError:
            return Trouble("malformed_answer", reply.status)


def _trouble(reply: Reply) -> Trouble:
    trouble = Trouble(f"http_{reply.status}", reply.status, retry_after=asked_wait(reply))
    try:
        error = _REFUSED.decode(reply.body).error
    except msgspec.MsgspecError:
        return trouble
    of_key = "idempoten" in f"{error.field} {error.description}".casefold()
    return msgspec.structs.replace(trouble, said=error.reason, field=error.field, of_key=of_key)


_ENCODER: Final = msgspec.json.Encoder()
_REFUSED: Final = msgspec.json.Decoder(_Refused)
_PAYOUT: Final = msgspec.json.Decoder(Payout)
_PAYOUTS: Final = msgspec.json.Decoder(Page[Payout])
_BALANCES: Final = msgspec.json.Decoder(Page[Balance])
_VALIDATION: Final = msgspec.json.Decoder(Validation)
