"""v3's calls, one function each. None raises: what is not the answer that was asked for is ``Trouble``."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from bursar.foundation.http import PoliteClient
from bursar.foundation.money import Money
from bursar.gateways.deadline import Deadline
from bursar.gateways.flutterwave.accounts import Resolved
from bursar.gateways.flutterwave.answers import T, Trouble, ask, read
from bursar.gateways.flutterwave.v3.wire import (
    Answered,
    Balance,
    Bulk,
    Fee,
    Ordered,
    OrderedInBulk,
    Transfer,
)


class Api:
    """Calls v3 with one account's secret key, which also decides between test mode and real money."""

    def __init__(self, client: PoliteClient, *, url: str, secret_key: str) -> None:
        """Call the service at ``url``, without its version."""
        self._client = client
        self._url = url.rstrip("/") + "/v3"
        self._headers = {"authorization": f"Bearer {secret_key}", "content-type": "application/json"}

    async def create(self, order: Ordered, *, within: Deadline) -> Transfer | Trouble:
        """Ask for one transfer."""
        return _data(await self._call("POST", "/transfers", _ONE, within=within, body=order))

    async def create_bulk(self, orders: Sequence[OrderedInBulk], *, title: str, within: Deadline) -> Bulk | Trouble:
        """Ask for several at once; the answer names the bulk, and none of its members."""
        body = {"title": title, "bulk_data": orders}
        return _data(await self._call("POST", "/bulk-transfers", _BULK, within=within, body=body))

    async def fetch(self, transfer_id: int, *, within: Deadline) -> Transfer | Trouble:
        """One transfer by its id there."""
        return _data(await self._call("GET", f"/transfers/{transfer_id}", _ONE, within=within))

    async def find(self, reference: str, *, within: Deadline) -> Answered[list[Transfer]] | Trouble:
        """The transfers with this reference; an empty list whose total is not above 0 is proof that there is none."""
        return await self._call("GET", f"/transfers?{urlencode({'reference': reference})}", _MANY, within=within)

    async def members(self, bulk_id: int, *, page: int, within: Deadline) -> Answered[list[Transfer]] | Trouble:
        """One page of a bulk's transfers; pages count from 1."""
        query = urlencode({"batch_id": bulk_id, "page": page})
        return await self._call("GET", f"/transfers?{query}", _MANY, within=within)

    async def made(
        self, since: date, until: date, *, page: int, within: Deadline
    ) -> Answered[list[Transfer]] | Trouble:
        """One page of what was asked for on these days, newest first; pages count from 1."""
        query = urlencode({"from": since.isoformat(), "to": until.isoformat(), "page": page})
        return await self._call("GET", f"/transfers?{query}", _MANY, within=within)

    async def retry(self, transfer_id: int, *, within: Deadline) -> Transfer | Trouble:
        """Have a failed transfer tried again, as a new one with an id and a reference of its own.

        Sending does not use it: an attempt of ours is a new transfer under a new key, so that each has a row, a limit
        and an outcome of its own, and the third retry cannot be mistaken for the first (decision 0021).
        """
        return _data(await self._call("POST", f"/transfers/{transfer_id}/retries", _ONE, within=within, body={}))

    async def retries(self, transfer_id: int, *, within: Deadline) -> list[Transfer] | Trouble:
        """The retries of a transfer."""
        return _data(await self._call("GET", f"/transfers/{transfer_id}/retries", _MANY, within=within))

    async def fee(self, amount: Money, *, within: Deadline) -> list[Fee] | Trouble:
        """What it would cost to send this much; one line for each kind of fee."""
        query = urlencode({"amount": amount.text, "currency": amount.currency})
        return _data(await self._call("GET", f"/transfers/fee?{query}", _FEES, within=within))

    async def resolve(self, *, bank_code: str, account_number: str, within: Deadline) -> Resolved | Trouble:
        """Whose account this is."""
        body = {"account_number": account_number, "account_bank": bank_code}
        return _data(await self._call("POST", "/accounts/resolve", _RESOLVED, within=within, body=body))

    async def balances(self, *, within: Deadline) -> list[Balance] | Trouble:
        """What our account there holds, one line for each currency."""
        return _data(await self._call("GET", "/balances", _BALANCES, within=within))

    async def balance(self, currency: str, *, within: Deadline) -> Balance | Trouble:
        """What our account there holds in one currency."""
        return _data(await self._call("GET", f"/balances/{quote(currency, safe='')}", _BALANCE, within=within))

    async def _call(
        self,
        method: str,
        path: str,
        decoder: "msgspec.json.Decoder[Answered[T]]",
        *,
        within: Deadline,
        body: object = None,
    ) -> Answered[T] | Trouble:
        raw = None if body is None else _ENCODER.encode(body)
        reply = await ask(self._client, method, self._url + path, headers=self._headers, body=raw, within=within)
        return read(reply, decoder)


def _data(answer: Answered[T] | Trouble) -> T | Trouble:
    return answer if isinstance(answer, Trouble) else answer.data


_ENCODER: Final = msgspec.json.Encoder()
_ONE: Final = msgspec.json.Decoder(Answered[Transfer])
_MANY: Final = msgspec.json.Decoder(Answered[list[Transfer]])
_BULK: Final = msgspec.json.Decoder(Answered[Bulk])
_FEES: Final = msgspec.json.Decoder(Answered[list[Fee]])
_RESOLVED: Final = msgspec.json.Decoder(Answered[Resolved])
_BALANCE: Final = msgspec.json.Decoder(Answered[Balance])
_BALANCES: Final = msgspec.json.Decoder(Answered[list[Balance]])
