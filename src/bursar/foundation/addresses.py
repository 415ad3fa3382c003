"""Which addresses that other people chose may be called, and which would turn us against our own network (SSRF).

Only the rules; ``egress`` calls by them. They are those of the Standard Webhooks specification, its section on
server-side request forgery, and of OWASP ASVS 15.3.2.

The development switch ``allow_loopback`` opens one door only: ``http`` and any port for ``localhost``, names under it
(RFC 6761, section 6.3) and loopback addresses.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from yarl import URL

from bursar.foundation.errors import Invalid

URL_LENGTH_MAX: Final = 2_000
HTTPS_PORT: Final = 443

Address = IPv4Address | IPv6Address

_REFUSED_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        "100.64.0.0/10",  # Carrier-grade NAT, and the metadata of some clouds.
        "168.63.129.16/32",  # Azure's own services, on a public number.
        "192.0.0.0/24",  # Protocol assignments, and Oracle's metadata.
        "192.88.99.0/24",  # 6to4 relays.
        "198.18.0.0/15",  # Benchmarks.
    )
)
"""Refused besides what ``ipaddress`` calls private or reserved, which differs from one Python to the next."""

_PUBLIC_V6: Final = IPv6Network("2000::/3")  # All that is handed out; mapped, NAT64, local, multicast lie outside.
_REFUSED_V6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Protocol assignments: Teredo, ORCHID, benchmarks.
        "2001:db8::/32",  # Documentation.
        "2002::/16",  # 6to4: an IPv4 address in disguise.
        "3fff::/20",  # Documentation.
    )
)

_PRINTABLE: Final = re.compile(r"[!-~]+")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")  # As the last label, it makes a host an IPv4 address (WHATWG URL).
_COMPLETE: Final = "a complete URL such as https://example.com/webhooks"
_HOST_LENGTH_MAX: Final = 253  # RFC 1035, section 2.3.4, in text form.


class UnsafeAddress(Invalid):
    """We do not call this address."""

    code = "unsafe_url"

    def __init__(self, rule: str) -> None:
        """Name the rule that the field ``url`` breaks."""
        super().__init__(field="url", rule=rule)


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be called as far as its text tells, and from ``Egress.vet``, as far as its name resolves."""

    url: URL
    host: str
    literal: Address | None  # The IP address that the host is; None when it is a name.

    def __str__(self) -> str:
        """As it is stored and called."""
        return str(self.url)


@dataclass(frozen=True, slots=True)
class Policy:
    """What one installation lets through."""

    ports: frozenset[int] = frozenset({HTTPS_PORT})
    allow_loopback: bool = False

    def check(self, text: str) -> Target:
        """Check an address as far as its text tells.

        What is checked is the parsed URL that is called later, so there is no second reader to disagree with.

        Raises:
            UnsafeAddress: naming the rule it breaks.
        """
        url = _read(text)
        host = url.raw_host or ""
        target = Target(url, host, _read_host(host))
        if not (self.allow_loopback and _is_local(host, target.literal)):
            self._insist_public(target)
        return target

    def admits(self, address: Address, *, host: str) -> bool:
        """Whether this address is one that the host may resolve to."""
        if self.allow_loopback and _is_local(host, _read_host(host)):
            return address.is_loopback
        return is_public(address)

    def admits_socket(self, address: Address) -> bool:
        """Whether any connection at all may be made to this address."""
        return is_public(address) or (self.allow_loopback and address.is_loopback)

    def _insist_public(self, target: Target) -> None:
        if target.url.scheme != "https":
            raise UnsafeAddress("https")
        if target.url.port not in self.ports:
            raise UnsafeAddress(f"on port {' or '.join(map(str, sorted(self.ports)))}")
        if not is_public(target.literal) if target.literal else _is_local(target.host, None):
            raise UnsafeAddress("on a public host")


def is_loopback(text: str) -> bool:
    """Whether an address in its plain form is this very machine; what is no address is not."""
    try:
        return ip_address(text).is_loopback
    except ValueError:
        return False


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, and to nobody's inside."""
    if isinstance(address, IPv4Address):
        refused = address.is_multicast or any(address in network for network in _REFUSED_V4)
        return address.is_global and not refused
    return address in _PUBLIC_V6 and not any(address in network for network in _REFUSED_V6)


def _read(text: str) -> URL:
    """Parse a URL in which nothing is hidden."""
    if len(text) > URL_LENGTH_MAX:
        raise UnsafeAddress(f"at most {URL_LENGTH_MAX} characters")
    if not _PRINTABLE.fullmatch(text) or "\\" in text:
        raise UnsafeAddress("printable ASCII without spaces and backslashes; international names as xn--…")
    if "#" in text:
        raise UnsafeAddress("without a fragment")
    authority = re.split(r"[/?]", text.partition("://")[2], maxsplit=1)[0]
    if "@" in authority:
        raise UnsafeAddress("without user name and password")
    try:
        url = URL(text)
    except ValueError as unreadable:
        raise UnsafeAddress(_COMPLETE) from unreadable
    host = url.raw_host
    if url.scheme not in {"http", "https"} or not host or ("[" in authority) != (":" in host):
        raise UnsafeAddress(_COMPLETE)
    return url


def _read_host(host: str) -> Address | None:
    """The IP address that a host is, or None when it is a name.

    Raises:
        UnsafeAddress: neither a full host name nor an IP address in its plain form (127.1, 0x7f000001 and 017700000001
            are odd ones, which some resolvers take for 127.0.0.1).
    """
    labels = host.split(".")
    try:
        if ":" in host:
            return _without_zone(IPv6Address(host))
        if _NUMBER.fullmatch(labels[-1]):
            return IPv4Address(host)
    except AddressValueError as odd:
        raise UnsafeAddress("a host name, or an IP address in its plain form") from odd
    if len(host) > _HOST_LENGTH_MAX or not all(_LABEL.fullmatch(label) for label in labels):
        raise UnsafeAddress("on a host named by letters, digits, hyphens and dots")
    if len(labels) == 1 and host != "localhost":
        raise UnsafeAddress("on a host with its full name")
    return None


def _without_zone(address: IPv6Address) -> IPv6Address:
    if address.scope_id is not None:
        raise UnsafeAddress("an IP address without a zone")
    return address


def _is_local(host: str, literal: Address | None) -> bool:
    """Whether a host names this very machine."""
    return literal.is_loopback if literal else host == "localhost" or host.endswith(".localhost")
