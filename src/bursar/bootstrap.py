"""The only place where parts are put together: settings are read once, tools are made once, and both are handed down."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
from pydantic import SecretStr

from bursar import gateways, payouts, programs
from bursar.foundation import db, embedded, log
from bursar.foundation.clock import Clock, SystemClock
from bursar.foundation.crypto import BadKey, Keyring, read_key
from bursar.foundation.doorbell import Ringer
from bursar.foundation.http import PoliteClient
from bursar.foundation.settings import Settings
from bursar.gateways.mockbank import MockBank
from bursar.house import House

KEY_FILE: Final = "encryption.key"
HOT_CONNECTIONS: Final = 2  # One batch commits while the next is written; a third in flight was measured slower.


class NotConfigured(Exception):
    """The installation lacks a setting that nothing can be guessed for."""


def settle(given: Settings | None = None) -> Settings:
    """The settings, with an address for the database: the one that is set, or the embedded server's, started if need be.

    Raises:
        NotConfigured: a database of one's own needs an encryption key of one's own.
        EmbeddedError: the embedded server cannot run here.
    """
    settings = given or Settings()
    if settings.database_url is not None:
        if settings.encryption_key is None:
            raise NotConfigured(
                "ENCRYPTION_KEY must be set beside DATABASE_URL: 32 characters, or 32 bytes in base64 "
                "(python3 -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())')"
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
    keyring, clock, book = _keyring(settings), clock or SystemClock(), programs.Book()
    async with AsyncExitStack() as stack:
        database = await db.connect(settings, statement_timeout_ms=statement_timeout_ms)
        stack.push_async_callback(database.close)
        lanes = await db.connect(settings, pool_max=HOT_CONNECTIONS, pinned_plans=True)
        stack.push_async_callback(lanes.close)
        client = PoliteClient.open()
        stack.push_async_callback(client.close)
        yield House(
            settings=settings,
            clock=clock,
            database=database,
            lanes=lanes,
            keyring=keyring,
            book=book,
            desk=payouts.Desk(book, keyring),
            ringer=Ringer(database),
            client=client,
            gateways=_gateways(settings, client, clock),
        )


async def listening_connection(settings: Settings) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection outside the pools, for LISTEN."""
    return await asyncpg.connect(settings.database_url, timeout=10)


def _gateways(settings: Settings, client: PoliteClient, clock: Clock) -> dict[str, gateways.Gateway]:
    """The gateways that are installed, by name."""
    mockbank = MockBank(
        client,
        url=settings.mockbank_url,
        api_key=settings.mockbank_api_key.get_secret_value(),
        webhook_secret=settings.mockbank_webhook_secret.get_secret_value(),
        clock=clock,
        bulk=settings.mockbank_bulk,
    )
    return {mockbank.name: mockbank}


def _keyring(settings: Settings) -> Keyring:
    assert settings.encryption_key is not None, "settle() sees to it"
    keys = [settings.encryption_key, *settings.encryption_keys_retired]
    try:
        return Keyring([read_key(key.get_secret_value()) for key in keys])
    except BadKey as unreadable:
        raise NotConfigured(f"ENCRYPTION_KEY or ENCRYPTION_KEYS_RETIRED: {unreadable}") from unreadable


def _own_key(data: Path) -> str:
    """The embedded installation's own key, made once and readable by its owner alone."""
    path = data / KEY_FILE
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(16))
    return path.read_text().strip()
