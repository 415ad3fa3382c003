"""The only place where parts are put together: settings are read once, tools made once, and both handed down."""

import asyncio
import gc
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from pydantic import SecretStr

from bursar import gateways, payouts, programs
from bursar.foundation import db, embedded, log
from bursar.foundation.clock import Clock, SystemClock
from bursar.foundation.crypto import BadKey, Keyring, read_key
from bursar.foundation.doorbell import Ringer
from bursar.foundation.errors import Invalid, Unavailable
from bursar.foundation.http import PoliteClient
from bursar.foundation.settings import Settings
from bursar.gateways.mockbank import MockBank
from bursar.house import House

KEY_FILE: Final = "encryption.key"
COLLECTOR_THRESHOLDS: Final = (50_000, 20, 20)  # Objects made since the last look, for each generation.
HOT_CONNECTIONS: Final = 2  # One batch commits while the next is written; a third in flight was measured slower.
SANDBOX_START_SECONDS: Final = 30.0
SANDBOX_STOP_SECONDS: Final = 5.0  # It gives calls that hang on purpose two; then nothing is worth waiting for.


class NotConfigured(Invalid):
    """The installation lacks a setting that nothing can be guessed for."""

    code = "not_configured"


class NoSandbox(Unavailable):
    """The sandbox bank did not start."""

    code = "no_sandbox"


def settle(given: Settings | None = None) -> Settings:
    """The settings with an address for the database: the one that is set, or the embedded server's, which is started.

    Raises:
        NotConfigured: a database of one's own needs an encryption key of one's own.
        EmbeddedError: the embedded server cannot run here.
    """
    settings = given or Settings()
    if settings.database_url is not None:
        if settings.encryption_key is None:
            raise NotConfigured(
                "ENCRYPTION_KEY must be set beside DATABASE_URL: 32 characters, or 32 bytes in base64 "
                "(openssl rand -base64 32)."
            )
        return settings
    data = settings.bursar_data or embedded.default_data_dir()
    server = embedded.start(data)
    key = settings.encryption_key or SecretStr(_own_key(data))
    return settings.model_copy(update={"database_url": server.url(), "encryption_key": key, "bursar_data": data})


@asynccontextmanager
async def furnish(
    settings: Settings, *, clock: Clock | None = None, statement_timeout_ms: int | None = None
) -> AsyncIterator[House]:
    """Open everything a process needs, and close it in the opposite order.

    Raises:
        NotConfigured: a key cannot be read.
        OSError, asyncpg.PostgresError: the database is not there.
    """
    log.configure(level=settings.log_level, json=settings.log_format == "json")
    keys, clock, book = keyring(settings), clock or SystemClock(), programs.Book()
    async with AsyncExitStack() as stack:
        database = await db.connect(settings, statement_timeout_ms=statement_timeout_ms)
        stack.push_async_callback(database.close)
        lanes = await db.connect(settings, pool_max=HOT_CONNECTIONS, pinned_plans=True)
        stack.push_async_callback(lanes.close)
        client = PoliteClient.open()
        _tend_memory()
        stack.push_async_callback(client.close)
        yield House(
            settings=settings,
            clock=clock,
            database=database,
            lanes=lanes,
            keyring=keys,
            book=book,
            desk=payouts.Desk(book, keys),
            ringer=Ringer(database),
            client=client,
            gateways=_gateways(settings, client, clock),
        )


async def listening_connection(settings: Settings) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection outside the pools, for LISTEN and for the queue."""
    return await db.connect_alone(settings)


def keyring(settings: Settings) -> Keyring:
    """The installation's keys, the active one first.

    Raises:
        NotConfigured: one of them cannot be read.
    """
    assert settings.encryption_key is not None, "settle() sees to it"
    keys = [settings.encryption_key, *settings.encryption_keys_retired]
    try:
        return Keyring([read_key(key.get_secret_value()) for key in keys])
    except BadKey as unreadable:
        raise NotConfigured(f"ENCRYPTION_KEY or ENCRYPTION_KEYS_RETIRED: {unreadable}") from unreadable


@asynccontextmanager
async def sandbox(settings: Settings, *, reports_to: str) -> AsyncIterator[Settings]:
    """Run the sandbox bank as a process beside ours; gives the settings with which payouts go through it.

    ``reports_to`` is where our own web process is reached. However we end, the bank ends with us.

    Raises:
        NoSandbox: it did not start.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bursar_sandbox", "--port", "0", "--follow-stdin"),
        *("--webhook-url", f"{reports_to}/api/webhooks/{MockBank.name}/payout_status"),
        env=os.environ
        | {
            "SANDBOX_API_KEY": settings.mockbank_api_key.get_secret_value(),
            "SANDBOX_WEBHOOK_SECRET": settings.mockbank_webhook_secret.get_secret_value(),
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is meant for us; what we have under way still needs the bank.
    )
    try:
        yield settings.model_copy(update={"mockbank_url": await _address(process)})
    finally:
        await _end(process)


def _tend_memory() -> None:
    """Let the garbage collector rest while a batch is under way.

    A batch makes tens of thousands of small objects that all live until it is done. With the default threshold the
    collector looks through them, and through everything that was loaded at start-up, again and again and finds nothing:
    a third of a worker's time, measured.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


def _gateways(settings: Settings, client: PoliteClient, clock: Clock) -> dict[str, gateways.Gateway]:
    """The gateways that are installed, by name."""
    mockbank = MockBank(
        client,
        url=settings.mockbank_url,
        api_key=settings.mockbank_api_key.get_secret_value(),
        webhook_secret=settings.mockbank_webhook_secret.get_secret_value(),
        clock=clock,
        bulk=settings.mockbank_bulk,
        deadline=settings.mockbank_deadline,
    )
    return {mockbank.name: mockbank}


async def _address(process: asyncio.subprocess.Process) -> str:
    """Where the sandbox says it is, once it is ready.

    Raises:
        NoSandbox: it ended, or said nothing for too long.
    """
    assert process.stdout is not None, "we asked for a pipe"
    try:
        async with asyncio.timeout(SANDBOX_START_SECONDS):
            line = await process.stdout.readline()
        return str(msgspec.json.decode(line, type=dict[str, object])["url"])
    except (TimeoutError, msgspec.DecodeError, KeyError) as silent:
        raise NoSandbox from silent


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(SANDBOX_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _own_key(data: Path) -> str:
    """The embedded installation's own key, made once and readable by its owner alone."""
    path = data / KEY_FILE
    if not path.exists():
        fresh = path.with_name(f"{KEY_FILE}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
        with suppress(FileExistsError):  # Another process may have been first: its key counts.
            path.hardlink_to(fresh)  # Whole or not at all.
        fresh.unlink()
    return path.read_text().strip()
