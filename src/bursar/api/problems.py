"""How refusals look over HTTP: the only place that knows statuses.

Everybody gets ``{"error": {"code", "message", "timestamp", "requestId", …}}``, the shape of the members document; a
client that asks for ``application/problem+json`` gets an RFC 9457 problem document with the same facts. Fields are
named as they are written on the wire: in camel case, and where a document writes ``snake_case``, in that.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from bursar.api import rules
from bursar.foundation.clock import timestamp
from bursar.foundation.errors import Conflict, Invalid, Kind, Missing, Refusal

STATUS_BY_KIND: Final = {
    Kind.INVALID: 400,
    Kind.UNAUTHORISED: 401,
    Kind.FORBIDDEN: 403,
    Kind.MISSING: 404,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.UNPROCESSABLE: 422,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
}
PROBLEM_JSON: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 1

Naming = Callable[[str], str]
"""How a name is written on the wire."""

_encode = msgspec.json.Encoder().encode


class BodyTooLarge(Refusal):
    """The request's body is too large."""

    code = "body_too_large"
    kind = Kind.TOO_LARGE


class Unreadable(Invalid):
    """The request's body is not what this address takes."""

    code = "invalid_body"


class UnsupportedMedia(Invalid):
    """This address does not take a body of this type."""

    code = "unsupported_media_type"


class TooLate(Conflict):
    """This payout has gone too far for that; `status` says how far, in the caller's own words."""

    code = "wrong_status"


class MethodNotAllowed(Invalid):
    """This address does not take this method."""

    code = "method_not_allowed"


class Unexpected(Refusal):
    """Something went wrong on our side; nothing was done that you were not told of."""

    code = "internal_error"
    kind = Kind.UNAVAILABLE


STATUS_BY_TYPE: Final[Mapping[type[Refusal], int]] = {MethodNotAllowed: 405, UnsupportedMedia: 415, Unexpected: 500}
"""Refusals of HTTP itself, which no room knows."""


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return STATUS_BY_TYPE.get(type(refusal)) or STATUS_BY_KIND[refusal.kind]


def camel(name: str) -> str:
    """A name as it is written on the wire: ``bank_code`` becomes ``bankCode``."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def snake(name: str) -> str:
    """A name as it is written on the wire where a document leaves names as they are."""
    return name


def body_of(refusal: Refusal, *, request_id: str, at: datetime, problem: bool = False, naming: Naming = camel) -> bytes:
    """The body of a refusal, as an error envelope or as a problem document."""
    told = told_of(refusal, naming=naming)
    if problem:
        title = (type(refusal).__doc__ or refusal.code).splitlines()[0]
        detail = told.pop("message")
        kind = f"urn:bursar:error:{refusal.code}"
        standard = {"type": kind, "title": title, "status": status_of(refusal), "detail": detail}
        return _encode({**standard, "requestId": request_id, "timestamp": timestamp(at), **told})
    return _encode({"error": {**told, "timestamp": timestamp(at), "requestId": request_id}})


def told_of(refusal: Refusal, *, naming: Naming = camel) -> dict[str, Any]:
    """A refusal's code, message and facts, with fields named as on the wire."""
    facts = {naming(name): _shown(value) for name, value in refusal.facts.items()}
    message, field = refusal.message, refusal.facts.get("field")
    if isinstance(field, str):
        facts["field"] = naming(field)
        message = message.replace(f"{field} must be", f"{facts['field']} must be")
    return {"code": refusal.code, "message": message, **facts}


def headers_of(refusal: Refusal) -> Mapping[str, str]:
    """Headers that belong to a refusal: how to authenticate, when to come again, or which methods there are."""
    match refusal:
        case MethodNotAllowed():
            return {"allow": ", ".join(refusal.facts.get("allowed", ()))}
        case Refusal(kind=Kind.UNAUTHORISED):
            return {"www-authenticate": 'Bearer realm="bursar"'}
        case Refusal(kind=Kind.UNAVAILABLE | Kind.TOO_MANY):
            return {"retry-after": str(refusal.facts.get("retry_after", RETRY_AFTER_SECONDS))}
        case _:
            return {}


def from_decoding(error: msgspec.MsgspecError, *, of: Any) -> Unreadable:
    """Turn a decoder's complaint about a body into a refusal that names the field and the rule."""
    if not isinstance(error, msgspec.ValidationError):
        return Unreadable("The body must be well-formed JSON in UTF-8.", field="body", rule="well-formed JSON in UTF-8")
    field, rule = rules.broken(str(error), of=of)
    return Unreadable(f"{field or 'The body'} must be {rule}.", field=field or "body", rule=rule)


def from_framework(status: int, *, detail: str, headers: Mapping[str, str]) -> Refusal:
    """Turn the framework's own refusals (no such route, wrong method, unreadable parameter) into ours."""
    match status:
        case 404:
            return Missing("There is nothing at this address.")
        case 405:
            return MethodNotAllowed(allowed=sorted(headers.get("allow", "").split(", ")))
        case 413:
            return BodyTooLarge()
        case _ if 400 <= status < 500:
            return Invalid(detail)
        case _:
            return Unexpected()


def _shown(value: Any) -> Any:
    match value:
        case str() | int() | list() | tuple() | dict() | None:
            return value
        case datetime():
            return timestamp(value)
        case _:
            return str(value)
