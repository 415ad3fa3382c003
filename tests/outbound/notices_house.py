"""A house that tells people: holders with addresses, a mail server and a push service that behave as told."""

import asyncio
import base64
import contextlib
import email
import email.policy
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import http_ece
from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from bursar import holders, identity, ledger, payouts
from bursar.foundation.addresses import Policy
from bursar.foundation.clock import SystemClock
from bursar.foundation.crypto import Keyring
from bursar.foundation.db import Database, Transaction
from bursar.foundation.egress import Egress
from bursar.holders import Destination, NewHolder, StoredDestination
from bursar.identity import Role
from bursar.identity.model import PasswordHash
from bursar.outbound import notices
from bursar.outbound.notices import Kind, MailServer, Notice, PushSender, Templates, VapidKey
from bursar.programs import Book, Terms
from ground import ask, funding, program

ABOUT = ["completed", "failed", "rejected", "returned"]
SENDER = "Acme Payouts <payouts@acme.example>"
ACCOUNT = "7777123488889999"


# ---- A mail server --------------------------------------------------------------------------------------------------


@dataclass
class MailSink:
    """A mail server that keeps what it takes, and answers addresses in ``refuses`` with what stands there."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    signed_in: list[tuple[bytes, bytes]] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    cuts: int = 0  # So many messages are not answered: the line is cut instead.
    gate: asyncio.Event | None = None  # Holds answers back until it is set.
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse one address."""
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep a message."""
        assert isinstance(envelope.content, bytes)
        self.arrived.set()
        if self.cuts:
            self.cuts -= 1
            server.transport.abort()  # type: ignore[union-attr]
            return "421 never heard"
        if self.gate is not None:
            await self.gate.wait()
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        self.to.extend(envelope.rcpt_tos)
        self.secured.append(session.ssl is not None)
        return "250 Taken"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        """Let in whoever knows the password."""
        self.signed_in.append((given.login, given.password))
        return AuthResult(success=given.password == b"mail-password", handled=False)


@contextlib.asynccontextmanager
async def receiving_mail(
    *, tls: ssl.SSLContext | None = None, auth: bool = False, implicit: bool = False
) -> AsyncIterator[MailSink]:
    """A real mail server on loopback, with STARTTLS (or TLS from the first byte) and sign-in where asked for."""
    sink = MailSink()
    options: dict[str, Any] = {"hostname": "localhost", "enable_SMTPUTF8": False}
    if tls and not implicit:
        options |= {"tls_context": tls, "require_starttls": True}
    if auth:
        options |= {"authenticator": sink.authenticate, "auth_required": True, "auth_require_tls": not implicit}

    def connected() -> SMTP:
        sink.connections += 1
        return SMTP(sink, **options)

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0, ssl=tls if implicit else None)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's certificate for ``localhost``, and a client that trusts nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(plain + made.public_bytes(pem))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=path)


# ---- A browser and its push service ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pushed:
    """One message as the push service got it."""

    headers: Mapping[str, str]
    body: bytes


@dataclass
class Browser:
    """A browser behind its push service: takes messages, and can read its own."""

    url: str = ""
    status: int = 201
    pushes: list[Pushed] = field(default_factory=list)
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = bytes(range(16))

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Take one message in."""
        self.pushes.append(Pushed(dict(request.headers), await request.read()))
        return web.Response(status=self.status)

    @property
    def point(self) -> bytes:
        """Its public key."""
        form = serialization.PublicFormat.UncompressedPoint
        return self.private.public_key().public_bytes(serialization.Encoding.X962, form)

    @property
    def subscription(self) -> dict[str, Any]:
        """What ``PushSubscription.toJSON()`` gives."""
        keys = {"p256dh": base64url(self.point), "auth": base64url(self.auth)}
        return {"endpoint": self.url, "expirationTime": None, "keys": keys}

    def read(self, push: Pushed) -> Any:
        """A message in the clear, by the reference implementation of RFC 8188."""
        plain = http_ece.decrypt(push.body, private_key=self.private, auth_secret=self.auth, version="aes128gcm")
        return json.loads(plain)


@contextlib.asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A browser whose push service is a real server on loopback."""
    browser = Browser()
    runner = web.ServerRunner(web.Server(browser.answer), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    browser.url = f"http://127.0.0.1:{runner.addresses[0][1]}/push/{uuid4().hex}"
    try:
        yield browser
    finally:
        await runner.cleanup()


def verified_claims(authorization: str, public_key: str) -> dict[str, Any]:
    """The claims of a VAPID header (RFC 8292), once its signature holds under the key that browsers were given."""
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, parts["k"]) == ("vapid", public_key)
    signed, _, signature = parts["t"].rpartition(".")
    raw = unbase64url(signature)
    halves = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unbase64url(public_key))
    key.verify(utils.encode_dss_signature(*halves), signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims: dict[str, Any] = json.loads(unbase64url(signed.partition(".")[2]))
    return claims


def base64url(raw: bytes) -> str:
    """Without padding, as browsers write it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    """The bytes of such a text."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---- The house ------------------------------------------------------------------------------------------------------


@dataclass
class NoticeHouse:
    """What the tests of notices share."""

    database: Database
    terms: Terms
    mail: MailServer | None = None
    push: PushSender | None = None
    templates: Templates = field(default_factory=Templates)
    keyring: Keyring = field(default_factory=lambda: Keyring([b"k" * 32]))
    clock: SystemClock = field(default_factory=SystemClock)
    book: Book = field(default_factory=Book)

    @property
    def program(self) -> str:
        """The program whose holders are told."""
        return self.terms.program

    async def do(self, verb: Callable[..., Awaitable[Any]], *args: Any, **options: Any) -> Any:
        """One verb in a transaction of its own."""
        async with self.database.transaction() as tx:
            return await verb(tx, *args, **options)

    async def holder(self, email: str | None = "amina@example.com", name: str = "Amina Bello") -> UUID:
        """A new holder who has money."""
        new = NewHolder(self.program, "merchant", f"m-{uuid4().hex}", name, email)
        [made] = await self.do(holders.register, [new], at=self.clock.now())
        await self.do(ledger.credit, [funding(made.id, "10000000.00", program=self.program)], at=self.clock.now())
        holder_id: UUID = made.id
        return holder_id

    async def person(self, email: str, *roles: Role, acts_for: UUID | None = None) -> UUID:
        """Somebody who signs in; of our staff, or acting for a holder."""
        added = await self.do(
            identity.add_person,
            email=email,
            name="Somebody",
            password_hash=PasswordHash("nobody signs in here"),
            roles=roles,
            actor="system:test",
            at=self.clock.now(),
        )
        person_id: UUID = added.id
        if acts_for:
            await self.do(identity.link, [(person_id, acts_for)], actor="system:test", at=self.clock.now())
        return person_id

    async def browser(self, browser: Browser, holder_id: UUID, person_id: UUID) -> notices.Subscription:
        """Subscribe a browser."""
        new = notices.NewSubscription(holder_id, person_id, browser.url, browser.point, browser.auth)
        made: notices.Subscription = await self.do(notices.subscribe, new, at=self.clock.now())
        return made

    async def payout(self, holder_id: UUID, *verbs: str, reason: str | None = None, **changes: Any) -> payouts.Payout:
        """A payout that has gone through these moves; the last one for a reason."""
        wanted = ask(holder_id, self.program, account=ACCOUNT, **changes)
        desk = payouts.Desk(self.book, self.keyring)
        [made] = await self.do(payouts.request, [wanted], desk=desk, at=self.clock.now())
        assert isinstance(made, payouts.Payout), made
        for number, verb in enumerate(verbs, start=1):
            made = await self.move(made.id, verb, reason=reason if number == len(verbs) else None)
        return made

    async def move(self, payout_id: UUID, verb: str, *, reason: str | None = None) -> payouts.Payout:
        """One more move."""
        step = payouts.Step(payout_id, verb, actor="system:test", reason=reason, gateway="mockbank")
        [moved] = await self.do(payouts.advance, [step], book=self.book)
        assert isinstance(moved, payouts.Payout), moved
        return moved

    async def destination(self, holder_id: UUID, *, cool_off_hours: float = 0, **changes: Any) -> StoredDestination:
        """A destination that a holder has just stored."""
        account = Destination(**{"bank_code": "HBL", "account_number": ACCOUNT, "account_title": "Amina"} | changes)
        new = holders.NewDestination(holder_id, account, cool_off_hours, "person:amina")
        [added] = await self.do(holders.add_destinations, [new], keyring=self.keyring, at=self.clock.now())
        stored: StoredDestination = added.destination
        return stored

    async def tell(self, *payout_ids: UUID) -> int:
        """Tell of everything that happened to these payouts; how many notices that made."""
        moves = [move for payout_id in payout_ids for move in await self.do(payouts.history, payout_id)]
        count: int = await self.do(notices.tell, moves, book=self.book, at=self.clock.now())
        return count

    async def announce(self, *news: notices.News) -> int:
        """Tell of something else."""
        count: int = await self.do(notices.announce, news, book=self.book, at=self.clock.now())
        return count

    def courier(self, **options: Any) -> notices.Courier:
        """One worker's courier."""
        chosen: dict[str, Any] = {"mail": self.mail, "push": self.push, "connections": 2} | options
        return notices.Courier(self.database, self.templates, self.clock, **chosen)

    async def deliver(self, **options: Any) -> None:
        """Passes until nothing is due."""
        courier = self.courier(**options)
        while await courier.pass_once():
            pass

    async def written(self, kind: Kind | None = None) -> list[Notice]:
        """All notices, or those of one kind, oldest first."""
        found: Sequence[Notice] = await self.do(notices.page)
        return [notice for notice in reversed(found) if kind in {None, notice.kind}]

    async def pass_time(self, seconds: float) -> None:
        """Let so much time pass for everything that the database waits for."""
        await self.run("UPDATE notices SET due_at = due_at - make_interval(secs => $1)", seconds)
        await self.run("UPDATE review_watches SET overdue_at = overdue_at - make_interval(secs => $1)", seconds)

    async def run(self, sql: str, *args: object) -> None:
        """One statement of the test's own."""
        async with self.database.transaction() as tx:
            await tx.run(sql, *args)

    async def rows(self, sql: str, *args: object) -> Sequence[Any]:
        """What one statement of the test's own finds."""
        async with self.database.transaction() as tx:
            return await tx.many(sql, *args)


def mail_server(sink: MailSink, **changes: Any) -> MailServer:
    """The way to a sink."""
    return MailServer(**{"host": "localhost", "port": sink.port, "sender": SENDER, "security": "none"} | changes)


def egress() -> Egress:
    """A client that may call loopback."""
    return Egress.open(Policy(allow_loopback=True))


def push_service(client: Egress, key: VapidKey, clock: SystemClock) -> PushSender:
    """A push service that signs with this key."""
    return PushSender(client, key, subject="mailto:payouts@acme.example", clock=clock)


async def open_program(tx: Transaction, **changes: Any) -> Terms:
    """A program that tells its holders everything, and holds what is large."""
    return await program(tx, **{"notices__about": ABOUT, "review__amount_at": "50000.00"} | changes)
