"""What gateways tell us: verified over the raw bytes, stored, and answered; a worker applies it."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Request, Router, post
from litestar.datastructures import State

from bursar import dispatch
from bursar.api.problems import BodyTooLarge
from bursar.foundation.errors import Missing
from bursar.foundation.faults import fault
from bursar.foundation.gather import Gather
from bursar.gateways import Report
from bursar.house import House

BODY_BYTES_MAX: Final = 256 * 1024


class Inbox:
    """Stores reports, many at a time in one transaction."""

    def __init__(self, house: House) -> None:
        """Store in this house."""
        self._house = house
        self._gather: Gather[tuple[str, Sequence[Report], bytes], int] = Gather(
            self._work, key=lambda arrived: (arrived[0], arrived[1][0].event_id)
        )

    async def take_in(self, gateway: str, reports: Sequence[Report], body: bytes) -> None:
        """Store reports; they are safe once this returns."""
        if reports:
            await self._gather.ask((gateway, reports, body))
            self._house.ringer.ring(dispatch.reports.BELL)

    async def drain(self) -> None:
        """Wait until everything that arrived is stored."""
        await self._gather.drain()

    async def _work(self, batch: Sequence[tuple[str, Sequence[Report], bytes]]) -> list[int]:
        async with self._house.database.transaction() as tx:
            return await dispatch.reports.take_in(tx, batch)


@post(
    "/{gateway:str}/payout_status",
    status_code=200,
    summary="A gateway reports what became of a payout",
    description="Verified by the gateway's own signature over the raw body. Answered as soon as it is stored.",
)
async def gateway_report(gateway: str, request: Request[Any, Any, Any], state: State) -> dict[str, str]:
    """Take one webhook in; 200 for a duplicate as well, and nothing happens twice."""
    house: House = state.house
    known = house.gateways.get(gateway)
    if known is None:
        raise Missing(f"There is no gateway called {gateway[:40]}.")
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        raise BodyTooLarge(field="body", rule=f"at most {BODY_BYTES_MAX} bytes")
    await state.inbox.take_in(gateway, known.read_report(body, request.headers), body)
    fault("reports.after_inbox")
    return {"status": "received"}


router = Router(path="/api/webhooks", route_handlers=[gateway_report], tags=["Gateways"])
