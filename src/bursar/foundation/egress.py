"""Calling addresses that other people chose, by the rules of ``addresses``.

An address is checked three times. Its text: when it is given, and again before each call. What its name resolves to:
each of its addresses must be allowed, or none is used. And the socket, at the moment it is opened, where no parser and
no resolver can come between. The connection goes to the very address that was checked, so a name that points
elsewhere a moment later (DNS rebinding) gains nothing; TLS still verifies the name, and ``Host`` still carries it.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, ip_address
from typing import Any, Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bursar.foundation.addresses import Address, Policy, Target, UnsafeAddress
from bursar.foundation.db import transaction_is_open
from bursar.foundation.http import CallFailed, exchange

ANSWER_BYTES_MAX: Final = 64 * 1024  # The status is the answer; the rest is read only to keep the line usable.
DRAIN_SECONDS: Final = 1.0  # Whoever trickles for longer after the status loses the line, and we lose no time.
LOOKUP_SECONDS: Final = 5.0
_LOOKUP_THREADS: Final = 64  # A dead name server holds a thread for about 10 s; others must still find one.
_NAMES_KEPT_SECONDS: Final = 5  # What is kept is checked addresses; so a burst of calls asks once.
_LINES_KEPT_SECONDS: Final = 3.0  # Below the idle limit of common servers, so that no line is cut as we use it.

Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""Gives all addresses of a host name, as text; raises OSError when the name does not exist."""


class _NotAdmitted(OSError):
    """An address that must not be called. An OSError, because to the connector it is a connection that failed."""


class Egress:
    """An HTTP client for addresses that other people chose. How much is in flight at once is up to its user."""

    def __init__(self, session: aiohttp.ClientSession, gate: "_Gate") -> None:
        """Use the parts that ``open`` puts together."""
        self._session = session
        self._gate = gate

    @classmethod
    def open(
        cls, policy: Policy | None = None, *, lookup: Lookup | None = None, tls: ssl.SSLContext | None = None
    ) -> Self:
        """A client without cookies, proxies and decompression; ``tls`` may bring certificate authorities of its own."""
        gate = _Gate(policy or Policy(), lookup or _SystemLookup())
        connector = aiohttp.TCPConnector(
            limit=0,
            resolver=gate,
            socket_factory=gate.open_socket,
            ttl_dns_cache=_NAMES_KEPT_SECONDS,
            keepalive_timeout=_LINES_KEPT_SECONDS,
            ssl=tls or True,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=("Accept-Encoding",),
        )
        return cls(session, gate)

    async def vet(self, text: str) -> Target:
        """Check an address that somebody wants us to call, down to what its name resolves to now.

        Raises:
            UnsafeAddress: naming the rule it breaks.
        """
        assert not transaction_is_open.get(), "never look up a name while holding a transaction"
        target = self._gate.policy.check(text)
        try:
            if target.literal is None:
                await self._gate.addresses(target.host)
        except _NotAdmitted as inside:
            raise UnsafeAddress("on a host with public addresses only") from inside
        except OSError as unknown:
            raise UnsafeAddress("on a host whose name can be resolved") from unknown
        return target

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes, deadline: float) -> int:
        """Post a body; the status that came back within ``deadline`` seconds. Redirects are not followed.

        Raises:
            CallFailed: no answer. The cause is ``address_refused`` when this may not, or no longer, be called.
        """
        try:
            target = self._gate.policy.check(url)
            reply = await exchange(
                self._session, "POST", target.url, headers=headers, body=body, deadline=deadline, read=_drain
            )
        except UnsafeAddress as unsafe:
            raise CallFailed("address_refused", reached=False) from unsafe
        except CallFailed as failed:
            if isinstance(getattr(failed.__cause__, "os_error", None), _NotAdmitted):
                raise CallFailed("address_refused", reached=False) from failed
            raise
        return reply.status

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()
        await self._gate.close()


class _Gate(AbstractResolver):
    """Asked by the connector for each name and each socket."""

    def __init__(self, policy: Policy, lookup: Lookup) -> None:
        self.policy = policy
        self._lookup = lookup

    async def addresses(self, host: str) -> list[Address]:
        """All addresses of a host name, when each of them may be called.

        Raises:
            _NotAdmitted: at least one may not.
            OSError: there are none, or they could not be found out in time.
        """
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                found = [ip_address(text) for text in await self._lookup(host)]
        except TimeoutError as late:
            raise OSError("the name servers did not answer") from late
        if not found:
            raise OSError("the name has no addresses")
        if not all(self.policy.admits(address, host=host) for address in found):
            raise _NotAdmitted("not all of its addresses may be called")
        return found

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - the base class asks for it; we want all
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self.addresses(host)
        ]

    def open_socket(self, place: tuple[Any, ...]) -> socket.socket:
        """The last look, at the address that is about to be connected to; IP addresses in URLs come only here."""
        family, kind, protocol, _, address = place
        if not self.policy.admits_socket(ip_address(address[0])):
            raise _NotAdmitted("this address may not be called")
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        if isinstance(self._lookup, _SystemLookup):
            self._lookup.close()


class _SystemLookup:
    """The system's resolver, on threads of its own: a dead name server must not hold up anything else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="bursar-lookup")

    async def __call__(self, host: str) -> Sequence[str]:
        ask = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        return [str(place[0]) for *_, place in await asyncio.get_running_loop().run_in_executor(self._threads, ask)]

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _drain(response: aiohttp.ClientResponse) -> bytes:
    """Read a little of the answer, so that the line can be used again, and drop it: nobody is shown it."""
    room = ANSWER_BYTES_MAX
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for chunk in response.content.iter_any():
                room -= len(chunk)
                if room <= 0:
                    break
    return b""
