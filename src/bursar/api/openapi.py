"""The OpenAPI document, made from the routes themselves and from the very structs that requests are read into.

Each route carries a ``Doc``. Constraints stand in one place: what ``msgspec`` refuses is what the document says.
(The framework's own generator reads handlers' signatures; it would have the framework parse bodies, amounts as floats.)
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from inspect import cleandoc
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from bursar import identity
from bursar.api import problems
from bursar.api.entry import HOLDER_HEADER, Either, Needs, Shared

JSON: Final = "application/json"
SCHEMAS: Final = "#/components/schemas/{name}"


class Error(msgspec.Struct, rename="camel"):
    """Why a request was refused. Further facts stand beside these, such as `available` and `needed`."""

    code: str
    message: str
    timestamp: str
    request_id: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    rule: str | msgspec.UnsetType = msgspec.UNSET


class ErrorAnswer(msgspec.Struct):
    """An answer that is not 2xx. Ask for `application/problem+json` to get an RFC 9457 document instead."""

    error: Error


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header that a request brings."""

    name: str
    description: str
    example: str
    required: bool = True
    length_max: int = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Doc:
    """What the document says about one operation, besides what its handler's docstring says.

    ``answers`` and ``takes`` are struct types, ``query`` a struct whose fields are parameters. ``shows`` and
    ``examples`` are what they may look like; ``takes_also`` and ``answers_also`` are other media types.
    ``answers_by_status`` are other good answers, each with what it may look like.
    """

    summary: str
    answers: Any = None
    shows: Any = None
    answers_also: Mapping[str, str] = field(default_factory=dict)
    answers_by_status: Mapping[int, tuple[Any, Any]] = field(default_factory=dict)
    takes: Any = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    takes_also: Mapping[str, Any] = field(default_factory=dict)
    body_required: bool = True
    query: Any = None
    headers: Sequence[Header] = ()
    refuses: Sequence[int] = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Doc":
        """Routers are copied with all they hold when they are registered; what never changes need not be."""
        return self


def document(app: Litestar, *, title: str, version: str, description: str) -> dict[str, Any]:
    """The whole document."""
    documented = list(_documented(app))
    kinds = [kind for _, _, handler in documented for kind in _kinds(handler.opt["doc"])]
    unique = list({str(kind): kind for kind in [ErrorAnswer, *kinds]}.values())
    references, components = msgspec.json.schema_components(unique, ref_template=SCHEMAS)
    schemas = dict(zip(map(str, unique), references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    names: Counter[str] = Counter()
    for path, method, handler in documented:
        operation = _operation(path, handler, schemas, components)
        name = operation["operationId"]
        names[name] += 1
        if names[name] > 1:  # A second path to the same handler.
            operation["operationId"] = f"{name}{names[name]}"
        paths.setdefault(path, {})[method.lower()] = operation
    for _, _, handler in documented:  # What they say stands beside each operation.
        components.pop(_name_of(handler.opt["doc"].query, schemas), None)
    return _plainly_named(
        {
            "openapi": "3.1.0",
            "info": {"title": title, "version": version, "description": description, "license": LICENSE},
            "tags": [{"name": name} for name in IN_ORDER],
            "paths": dict(sorted(paths.items())),
            "components": {"schemas": dict(sorted(components.items())), "securitySchemes": SECURITY_SCHEMES},
        }
    )


IN_ORDER: Final = (
    "Payouts", "Balance", "Events", "Webhooks", "Session", "Providers: payouts", "Providers: money",
    "Providers: notices", "Marketplace: payouts", "Marketplace: scouts and sellers", "Marketplace: orders", "Earnings",
    "Statements", "Holders", "Staff: payouts", "Staff: debts", "Staff: kill switches", "Staff: gateways",
    "Staff: reconciliation", "Staff: monitoring", "Scheduler", "Gateways", "Health",
)  # fmt: skip
"""The sections of the page, those for merchants first."""
LICENSE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
SECURITY_SCHEMES: Final = {
    "ApiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-KEY",
        "description": "The API key of a merchant or of a platform.",
    },
    "ApiKeyAsBearer": {"type": "http", "scheme": "bearer", "description": "The same key as a bearer token."},
    "CronKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "The setting `CRON_API_KEY` of this installation, for its scheduler.",
    },
    "Session": {"type": "http", "scheme": "bearer", "description": "The token that `POST /api/sign-in` gives."},
}


FOR_WHOM: Final = {
    "name": HOLDER_HEADER,
    "in": "header",
    "required": False,
    "description": "The id of the holder for whom you ask, as `GET /api/provider/me` lists them. Needed from those who "
    "act for several.",
    "schema": {"type": "string", "format": "uuid"},
}


FOR_ONE: Final = "The id of one holder for whom you act; left out, it is about all of them."


def _documented(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if "doc" in handler.opt:
                    names = {name: problems.camel(name) for name in route.path_parameters}
                    path = route.path_format.format(**{name: f"{{{wire}}}" for name, wire in names.items()})
                    yield from ((path, method, handler) for method in handler.http_methods if method != "OPTIONS")


def _plainly_named(told: dict[str, Any]) -> dict[str, Any]:
    """The document with ``Page_PayoutView_`` called ``PagePayoutView``, as generated clients want it."""
    text = msgspec.json.encode(told).decode()
    for name in told["components"]["schemas"]:
        plain = _plain(name)
        text = text.replace(f'"{name}":', f'"{plain}":').replace(f'schemas/{name}"', f'schemas/{plain}"')
    named: dict[str, Any] = msgspec.json.decode(text)
    return named


def _plain(name: str) -> str:
    """The name without signs; of two rooms' kinds of the same name, each is told with its room, as in `NoticesKind`."""
    known = re.sub(rf"^{MODULE}", lambda path: f"{_room(path[0])}_", name)
    return "".join(map(_capitalised, re.sub(MODULE, "", known).split("_")))


MODULE: Final = r"bursar\.(?:\w+\.)+"


def _room(path: str) -> str:
    *rooms, module = path.rstrip(".").split(".")
    return rooms[-1] if module == "model" else module


def _capitalised(word: str) -> str:
    return word[:1].upper() + word[1:]


def _kinds(doc: Doc) -> list[Any]:
    others = (kind for kind, _ in doc.answers_by_status.values())
    return [kind for kind in (doc.answers, doc.takes, doc.query, *others) if kind is not None]


def _operation(
    path: str, handler: HTTPRouteHandler, schemas: Mapping[str, Any], components: dict[str, Any]
) -> dict[str, Any]:
    doc: Doc = handler.opt["doc"]
    operation: dict[str, Any] = {
        "operationId": problems.camel(handler.handler_name),
        "summary": doc.summary,
        "description": cleandoc(handler.fn.__doc__ or ""),
        "tags": list(handler.resolve_tags()),
        "parameters": [
            *_path_parameters(path),
            *_query_parameters(doc, schemas, components),
            *map(_header, doc.headers),
            *_for_whom(handler.opt["needs"]),
        ],
        "responses": _responses(handler, doc, schemas),
        "security": _security(handler.opt["needs"]),
    }
    if doc.takes is not None or doc.takes_also:
        operation["requestBody"] = _request_body(doc, schemas)
    return {name: value for name, value in operation.items() if value not in ([], "") or name == "security"}


def _for_whom(needs: Any) -> list[dict[str, Any]]:
    if needs is Needs.HOLDER:
        return [FOR_WHOM]
    if needs is Needs.HOLDERS:
        return [FOR_WHOM | {"description": FOR_ONE}]
    return []


def _path_parameters(path: str) -> Iterator[dict[str, Any]]:
    for name in (part.strip("{}") for part in path.split("/") if part.startswith("{")):
        schema = {"type": "string", "format": "uuid"} if name.endswith("Id") else {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(doc: Doc, schemas: Mapping[str, Any], components: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    described = components.get(_name_of(doc.query, schemas), {"properties": {}})
    for name, given in described["properties"].items():
        schema = _without_null(given)
        parameter = {"name": name, "in": "query", "required": name in described["required"]}
        yield parameter | {"description": schema.pop("description", ""), "schema": schema}


def _name_of(kind: Any, schemas: Mapping[str, Any]) -> str:
    """The component's name; longer than the struct's own where another struct is called the same."""
    return schemas[str(kind)]["$ref"].rpartition("/")[2] if kind is not None else ""


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter is left out rather than null."""
    given = {key: value for key, value in schema.items() if not (key == "default" and value is None)}
    kinds = [kind for kind in given.pop("anyOf", []) if kind != {"type": "null"}]
    return {**given, **kinds[0]} if len(kinds) == 1 else {**given, "anyOf": kinds} if kinds else given


def _header(header: Header) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": header.length_max, "pattern": "^[!-~]+$"}
    named = {"name": header.name, "in": "header", "required": header.required}
    return named | {"description": header.description, "example": header.example, "schema": schema}


def _request_body(doc: Doc, schemas: Mapping[str, Any]) -> dict[str, Any]:
    content = dict(doc.takes_also)
    if doc.takes is not None:
        examples = {name: {"value": value} for name, value in doc.examples.items()}
        content = {JSON: {"schema": schemas[str(doc.takes)], "examples": examples}, **content}
    return {"required": doc.body_required, "content": content}


def _responses(handler: HTTPRouteHandler, doc: Doc, schemas: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"description": HTTPStatus(handler.status_code).phrase}
    text = {media: {"schema": {"type": "string"}, "example": text} for media, text in doc.answers_also.items()}
    if doc.answers is not None:
        found["content"] = {JSON: {"schema": schemas[str(doc.answers)], "example": doc.shows}, **text}
    elif text:
        found["content"] = text
    refuses = {*doc.refuses, 503, *((400,) if doc.query else ()), *_barred(handler.opt["needs"])}
    if doc.takes is not None or doc.takes_also:
        refuses |= {400, 413, 415}
    answers = {str(handler.status_code): found} | {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {JSON: {"schema": schemas[str(kind)], "example": shows}},
        }
        for status, (kind, shows) in doc.answers_by_status.items()
    }
    return answers | {str(status): _refusal(status, schemas) for status in sorted(refuses)}


def _barred(needs: Any) -> tuple[int, ...]:
    match needs:
        case Needs.NOTHING:
            return ()
        case Needs.HOLDER | Needs.HOLDERS | Shared():  # It may have to say for which holder.
            return (400, 401, 403)
        case Needs.CRON:
            return (401,)
        case _:
            return (401, 403)


def _refusal(status: int, schemas: Mapping[str, Any]) -> dict[str, Any]:
    code, message = REFUSALS[status]
    error = {"code": code, "message": message, "timestamp": "2025-12-12T11:13:51.708Z", "requestId": "corr_5f2c9d0e"}
    content = {"schema": schemas[str(ErrorAnswer)], "example": {"error": error}}
    problem = {"schema": {"type": "object", "description": "The same as RFC 9457 has it."}}
    return {"description": HTTPStatus(status).phrase, "content": {JSON: content, problems.PROBLEM_JSON: problem}}


REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("invalid_amount", "The amount is not an exact positive decimal of its currency: amount must be …"),
    401: ("unauthorized", "Authentication required."),
    403: ("forbidden", "You may not do this."),
    404: ("not_found", "There is no such thing."),
    409: ("insufficient_funds", "The available balance of 250.00 PKR does not cover 1,000.00 PKR."),
    413: ("body_too_large", "The request's body is too large: body must be at most 65536 bytes."),
    415: ("unsupported_media_type", "This address does not take a body of this type."),
    422: ("idempotency_key_reused", "This idempotency key was used before with a different request body."),
    503: ("database_busy", "The database has no free connection or did not answer in time; nothing was done."),
}
"""An example of each refusal: its code and message."""


def _security(needs: Any) -> list[dict[str, list[str]]]:
    match needs:
        case identity.Scope():
            return [{"ApiKey": []}, {"ApiKeyAsBearer": []}]
        case Either() | Shared():
            return [{"ApiKey": []}, {"ApiKeyAsBearer": []}, {"Session": []}]
        case Needs.CRON:
            return [{"CronKey": []}]
        case Needs.NOTHING:
            return []
        case _:
            return [{"Session": []}]
