"""What gateways tell us: verified over the raw bytes, stored, and answered; a worker applies it.

``fastlane`` answers this route in the framework's place; what is declared here is what documents it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Request, Router, post
from litestar.datastructures import State
from litestar.params import FromPath

from bursar import dispatch
from bursar.api import reading
from bursar.api.entry import Needs
from bursar.api.openapi import Doc
from bursar.foundation.errors import Missing
from bursar.foundation.faults import fault
from bursar.foundation.gather import Gather
from bursar.gateways import Downtime, Report
from bursar.house import House

BODY_BYTES_MAX: Final = 256 * 1024


class Inbox:
    """Stores reports, many at a time in one transaction."""

    def __init__(self, house: House) -> None:
        """Store in this house."""
        self._house = house
        self._gather: Gather[tuple[str, Sequence[Report | Downtime], bytes], int] = Gather(
            self._work, key=lambda arrived: (arrived[0], arrived[1][0].event_id)
        )

    async def take(self, gateway: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Verify what a gateway says by its own signature over the raw body, and store it; it is safe then.

        Raises:
            Missing: there is no such gateway.
            ForgedReport: the gateway did not sign this.
            Invalid: it did, but it is nothing about a payout.
        """
        known = self._house.gateways.get(gateway)
        if known is None:
            raise Missing(f"There is no gateway called {gateway[:40]}.")
        reports = known.read_report(body, headers)
        if reports:
            await self._gather.ask((gateway, reports, body))
            self._house.ringer.ring(dispatch.reports.BELL)
        fault("reports.after_inbox")

    async def drain(self) -> None:
        """Wait until everything that arrived is stored."""
        await self._gather.drain()

    async def _work(self, batch: Sequence[tuple[str, Sequence[Report | Downtime], bytes]]) -> list[int]:
        async with self._house.database.transaction() as tx:
            return await dispatch.reports.take_in(tx, batch)


class Received(msgspec.Struct):
    """The report is stored."""

    status: str


RECEIVED: Final = msgspec.json.encode(Received("received"))


@post(
    "/{gateway:str}/payout_status",
    status_code=200,
    needs=Needs.NOTHING,  # The gateway's signature lets it in.
    request_max_body_size=BODY_BYTES_MAX,
    doc=Doc(
        summary="A gateway reports what became of a payout",
        answers=Received,
        shows={"status": "received"},
        refuses=(400, 401, 404, 413),
    ),
)
async def take_report(gateway: FromPath[str], request: Request[Any, Any, Any], state: State) -> Received:
    """Take one webhook in, verified by the gateway's own signature over the raw body; answered once it is stored.

    A duplicate is answered 200 as well, and nothing happens twice.
    """
    await state.inbox.take(gateway, await reading.body(request), request.headers)
    return Received("received")


router = Router(path="/api/webhooks", route_handlers=[take_report], tags=["Gateways"])
