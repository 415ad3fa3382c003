"""Reading what a request brings, into structs that say what is allowed; every complaint names field and rule."""

from collections import defaultdict
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
from litestar import Request
from litestar.datastructures import FormMultiDict
from litestar.exceptions import HTTPException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from bursar.api import problems, requests, rules
from bursar.foundation import ids
from bursar.foundation.errors import Invalid, Missing, Refusal

JSON_BYTES_MAX: Final = 64 * 1024  # For one thing at a time; the largest real one is below 2 KiB.
PARAMETERS_MAX: Final = 50

T = TypeVar("T", bound=msgspec.Struct)

AnyRequest = Request[Any, Any, Any]


async def body(request: AnyRequest) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: more than the route takes (its ``request_max_body_size``).
    """
    try:
        return await request.body()
    except RequestEntityTooLarge as large:
        raise _too_large(request) from large


async def form(request: AnyRequest) -> FormMultiDict:
    """The body as a form with files.

    Raises:
        BodyTooLarge: more than the route takes.
        Unreadable: it is not a form.
    """
    try:
        return await request.form()
    except RequestEntityTooLarge as large:
        raise _too_large(request) from large
    except HTTPException as broken:
        raise problems.Unreadable(field="body", rule="a well-formed form") from broken


async def json(request: AnyRequest, kind: type[T], *, optional: bool = False) -> T:
    """The body as JSON; with ``optional``, no body at all stands for an empty object.

    Raises:
        BodyTooLarge: more than the route takes.
        UnsupportedMedia: it says that it is something else than JSON.
        Unreadable: it is not JSON, or not of this shape.
    """
    raw = await body(request)
    if not raw and optional:
        raw = b"{}"
    elif not requests.is_json(request.scope["headers"]):
        raise unsupported("application/json")
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError as unreadable:
        raise problems.from_decoding(unreadable, of=kind) from unreadable


async def one_or_many(request: AnyRequest, kind: type[T]) -> tuple[list[T | Refusal], bool]:
    """The body as JSON that is one thing or an array of them, and whether it was an array.

    What is not of this shape is a refusal in its place.

    Raises:
        BodyTooLarge, UnsupportedMedia: as ``json``.
        Unreadable: it is an array that is not well-formed.
    """
    raw = await body(request)
    if not requests.is_json(request.scope["headers"]):
        raise unsupported("application/json")
    if not raw.lstrip().startswith(b"["):
        return [_item(raw, kind)], False
    try:
        items = msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.MsgspecError as unreadable:
        raise problems.from_decoding(unreadable, of=list[msgspec.Raw]) from unreadable
    return [_item(bytes(item), kind) for item in items], True


def query(request: AnyRequest, kind: type[T]) -> T:
    """The query string; a parameter that is a list may be repeated, or hold several values between commas.

    Raises:
        Invalid: a parameter that does not exist, is repeated or breaks a rule.
    """
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=PARAMETERS_MAX
        )
    except ValueError as many:
        raise Invalid(field="query", rule=f"at most {PARAMETERS_MAX} parameters") from many
    given: dict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        given[name].append(value)
    lists = {field.encode_name for field in msgspec.structs.fields(kind) if field.default_factory is list}
    values = {name: _several(texts) if name in lists else _one(name, texts) for name, texts in given.items()}
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as broken:
        field, rule = rules.broken(str(broken), of=kind)
        raise Invalid(field=field.partition("[")[0], rule=rule) from broken


def identified(text: str, otherwise: type[Missing], *, of: str) -> UUID:
    """An id as it was sent in a path; ``of`` is what the refusal calls the thing that it names.

    Raises:
        Missing: it is no id at all, so there is no such thing; the refusal is an ``otherwise``.
    """
    found = ids.parse(text)
    if found is None:
        raise otherwise(**{of: text[:40]})
    return found


def unsupported(*accepted: str) -> problems.UnsupportedMedia:
    """The refusal of a body whose type is none of these."""
    return problems.UnsupportedMedia(field="Content-Type", rule=" or ".join(accepted))


def _item(raw: bytes, kind: type[T]) -> T | Refusal:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError as unreadable:
        return problems.from_decoding(unreadable, of=kind)


def _too_large(request: AnyRequest) -> problems.BodyTooLarge:
    limit = request.route_handler.resolve_request_max_body_size()
    return problems.BodyTooLarge(field="body", rule=f"at most {limit} bytes")


def _several(texts: list[str]) -> list[str]:
    return [part for text in texts for part in text.split(",")]


def _one(name: str, texts: list[str]) -> str:
    if len(texts) > 1:
        raise Invalid(field=name, rule="given once")
    return texts[0]
