"""Who calls, for whom, and whether they may."""

import hmac
import re
from base64 import b64decode
from binascii import Error
from typing import Final

from bursar_sandbox.asgi import Exchange
from bursar_sandbox.clock import Clock
from bursar_sandbox.settings import StripeSettings
from bursar_sandbox.stripe.accounts import Accounts, Holder
from bursar_sandbox.stripe.ids import PLATFORM
from bursar_sandbox.stripe.life import Behaviour
from bursar_sandbox.stripe.refusals import BadParameter, Forbidden, TooMany, Unauthenticated

SHOWN_OF_KEY: Final = 4

_VERSION: Final = re.compile(rb"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")


class Gate:
    """Looks at keys, and counts requests."""

    def __init__(self, settings: StripeSettings, *, accounts: Accounts, behaviour: Behaviour, clock: Clock) -> None:
        """Let in who shows one of these keys."""
        self._secret_key = settings.secret_key.encode()
        self._restricted_key = settings.restricted_key.encode()
        self._accounts = accounts
        self._behaviour = behaviour
        self._clock = clock
        self._second = 0
        self._in_second = 0

    def admit(self, exchange: Exchange) -> Holder:
        """The account for which the call is made.

        Raises:
            Unauthenticated: no key, or a wrong one.
            Forbidden: the key may not do this, or not for this account.
            TooMany: there were too many requests in this second.
            BadParameter: there is no such version of the interface.
        """
        key = _key(exchange.header(b"authorization") or b"")
        is_restricted = hmac.compare_digest(key, self._restricted_key)
        if not is_restricted and not hmac.compare_digest(key, self._secret_key):
            raise Unauthenticated(_about_wrong_key(key))
        version = exchange.header(b"stripe-version")
        if version is not None and not _VERSION.fullmatch(version):
            raise BadParameter(f"Invalid Stripe API version: {version.decode('latin-1')}")
        self._count()
        holder = self._holder(exchange)
        if is_restricted and exchange.method != "GET":
            raise Forbidden(
                f"The provided key '{_masked(key)}' does not have the required permissions for this endpoint on "
                f"account '{holder.id}'."
            )
        return holder

    def _holder(self, exchange: Exchange) -> Holder:
        name = (exchange.header(b"stripe-account") or PLATFORM.encode()).decode("latin-1")
        holder = self._accounts.find(name)
        if holder is None:
            raise Forbidden(
                f"The provided key does not have access to account '{name}' (or that account does not exist). "
                "Application access may have been revoked.",
                code="account_invalid",
            )
        return holder

    def _count(self) -> None:
        allowed, second = self._behaviour.requests_per_second, self._clock.now_ms() // 1000
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        if allowed and self._in_second > allowed:
            raise TooMany


def _key(authorization: bytes) -> bytes:
    """The key: as a token, or as the user of HTTP's basic authentication."""
    scheme, _, given = authorization.partition(b" ")
    match scheme.lower():
        case b"bearer":
            return given.strip()
        case b"basic":
            try:
                return b64decode(given, validate=True).partition(b":")[0]
            except Error:
                return b""
    return b""


def _about_wrong_key(key: bytes) -> str:
    if not key:
        return (
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication."
        )
    return f"Invalid API Key provided: {_masked(key)}"


def _masked(key: bytes) -> str:
    shown = key.decode("latin-1")
    return f"{shown[:8]}{'*' * 8}{shown[-SHOWN_OF_KEY:]}"
