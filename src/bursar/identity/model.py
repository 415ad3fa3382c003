"""Who asks, and what they may do: people with roles and sessions, and callers with API keys and scopes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal, NewType
from uuid import UUID

import msgspec

from bursar.foundation import texts
from bursar.foundation.errors import Invalid
from bursar.identity.errors import InsufficientScope, IpNotAllowed, NotPermitted

NAME_LENGTH_MAX: Final = 200
TRIES_MAX: Final = 10  # PCI DSS 8.3.4: lock after at most ten tries, for at least thirty minutes.
LOCKED_FOR: Final = timedelta(minutes=30)
SESSION_LIFE: Final = timedelta(hours=12)
IDLE_MAX: Final = timedelta(minutes=30)
NOTED_EVERY: Final = timedelta(minutes=1)  # Use is noted no oftener; a session may end that much early, never late.

Network = IPv4Network | IPv6Network
PasswordHash = NewType("PasswordHash", str)
"""What is stored instead of a password: algorithm, costs, salt and hash in one text."""


def actor(kind: Literal["key", "person", "system", "gateway"], name: UUID | str) -> str:
    """Who did something, as history and logs name it: ``key:<id>``, ``person:<id>``, ``system:cron``."""
    return f"{kind}:{name}"


# People ---------------------------------------------------------------------------------------------------------------


class Role(StrEnum):
    """What somebody is to the business; the names are those of the members document."""

    SUPER_ADMIN = "Super Admin"
    MANAGER = "Manager"
    SUPPORT = "Support"


class Permission(StrEnum):
    """What a person may be allowed to do."""

    VIEW = "view"
    APPROVE_PAYOUTS = "payouts:approve"
    REJECT_PAYOUTS = "payouts:reject"
    CANCEL_PAYOUTS = "payouts:cancel"
    RETRY_PAYOUTS = "payouts:retry"
    STOP_SENDING = "sending:stop"  # The kill switch, on and off.
    MANAGE_KEYS = "keys:manage"
    MANAGE_PEOPLE = "people:manage"
    MANAGE_HOLDERS = "holders:manage"  # Verify holders, and what they stored; the denied list.
    MANAGE_EARNINGS = "earnings:manage"  # Credit them; settle and forgive debts.
    MANAGE_ORDERS = "orders:manage"  # Complete, cancel and refund them.
    REQUEST_PAYOUTS = "payouts:request"  # Ask for a payout in a holder's place.
    MANAGE_RUNS = "runs:manage"  # Begin, stop and resume runs, change schedules.
    MANAGE_ALERTS = "alerts:manage"  # Acknowledge and resolve alerts, change what they are opened for.
    RECONCILE = "reconciliation:manage"  # Begin a comparison, propose and decide corrections.


P = Permission

ALLOWED: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.SUPER_ADMIN: frozenset(Permission),
    Role.MANAGER: frozenset(
        {
            P.VIEW,
            P.APPROVE_PAYOUTS,
            P.REJECT_PAYOUTS,
            P.CANCEL_PAYOUTS,
            P.RETRY_PAYOUTS,
            P.STOP_SENDING,
            P.MANAGE_KEYS,
            P.MANAGE_HOLDERS,
            P.MANAGE_EARNINGS,
            P.MANAGE_ORDERS,
            P.REQUEST_PAYOUTS,
            P.MANAGE_RUNS,
            P.MANAGE_ALERTS,
            P.RECONCILE,
        }
    ),
    Role.SUPPORT: frozenset({P.VIEW}),
}
"""Who may do what. What does not stand here is forbidden."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in."""

    id: UUID
    email: str
    name: str
    roles: frozenset[Role]
    created_at: datetime
    disabled_at: datetime | None = None

    @property
    def actor(self) -> str:
        """How history names them."""
        return actor("person", self.id)

    def may(self, permission: Permission) -> bool:
        """Whether one of their roles allows it."""
        return any(permission in ALLOWED[role] for role in self.roles)

    def insist(self, permission: Permission) -> None:
        """Go on only if they may.

        Raises:
            NotPermitted: none of their roles allows it.
        """
        if not self.may(permission):
            raise NotPermitted(permission=permission.value)


Link = tuple[UUID, UUID]
"""A person, and a holder for whom they act."""


@dataclass(frozen=True, slots=True)
class Tries:
    """How often somebody has tried to sign in since it last succeeded, and until when trying is pointless."""

    count: int = 0
    locked_until: datetime | None = None

    def take(self, now: datetime) -> "Tries | None":
        """Take one try: what stands after it, or None while locked. The last one locks; success clears."""
        if self.locked_until is not None and now < self.locked_until:
            return None
        count = 1 if self.locked_until is not None else self.count + 1
        return Tries(count, now + LOCKED_FOR if count >= TRIES_MAX else None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What stands about somebody who wants to sign in."""

    person_id: UUID
    password_hash: PasswordHash
    tries: Tries


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one person, as long as it lasts."""

    id: UUID
    person_id: UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def lives(self, now: datetime) -> bool:
        """Whether it is neither revoked nor too old nor idle for too long."""
        return self.revoked_at is None and now < self.expires_at and now - self.seen_at < IDLE_MAX


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that succeeded. The token is shown here and never again."""

    token: str = field(repr=False)
    person: Person
    session: Session


# API keys -------------------------------------------------------------------------------------------------------------


class Mode(StrEnum):
    """Whether a key moves money or only plays."""

    LIVE = "live"
    TEST = "test"


def mode_of(key: str) -> Mode:
    """The mode of a key or of its prefix, which is what it begins with."""
    return Mode(key[: key.index("_")])


class Scope(StrEnum):
    """What a key may be made for."""

    PAYOUTS_WRITE = "payouts:write"
    PAYOUTS_READ = "payouts:read"
    BALANCE_READ = "balance:read"
    WEBHOOKS_WRITE = "webhooks:write"
    WEBHOOKS_READ = "webhooks:read"
    EARNINGS_WRITE = "earnings:write"
    EARNINGS_READ = "earnings:read"
    HOLDERS_WRITE = "holders:write"
    HOLDERS_READ = "holders:read"
    ORDERS_WRITE = "orders:write"
    ORDERS_READ = "orders:read"
    PAYOUTS_REQUEST = "payouts:request"


PROGRAM_SCOPES: Final = frozenset(
    {
        Scope.EARNINGS_WRITE,
        Scope.EARNINGS_READ,
        Scope.HOLDERS_WRITE,
        Scope.HOLDERS_READ,
        Scope.ORDERS_WRITE,
        Scope.ORDERS_READ,
        Scope.PAYOUTS_REQUEST,
    }
)
"""What a platform's own key, which is for a whole program, may be made for."""
HOLDER_SCOPES: Final = frozenset(Scope) - PROGRAM_SCOPES
"""What one holder's key may be made for."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that is to be made: for whom, for what, from where and until when.

    Raises:
        Invalid: the name is not a line, there is no scope, or one that is for the other sort of key.
    """

    holder_id: UUID | None  # None: the platform's own, for the whole program.
    program: str
    name: str
    mode: Mode = Mode.LIVE
    scopes: frozenset[Scope] = HOLDER_SCOPES
    allowed_ips: tuple[Network, ...] = ()  # Empty: from anywhere.
    expires_at: datetime | None = None
    created_by: UUID | None = None  # The person who made it, where it was not the command line.

    def __post_init__(self) -> None:
        texts.insist_line(self.name, field="name", most=NAME_LENGTH_MAX)
        if not self.scopes:
            raise Invalid(field="scopes", rule="at least one scope")
        fitting = HOLDER_SCOPES if self.holder_id else PROGRAM_SCOPES
        if not self.scopes <= fitting:
            whose = "a holder's key" if self.holder_id else "a program's key"
            raise Invalid(field="scopes", rule=f"for {whose} out of {', '.join(sorted(fitting))}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it stands; the key itself is not in here, and nowhere else."""

    id: UUID
    holder_id: UUID | None  # None: a key for the whole program.
    program: str
    name: str
    prefix: str
    scopes: frozenset[Scope]
    allowed_ips: tuple[Network, ...]
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def actor(self) -> str:
        """How history names whoever calls with it."""
        return actor("key", self.id)

    @property
    def mode(self) -> Mode:
        """Whether it moves money."""
        return mode_of(self.prefix)

    def usable(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key just made, with its text, which is shown once."""

    key: ApiKey
    text: str = field(repr=False)


class Caller(msgspec.Struct, frozen=True):
    """Who is behind a request that came with a usable key."""

    key_id: UUID
    holder_id: UUID | None  # None: the platform behind the whole program.
    program: str
    mode: Mode
    scopes: frozenset[Scope]
    allowed_ips: tuple[Network, ...]
    created_by: UUID | None

    @property
    def holder(self) -> UUID:
        """The holder whose key this is; ask only behind one of ``HOLDER_SCOPES``, which no other key has."""
        assert self.holder_id is not None, "a holder's scope was asked for, and only holders' keys have it"
        return self.holder_id

    @property
    def actor(self) -> str:
        """How history names it."""
        return actor("key", self.key_id)


def authorise(caller: Caller, scope: Scope, *, ip: str | None) -> None:
    """Go on only if the key was made for this and may be used from there.

    Raises:
        InsufficientScope: the key lacks the scope.
        IpNotAllowed: the key is for other addresses, or nobody knows where the request came from.
    """
    if scope not in caller.scopes:
        raise InsufficientScope(needed=scope.value)
    if caller.allowed_ips and not _within(caller.allowed_ips, ip):
        raise IpNotAllowed(address=ip)


def networks(given: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks as people write them: ``203.0.113.7``, ``203.0.113.0/24``, ``2001:db8::/48``.

    Raises:
        Invalid: one of them is neither, or has bits set that its prefix leaves out.
    """
    return tuple(_network(text) for text in given)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as unreadable:
        rule = "an address or a network such as 203.0.113.0/24"
        raise Invalid(field="allowed_ips", rule=rule, given=text[:50]) from unreadable


def _within(allowed: Collection[Network], ip: str | None) -> bool:
    try:
        address = ip_address(ip or "")
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:  # How a dual-stack socket shows an IPv4 peer.
        address = address.ipv4_mapped
    return any(address in network for network in allowed)
