"""What merchants' systems do in the demo, over HTTP as anybody would: upload a file, ask for payouts, look at them."""

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from bursar.cli.demo.cast import Merchant
from bursar.cli.demo.sheet import Row, as_csv
from bursar.foundation import ids
from bursar.foundation.clock import Clock
from bursar.foundation.errors import Conflict
from bursar.foundation.http import PoliteClient, Reply

PAYOUTS: Final = "/api/v1/payouts"
ENDPOINTS: Final = "/api/v1/webhook-endpoints"
PAGE: Final = 200  # As many as the API shows at once.
DEADLINE: Final = 60.0  # Seconds, for the largest upload there may be.

SCENARIOS: Final = {
    "Success": Row("test-success", "1000", "PKR", "BANK", "HBL", "1234500001", "Test User"),
    "Retry": Row("test-retry", "1000", "PKR", "BANK", "HBL", "9876500002", "Test User"),
    "Failed": Row("test-failed", "1000", "PKR", "BANK", "HBL", "5555500003", "Test User"),
    "Pending": Row("test-pending", "1000", "PKR", "BANK", "HBL", "1234500004", "Test User"),
    "On hold": Row("test-on-hold", "1000", "PKR", "BANK", "HBL", "1234500005", "Test User"),
    "Review": Row("test-review", "150000", "PKR", "BANK", "HBL", "1234500001", "Test User"),
}
"""The merchants document's own calls, by the names of its table."""


class Unexpected(Conflict):
    """The API answered otherwise than it should."""

    code = "unexpected_answer"


@dataclass(frozen=True, slots=True)
class Sent:
    """A payout that was asked for: its id, by whom, and for what."""

    id: str
    merchant: Merchant
    row: Row


@dataclass(frozen=True, slots=True)
class View:
    """A payout as its merchant sees it."""

    status: str
    attempts: int
    psp_reference: str | None


class Traffic:
    """Calls the API of one installation."""

    def __init__(self, client: PoliteClient, address: str, clock: Clock) -> None:
        """Call it at this address."""
        self._client = client
        self._address = address
        self._clock = clock

    async def listen(self, merchant: Merchant, url: str) -> str:
        """Have a merchant's events sent to an address; the secret that they are signed with."""
        answer = await self._call("POST", ENDPOINTS, merchant, body={"url": url, "description": "demo"})
        return str(answer["secret"])

    async def upload(self, merchant: Merchant, rows: Sequence[Row]) -> list[Sent]:
        """Ask for many payouts with one file."""
        path = f"{PAYOUTS}/bulk?again=true"  # A demo that goes on with its data has sent the same file before.
        answer = await self._call("POST", path, merchant, body=as_csv(rows), media="text/csv", key=self._new_key())
        results = answer["results"]
        for result in results:
            if "error" in result:
                raise Unexpected(f"Row {result['row']} of {merchant.name}: {result['error']['message']}")
        return [Sent(result["id"], merchant, row) for result, row in zip(results, rows, strict=True)]

    async def ask(self, merchant: Merchant, row: Row) -> Sent:
        """Ask for one payout."""
        answer = await self._call("POST", PAYOUTS, merchant, body=_body(row), key=self._new_key())
        return Sent(answer["id"], merchant, row)

    async def look(self, merchants: Sequence[Merchant]) -> dict[str, View]:
        """How all payouts of these merchants stand, by their ids."""
        found = await asyncio.gather(*(self._look(merchant) for merchant in merchants))
        return {payout_id: view for views in found for payout_id, view in views.items()}

    def curl(self, merchant: Merchant, row: Row) -> str:
        """A call that anybody can make by hand."""
        return (
            f"curl -X POST {self._address}{PAYOUTS} \\\n"
            f'  -H "X-API-KEY: {merchant.key}" \\\n'
            '  -H "X-IDEMPOTENCY-KEY: $(uuidgen)" \\\n'
            '  -H "Content-Type: application/json" \\\n'
            f"  -d {shlex.quote(msgspec.json.encode(_body(row)).decode())}"
        )

    async def _look(self, merchant: Merchant) -> dict[str, View]:
        views: dict[str, View] = {}
        cursor = ""
        while True:
            page = await self._call("GET", f"{PAYOUTS}?limit={PAGE}{cursor}", merchant)
            views |= {one["id"]: View(one["status"], one["attempts"], one["pspReference"]) for one in page["data"]}
            if not page["hasMore"]:
                return views
            cursor = f"&cursor={page['nextCursor']}"

    async def _call(
        self,
        method: str,
        path: str,
        merchant: Merchant,
        *,
        body: bytes | Mapping[str, object] | None = None,
        media: str = "application/json",
        key: str | None = None,
    ) -> dict[str, Any]:
        headers = {"X-API-KEY": merchant.key, "Content-Type": media}
        if key is not None:
            headers["X-IDEMPOTENCY-KEY"] = key
        raw = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        reply = await self._client.call(method, self._address + path, headers=headers, body=raw, deadline=DEADLINE)
        return _answer(reply, what=f"{method} {path.partition('?')[0]}")

    def _new_key(self) -> str:
        return str(ids.new(self._clock.now()))


def _answer(reply: Reply, *, what: str) -> dict[str, Any]:
    if reply.status // 100 != 2:
        raise Unexpected(f"{what} was answered {reply.status}: {reply.body.decode(errors='replace')[:300]}")
    return msgspec.json.decode(reply.body, type=dict[str, Any])


def _body(row: Row) -> dict[str, object]:
    """A payout as JSON, its amount a number as in the document."""
    body: dict[str, object] = msgspec.to_builtins(row)
    return body | {"amount": msgspec.Raw(row.amount.encode())}
