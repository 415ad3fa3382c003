"""A house that is watched: programs whose payouts end as told, a mail server, and a receiver of posts."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks import Webhook

from bursar import identity, monitoring, payouts, programs
from bursar.foundation import ids
from bursar.foundation.addresses import Policy
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database
from bursar.foundation.egress import Egress
from bursar.identity import Role
from bursar.identity.model import PasswordHash
from bursar.monitoring.alerts import Alert, Poster
from bursar.monitoring.workers import Sign
from bursar.monitoring.workers import store as workers
from bursar.outbound import notices
from bursar.outbound.notices import MailServer
from bursar.payouts import Payout
from ground import KEYRING, ask, merchant, program, terms_text

SENDER = "Acme Payouts <payouts@acme.example>"
SECRET = "a-secret-of-these-alerts"

LEADS: dict[str, tuple[str, ...]] = {
    "approved": (),
    "sending": ("send",),
    "completed": ("send", "settle"),
    "failed": ("send", "fail"),
    "retrying": ("send", "defer"),
    "returned": ("send", "settle", "return"),
}
"""The moves that lead from an approved payout to where a test wants it."""


@dataclass
class WatchedHouse:
    """What the tests of tallies, health and alerts share."""

    database: Database
    terms: programs.Terms
    holder: UUID
    book: programs.Book = field(default_factory=programs.Book)
    clock: SystemClock = field(default_factory=SystemClock)

    @property
    def program(self) -> str:
        """The program that is watched."""
        return self.terms.program

    async def do(self, verb: Callable[..., Awaitable[Any]], *args: Any, **options: Any) -> Any:
        """One verb in a transaction of its own."""
        async with self.database.transaction() as tx:
            return await verb(tx, *args, **options)

    async def pay(self, *ends: str, amount: str = "1000.00") -> list[Payout]:
        """Payouts that are asked for now and led to these states; a batch, whatever there is."""
        desk = payouts.Desk(self.book, KEYRING)
        asks = [ask(self.holder, self.program, amount=amount) for _ in ends]
        made = await self.do(payouts.request, asks, desk=desk, at=self.clock.now())
        taken = [one for one in made if isinstance(one, Payout)]
        assert len(taken) == len(ends), made
        for step in range(max(len(LEADS[end]) for end in ends)):
            await self.move(
                [(p.id, LEADS[end][step]) for p, end in zip(taken, ends, strict=True) if step < len(LEADS[end])]
            )
        return taken

    async def move(self, moves: Sequence[tuple[UUID, str]]) -> None:
        """Take a step with each of these payouts."""
        steps = [payouts.Step(payout_id, verb, actor="system:test", gateway="mockbank") for payout_id, verb in moves]
        for moved in await self.do(payouts.advance, steps, book=self.book):
            assert isinstance(moved, Payout), moved

    async def change(self, **changes: Any) -> None:
        """Apply other terms."""
        text = terms_text(program=self.program, **changes)
        self.terms = (await self.do(programs.apply, text, actor="person:tester", at=self.clock.now())).terms

    async def count(self) -> int:
        """Bring the tallies up to date; how many moves were new."""
        total = 0
        while read := await self.do(monitoring.tallies.read_on):
            total += read
        return total

    async def metrics(self, **options: Any) -> monitoring.Metrics:
        """The figures of this house's program."""
        await self.count()
        found: monitoring.Metrics = await self.do(monitoring.metrics, self.program, **options)
        return found

    async def health(self) -> monitoring.Health:
        """How this house's program is."""
        await self.count()
        found: monitoring.Health = await self.do(monitoring.health, self.program)
        return found

    async def look(self, **options: Any) -> int:
        """One look of the watcher; how many things it told."""
        await self.count()
        told: int = await self.do(monitoring.alerts.look, **options)
        return told

    async def active(self) -> list[Alert]:
        """The alerts of this house's program that nobody has resolved."""
        found: list[Alert] = await self.do(monitoring.alerts.active, self.program)
        return found

    async def staff(self, email: str, role: Role = Role.MANAGER) -> UUID:
        """Somebody of our staff."""
        person = await self.do(
            identity.add_person,
            email=email,
            name="Somebody",
            password_hash=PasswordHash("nobody signs in here"),
            roles=[role],
            actor="system:test",
            at=self.clock.now(),
        )
        person_id: UUID = person.id
        return person_id

    async def run(self, sql: str, *args: object) -> None:
        """One statement of the test's own."""
        async with self.database.transaction() as tx:
            await tx.run(sql, *args)

    async def value(self, sql: str, *args: object) -> Any:
        """What one statement of the test's own finds."""
        async with self.database.transaction() as tx:
            return await tx.value(sql, *args)

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass for alerts, and for what is to be sent."""
        await self.run("UPDATE alerts SET seen_at = seen_at - make_interval(secs => $1)", seconds)
        await self.run("UPDATE notices SET due_at = due_at - make_interval(secs => $1)", seconds)
        await self.run("UPDATE alert_posts SET due_at = due_at - make_interval(secs => $1)", seconds)


LIMITS: dict[str, Any] = {
    "alerts__failure_rate_max": 10,
    "alerts__pending_max": 5,
    "alerts__delay_hours_max": 24,
    "alerts__amount_max": 10_000.00,
}
"""Limits of all four kinds that a test can be over with a few payouts."""


async def open_watched(database: Database, **changes: Any) -> WatchedHouse:
    """A house with a program of these terms, watched by nobody but the test."""
    async with database.transaction() as tx:
        terms = await program(tx, **changes)
        return WatchedHouse(database, terms, await merchant(tx, terms.program, money="1000000000.00"))


async def signs(house: WatchedHouse, *, host: str, pid: int, seconds_ago: int, leaves: bool = False) -> None:
    """A worker that was last seen so long ago."""

    async def work(tx: Any) -> None:
        worker_id = ids.new(await tx.now())
        await workers.arrive(tx, worker_id, host=host, pid=pid, carrier="pgqueuer", every_seconds=10)
        await workers.sign(tx, worker_id, Sign(jobs={}, dropped=0, connections=1), is_last=leaves)
        aged = "UPDATE workers SET seen_at = now() - make_interval(secs => $2), started_at = seen_at WHERE id = $1"
        await tx.run(aged, worker_id, seconds_ago)

    await house.do(work)


# ---- Those who are told ---------------------------------------------------------------------------------------------


@dataclass
class Mailbox:
    """A real mail server's inbox."""

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep a message."""
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos[0], message))  # type: ignore[arg-type] # The policy makes it one.
        return "250 Taken"

    def subjects(self, to: str) -> list[str]:
        """What an address was told, in the order in which it came."""
        return [str(message["Subject"]) for receiver, message in self.mails if receiver == to]


@asynccontextmanager
async def receiving_mail() -> AsyncIterator[Mailbox]:
    """A mail server on loopback."""
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, hostname="localhost"), "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()


async def deliver_mail(house: WatchedHouse, mailbox: Mailbox) -> None:
    """Send every e-mail that is due."""
    server = MailServer(host="127.0.0.1", port=mailbox.port, sender=SENDER, security="none")
    courier = notices.Courier(house.database, notices.Templates(), house.clock, mail=server, push=None)
    while await courier.pass_once():
        pass


@dataclass
class Receiver:
    """A server that alerts are posted to; answers with the next of ``statuses``, the last one for ever."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Take one call in."""
        self.calls.append((dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    def read(self, secret: str = SECRET) -> list[Any]:
        """What came, after the official library has verified it."""
        return [Webhook(secret.encode()).verify(body, headers) for headers, body in self.calls]


@asynccontextmanager
async def receiving_posts() -> AsyncIterator[Receiver]:
    """A receiver behind a real server on loopback."""
    receiver = Receiver()
    runner = web.ServerRunner(web.Server(receiver.answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/alerts"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def post_all(
    house: WatchedHouse, *, secret: str | None = SECRET, allow_loopback: bool = True, passes: int = 10
) -> int:
    """Passes of one worker's poster until nothing is due; how many tries that took."""
    egress = Egress.open(Policy(allow_loopback=allow_loopback))
    poster = Poster(house.database, egress, house.clock, secret=secret)
    total = 0
    for _ in range(passes):
        total += await poster.pass_once()
    await egress.close()
    return total
