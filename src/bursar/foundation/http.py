"""Calling out over HTTP: never with a transaction open, never without a deadline, never without a size cap."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Self

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from bursar.foundation.db import transaction_is_open

ANSWER_BYTES_MAX: Final = 4 * 1024 * 1024  # A bulk answer of a thousand items stays far below this.
CONNECTIONS_MAX: Final = 300  # Enough for 1,500 calls a second at 200 ms.


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side answered."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class CallFailed(Exception):
    """No complete answer came back.

    ``reached`` says whether the request may have arrived. Only a connection never made is proof that it did not.
    """

    def __init__(self, cause: str, *, reached: bool) -> None:
        """Name the cause in one word, without addresses or bodies."""
        self.cause = cause
        self.reached = reached
        super().__init__(cause)


class PoliteClient:
    """An HTTP client that refuses to work while a database transaction is open."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Use a session made by ``open``."""
        self._session = session

    @classmethod
    def open(cls, *, connections: int = CONNECTIONS_MAX) -> Self:
        """A client with its own connection pool: no cookies, no proxies from the environment."""
        connector = aiohttp.TCPConnector(limit=connections, ttl_dns_cache=60)
        return cls(aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False))

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, deadline: float
    ) -> Reply:
        """Make one call and read its whole answer within ``deadline`` seconds, redirects not followed.

        Raises:
            CallFailed: no connection, no complete answer in time, or an answer beyond ``ANSWER_BYTES_MAX``.
        """
        return await exchange(
            self._session, method, url, headers=headers, body=body, deadline=deadline, read=_read_whole
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: str | URL,
    *,
    headers: Mapping[str, str],
    body: bytes | None,
    deadline: float,
    read: Callable[[aiohttp.ClientResponse], Awaitable[bytes]],
) -> Reply:
    """One call over any session, under the rules of this module; ``read`` takes what it wants of the answer's body.

    Raises:
        CallFailed: no connection, no answer within ``deadline`` seconds, or ``read`` gave up.
    """
    assert not transaction_is_open.get(), "never call out while holding a transaction"
    try:
        async with asyncio.timeout(deadline):  # Total: a trickling answer cannot stretch it.
            async with session.request(
                method, url, headers=headers, data=body, allow_redirects=False, timeout=_NO_SECOND_TIMEOUT
            ) as response:
                return Reply(response.status, response.headers, await read(response))
    except aiohttp.ClientConnectorError as refused:
        raise CallFailed(_why_no_connection(refused), reached=False) from refused
    except TimeoutError as late:
        raise CallFailed("timed_out", reached=True) from late
    except (aiohttp.ClientError, OSError) as broken:
        raise CallFailed("connection_lost", reached=True) from broken


_NO_SECOND_TIMEOUT: Final = aiohttp.ClientTimeout(total=None)  # ``asyncio.timeout`` above is the only clock.


def _why_no_connection(refused: aiohttp.ClientConnectorError) -> str:
    match refused:
        case aiohttp.ClientConnectorDNSError():
            return "name_not_resolved"
        case aiohttp.ClientSSLError():
            return "tls_failed"
        case _:
            return "no_connection"


async def _read_whole(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise CallFailed("answer_too_large", reached=True)
    return bytes(body)
