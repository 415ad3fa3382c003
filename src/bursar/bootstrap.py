"""The only place where parts are put together: settings are read once, tools made once, and both handed down."""

import gc
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg
from pydantic import SecretStr

from bursar import dispatch, gateways, payouts, programs
from bursar.foundation import db, embedded, log, queue, tracing
from bursar.foundation.clock import Clock, SystemClock
from bursar.foundation.crypto import BadKey, Keyring, read_key
from bursar.foundation.doorbell import Ringer
from bursar.foundation.errors import Invalid
from bursar.foundation.http import PoliteClient
from bursar.foundation.pulse import Pulse
from bursar.foundation.settings import Settings
from bursar.gateways.flutterwave import Flutterwave, FlutterwaveV4
from bursar.gateways.mockbank import MockBank
from bursar.gateways.razorpayx import RazorpayX
from bursar.gateways.simulated import Simulated
from bursar.gateways.stripe import Stripe, StripeTransfer
from bursar.house import House
from bursar.outbound.notices import VapidKey

KEY_FILE: Final = "encryption.key"
VAPID_FILE: Final = "vapid.key"
COLLECTOR_THRESHOLDS: Final = (50_000, 20, 20)  # Objects made since the last look, for each generation.
HOT_CONNECTIONS: Final = 2  # One batch commits while the next is written; a third in flight was measured slower.

_log = log.get(__name__)


class NotConfigured(Invalid):
    """The installation lacks a setting that nothing can be guessed for."""

    code = "not_configured"


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
    key = settings.encryption_key or SecretStr(_own_key(data / KEY_FILE, lambda: secrets.token_hex(16)))
    vapid = settings.vapid_private_key or SecretStr(_own_key(data / VAPID_FILE, lambda: VapidKey.fresh().text))
    ours = {"database_url": server.url(), "encryption_key": key, "vapid_private_key": vapid, "bursar_data": data}
    return settings.model_copy(update=ours)


@asynccontextmanager
async def furnish(
    settings: Settings, *, clock: Clock | None = None, statement_timeout_ms: int | None = None
) -> AsyncIterator[House]:
    """Open everything a process needs, and close it in the opposite order.

    Raises:
        NotConfigured: a key cannot be read, or the environment wants of the terms what they may not say.
        OSError, asyncpg.PostgresError: the database is not there.
    """
    log.configure(level=settings.log_level, json=settings.log_format == "json")
    tracing.configure(settings.otel_exporter_otlp_endpoint, service="bursar")
    keys, clock, book = keyring(settings), clock or SystemClock(), programs.Book()
    async with AsyncExitStack() as stack:
        database = await db.connect(settings, statement_timeout_ms=statement_timeout_ms)
        stack.push_async_callback(database.close)
        lanes = await db.connect(settings, pool_max=HOT_CONNECTIONS, pinned_plans=True)
        stack.push_async_callback(lanes.close)
        client = PoliteClient.open()
        _tend_memory()
        stack.push_async_callback(client.close)
        carrier = queue.open_carrier(settings, database, partial(listening_connection, settings))
        stack.push_async_callback(carrier.close)
        await _follow_environment(settings, database, clock)
        installed = _gateways(settings, client, clock)
        await _warn_of_play_money(settings, database, installed)
        pulse = Pulse()
        pulse.start()
        stack.push_async_callback(pulse.stop)
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
            gateways=installed,
            carrier=carrier,
            pulse=pulse,
        )


@asynccontextmanager
async def gateways_of(settings: Settings) -> AsyncIterator[Mapping[str, gateways.Gateway]]:
    """The gateways that are installed, by name, for who needs nothing else of a process."""
    client = PoliteClient.open()
    try:
        yield _gateways(settings, client, SystemClock())
    finally:
        await client.close()


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


async def _follow_environment(settings: Settings, database: db.Database, clock: Clock) -> None:
    """Make the terms say what the environment says, where it says anything about them."""
    program, changes = settings.cron_program, programs.overrides(settings)
    if not changes:
        return
    try:
        async with database.transaction() as tx:
            done = await programs.amend(tx, program, changes, actor=programs.ENVIRONMENT, at=clock.now())
    except (programs.NoSuchProgram, asyncpg.UndefinedTableError):
        # Nothing to change yet: the first start after it is there follows.
        _log.warning("environment.not_followed", program=program)
    except programs.BadTerms as bad:
        raise NotConfigured(f"The environment says what the program {program} may not have. {bad}") from bad
    else:
        if done.changed:
            _log.info("environment.followed", program=program, version=done.version)


async def _warn_of_play_money(
    settings: Settings, database: db.Database, installed: Mapping[str, gateways.Gateway]
) -> None:
    """Say so, where it matters, when a program's payouts leave through a gateway that pays nobody."""
    if settings.environment != "production":
        return
    try:
        async with database.transaction(readonly=True) as tx:
            playing = dispatch.paying_nobody(await programs.all(tx), installed)
    except asyncpg.UndefinedTableError:
        return  # No programs, no payouts.
    for terms in playing:
        _log.warning("program.pays_nobody", program=terms.program, gateway=terms.route.gateway)


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
    simulated = Simulated(
        client,
        url=settings.simulated_url,
        api_key=settings.simulated_api_key.get_secret_value(),
        deadline=settings.simulated_deadline,
    )
    installed: list[gateways.Gateway] = [
        mockbank,
        simulated,
        *_flutterwave(settings, client),
        *_stripe(settings, client, clock),
        *_razorpayx(settings, client),
    ]
    return {gateway.name: gateway for gateway in installed}


def _flutterwave(settings: Settings, client: PoliteClient) -> Iterator[gateways.Gateway]:
    """Each of its two dialects that this installation has keys for."""
    if settings.flutterwave_secret_key:
        yield Flutterwave(
            client,
            url=settings.flutterwave_url,
            secret_key=settings.flutterwave_secret_key.get_secret_value(),
            secret_hash=_revealed(settings.flutterwave_secret_hash),
            bulk_max=settings.flutterwave_bulk_max,
            deadline=settings.flutterwave_deadline,
            test_suffix=settings.flutterwave_test_suffix,
        )
    if settings.flutterwave_v4_client_id and settings.flutterwave_v4_client_secret:
        yield FlutterwaveV4(
            client,
            url=settings.flutterwave_v4_url,
            token_url=settings.flutterwave_v4_token_url,
            client_id=settings.flutterwave_v4_client_id,
            client_secret=settings.flutterwave_v4_client_secret.get_secret_value(),
            secret_hash=_revealed(settings.flutterwave_v4_secret_hash),
            plain_signature=settings.flutterwave_v4_signature == "plain",
            deadline=settings.flutterwave_deadline,
        )


def _stripe(settings: Settings, client: PoliteClient, clock: Clock) -> Iterator[gateways.Gateway]:
    """Both of its gateways, when this installation has a key for its account."""
    for gateway in (Stripe, StripeTransfer) if settings.stripe_secret_key else ():
        yield gateway(
            client,
            url=settings.stripe_url,
            secret_key=_revealed(settings.stripe_secret_key),
            webhook_secrets=_revealed(settings.stripe_webhook_secret),
            version=settings.stripe_version,
            clock=clock,
            deadline=settings.stripe_deadline,
        )


def _razorpayx(settings: Settings, client: PoliteClient) -> Iterator[gateways.Gateway]:
    """It, when this installation has a key there and an account to pay out of."""
    if settings.razorpayx_key_id and settings.razorpayx_key_secret and settings.razorpayx_account_number:
        yield RazorpayX(
            client,
            url=settings.razorpayx_url,
            key_id=settings.razorpayx_key_id,
            key_secret=settings.razorpayx_key_secret.get_secret_value(),
            account_number=settings.razorpayx_account_number.get_secret_value(),
            webhook_secrets=_revealed(settings.razorpayx_webhook_secret),
            deadline=settings.razorpayx_deadline,
            bank_mode=settings.razorpayx_bank_mode,
            purpose=settings.razorpayx_purpose,
            queues=settings.razorpayx_queue_low_balance,
        )


def _revealed(secret: SecretStr | None) -> str:
    """A secret's value; empty where none is set, which matches nothing."""
    return "" if secret is None else secret.get_secret_value()


def _own_key(path: Path, make: Callable[[], str]) -> str:
    """A key of the embedded installation's own, made once and readable by its owner alone."""
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(make())
        with suppress(FileExistsError):  # Another process may have been first: its key counts.
            path.hardlink_to(fresh)  # Whole or not at all.
        fresh.unlink()
    return path.read_text().strip()
