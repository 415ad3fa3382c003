"""Who is let in. Every route says whom it ``needs``; one that says nothing lets nobody in."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, assert_never
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from bursar import holders, identity
from bursar.api import requests, sessions
from bursar.foundation import ids
from bursar.foundation.errors import Forbidden, Invalid, Unauthorised, Unavailable
from bursar.house import House

HOLDER_HEADER: Final = "X-HOLDER-ID"
"""By which somebody who acts for several holders says for whom they ask."""


class Needs(Enum):
    """What a route needs that is neither a key's scope nor a person's permission."""

    NOTHING = "nothing"  # Open to anybody, or let in by something else, such as a gateway's signature.
    SESSION = "session"  # Anybody who is signed in.
    HOLDER = "holder"  # Somebody who is signed in and acts for a holder.
    HOLDERS = "holders"  # Somebody who is signed in, for all the holders for whom they act, or for the one they name.
    CRON = "cron"  # An outside scheduler, with the key of this installation.


class CronNotConfigured(Unavailable):
    """This installation has no key for schedulers: set CRON_API_KEY, and start it again."""

    code = "cron_not_configured"


class WrongCronKey(Unauthorised):
    """The header must be Authorization: Bearer, followed by this installation's CRON_API_KEY."""

    code = "invalid_cron_key"


@dataclass(frozen=True, slots=True)
class Either:
    """What a route needs that the platform calls with its key, and staff by themselves."""

    scope: identity.Scope
    permission: identity.Permission


@dataclass(frozen=True, slots=True)
class Shared:
    """What a route needs that the platform calls with its key, staff by themselves, and holders for what is theirs."""

    scope: identity.Scope
    permission: identity.Permission


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody who is signed in, and the holder for whom they ask. Nothing but this holder's is theirs to see."""

    person: identity.Person
    holder: holders.Holder

    @property
    def actor(self) -> str:
        """How history names them."""
        return self.person.actor


@dataclass(frozen=True, slots=True)
class ActingForAll:
    """Somebody who is signed in, and the holders for whom they ask. Nothing but these holders' is theirs to see."""

    person: identity.Person
    holders: Sequence[holders.Holder]

    @property
    def actor(self) -> str:
        """How history names them."""
        return self.person.actor


KeyRequest = Request[identity.Caller, None, State]
"""A request that was let in with an API key; ``user`` is who calls."""

PersonRequest = Request[identity.Person, str, State]
"""A request of somebody signed in: ``user`` is who, ``auth`` their session token."""

HolderRequest = Request[Acting, str, State]
"""A request of somebody signed in who acts for a holder: ``user`` is both, ``auth`` the session token."""

HoldersRequest = Request[ActingForAll, str, State]
"""A request of somebody signed in, for all the holders for whom they act or for the one they named."""

PlatformRequest = Request[identity.Caller | identity.Person, Any, State]
"""A request that was let in with a program's key, or of one of our staff; either has an ``actor``."""

SharedRequest = Request[identity.Caller | identity.Person | ActingForAll, Any, State]
"""The same, or of somebody who acts for holders and asks about what is theirs; each has an ``actor``."""


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request in, or not. Guards every route of the application.

    Raises:
        Unauthorised: nobody we know.
        Forbidden: somebody who may not, or a route that nobody may use.
        CronNotConfigured: a scheduler, where none is expected.
    """
    assert isinstance(connection, Request), "there are no web sockets here"
    match handler.opt.get("needs"):
        case Needs() as needs:
            await _admit(connection, needs)
        case identity.Permission() as permission:
            (await _person(connection)).insist(permission)
        case identity.Scope() as scope:
            connection.scope["user"] = await _caller(connection, scope)
        case Either(scope, _) | Shared(scope, _) if _brings_key(connection):
            connection.scope["user"] = await _caller(connection, scope)
        case Either(_, permission):
            (await _person(connection)).insist(permission)
        case Shared(_, permission):
            person = await _person(connection)
            if not person.may(permission):
                connection.scope["user"] = await _acting_for_all(connection, person)
        case _:
            raise Forbidden("Nobody may do this.")


async def _admit(connection: Request[Any, Any, Any], needs: Needs) -> None:
    match needs:
        case Needs.NOTHING:
            pass
        case Needs.SESSION:
            await _person(connection)
        case Needs.HOLDER:
            await _acting(connection)
        case Needs.HOLDERS:
            connection.scope["user"] = await _acting_for_all(connection, await _person(connection))
        case Needs.CRON:
            _insist_on_cron_key(connection)
        case _:
            assert_never(needs)


async def _person(connection: Request[Any, Any, Any]) -> identity.Person:
    house: House = connection.app.state.house
    person, token = await sessions.person(connection, house)
    connection.scope["user"], connection.scope["auth"] = person, token
    return person


async def _acting(connection: Request[Any, Any, Any]) -> None:
    acting = await _acting_for_all(connection, await _person(connection))
    if len(acting.holders) > 1:
        raise Invalid(field=HOLDER_HEADER, rule="the id of one of the holders that you act for")
    connection.scope["user"] = Acting(acting.person, acting.holders[0])


async def _acting_for_all(connection: Request[Any, Any, Any], person: identity.Person) -> ActingForAll:
    house: House = connection.app.state.house
    asked = _asked_holder(connection)
    async with house.database.transaction(readonly=True) as tx:
        allowed = await identity.holders_of(tx, person.id, only=asked)
        if not allowed:
            raise identity.ActsForNobody
        found = await holders.find(tx, allowed)
    return ActingForAll(person, [found[holder_id] for holder_id in allowed])


def _asked_holder(connection: Request[Any, Any, Any]) -> UUID | None:
    given = connection.headers.get(HOLDER_HEADER)
    asked = ids.parse(given) if given is not None else None
    if given is not None and asked is None:
        raise Invalid(field=HOLDER_HEADER, rule="the id of a holder")
    return asked


def _insist_on_cron_key(connection: Request[Any, Any, Any]) -> None:
    house: House = connection.app.state.house
    if not house.settings.cron_api_key:
        raise CronNotConfigured
    if not requests.bears(connection.scope["headers"], house.settings.cron_api_key):
        raise WrongCronKey


def _brings_key(connection: Request[Any, Any, Any]) -> bool:
    """Whether it is to be judged by a key, a wrong one included; sessions travel as bearer tokens as well."""
    return "x-api-key" in connection.headers or _key_hash(connection) is not None


def _key_hash(connection: Request[Any, Any, Any]) -> bytes | None:
    return identity.key_hash(requests.api_key(connection.scope["headers"]) or "")


async def _caller(connection: Request[Any, Any, Any], scope: identity.Scope) -> identity.Caller:
    """Who calls with an API key; also notes that the key is in use."""
    house: House = connection.app.state.house
    key_hash = _key_hash(connection)
    if key_hash is None:
        raise Unauthorised("A valid API key is needed in the header X-API-KEY.")
    async with house.database.transaction() as tx:
        [caller] = await identity.callers(tx, [key_hash])
        if caller is None:
            raise Unauthorised("A valid API key is needed in the header X-API-KEY.")
        identity.authorise(caller, scope, ip=requests.address(connection.scope))
        await identity.touch(tx, [caller.key_id])
    return caller
