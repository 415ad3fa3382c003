"""Stripe's calls, one function each. None raises, and none is repeated by itself: another try is its caller's to make.

What is not the answer that was asked for is ``Trouble``. Whoever asks for money to be moved says under which
idempotency key; Stripe answers a second request under it as it answered the first (docs.stripe.com/api/idempotency).
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from bursar.foundation.http import CallFailed, PoliteClient, Reply
from bursar.gateways.deadline import Deadline
from bursar.gateways.patience import asked_wait
from bursar.gateways.stripe.wire import Account, Balance, Form, Page, Payout, Reversal, Text, Transfer

PAGE: Final = 100  # The most that Stripe lists at once.

T = TypeVar("T")


class Trouble(msgspec.Struct, frozen=True):
    """No answer to what was asked.

    ``reason`` says in a word what happened; ``status`` is HTTP's, None when nothing complete came back. ``type``,
    ``code`` and ``param`` are Stripe's own, from an error in its documented form. ``replayed`` says that it has
    answered this key so before, ``should_retry`` whether it wants to be asked again, where it says so.
    """

    reason: str
    status: int | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None
    replayed: bool = False
    should_retry: bool | None = None
    retry_after: float | None = None


class _Error(msgspec.Struct):
    type: Text
    code: Text | None = None
    param: Text | None = None


class _Refused(msgspec.Struct):
    error: _Error


class Api:
    """Calls Stripe with one platform's secret key, in one version of its interface."""

    def __init__(self, client: PoliteClient, *, url: str, secret_key: str, version: str) -> None:
        """Call the service at ``url``, without its ``/v1``."""
        self._client = client
        self._url = url.rstrip("/") + "/v1"
        self._headers = {"authorization": f"Bearer {secret_key}", "stripe-version": version}

    async def create_transfer(
        self, form: Form, *, key: str, within: Deadline, is_ours: Callable[[Transfer], bool]
    ) -> Transfer | Trouble:
        """Move money of ours into a connected account; an answer that is not ``is_ours`` is none."""
        return await self._post("/transfers", form, _TRANSFER, key=key, within=within, believe=is_ours)

    async def reverse(self, transfer_id: str, form: Form, *, key: str, within: Deadline) -> Reversal | Trouble:
        """Move it back."""
        return await self._post(
            f"/transfers/{_in_path(transfer_id)}/reversals", form, _REVERSAL, key=key, within=within
        )

    async def create_payout(self, form: Form, *, account: str, key: str, within: Deadline) -> Payout | Trouble:
        """Pay money out of a connected account to its bank."""
        return await self._post("/payouts", form, _PAYOUT, key=key, within=within, account=account)

    async def payout(self, payout_id: str, *, account: str, within: Deadline) -> Payout | Trouble:
        """One payout of a connected account."""
        return await self._get(f"/payouts/{_in_path(payout_id)}", {}, _PAYOUT, within=within, account=account)

    async def transfers(self, asked: Form, *, within: Deadline) -> Page[Transfer] | Trouble:
        """One page of our transfers that match, newest first."""
        return await self._get("/transfers", {**asked, "limit": str(PAGE)}, _TRANSFERS, within=within)

    async def payouts(self, asked: Form, *, account: str, within: Deadline) -> Page[Payout] | Trouble:
        """One page of a connected account's payouts that match, newest first."""
        return await self._get("/payouts", {**asked, "limit": str(PAGE)}, _PAYOUTS, within=within, account=account)

    async def account(self, account_id: str, *, within: Deadline) -> Account | Trouble:
        """A connected account."""
        return await self._get(f"/accounts/{_in_path(account_id)}", {}, _ACCOUNT, within=within)

    async def balance(self, *, within: Deadline) -> Balance | Trouble:
        """What our own account holds."""
        return await self._get("/balance", {}, _BALANCE, within=within)

    async def _post(
        self,
        path: str,
        form: Form,
        decoder: "msgspec.json.Decoder[T]",
        *,
        key: str,
        within: Deadline,
        account: str | None = None,
        believe: Callable[[T], bool] = lambda _: True,
    ) -> T | Trouble:
        headers = {"content-type": "application/x-www-form-urlencoded", "idempotency-key": key, **_on_behalf(account)}
        body = urlencode(form).encode()
        return await self._call("POST", path, decoder, headers=headers, body=body, within=within, believe=believe)

    async def _get(
        self,
        path: str,
        asked: Form,
        decoder: "msgspec.json.Decoder[T]",
        *,
        within: Deadline,
        account: str | None = None,
    ) -> T | Trouble:
        whole = f"{path}?{urlencode(asked)}" if asked else path
        return await self._call("GET", whole, decoder, headers=_on_behalf(account), within=within)

    async def _call(
        self,
        method: str,
        path: str,
        decoder: "msgspec.json.Decoder[T]",
        *,
        headers: Mapping[str, str],
        within: Deadline,
        body: bytes | None = None,
        believe: Callable[[T], bool] = lambda _: True,
    ) -> T | Trouble:
        every, url = {**self._headers, **headers}, self._url + path
        try:
            reply = await self._client.call(method, url, headers=every, body=body, deadline=within.left)
        except CallFailed as failed:
            return Trouble(failed.cause)
        if reply.status != 200:
            return _trouble(reply)
        try:
            answer = decoder.decode(reply.body)
        except msgspec.MsgspecError:
            return Trouble("malformed_answer", reply.status, replayed=_is_replayed(reply))
        return answer if believe(answer) else Trouble("answer_to_another", reply.status, replayed=_is_replayed(reply))


def _on_behalf(account: str | None) -> Mapping[str, str]:
    """The header by which we act as a connected account."""
    return {} if account is None else {"stripe-account": account}


def _in_path(id_: str) -> str:
    return quote(id_, safe="")


def _is_replayed(reply: Reply) -> bool:
    return reply.headers.get("idempotent-replayed") == "true"


def _trouble(reply: Reply) -> Trouble:
    trouble = Trouble(
        f"http_{reply.status}",
        reply.status,
        replayed=_is_replayed(reply),
        should_retry={"true": True, "false": False}.get(reply.headers.get("stripe-should-retry", "")),
        retry_after=asked_wait(reply),
    )
    try:
        error = _REFUSED.decode(reply.body).error
    except msgspec.MsgspecError:
        return trouble
    return msgspec.structs.replace(trouble, type=error.type, code=error.code, param=error.param)


_REFUSED: Final = msgspec.json.Decoder(_Refused)
_TRANSFER: Final = msgspec.json.Decoder(Transfer)
_TRANSFERS: Final = msgspec.json.Decoder(Page[Transfer])
_REVERSAL: Final = msgspec.json.Decoder(Reversal)
_PAYOUT: Final = msgspec.json.Decoder(Payout)
_PAYOUTS: Final = msgspec.json.Decoder(Page[Payout])
_ACCOUNT: Final = msgspec.json.Decoder(Account)
_BALANCE: Final = msgspec.json.Decoder(Balance)
