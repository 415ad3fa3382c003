"""How people's sessions travel: as a bearer token or in a cookie, and what a cookie must bring along.

A browser sends a cookie whoever made it ask, so an unsafe request that is let in by one must also come from our own
pages (``Sec-Fetch-Site`` or ``Origin``) and carry a token that only they can know (OWASP ASVS 3.5.1). A bearer token
needs neither, because no browser adds it by itself.
"""

import hashlib
import hmac
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import Cookie

from bursar import identity
from bursar.api import requests
from bursar.foundation.errors import Forbidden, Unauthorised
from bursar.house import House

CSRF_HEADER: Final = "X-CSRF-TOKEN"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

Connection = Request[Any, Any, Any]


class CrossSite(Forbidden):
    """This request was made by another site's page; sign in here and use our own pages, or a bearer token."""

    code = "cross_site_request"


async def person(connection: Connection, house: House) -> tuple[identity.Person, str]:
    """Who is signed in, and by which token.

    Raises:
        Unauthorised: no session, or one that is over.
        CrossSite: let in by a cookie, but not asked for by our own pages.
    """
    given = requests.bearer(connection.scope["headers"])
    token = given or connection.cookies.get(cookie_name(connection)) or ""
    async with house.database.transaction() as tx:
        found = await identity.session_person(tx, token, now=house.clock.now())
    if found is None:
        raise Unauthorised("Sign in first, and send the token as a bearer token or in the cookie.")
    if given is None and connection.method not in SAFE_METHODS:
        insist_same_site(connection, house)
        if not hmac.compare_digest(connection.headers.get(CSRF_HEADER, "").encode(), csrf_token(token).encode()):
            raise CrossSite(field=CSRF_HEADER, rule="the csrfToken that the sign-in gave")
    return found, token


def insist_same_site(connection: Connection, house: House) -> None:
    """Go on only if no other site's page made this request; programs that are no browsers send neither header.

    Raises:
        CrossSite: one did.
    """
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site not in {None, "same-origin", "none"} or (origin is not None and origin not in _origins(connection, house)):
        raise CrossSite


def csrf_token(token: str) -> str:
    """What a page proves itself with: derived from the session token, which no page can read out of its cookie."""
    return hashlib.sha256(b"csrf " + token.encode()).hexdigest()


def cookie(connection: Connection, token: str, *, seconds: int) -> Cookie:
    """The cookie that carries a session; with no seconds left it is taken back."""
    return Cookie(
        key=cookie_name(connection),
        value=token,
        path="/",
        max_age=seconds,
        httponly=True,
        secure=requests.is_secure(connection.scope),
        samesite="strict",
    )


def cookie_name(connection: Connection) -> str:
    """Over TLS a name that browsers accept from this very host only (RFC 6265bis, section 4.1.3)."""
    return "__Host-bursar_session" if requests.is_secure(connection.scope) else "bursar_session"


def _origins(connection: Connection, house: House) -> set[str]:
    """The origins of our own pages: where this request went, and how the world reaches us."""
    here = f"{connection.scope['scheme']}://{connection.headers.get('host', '')}"
    public = urlsplit(house.settings.public_url or here)
    return {here, f"{public.scheme}://{public.netloc}"}
