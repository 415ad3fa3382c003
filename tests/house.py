"""A whole house that runs: the web process, a sandbox bank and, where wanted, a worker, in a thread of their own.

Tests speak to it over HTTP and look at its database, as its users and operators do.
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
import uvloop
from pydantic import SecretStr

from bursar import identity, web, worker
from bursar.foundation.db import Database
from bursar.foundation.settings import Settings
from bursar_sandbox import SandboxSettings, SimulatedSettings, create_app
from bursar_sandbox.server import serving
from ground import AT, merchant

START_SECONDS = 30.0
BANK_KEY = "a-key-of-this-house"
BANK_SECRET = "a-secret-of-this-house"
CRON_KEY = "a-key-for-the-scheduler-of-this-house"


@dataclass(frozen=True)
class RunningHouse:
    """Where the parts of a running house are."""

    url: str
    bank_url: str
    settings: Settings


@contextmanager
def running(database_url: str, *, with_worker: bool = False, **changes: Any) -> Iterator[RunningHouse]:
    """Run a house on a migrated database until the block ends."""
    life = _Life(database_url, with_worker=with_worker, changes=changes)
    thread = threading.Thread(target=lambda: uvloop.run(life.live()), name="house")
    thread.start()
    try:
        assert life.ready.wait(START_SECONDS), "the house did not start"
        assert life.house is not None, "the house failed; its log says why"
        yield life.house
    finally:
        life.end()
        thread.join(START_SECONDS)


@dataclass
class _Life:
    """One house from start to stop."""

    database_url: str
    with_worker: bool
    changes: Mapping[str, Any]
    ready: threading.Event = field(default_factory=threading.Event)
    house: RunningHouse | None = None
    loop: asyncio.AbstractEventLoop | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def live(self) -> None:
        """Run all parts side by side until told to stop."""
        self.loop = asyncio.get_running_loop()
        try:
            await self._live()
        finally:
            self.ready.set()  # So that nobody waits for what has failed.

    async def _live(self) -> None:
        settings = Settings(
            _env_file=None,
            database_url=self.database_url,
            encryption_key=SecretStr("k" * 32),
            cron_api_key=SecretStr(CRON_KEY),
            port=0,
            mockbank_api_key=SecretStr(BANK_KEY),
            mockbank_webhook_secret=SecretStr(BANK_SECRET),
            simulated_api_key=SecretStr(BANK_KEY),
            webhook_allow_loopback=True,
        ).model_copy(update=dict(self.changes))
        listening = web.listen(settings)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        reports = f"{url}/api/webhooks/mockbank/payout_status"
        bank = SandboxSettings(
            api_key=BANK_KEY,
            webhook_secret=BANK_SECRET,
            webhook_url=reports,
            simulated=SimulatedSettings(api_key=BANK_KEY, success_rate=1.0, delay_seconds=0),
        )
        async with serving(create_app(bank)) as bank_url, asyncio.TaskGroup() as group:
            settled = settings.model_copy(update={"mockbank_url": bank_url, "simulated_url": f"{bank_url}/simulated"})

            def started() -> None:
                self.house = RunningHouse(url, bank_url, settled)
                self.ready.set()

            group.create_task(web.serve(settled, self.stop, listening=listening, ready=started))
            if self.with_worker:
                group.create_task(worker.work(settled, self.stop))

    def end(self) -> None:
        """Tell all parts to stop."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.stop.set)


@dataclass(frozen=True)
class Reply:
    """What the house answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """The error in it."""
        return self.json["error"]


@dataclass(frozen=True)
class Client:
    """Speaks to the house with whatever lets it in."""

    session: aiohttp.ClientSession
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> Reply:
        """Make one request; ``json``, ``data`` and ``params`` are aiohttp's."""
        sent = {**self.headers, **(headers or {})}
        async with self.session.request(method, self.url + path, headers=sent, **options) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **options: Any) -> Reply:
        """Look at something."""
        return await self.call("GET", path, **options)

    async def post(self, path: str, **options: Any) -> Reply:
        """Do something."""
        return await self.call("POST", path, **options)


NOBODY = UUID(int=0)

OpenShop = Callable[..., Awaitable["Merchant"]]
"""Opens merchants, with ``money``, ``scopes`` and so on as asked for."""


@dataclass(frozen=True)
class Merchant(Client):
    """A merchant's system: a client with an API key, and whose it is."""

    holder_id: UUID = NOBODY

    async def ask(self, key: str, **changes: Any) -> Reply:
        """Ask for one payout under an idempotency key."""
        return await self.post("/api/v1/payouts", headers={"X-IDEMPOTENCY-KEY": key}, json=payout_body(**changes))

    async def status_of(self, payout_id: str) -> str:
        """The merchant's word for where a payout stands."""
        return str((await self.get(f"/api/v1/payouts/{payout_id}")).json["status"])

    async def balance(self) -> dict[str, str]:
        """The figures of the one currency there is."""
        [figures] = (await self.get("/api/v1/balance")).json["data"]
        return dict(figures)


def payout_body(**changes: Any) -> dict[str, Any]:
    """The merchants document's own body, with changes; a change to None leaves the field out."""
    body = {
        "merchantReference": "test-success",
        "amount": 1000,
        "currency": "PKR",
        "destType": "BANK",
        "bankCode": "HBL",
        "accountNumber": "1234500001",
        "accountTitle": "Test User",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


async def open_merchant(
    session: aiohttp.ClientSession, house: RunningHouse, database: Database, **wanted: Any
) -> Merchant:
    """A new merchant of the program ``merchants`` with ``money``, and a key with ``scopes``."""
    async with database.transaction() as tx:
        holder_id = await merchant(tx, "merchants", money=wanted.pop("money", "1000000.00"))
        new = identity.NewKey(holder_id, "merchants", "test", **wanted)
        [issued] = await identity.issue_keys(tx, [new], actor="system:test", at=AT)
    return Merchant(session, house.url, {"X-API-KEY": issued.text}, holder_id)
