"""The documentation: ``/docs`` for people, ``/docs/openapi.json`` for programs.

Swagger UI is served from here, as released (see ``static/swagger-ui/LICENSE``): no other host is asked for anything, and
no script stands in a page, so that the strictest content security policy holds.
"""

from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response, Router, get

from bursar.api import openapi
from bursar.api.entry import Needs
from bursar.foundation.errors import Missing

STATIC: Final = Path(__file__).parent / "static"
MEDIA: Final = {
    "docs.html": "text/html; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "swagger-ui/favicon-32x32.png": "image/png",
    "swagger-ui/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui/swagger-ui.css": "text/css; charset=utf-8",
}
"""Every file that is served, and what it is; others of the folder are not."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""As strict as Swagger UI can live with: it sets styles of its own, which is what ``unsafe-inline`` is for."""

TITLE: Final = "Bursar"
DESCRIPTION: Final = """
Payouts: money out to the people a business owes, on time, once, for the right amount.

**Amounts** are in major units. In requests they may be numbers or texts, in answers they are texts; nothing is rounded.
**Times** are UTC in ISO 8601. **Errors** carry `error.code`, `message`, `timestamp` and `requestId`, and name the field
and the rule where there is one; ask for `application/problem+json` to get RFC 9457 documents.

**Repeating a request** that creates something is safe under the same `X-IDEMPOTENCY-KEY` (or `Idempotency-Key`): the
answer is the stored one, byte for byte, with the header `Idempotent-Replayed: true`.
""".strip()


@get(["/", "/{group:str}/{name:str}", "/{name:str}"], needs=Needs.NOTHING, sync_to_thread=False)
def page(name: str = "docs.html", group: str = "") -> Response[bytes]:
    """Serve the page or one of the files it consists of."""
    path = f"{group}/{name}" if group else name
    if path not in MEDIA:
        raise Missing("There is nothing at this address.")
    kept = "no-cache" if path.startswith("docs.") else "public, max-age=86400"
    headers = {"content-security-policy": POLICY, "cache-control": kept}
    return Response(_read(path), media_type=MEDIA[path], headers=headers)


@get("/openapi.json", needs=Needs.NOTHING, sync_to_thread=False)
def description(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Serve the OpenAPI document."""
    state = request.app.state
    if "openapi" not in state:
        told = openapi.document(request.app, title=TITLE, version=version("bursar"), description=DESCRIPTION)
        state.openapi = msgspec.json.encode(told)
    return Response(state.openapi, media_type="application/json")


@lru_cache
def _read(path: str) -> bytes:
    return (STATIC / path).read_bytes()


router = Router(path="/docs", route_handlers=[page, description])
