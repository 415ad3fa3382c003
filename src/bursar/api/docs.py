"""The documentation: ``/docs`` for people, ``/docs/openapi.json`` for programs.

Swagger UI is served from here, as released (see ``static/swagger-ui/LICENSE``): no other host is asked for anything,
and no script stands in a page, so that a strict content security policy holds.
"""

from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, get
from litestar.params import FromPath

from bursar.api import openapi
from bursar.api.entry import Needs
from bursar.foundation.errors import Missing

STATIC: Final = Path(__file__).parent / "static"
MEDIA: Final = {
    "docs.html": "text/html",
    "docs.js": "text/javascript",
    "swagger-ui/favicon-32x32.png": "image/png",
    "swagger-ui/swagger-ui-bundle.js": "text/javascript",
    "swagger-ui/swagger-ui.css": "text/css",
}
"""Every file that is served, and what it is; others of the folder are not."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing but our own files; the pictures in Swagger UI's style sheet are ``data:`` ones."""

TITLE: Final = "Bursar"
DESCRIPTION: Final = """
Payouts: money out to the people a business owes, on time, once, for the right amount.

**Amounts** are in major units. In requests they may be numbers or texts, in answers they are texts; nothing is rounded.
**Times** are UTC in ISO 8601. **Errors** carry `error.code`, `message`, `timestamp` and `requestId`, and name the field
and the rule where there is one; ask for `application/problem+json` to get RFC 9457 documents.

**Repeating a request** that creates something is safe under the same `X-IDEMPOTENCY-KEY` (or `Idempotency-Key`): the
answer is the stored one, byte for byte, with the header `Idempotent-Replayed: true`.
""".strip()


@get("/", needs=Needs.NOTHING, sync_to_thread=False)
def show_page() -> Response[bytes]:
    """Serve the page."""
    return _served("docs.html")


@get("/{file:path}", needs=Needs.NOTHING, sync_to_thread=False)
def show_file(file: FromPath[Path]) -> Response[bytes]:
    """Serve one of the files that the page consists of."""
    return _served(file.as_posix().lstrip("/"))


@get("/openapi.json", needs=Needs.NOTHING, sync_to_thread=False)
def show_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Serve the OpenAPI document."""
    state = request.app.state
    if "openapi" not in state:
        told = openapi.document(request.app, title=TITLE, version=version("bursar"), description=DESCRIPTION)
        state.openapi = msgspec.json.encode(told)
    return Response(state.openapi, media_type="application/json")


def _served(name: str) -> Response[bytes]:
    if name not in MEDIA:
        raise Missing("There is nothing at this address.")
    kept = "no-cache" if name.startswith("docs.") else "public, max-age=86400"
    headers = {"content-security-policy": POLICY, "cache-control": kept}
    return Response(_read(name), media_type=MEDIA[name], headers=headers)


@lru_cache
def _read(name: str) -> bytes:
    return (STATIC / name).read_bytes()


router = Router(path="/docs", route_handlers=[show_page, show_file, show_document])
