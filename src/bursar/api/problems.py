"""How refusals look over HTTP: the only place that knows statuses.

Everybody gets ``{"error": {"code", "message", "timestamp", "requestId", …}}``, the shape of the members document; a client
that asks for ``application/problem+json`` gets an RFC 9457 problem document with the same facts.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from bursar.foundation.errors import Invalid, Kind, Missing, Refusal

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

_encode = msgspec.json.Encoder().encode


class BodyTooLarge(Refusal):
    """The request's body is too large."""

    code = "body_too_large"
    kind = Kind.TOO_LARGE


class Unreadable(Invalid):
    """The request's body is not what this address takes."""

    code = "invalid_body"


class MethodNotAllowed(Refusal):
    """This address does not take this method."""

    code = "method_not_allowed"
    kind = Kind.INVALID


class Unexpected(Refusal):
    """Something went wrong on our side; nothing was done that you were not told of."""

    code = "internal_error"
    kind = Kind.UNAVAILABLE


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    match refusal:
        case Unexpected():
            return 500
        case MethodNotAllowed():
            return 405
        case _:
            return STATUS_BY_KIND[refusal.kind]


def body_of(refusal: Refusal, *, request_id: str, at: datetime, problem: bool = False) -> bytes:
    """The body of a refusal, as an error envelope or as a problem document."""
    facts = {_camel(name): _shown(value) for name, value in refusal.facts.items()}
    if problem:
        title = (type(refusal).__doc__ or refusal.code).splitlines()[0]
        return _encode(
            {
                "type": f"urn:bursar:error:{refusal.code}",
                "title": title,
                "status": status_of(refusal),
                "detail": refusal.message,
                "code": refusal.code,
                "requestId": request_id,
                "timestamp": timestamp(at),
                **facts,
            }
        )
    error = {"code": refusal.code, "message": refusal.message, "timestamp": timestamp(at), "requestId": request_id}
    return _encode({"error": error | facts})


def headers_of(refusal: Refusal) -> Mapping[str, str]:
    """Headers that belong to a refusal: how to authenticate, or when to come again."""
    match refusal.kind:
        case Kind.UNAUTHORISED:
            return {"www-authenticate": 'Bearer realm="bursar"'}
        case Kind.UNAVAILABLE | Kind.TOO_MANY:
            return {"retry-after": str(refusal.facts.get("retry_after", RETRY_AFTER_SECONDS))}
        case _:
            return {}


def timestamp(at: datetime) -> str:
    """A moment as all documents write it: UTC, milliseconds, ``Z``."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def from_decoding(error: msgspec.MsgspecError) -> Unreadable:
    """Turn a decoder's complaint into a refusal that names the field and the rule."""
    text = str(error)
    rule, _, path = text.partition(" - at `$")
    field = path.strip(".`") or "body"
    for missing in ("Object missing required field `", "Object contains unknown field `"):
        if rule.startswith(missing):
            name = rule.removeprefix(missing).rstrip("`")
            field = name if field == "body" else f"{field}.{name}"
            rule = "present" if "missing" in missing else "left out; there is no such field"
            return Unreadable(f"{field} must be {rule}.", field=field, rule=rule)
    if not isinstance(error, msgspec.ValidationError):
        return Unreadable("The body must be well-formed JSON in UTF-8.", field="body", rule="well-formed JSON in UTF-8")
    rule = rule.removeprefix("Expected ").replace("`", "")
    return Unreadable(f"{field} must be {rule}.", field=field, rule=rule)


def from_framework(status: int, detail: str) -> Refusal:
    """Turn the framework's own refusals (no such route, wrong method, unreadable parameter) into ours."""
    match status:
        case 404:
            return Missing("There is nothing at this address.")
        case 405:
            return MethodNotAllowed()
        case 413:
            return BodyTooLarge()
        case _ if 400 <= status < 500:
            return Invalid(detail)
        case _:
            return Unexpected()


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _shown(value: Any) -> Any:
    return value if isinstance(value, str | int | bool | list | tuple | dict) or value is None else str(value)
