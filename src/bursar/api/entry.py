"""Who is let in. Every route says whom it ``needs``; one that says nothing lets nobody in."""

from enum import Enum
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from bursar import identity
from bursar.api import requests, sessions
from bursar.foundation.errors import Forbidden, Unauthorised
from bursar.house import House


class Needs(Enum):
    """What a route needs that is neither a key's scope nor a person's permission."""

    NOTHING = "nothing"  # Open to anybody, or let in by something else, such as a gateway's signature.
    SESSION = "session"  # Anybody who is signed in.


KeyRequest = Request[identity.Caller, None, State]
"""A request that was let in with an API key; ``user`` is who calls."""

PersonRequest = Request[identity.Person, str, State]
"""A request of somebody signed in: ``user`` is who, ``auth`` their session token."""


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request in, or not. Guards every route of the application.

    Raises:
        Unauthorised: nobody we know.
        Forbidden: somebody who may not, or a route that nobody may use.
    """
    assert isinstance(connection, Request), "there are no web sockets here"
    match handler.opt.get("needs"):
        case Needs.NOTHING:
            pass
        case Needs.SESSION:
            await _person(connection)
        case identity.Permission() as permission:
            (await _person(connection)).insist(permission)
        case identity.Scope() as scope:
            connection.scope["user"] = await _caller(connection, scope)
        case _:
            raise Forbidden("Nobody may do this.")


async def _person(connection: Request[Any, Any, Any]) -> identity.Person:
    house: House = connection.app.state.house
    person, token = await sessions.person(connection, house)
    connection.scope["user"], connection.scope["auth"] = person, token
    return person


async def _caller(connection: Request[Any, Any, Any], scope: identity.Scope) -> identity.Caller:
    """Who calls with an API key; also notes that the key is in use."""
    house: House = connection.app.state.house
    key_hash = identity.key_hash(requests.api_key(connection.scope["headers"]) or "")
    if key_hash is None:
        raise Unauthorised("A valid API key is needed in the header X-API-KEY.")
    async with house.database.transaction() as tx:
        [caller] = await identity.callers(tx, [key_hash])
        if caller is None:
            raise Unauthorised("A valid API key is needed in the header X-API-KEY.")
        identity.authorise(caller, scope, ip=requests.address(connection.scope))
        await identity.touch(tx, [caller.key_id])
    return caller
