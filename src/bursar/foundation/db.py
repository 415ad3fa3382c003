"""PostgreSQL: pools, transactions, and what happens when the connection does not.

Everything above says ``async with db.transaction() as tx`` at its door and hands ``tx`` down. Statements are written by
hand in each room's ``store`` with asyncpg's ``$1`` parameters. While a transaction is open, ``transaction_is_open`` is
set for the task, and the HTTP client refuses to call out.
"""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import asyncpg
import msgspec

from bursar.foundation.errors import Conflict, Unavailable
from bursar.foundation.settings import Settings

SCHEMA: Final = "bursar"
TRIES_MAX: Final = 5  # Deadlocks and serialisation failures are rare; five in a row is a fault, not bad luck.
_BACKOFF_SECONDS: Final = 0.02
_CONNECT_SECONDS: Final = 10.0

Record = asyncpg.Record
UniqueViolation = asyncpg.UniqueViolationError
CheckViolation = asyncpg.CheckViolationError
ForeignKeyViolation = asyncpg.ForeignKeyViolationError

SslMode = Literal["disable", "prefer", "require", "verify-full"]

T = TypeVar("T")

transaction_is_open: ContextVar[bool] = ContextVar("transaction_is_open", default=False)


class DatabaseBusy(Unavailable):
    """The database has no free connection or did not answer in time; nothing was done."""

    code = "database_busy"


class Interrupted(Unavailable):
    """The connection was lost while it was being written down; ask again to see whether it was."""

    code = "interrupted"


class RowBusy(Conflict):
    """Somebody else is changing the same thing right now; nothing was done."""

    code = "in_progress"


class _Connection(asyncpg.Connection):
    """A pooled connection without the reset query at each release, which costs more than a third of the rate.

    It is safe to leave out because nothing here changes a session: no advisory session locks, no SET without LOCAL.
    """

    def get_reset_query(self) -> str:
        return ""


class Transaction:
    """An open transaction: the first argument of every verb."""

    def __init__(self, connection: "asyncpg.pool.PoolConnectionProxy[Record]") -> None:
        """Wrap the connection that holds the transaction."""
        self._connection = connection

    @property
    def connection(self) -> "asyncpg.pool.PoolConnectionProxy[Record]":
        """The connection itself, for the queue library's driver."""
        return self._connection

    async def many(self, sql: str, *args: object) -> list[Record]:
        """All rows."""
        return await self._connection.fetch(sql, *args)

    async def one_or_none(self, sql: str, *args: object) -> Record | None:
        """The first row, or None."""
        return await self._connection.fetchrow(sql, *args)

    async def one(self, sql: str, *args: object) -> Record:
        """The row that must be there."""
        row = await self._connection.fetchrow(sql, *args)
        assert row is not None, "this statement always gives a row"
        return row

    async def value(self, sql: str, *args: object) -> Any:
        """The first column of the first row."""
        return await self._connection.fetchval(sql, *args)

    async def now(self) -> datetime:
        """The database's time: the moment this transaction began, the same for all who ask within it."""
        at: datetime = await self._connection.fetchval("SELECT now()")
        return at

    async def plan_afresh(self) -> None:
        """Have the rest of this transaction planned for the tables as they are now.

        A plan is kept for as long as its connection, and one that was made while a table was empty reads all of it ever
        after, until the table is analysed. Planning again costs about a millisecond for each statement.
        """
        await self._connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")

    async def run(self, sql: str, *args: object) -> int:
        """Change rows; how many."""
        status = await self._connection.execute(sql, *args)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def append(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add rows by COPY, the cheapest way there is on both sides; constraints and triggers hold as ever."""
        if rows:
            await self._connection.copy_records_to_table(table, records=rows, columns=columns)

    def stream(self, sql: str, *args: object) -> AsyncIterator[Record]:
        """Rows one by one, without holding them all in memory."""
        return self._connection.cursor(sql, *args, prefetch=1_000).__aiter__()


class Database:
    """A pool of connections to Bursar's schema."""

    def __init__(self, pool: "asyncpg.Pool[Record]", acquire_timeout: float) -> None:
        """Use an open pool; see ``connect``."""
        self._pool = pool
        self._acquire_timeout = acquire_timeout

    @asynccontextmanager
    async def transaction(self, *, readonly: bool = False) -> AsyncIterator[Transaction]:
        """Open a transaction; commits at the end, rolls back on any exception.

        Raises:
            DatabaseBusy: no free connection in time, or the server is not there; nothing was done.
            Interrupted: the connection was lost during the COMMIT; nobody knows whether it was carried out.
            RowBusy: a lock was not to be had in time.
        """
        assert not transaction_is_open.get(), "a transaction inside a transaction would commit on its own"
        try:
            async with self._pool.acquire(timeout=self._acquire_timeout) as connection:
                async with _transaction_on(connection, readonly=readonly) as tx:
                    yield tx
        except asyncpg.LockNotAvailableError as locked:
            raise RowBusy from locked
        except (asyncpg.QueryCanceledError, TimeoutError, asyncpg.CannotConnectNowError, OSError) as busy:
            raise DatabaseBusy from busy

    async def retrying(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a whole unit of work in its own transaction, again when the database asks for it.

        Only deadlocks and serialisation failures are retried: there the roll-back is certain. One ``Interrupted`` is
        not: whoever owns the work re-reads what became of it.
        """
        for tries_left in reversed(range(TRIES_MAX)):
            try:
                async with self.transaction() as tx:
                    return await work(tx)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                if not tries_left:
                    raise
                await asyncio.sleep(random.uniform(0.5, 1.5) * _BACKOFF_SECONDS)  # noqa: S311 - spreading, not secrecy
        raise AssertionError("the last try returns or raises")

    async def writable(self) -> bool:
        """Whether this is a primary, and not a copy that only follows one.

        Raises:
            DatabaseBusy: it does not answer.
        """
        async with self.transaction(readonly=True) as tx:
            return not await tx.value("SELECT pg_is_in_recovery()")

    @asynccontextmanager
    async def session(self) -> AsyncIterator["asyncpg.pool.PoolConnectionProxy[Record]"]:
        """A bare connection, for LISTEN/NOTIFY and for libraries that bring their own statements."""
        async with self._pool.acquire(timeout=self._acquire_timeout) as connection:
            yield connection

    @property
    def pool(self) -> "asyncpg.Pool[Record]":
        """The pool itself, for the queue library's driver."""
        return self._pool

    def figures(self) -> Mapping[str, int]:
        """How the pool is used: connections open, idle, and the bounds."""
        return {
            "size": self._pool.get_size(),
            "idle": self._pool.get_idle_size(),
            "min": self._pool.get_min_size(),
            "max": self._pool.get_max_size(),
        }

    async def close(self) -> None:
        """Give the connections back to the server."""
        await self._pool.close()


async def connect(
    settings: Settings,
    *,
    statement_timeout_ms: int | None = None,
    pool_max: int | None = None,
    pinned_plans: bool = False,
) -> Database:
    """Open a pool with the installation's bounds and time-outs.

    ``pinned_plans`` is for the hot batches: one generic plan over the primary keys, whatever the statistics say.
    Without it a batch of a few rows was seen to scan a whole table.
    """
    assert settings.database_url is not None, "bootstrap settles the address first"
    options = {
        "search_path": SCHEMA,
        "application_name": "bursar",
        "timezone": "UTC",
        "statement_timeout": str(statement_timeout_ms or settings.database_statement_timeout_ms),
        "lock_timeout": str(settings.database_lock_timeout_ms),
        "idle_in_transaction_session_timeout": str(settings.database_idle_timeout_ms),
        "jit": "off",
    }
    if pinned_plans:
        options |= {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_mergejoin": "off"}
    most = pool_max or settings.database_pool_max
    pool = await asyncpg.create_pool(
        settings.database_url,
        min_size=min(settings.database_pool_min, most),
        max_size=most,
        ssl=_ssl(settings.database_ssl),
        connection_class=_Connection,
        server_settings=options,
        init=_teach_types,
        max_inactive_connection_lifetime=300.0,
    )
    return Database(pool, settings.database_acquire_timeout)


async def connect_alone(settings: Settings) -> "asyncpg.Connection[Record]":
    """One connection outside the pools, for LISTEN and for the queue, with the pools' schema, encryption and types.

    The types matter to the queue: what was enqueued over a pool's connection is only read over one that writes alike.
    """
    assert settings.database_url is not None, "bootstrap settles the address first"
    options = {"search_path": SCHEMA, "application_name": "bursar", "timezone": "UTC"}
    connection = await asyncpg.connect(
        settings.database_url,
        timeout=_CONNECT_SECONDS,
        ssl=_ssl(settings.database_ssl),
        server_settings=options,
    )
    await _teach_types(connection)
    return connection


@asynccontextmanager
async def _transaction_on(
    connection: "asyncpg.pool.PoolConnectionProxy[Record]", *, readonly: bool
) -> AsyncIterator[Transaction]:
    """A transaction on this connection, and the word for losing it: before the COMMIT was sent, nothing was done."""
    is_committing = False
    try:
        async with connection.transaction(readonly=readonly):
            token = transaction_is_open.set(True)
            try:
                yield Transaction(connection)
            finally:
                transaction_is_open.reset(token)
            is_committing = not readonly
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as lost:
        if not _is_gone(connection):
            raise
        raise (Interrupted if is_committing else DatabaseBusy) from lost


def _is_gone(connection: "asyncpg.pool.PoolConnectionProxy[Record]") -> bool:
    """Whether a connection was lost; one that was has left its pool, and then it cannot even be asked."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


def columns(rows: Sequence[Sequence[object]], width: int) -> list[list[object]]:
    """Turn rows into columns, the shape that ``unnest`` wants; no rows give empty columns."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def beginning(text: str | None) -> str | None:
    """The pattern for ``LIKE`` of all that begins with a text, which says nothing but itself; None for no text."""
    if not text:
        return None
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


async def _teach_types(connection: "asyncpg.Connection[Record]") -> None:
    """JSON goes in and out as Python values; a decoder that keeps decimals exact is not needed, facts hold none."""
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),  # jsonb's binary form: version 1, then the text.
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        schema="pg_catalog",
        format="binary",
    )


def _ssl(mode: SslMode) -> ssl.SSLContext | SslMode:
    return ssl.create_default_context() if mode == "verify-full" else mode
