"""A ``World`` with the program ``providers``: a platform, people who act for providers, staff, mail and runs by hand.

async with open_providers(database_url, tmp_path) as here:
    ada = await here.provider("Ada Obi", earned="80000.00")
    payout = await here.ask(ada, "25000.00")
    async with here.world.working():
        await here.run()
"""

import asyncio
import email
import email.policy
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import yaml
from aiosmtpd.smtp import SMTP, Envelope, Session

from auditor import Asked
from bursar import identity, programs, schedules
from bursar.foundation import db, queue
from bursar.foundation.money import Money
from bursar.identity import Role
from bursar.identity.model import PasswordHash
from bursar.outbound import notices
from ground import AT
from house import NOBODY, Client, Reply
from processes import LOOK_SECONDS, SOON
from ways import V3, Way
from world import World, open_world

PROGRAM: Final = "providers"
PAYOUTS: Final = "/api/provider/payouts"
BANK: Final = "044"
ENDINGS: Final = ("0001", "0002", "0003", "0004", "0007")  # What becomes of a payout there, as docs/sandbox.md has it.
PASSWORD: Final = "correct horse battery"
SENDER: Final = "Acme Payouts <payouts@acme.example>"

TERMS: Final = yaml.safe_load((Path(__file__).parents[1] / "programs/providers.yaml").read_text("utf-8"))
QUICK: Final[Mapping[str, Any]] = {
    "dispatch__cron": "0 0 1 1 *",
    "retry__base_seconds": 0.05,
    "retry__max_seconds": 0.2,
    "unknown__schedule_seconds": [0.1, 0.2, 0.4],
    "unknown__poll_seconds": [0.3, 0.5],
    "route__float_seconds": 0.2,
}
"""The shipped terms with waits that fit into a test, and no run that begins by itself."""

EASED: Final[Mapping[str, Any]] = {
    "risk__successes_min": 0,
    "risk__changed_hours": None,
    "risk__per_hour_max": None,
    "risk__per_day_max": None,
}
"""What lets a newcomer's payouts leave without a person, so that a test is about something else."""

_numbers = count(1)
_hashed: list[PasswordHash] = []  # Made once, because it is slow on purpose.


@dataclass(frozen=True)
class Provider(Client):
    """Somebody signed in who acts for one provider."""

    reference: str = ""
    name: str = ""
    holder: UUID = NOBODY
    bank: str = field(default_factory=lambda: f"{secrets.randbelow(10**6):06}")

    @property
    def email(self) -> str:
        """Where they are written to, and what they sign in with."""
        return f"{self.reference}@example.com"

    def method(self, ending: str = "0001", **changes: str) -> dict[str, str]:
        """A bank account of theirs; its last four digits say what becomes of a payout to it."""
        own = {"type": "BANK", "bankCode": BANK, "accountNumber": self.bank + ending, "accountTitle": self.name}
        return own | changes

    async def payout(self, payout: UUID) -> dict[str, Any]:
        """One of their payouts as it stands."""
        return dict((await self.get(f"{PAYOUTS}/{payout}")).json)

    async def status(self, payout: UUID) -> str:
        """In the document's words."""
        return str((await self.payout(payout))["status"])

    async def balance(self) -> tuple[str, str]:
        """What is available, and what is reserved."""
        figures = (await self.get("/api/provider/balance")).json
        return figures["availableBalance"], figures["reservedBalance"]

    async def earnings(self) -> list[tuple[str, str]]:
        """The status and the amount of each of their earnings, oldest first."""
        found = (await self.get("/api/provider/earnings")).json["data"]
        return [(each["status"], each["amount"]) for each in reversed(found)]


@dataclass(frozen=True)
class Staff(Client):
    """Somebody of the staff, signed in."""

    email: str = ""

    async def decide(self, payout: UUID, verb: str, reason: str = "Known for years") -> Reply:
        """Approve, reject, cancel or retry a payout."""
        return await self.post(f"/api/payouts/{payout}/{verb}", json={"reason": reason})

    async def approve(self, payout: UUID) -> None:
        """Agree to a payout."""
        answer = await self.decide(payout, "approve")
        assert answer.status == 200, answer.body

    async def findings(self, payout: UUID) -> dict[str, str]:
        """What speaks against a payout: rules and levels."""
        shown = (await self.get(f"/api/payouts/{payout}")).json["data"]
        return {one["rule"]: one["level"] for one in shown["findings"]}


@dataclass
class Post:
    """A mail server that keeps what it takes."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a message."""
        assert isinstance(envelope.content, bytes)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        return "250 Taken"

    def to(self, address: str) -> list[str]:
        """The subjects of what somebody has in their inbox, oldest first."""
        return [re.sub(r"\s+", " ", str(mail["Subject"])) for mail in self.mails if mail["To"] == address]

    def text(self, address: str, subject: str) -> str:
        """What somebody was written under a subject that begins so, in plain text."""
        for mail in self.mails:
            if mail["To"] == address and str(mail["Subject"]).startswith(subject):
                body = mail.get_body(("plain",))
                assert body is not None, "every letter has a plain part"
                return str(body.get_content())
        raise AssertionError(f"nothing under {subject!r}; there is {self.to(address)}")

    async def until(self, address: str, subject: str, *, least: int = 1) -> str:
        """Wait for so many letters whose subject begins so; the text of the first."""
        async with asyncio.timeout(SOON):
            while sum(one.startswith(subject) for one in self.to(address)) < least:
                await asyncio.sleep(LOOK_SECONDS)
        return self.text(address, subject)


@dataclass
class Providers:
    """What a test acts on."""

    world: World
    nobody: Client
    platform: Client
    post: Post
    terms: dict[str, Any]

    # ---- People -----------------------------------------------------------------------------------------------------

    async def provider(
        self, name: str = "Ada Obi", *, earned: str | None = "100000.00", verified: bool = True
    ) -> Provider:
        """A provider whom the platform made known and credited, and somebody signed in who acts for them."""
        reference = f"{name.split(maxsplit=1)[0].lower()}-{next(_numbers)}"
        told = {"reference": reference, "name": name, "email": f"{reference}@example.com", "verified": verified}
        answer = await self.platform.post("/api/holders", json={"holders": [told]})
        assert answer.status == 200, answer.body
        holder = UUID(answer.json["data"][0]["id"])
        if earned is not None:
            await self.earn(reference, earned)
        client = await self.sign_in(f"{reference}@example.com", acts_for=[holder])
        found = Provider(client.session, client.url, client.headers, reference, name, holder)
        for ending in ENDINGS:
            await self.known_as(found, name, ending=ending)
        self.world.secrets += [found.bank + ending for ending in ENDINGS]
        return found

    async def known_as(self, provider: Provider, name: str, *, ending: str = "0001") -> None:
        """Have one of a provider's accounts be this person's by the bank's word."""
        await self.world.control("accounts", bankCode=BANK, accountNumber=provider.bank + ending, name=name)

    async def earn(self, reference: str, *amounts: str) -> None:
        """Credit a provider, order by order."""
        orders = [{"holder": reference, "reference": f"order-{next(_numbers)}", "amount": one} for one in amounts]
        answer = await self.platform.post("/api/earnings", json=orders)
        assert answer.json["credited"] == len(amounts), answer.body

    async def staff(self, role: Role = Role.MANAGER) -> Staff:
        """Somebody of the staff, signed in."""
        address = f"staff-{next(_numbers)}@acme.example"
        client = await self.sign_in(address, role)
        return Staff(client.session, client.url, client.headers, address)

    async def do_not_wait_for_more_mail(self) -> None:
        """Let the time pass in which letters to staff are collected."""
        await self.world.until("kind = 'payout_flagged' AND state = 'waiting'", table="notices")
        await self.world.connection.execute("UPDATE notices SET due_at = now() WHERE state = 'waiting'")
        await self.world.connection.execute("SELECT pg_notify('bursar_bell', $1)", notices.BELL)

    async def act_for(self, person: Client, provider: Provider) -> None:
        """Let somebody who is signed in act for a provider, as ``bursar people link`` does."""
        who = UUID((await person.get("/api/provider/me")).json["id"])
        async with self.world.database.transaction() as tx:
            await identity.link(tx, [(who, provider.holder)], actor="cli:test", at=AT)

    async def system(self, provider: Provider) -> Client:
        """A provider's own system, with a key of its own."""
        async with self.world.database.transaction() as tx:
            wish = identity.NewKey(provider.holder, PROGRAM, "own")
            [issued] = await identity.issue_keys(tx, [wish], actor="cli:test", at=AT)
        return Client(self.nobody.session, self.nobody.url, {"X-API-KEY": issued.text})

    async def sign_in(self, address: str, *roles: Role, acts_for: list[UUID] | None = None) -> Client:
        """Add somebody and sign them in over HTTP."""
        if not _hashed:
            _hashed.append(await identity.hash_password(PASSWORD, email="nobody@example.com"))
        async with self.world.database.transaction() as tx:
            person = await identity.add_person(
                tx, email=address, name="Somebody", password_hash=_hashed[0], roles=roles, actor="cli:test", at=AT
            )
            links = [(person.id, holder) for holder in acts_for or []]
            if links:
                await identity.link(tx, links, actor="cli:test", at=AT)
        answer = await self.nobody.post("/api/sign-in", json={"email": address, "password": PASSWORD})
        assert answer.status == 200, answer.body
        return Client(self.nobody.session, self.nobody.url, {"Authorization": f"Bearer {answer.json['token']}"})

    # ---- Asking and deciding ----------------------------------------------------------------------------------------

    async def try_to_ask(
        self, by: Provider, amount: object = "1000.00", *, ending: str = "0001", **wanted: Any
    ) -> Reply:
        """Ask for a payout to an account of the provider's that ends so, whatever comes of it."""
        body = {"amount": amount, "reference": f"wish-{next(_numbers)}", "method": by.method(ending), **wanted}
        answer = await by.post(PAYOUTS, json={name: value for name, value in body.items() if value is not None})
        if answer.status == 201:
            minor, number = Money.parse(answer.json["amount"], "NGN").minor, by.bank + ending
            self.world.asked[UUID(answer.json["id"])] = Asked(minor, "NGN", BANK, number)
        return answer

    async def ask(self, by: Provider, amount: object = "1000.00", *, ending: str = "0001", **wanted: Any) -> UUID:
        """Ask for a payout that is accepted."""
        answer = await self.try_to_ask(by, amount, ending=ending, **wanted)
        assert answer.status == 201, answer.body
        assert answer.json["status"] == "REQUESTED", "as the document has it"
        return UUID(answer.json["id"])

    async def store(self, by: Provider, ending: str = "0001") -> UUID:
        """Store a bank account."""
        answer = await by.post("/api/provider/destinations", json=by.method(ending))
        assert answer.status in {200, 201}, answer.body
        return UUID(answer.json["id"])

    # ---- Runs and terms ---------------------------------------------------------------------------------------------

    async def run(self) -> UUID:
        """Begin a run by hand and ring for it, as ``bursar runs start`` does."""
        async with self.world.database.transaction() as tx:
            run = await schedules.begin_now(tx, PROGRAM, actor="cli:test")
        await self.ring(run.id)
        return run.id

    async def ring(self, run_id: UUID) -> None:
        """Tell workers of a run."""
        carrier = queue.open_carrier(
            self.world.settings, self.world.database, partial(db.connect_alone, self.world.settings)
        )
        await carrier.ring(schedules.PROCESS, schedules.Process(run_id))
        await carrier.close()

    async def change_terms(self, **changes: Any) -> None:
        """Apply other terms to the program."""
        self.terms = _changed(self.terms, changes)
        async with self.world.database.transaction() as tx:
            await programs.apply(tx, yaml.safe_dump(self.terms, sort_keys=False), actor="cli:test", at=AT)

    # ---- Looking ----------------------------------------------------------------------------------------------------

    async def until_status(self, by: Provider, payout: UUID, status: str) -> dict[str, Any]:
        """Wait until a provider sees this; the payout as it stands then."""
        async with asyncio.timeout(SOON):
            while (seen := await by.payout(payout))["status"] != status:
                await asyncio.sleep(LOOK_SECONDS)
        return seen

    async def until_final(self, by: Provider, payout: UUID, status: str) -> dict[str, Any]:
        """The same, once nothing more happens to the payout by itself."""
        await self.world.until("id = $1 AND processed_at IS NOT NULL", payout)
        return await self.until_status(by, payout, status)

    async def until(self, look: Callable[[], Awaitable[object]], wanted: object) -> None:
        """Wait until a look shows this."""
        async with asyncio.timeout(SOON):
            while await look() != wanted:
                await asyncio.sleep(LOOK_SECONDS)

    async def until_finished(self, run_id: UUID) -> None:
        """Wait for the end of a run."""
        await self.world.until("id = $1 AND finished_at IS NOT NULL", run_id, table="runs")

    async def until_checked(self, by: Provider) -> None:
        """Wait until Flutterwave has said whose the provider's accounts are."""
        unchecked = "holder_id = $1 AND verdict = 'unchecked'"
        async with asyncio.timeout(SOON):
            while await self.world.count(unchecked, by.holder, table="destinations"):
                await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def open_providers(
    database_url: str,
    folder: Path,
    *,
    through: Way = V3,
    settings: Mapping[str, Any] | None = None,
    bank: Mapping[str, Any] | None = None,
    **terms: Any,
) -> AsyncIterator[Providers]:
    """The shipped program with quick waits and these changes, a web server in this loop, and no worker yet."""
    async with receiving_mail() as post:
        told = {"smtp_host": "127.0.0.1", "smtp_port": post.port, "smtp_security": "none", "smtp_from": SENDER}
        async with open_world(
            database_url, folder, through=through, settings={**told, **(settings or {})}, bank=bank
        ) as world:
            nobody = Client(world.session, world.web_url)
            here = Providers(world, nobody, nobody, post, TERMS)
            await here.change_terms(route__gateway=through.gateway, **{**QUICK, **terms})
            async with world.database.transaction() as tx:
                wish = identity.NewKey(None, PROGRAM, "platform", scopes=identity.PROGRAM_SCOPES)
                [issued] = await identity.issue_keys(tx, [wish], actor="cli:test", at=AT)
            world.secrets += [issued.text, PASSWORD]
            here.platform = Client(world.session, world.web_url, {"X-API-KEY": issued.text})
            yield here


@asynccontextmanager
async def receiving_mail() -> AsyncIterator[Post]:
    """A real mail server on loopback."""
    post = Post()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(post, hostname="localhost"), "127.0.0.1", 0)
    post.port = server.sockets[0].getsockname()[1]
    try:
        yield post
    finally:
        server.close()


def _changed(terms: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The terms with other values; ``risk__verified`` is ``risk.verified``."""
    changed: dict[str, Any] = {name: dict(v) if isinstance(v, dict) else v for name, v in terms.items()}
    for path, value in changes.items():
        group, _, name = path.rpartition("__")
        (changed.setdefault(group, {}) if group else changed)[name] = value
    return changed
