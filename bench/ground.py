"""What everything is measured on: a durable PostgreSQL of its own, and databases with merchants that have money."""

import asyncio
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
from pydantic import SecretStr

from bursar import bootstrap, holders, identity, ledger, programs
from bursar.foundation import embedded, migrations
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Transaction
from bursar.foundation.money import Money
from bursar.foundation.settings import Settings
from bursar.house import House

BENCH: Final = Path(__file__).parent
PROGRAM: Final = "merchants"
TERMS: Final = BENCH / "merchants-bench.yaml"
CURRENCY: Final = "PKR"
MERCHANTS: Final = 1_000
TITLE: Final = "Muhammad Ahmed Khan"  # Every merchant's name, and the name on every account.
FUNDS: Final = Money(10**14, CURRENCY)  # For each merchant: never the reason why a payout is refused here.
TEMPLATE: Final = "ground"
PROMISES: Final = ("fsync", "synchronous_commit", "full_page_writes")
SYNCS: Final = 200


@dataclass(frozen=True, slots=True)
class Merchant:
    """Somebody who pays out: the holder's id, and the text of the API key."""

    holder_id: str
    api_key: str


@dataclass(frozen=True, slots=True)
class Ground:
    """A running server, and the merchants that every database on it knows."""

    server: embedded.EmbeddedServer
    folder: Path
    merchants: Sequence[Merchant]
    encryption_key: str
    kept: dict[str, Any] = field(default_factory=dict)  # What one figure leaves for the next, by name.

    async def database(self, name: str) -> str:
        """A new database of this name with the product's schema, the terms and the merchants; its address."""
        await _administer(self.server.url("postgres"), f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
        return self.server.url(name)

    def settings(self, url: str, **more: object) -> Settings:
        """Settings for an installation on this database."""
        return _settings(url, self.encryption_key, **more)

    def environment(self, url: str, **more: object) -> dict[str, str]:
        """The same for a process of its own, which must not find a developer's settings around it."""
        settings = {"DATABASE_URL": url, "ENCRYPTION_KEY": self.encryption_key, "LOG_LEVEL": "warning", **more}
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "HOME") if name in os.environ}
        return kept | {name.upper(): str(value) for name, value in settings.items()}

    @asynccontextmanager
    async def house(self, url: str, **more: object) -> AsyncIterator[House]:
        """The product's tools on this database, in this process."""
        async with bootstrap.furnish(self.settings(url, log_level="warning", **more)) as house:
            yield house


@asynccontextmanager
async def prepared() -> AsyncIterator[Ground]:
    """A throw-away server as the product ships it, with a database to copy from; gone afterwards.

    Raises:
        NotDurable: the server would lose acknowledged work in a crash, so nothing may be measured on it.
    """
    key = secrets.token_hex(16)
    folder = Path(tempfile.mkdtemp(prefix="bursar-bench-"))
    try:
        with embedded.temporary() as server:
            await _administer(server.url("postgres"), f'CREATE DATABASE "{TEMPLATE}"')
            url = server.url(TEMPLATE)
            await asyncio.to_thread(migrations.migrate, url)
            async with bootstrap.furnish(_settings(url, key, log_level="warning")) as house:
                async with house.database.transaction() as tx:
                    merchants = await _settle_in(tx)
            yield Ground(server, folder, merchants, key)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def conditions(ground: Ground) -> Mapping[str, str]:
    """What the figures depend on, asked of the running server and of the disk.

    Raises:
        NotDurable: as ``prepared``.
    """
    connection = await asyncpg.connect(ground.server.url(TEMPLATE))
    try:
        names = (*PROMISES, "server_version", "shared_buffers", "max_wal_size")
        shown = {name: str(await connection.fetchval(f"SHOW {name}")) for name in names}
    finally:
        await connection.close()
    if broken := [name for name in PROMISES if shown[name] != "on"]:
        raise NotDurable(f"{', '.join(broken)} must be on")
    sync_ms = await asyncio.to_thread(_sync_ms, ground.server.data)
    return {**shown, "cores": str(os.cpu_count()), "disk_sync_ms": f"{sync_ms:.2f}"}


class NotDurable(Exception):
    """What would be measured is not what the product promises."""


def _settings(url: str, encryption_key: str, **more: object) -> Settings:
    given = {"database_url": url, "encryption_key": SecretStr(encryption_key), "_env_file": None, **more}
    return Settings(**given)  # type: ignore[arg-type] # settings check their own types


async def _settle_in(tx: Transaction) -> list[Merchant]:
    at = SystemClock().now()
    await programs.apply(tx, programs.ready()[PROGRAM].read_text("utf-8"), actor="bench", at=at)
    await programs.apply(tx, TERMS.read_text("utf-8"), actor="bench", at=at, file=TERMS.name)
    newcomers = [
        holders.NewHolder(program=PROGRAM, kind="merchant", reference=f"m{number:04}", name=TITLE)
        for number in range(1, MERCHANTS + 1)
    ]
    known = await holders.register(tx, newcomers, at=at)
    keys = await identity.issue_keys(
        tx, [identity.NewKey(one.id, PROGRAM, "bench") for one in known], actor="bench", at=at
    )
    credit = ledger.TransferKind.CREDIT
    funds = [ledger.Movement(credit, one.id, FUNDS, PROGRAM, reference="bench") for one in known]
    await ledger.credit(tx, funds, at=at)
    return [Merchant(str(one.id), key.text) for one, key in zip(known, keys, strict=True)]


async def _administer(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _sync_ms(folder: Path) -> float:
    """The median time in which the disk that the server writes to confirms one page."""
    times = []
    descriptor = os.open(folder / "sync.probe", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(SYNCS):
            began = time.perf_counter()
            os.write(descriptor, bytes(8192))
            os.fsync(descriptor)
            times.append(time.perf_counter() - began)
    finally:
        os.close(descriptor)
        (folder / "sync.probe").unlink()
    return sorted(times)[SYNCS // 2] * 1000
