"""What every request carries: an id to find it again by, where it came from, and what it was let in with."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import SecretStr

from bursar.foundation import log, tracing

REQUEST_ID: Final = b"x-request-id"
_SANE: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")

Headers = Iterable[tuple[bytes, bytes]]
Scope = Mapping[str, Any]


def header(headers: Headers, *names: bytes) -> str | None:
    """The first of these headers that was sent, in the order of the names; names are in lower case."""
    for name in names:
        for sent, value in headers:
            if sent == name:
                return value.decode("latin-1")
    return None


def request_id(headers: Headers) -> str:
    """The id of this request, which becomes the correlation id of all that it causes.

    The caller's own if it is a sane one, else that of the trace that the caller is in, else a new one.
    """
    given = header(headers, REQUEST_ID)
    if given and _SANE.fullmatch(given):
        return given
    calling = parent(headers)
    return calling[0] if calling else log.new_correlation_id()


def parent(headers: Headers) -> tuple[str, str] | None:
    """The trace and the span from which a request was made, as ``traceparent`` says (W3C Trace Context)."""
    given = header(headers, b"traceparent")
    return tracing.read_parent(given) if given else None


def api_key(headers: Headers) -> str | None:
    """The API key a request came with, as ``X-API-KEY`` or as a bearer token."""
    given = header(headers, b"x-api-key")
    return given if given is not None else bearer(headers)


def bearer(headers: Headers) -> str | None:
    """The bearer token a request came with (RFC 6750)."""
    scheme, _, token = (header(headers, b"authorization") or "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


def bears(headers: Headers, secret: SecretStr) -> bool:
    """Whether a request came with this secret as its bearer token.

    Digests are compared, in a time that tells neither the secret's letters nor its length.
    """
    given, expected = bearer(headers) or "", secret.get_secret_value()
    return hmac.compare_digest(_digest(given), _digest(expected))


def is_json(headers: Headers) -> bool:
    """Whether the body claims to be JSON, or nothing at all."""
    media = (header(headers, b"content-type") or "application/json").partition(";")[0].strip().lower()
    return media == "application/json"


def is_secure(scope: Scope) -> bool:
    """Whether the request came over TLS; behind a trusted proxy, uvicorn has put the client's own scheme here."""
    return scope.get("scheme") == "https"


def address(scope: Scope) -> str | None:
    """Where a request came from; behind a trusted proxy, uvicorn has put the client's own address here."""
    client = scope.get("client")
    return client[0] if client else None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
