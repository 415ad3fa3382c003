"""A house of merchants with endpoints, receivers that behave as told, and time that passes when a test says so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from standardwebhooks import Webhook

from bursar import holders, programs
from bursar.foundation.addresses import Policy
from bursar.foundation.clock import SystemClock
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Database, Transaction
from bursar.foundation.egress import Egress
from bursar.foundation.money import Money
from bursar.holders import NewHolder
from bursar.outbound import webhooks
from bursar.outbound.webhooks import Delivery, DeliveryState, Endpoint, EndpointWish
from bursar.payouts import Moved, PayoutState

S = PayoutState
KEY = b"k" * 32
RETRY_SECONDS = (2.0, 10.0, 60.0)
TIMEOUT_SECONDS = 20.0

TELL = {
    S.REQUESTED: "PENDING",
    S.IN_REVIEW: "IN_REVIEW",
    S.APPROVED: "PENDING",
    S.SENDING: "PROCESSING",
    S.SENT: "PENDING",
    S.RETRYING: "RETRY",
    S.ON_HOLD: "ON_HOLD",
    S.COMPLETED: "SUCCESS",
    S.FAILED: "FAILED",
    S.REJECTED: "FAILED",
    S.CANCELLED: "CANCELLED",
    S.RETURNED: "RETURNED",
}


def terms_text() -> str:
    """The ready merchants program with a shorter schedule."""
    text = programs.load(programs.ready()["merchants"])
    return (
        text.replace("max_attempts: 8 ", "max_attempts: 4 ")
        .replace("[5, 300, 1800, 7200, 18000, 36000, 36000]", "[2, 10, 60]")
        .replace("timeout_seconds: 30 ", "timeout_seconds: 20 ")
    )


@dataclass(frozen=True)
class Call:
    """One request as a receiver got it."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """Its ``webhook-id``."""
        return self.headers["webhook-id"]

    def verified(self, secret: str | bytes) -> Any:
        """The body, after the official library has verified it with this secret."""
        return Webhook(secret).verify(self.body, dict(self.headers))


@dataclass
class Receiver:
    """A merchant's server: answers each call with the next of ``statuses``, the last one for ever."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    calls: list[Call] = field(default_factory=list)
    gate: asyncio.Event | None = None  # Holds answers back until it is set.
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    under_way: int = 0
    under_way_most: int = 0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Take one call in."""
        self.calls.append(Call(dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        self.under_way += 1
        self.under_way_most = max(self.under_way, self.under_way_most)
        self.arrived.set()
        try:
            if self.gate is not None:
                await self.gate.wait()
            return web.Response(status=status, headers={"Location": "/elsewhere"})
        finally:
            self.under_way -= 1


@contextlib.asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    """A receiver behind a real server on loopback."""
    receiver = receiver or Receiver()
    runner = web.ServerRunner(web.Server(receiver.answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@dataclass
class House:
    """What the tests of this room share."""

    database: Database
    egress: Egress
    keyring: Keyring = field(default_factory=lambda: Keyring([KEY]))
    clock: SystemClock = field(default_factory=SystemClock)  # Signatures are checked against the real time.
    book: programs.Book = field(default_factory=programs.Book)

    async def do(self, verb: Callable[..., Awaitable[Any]], *args: Any, **options: Any) -> Any:
        """One verb in a transaction of its own."""
        async with self.database.transaction() as tx:
            return await verb(tx, *args, **options)

    async def merchant(self, reference: str) -> UUID:
        """A merchant's holder id."""
        newcomer = NewHolder("merchants", "merchant", reference, reference)
        [holder] = await self.do(holders.register, [newcomer], at=self.clock.now())
        return holder.id

    async def endpoint(self, holder_id: UUID, url: str) -> tuple[Endpoint, str]:
        """An endpoint with its secret."""
        wish = EndpointWish(holder_id, await self.egress.vet(url))
        return await self.do(webhooks.add_endpoint, wish, keyring=self.keyring, at=self.clock.now())

    def move(self, holder_id: UUID, *states: PayoutState | None, **different: Any) -> Moved:
        """A move from one state to another; by default a completion."""
        before, after = states or (S.SENDING, S.COMPLETED)
        assert after is not None
        moved = Moved(
            payout_id=uuid4(), holder_id=holder_id, program="merchants", terms_version=1, reference="order-1",
            amount=Money(100_000, "PKR"), gateway_reference="PSP-1", seq=3, verb="settle", from_state=before,
            to_state=after, reason=None, facts={}, actor="system:test", correlation_id=None, at=self.clock.now(),
        )  # fmt: skip
        return replace(moved, **different)

    async def tell(self, *moves: Moved) -> int:
        """Announce moves; how many messages that made."""
        count: int = await self.do(webhooks.announce, moves, tell=TELL, book=self.book, at=self.clock.now())
        return count

    def deliverer(self, **options: Any) -> webhooks.Deliverer:
        """One worker's deliverer; probes of failing endpoints need not wait."""
        chosen = {"concurrency": 8, "probe_seconds": 0.0} | options
        return webhooks.Deliverer(self.database, self.egress, self.keyring, self.clock, **chosen)

    async def deliver_all(self, deliverer: webhooks.Deliverer) -> int:
        """Passes until nothing is due; how many tries that took."""
        total = 0
        while count := await deliverer.pass_once():
            total += count
        return total

    async def deliveries(self, endpoint: Endpoint, state: DeliveryState | None = None) -> list[Delivery]:
        """An endpoint's deliveries, newest first."""
        found: list[Delivery] = await self.do(
            webhooks.deliveries, endpoint.id, holder_id=endpoint.holder_id, state=state
        )
        return found

    async def look(self, endpoint: Endpoint) -> Endpoint:
        """An endpoint as it stands now."""
        found: Endpoint = await self.do(webhooks.endpoint, endpoint.id, holder_id=endpoint.holder_id)
        return found

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass for everything that the database waits for."""
        await self.run("UPDATE deliveries SET due_at = due_at - make_interval(secs => $1)", seconds)
        await self.run("UPDATE endpoints SET failing_since = failing_since - make_interval(secs => $1)", seconds)
        await self.run("UPDATE endpoints SET old_until = old_until - make_interval(secs => $1)", seconds)

    async def run(self, sql: str, *args: object) -> None:
        """One statement of the test's own."""
        async with self.database.transaction() as tx:
            await tx.run(sql, *args)

    async def rows(self, sql: str, *args: object) -> Sequence[Any]:
        """What one statement of the test's own finds."""
        async with self.database.transaction() as tx:
            return await tx.many(sql, *args)

    async def now(self) -> datetime:
        """The database's time."""
        async with self.database.transaction() as tx:
            moment: datetime = await tx.value("SELECT clock_timestamp()")
            return moment


async def apply_terms(tx: Transaction, at: datetime) -> None:
    """Make the merchants program known."""
    await programs.apply(tx, terms_text(), actor="system:test", at=at)


@contextlib.asynccontextmanager
async def opened(database: Database) -> AsyncIterator[House]:
    """A house on a fresh database."""
    egress = Egress.open(Policy(allow_loopback=True))
    house = House(database, egress)
    await house.do(apply_terms, house.clock.now())
    try:
        yield house
    finally:
        await egress.close()
