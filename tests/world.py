"""A whole installation for one test: database, bank, web and workers, in this event loop or as real processes.

async with open_world(database_url, tmp_path) as world:
    merchant = await world.merchant()
    await world.ask(merchant, count=10)
    async with world.working():
        await world.until_at_rest()
    await world.audit()
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import aiohttp
import asyncpg
from pydantic import SecretStr

from asking import account, ask_inside
from auditor import Asked, Told, complaints
from bursar import identity, web, worker
from bursar.foundation import db
from bursar.foundation.db import Database
from bursar.foundation.money import Money
from bursar.foundation.settings import Settings
from bursar_sandbox import SandboxSettings, create_app, server
from ground import AT, merchant, program
from processes import LOOK_SECONDS, SOON, Process, running, running_bank
from ways import MOCKBANK, Way

ENDS: Final = {"0002": "completed", "0003": "failed", "0004": "sent", "0005": "on_hold"}
"""What becomes of a payout in the end, by its account's last four digits; all others are completed."""

QUICK: Final[Mapping[str, Any]] = {
    "dispatch__every_seconds": 0.05,
    "retry__base_seconds": 0.05,
    "retry__max_seconds": 0.2,
    "unknown__schedule_seconds": [0.1, 0.2, 0.4],
    "unknown__poll_seconds": [0.3, 0.5],
    "webhooks__schedule_seconds": [0.1, 0.2, 0.5, 1, 1, 1, 1],
}
"""The merchants' terms with waits that fit into a test."""

LEASE_SECONDS: Final = 3.0  # No program file may say so little; here a lease is to end while somebody waits.
DEADLINE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Merchant:
    """Somebody who asks for payouts over HTTP."""

    holder: UUID
    key: str


@dataclass(slots=True)
class Answer:
    """What a client was told."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass
class World:
    """What a test acts on and looks at."""

    settings: Settings
    folder: Path
    session: aiohttp.ClientSession
    database: Database
    connection: "asyncpg.Connection[Any]"
    through: Way
    bank_url: str = ""
    web_url: str = ""
    web: Process | None = None  # Where the web server is a process.
    asked: dict[UUID, Asked] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)

    canary: str = field(default_factory=lambda: f"9{secrets.randbelow(10**9):09d}")
    """What every account number here begins with, so that one look finds them all."""

    # ---- Asking -----------------------------------------------------------------------------------------------------

    async def merchant(self, *, money: str = "100000000.00") -> Merchant:
        """A new merchant with money and an API key."""
        async with self.database.transaction() as tx:
            holder = await merchant(tx, "merchants", money=money, currency=self.through.currency)
            new = identity.NewKey(holder, "merchants", "test")
            issued = (await identity.issue_keys(tx, [new], actor="person:tester", at=AT))[0]
        self.secrets.append(issued.text)
        return Merchant(holder, issued.text)

    async def ask(self, by: Merchant, *, count: int = 1, suffixes: str = "0001", amount: str = "1000.00") -> list[UUID]:
        """Ask for payouts over HTTP, all at once; their accounts end in these suffixes, in turn."""
        endings = suffixes.split()
        if self.through.destination is not None:  # Over HTTP, merchants can name nothing but banks.
            numbers = [account(endings[n % len(endings)], begins=self.canary) for n in range(count)]
            to, money = list(map(self.through.destination, numbers)), Money.parse(amount, self.through.currency)
            made = await ask_inside(self.database, self.settings, by.holder, destinations=to, amount=money)
            self.asked |= made
            return list(made)
        answers = await asyncio.gather(
            *(self.post(by, self.body(endings[n % len(endings)], amount=amount)) for n in range(count))
        )
        refused = [answer for answer in answers if answer.status != 201]
        assert not refused, refused[0]
        return [UUID(answer.json["id"]) for answer in answers]

    def body(self, suffix: str = "0001", **changes: Any) -> dict[str, Any]:
        """A request for a payout, to an account of its own that ends as wanted."""
        own = {"currency": self.through.currency, "bankCode": self.through.bank_code}
        return body(**{"accountNumber": account(suffix, begins=self.canary), **own, **changes})

    async def post(self, by: Merchant, wanted: dict[str, Any], *, key: str | None = None) -> Answer:
        """One request for a payout, whatever comes of it; what is said is remembered for the auditor."""
        key = key or secrets.token_hex(8)
        headers = {"X-API-KEY": by.key, "X-IDEMPOTENCY-KEY": key}
        async with self.session.post(f"{self.web_url}/api/v1/payouts", json=wanted, headers=headers) as reply:
            answer = Answer(reply.status, await reply.read())
        self.told.append(Told(by.holder, key, answer.status, answer.body))
        if answer.status == 201:
            minor = int(wanted["amount"].replace(".", ""))
            bank, number = wanted["bankCode"], wanted["accountNumber"]
            self.asked[UUID(answer.json["id"])] = Asked(minor, wanted["currency"], bank, number)
        return answer

    # ---- The bank ---------------------------------------------------------------------------------------------------

    async def faults(self, **switches: Any) -> None:
        """Turn the bank's switches."""
        await self.control("faults", **switches)

    async def control(self, what: str, **wanted: Any) -> None:
        """Have something of the bank's be otherwise."""
        async with self.session.post(f"{self.bank_url}/control/{what}", json=wanted) as reply:
            assert reply.status == 200, await reply.text()

    async def struck(self) -> dict[str, int]:
        """How often each of the bank's faults has struck."""
        async with self.session.get(f"{self.bank_url}/control/faults") as reply:
            return dict((await reply.json())["struck"])

    async def force(self, reference: str, status: str, **how: Any) -> None:
        """Move a transfer in the bank's book by hand; the bank tells of it."""
        await self.control(f"transfers/{reference}", status=status, **how)

    async def book(self) -> Any:
        """The bank's own book."""
        async with self.session.get(f"{self.bank_url}/book") as reply:
            return await reply.json()

    # ---- Workers and web processes ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """A worker in this event loop."""
        stop, ready = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(worker.work(self.settings, stop, ready=ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, SOON)

    @asynccontextmanager
    async def process(self, *arguments: str, faults: str = "") -> AsyncIterator[Process]:
        """A process such as ``worker``; killed in the end if it still runs, which the laws have to survive as well."""
        name = f"{arguments[0]}-{len(self.logs)}"
        log, ready = self.folder / f"{name}.log", self.folder / f"{name}.ready"
        self.logs.append(log)
        async with running(*arguments, settings=self.settings, log=log, ready=ready, faults=faults) as process:
            yield process

    @asynccontextmanager
    async def serving(self, *, port: int = 0, faults: str = "") -> AsyncIterator[Process]:
        """A web process without a worker inside, on this port or a free one; ``web_url`` is where it listens."""
        async with self.process("web", "--port", str(port), faults=faults) as process:
            self.web_url = json.loads(process.ready.read_text())["address"]
            yield process

    # ---- Time and looking -------------------------------------------------------------------------------------------

    async def let_waits_end(self) -> None:
        """Let the time pass that anybody's lease, inquiry, report, delivery or probe is waiting for."""
        for table, time in (
            ("attempts", "look_at"),
            ("reports", "apply_at"),
            ("deliveries", "due_at"),
            ("circuits", "probe_at"),
            ("floats", "look_at"),
        ):
            free = f"SELECT ctid FROM {table} WHERE {time} > now() FOR UPDATE SKIP LOCKED"
            await self.connection.execute(f"UPDATE {table} SET {time} = now() WHERE ctid = ANY(ARRAY({free}))")

    async def count(self, condition: str, *arguments: object, table: str = "payouts") -> int:
        """How many rows there are of a kind."""
        found: int = await self.connection.fetchval(f"SELECT count(*) FROM {table} WHERE {condition}", *arguments)
        return found

    async def until(self, condition: str, *arguments: object, table: str = "payouts", least: int = 1) -> None:
        """Wait until there are so many rows of a kind."""
        async with asyncio.timeout(SOON):
            while await self.count(condition, *arguments, table=table) < least:
                await self._look_again()

    async def states(self) -> dict[UUID, str]:
        """Where each payout stands."""
        return {row["id"]: row["state"] for row in await self.connection.fetch("SELECT id, state FROM payouts")}

    async def until_at_rest(self, *, hasten: bool = False, **ends: str) -> None:
        """Wait until each payout has come to the end that its account's suffix stands for, and nothing is under way.

        ``s0004="completed"`` expects another end for a suffix; with ``hasten``, nobody's waits are waited out.
        """
        expected = ENDS | {suffix[1:]: state for suffix, state in ends.items()}
        wanted = {one: expected.get(asked.account_number[-4:], "completed") for one, asked in self.asked.items()}
        try:
            async with asyncio.timeout(SOON):
                while {one: state for one, state in (await self.states()).items() if one in wanted} != wanted:
                    await self._look_again(hasten=hasten)
            await self.until_settled(hasten=hasten)
        except TimeoutError:
            states = await self.states()
            late = {str(one): (states.get(one), end) for one, end in wanted.items() if states.get(one) != end}
            raise AssertionError(f"not at rest: {late}, unsettled: {await self._unsettled()}") from None

    async def until_settled(self, *, hasten: bool = False) -> None:
        """Wait until what the bank has told was heard and applied, and what we have to tell was told."""
        async with asyncio.timeout(SOON):
            while await self._unsettled():
                await self._look_again(hasten=hasten)

    async def _look_again(self, *, hasten: bool = False) -> None:
        """Ring the bells that only a clock would ring, so that nobody sleeps out a second; bells decide nothing."""
        if hasten:
            await self.let_waits_end()
        await self.connection.execute(
            "SELECT pg_notify('bursar_bell', bell) FROM unnest('{inquire,reports}'::text[]) bell"
        )
        await asyncio.sleep(LOOK_SECONDS)

    async def _unsettled(self) -> int:
        """Reports that the bank has not delivered or nobody has applied, and deliveries that nobody has finished."""
        async with self.session.get(f"{self.bank_url}/control/webhooks") as reply:
            on_their_way = [one for one in (await reply.json())["items"] if one["status"] == "waiting"]
        reports = await self.count("apply_at IS NOT NULL AND result IS DISTINCT FROM 'unmatched'", table="reports")
        return len(on_their_way) + reports + await self.count("state = 'waiting'", table="deliveries")

    async def audit(self, *, book: bool = True) -> None:
        """Insist on every law."""
        found = await complaints(
            self.connection,
            book=await self.book() if book else None,
            asked=self.asked,
            told=self.told,
            secrets=set(self.secrets),
            outputs=[log.read_text() for log in self.logs] + [told.body.decode() for told in self.told],
        )
        assert not found, "\n".join(found)


def body(**changes: Any) -> dict[str, Any]:
    """A request for a payout."""
    return {
        "merchantReference": f"order-{secrets.token_hex(8)}",
        "amount": "1000.00",
        "currency": "PKR",
        "destType": "BANK",
        "bankCode": "HBL",
        "accountNumber": account(),
        "accountTitle": "Anna Khan",
        **changes,
    }


@asynccontextmanager
async def open_world(
    database_url: str,
    folder: Path,
    *,
    bank_is_a_process: bool = False,
    web_database_url: str | None = None,
    web_faults: str | None = None,
    lease_seconds: float = LEASE_SECONDS,
    settings: Mapping[str, Any] | None = None,
    bank: Mapping[str, Any] | None = None,
    through: Way = MOCKBANK,
    **terms: Any,
) -> AsyncIterator[World]:
    """A world with a web server in this loop, a bank in it or beside it, and no worker yet.

    ``settings`` and ``bank`` change theirs, ``terms`` the quick ones; ``web_database_url`` is the way the web server
    takes to the database. With ``web_faults`` the web server is a process of its own that has these faults. Payouts
    leave ``through`` the mock bank, unless another way is given; ``bank`` changes what that one is like.
    """
    chosen = _settings(database_url, **{**through.settings, **(settings or {})})
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        database = await db.connect(chosen)
        stack.push_async_callback(database.close)
        connection = await asyncpg.connect(database_url, server_settings={"search_path": "bursar"})
        stack.push_async_callback(connection.close)
        world = World(chosen, folder, session, database, connection, through)
        own = [value.get_secret_value() for value in vars(chosen).values() if isinstance(value, SecretStr)]
        world.secrets += [secret for secret in own if secret]
        world.secrets.append(world.canary)
        await _apply_terms(database, lease_seconds=lease_seconds, terms={**QUICK, **through.terms, **terms})
        for_web = chosen.model_copy(update={"database_url": web_database_url or database_url})
        if web_faults is None:
            world.web_url = await stack.enter_async_context(server.serving(web.app(for_web)))
        else:
            world.web = await stack.enter_async_context(world.serving(faults=web_faults))
        start = _bank_process if bank_is_a_process else _bank
        sandbox = await stack.enter_async_context(start(world, bank or {}))
        world.bank_url = f"{sandbox}{through.prefix}"
        world.settings = chosen.model_copy(update={"mockbank_url": sandbox, **through.addresses(sandbox)})
        yield world


def _settings(database_url: str, **changes: Any) -> Settings:
    return Settings(
        _env_file=None,
        **{
            "database_url": database_url,
            "database_ssl": "disable",
            "encryption_key": SecretStr(secrets.token_hex(16)),
            "mockbank_url": "http://127.0.0.1:9",
            "mockbank_api_key": SecretStr(f"bank-{secrets.token_hex(16)}"),
            "mockbank_webhook_secret": SecretStr(f"hook-{secrets.token_hex(16)}"),
            "mockbank_deadline": DEADLINE_SECONDS,
            "webhook_allow_loopback": True,
            "enable_workers": False,
            "log_level": "warning",
            **changes,
        },
    )


async def _apply_terms(database: Database, *, lease_seconds: float, terms: Mapping[str, Any]) -> None:
    """Apply the terms, and then once more with a lease shorter than any file may ask for."""
    async with database.transaction() as tx:
        await program(tx, "merchants", **terms)
        await tx.run(
            """
            WITH shorter AS (
                INSERT INTO program_versions (program, version, source, terms, applied_by)
                SELECT program, 2, source,
                       jsonb_set(jsonb_set(terms, '{dispatch,lease_seconds}', to_jsonb($1::float)), '{version}', '2'),
                       applied_by FROM program_versions)
            UPDATE programs SET current_version = 2
            """,
            lease_seconds,
        )


def _bank_settings(world: World, changes: Mapping[str, Any]) -> SandboxSettings:
    chosen = world.settings
    reports_to = f"{world.web_url}/api/webhooks/{world.through.gateway}/payout_status"
    if world.through.simulation is not None:
        plays = replace(world.through.simulation(reports_to), **changes)
        return SandboxSettings(**{world.through.simulator: plays})
    return replace(
        SandboxSettings(
            api_key=chosen.mockbank_api_key.get_secret_value(),
            webhook_secret=chosen.mockbank_webhook_secret.get_secret_value(),
            webhook_url=f"{world.web_url}/api/webhooks/mockbank/payout_status",
            webhook_retry_delays_s=(0.1, 0.3, 1, 2, 4),
        ),
        **changes,
    )


@asynccontextmanager
async def _bank(world: World, changes: Mapping[str, Any]) -> AsyncIterator[str]:
    async with server.serving(create_app(_bank_settings(world, changes))) as url:
        yield url


@asynccontextmanager
async def _bank_process(world: World, changes: Mapping[str, Any]) -> AsyncIterator[str]:
    assert not changes, "a bank of its own process is steered by its switches"
    async with running_bank(_bank_settings(world, {})) as url:
        yield url
