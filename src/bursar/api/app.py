"""The API application: routers, errors, documentation, start and stop."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig

from bursar.api import health, problems, reports, requests
from bursar.api.fastlane import FastLane
from bursar.api.merchants import payouts as merchants_payouts
from bursar.api.merchants.create import Creation
from bursar.foundation import log
from bursar.foundation.clock import Clock
from bursar.foundation.errors import Refusal
from bursar.house import House

OPENAPI: Final = OpenAPIConfig(
    title="Bursar",
    version="0.1.0",
    description="Payouts: money out to the people a business owes, on time, once, for the right amount.",
    path="/docs",
)

Furnish = Callable[[], AbstractAsyncContextManager[House]]

_log = log.get(__name__)


def create_app(furnish: Furnish, *, clock: Clock) -> FastLane:
    """The application; ``furnish`` opens the house when it starts and closes it when it stops."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with furnish() as house:
            app.state.house = house
            app.state.creation = Creation(house)
            app.state.inbox = reports.Inbox(house)
            yield
            await app.state.creation.drain()
            await app.state.inbox.drain()

    app = Litestar(
        route_handlers=[health.router, merchants_payouts.router, reports.router],
        lifespan=[lifespan],
        exception_handlers={Exception: _answer},
        openapi_config=OPENAPI,
    )
    app.state.clock = clock
    return FastLane(app, lambda: app.state.creation, clock)  # type: ignore[arg-type] # Litestar types ASGI messages itself


def _answer(request: Request[Any, Any, Any], failure: Exception) -> Response[bytes]:
    """Every failure as an error body with its request id; what we did not expect is logged and not shown."""
    request_id = requests.request_id(request.scope["headers"])
    refusal = _refusal(failure)
    if isinstance(refusal, problems.Unexpected):
        _log.error("request.failed", path=request.scope["path"], correlation_id=request_id, exc_info=failure)
    problem = problems.PROBLEM_JSON in request.headers.get("accept", "")
    body = problems.body_of(refusal, request_id=request_id, at=request.app.state.clock.now(), problem=problem)
    return Response(
        body,
        status_code=problems.status_of(refusal),
        media_type=problems.PROBLEM_JSON if problem else "application/json",
        headers={**problems.headers_of(refusal), "x-request-id": request_id, "cache-control": "no-store"},
    )


def _refusal(failure: Exception) -> Refusal:
    match failure:
        case Refusal():
            return failure
        case HTTPException():
            return problems.from_framework(failure.status_code, detail=failure.detail, headers=failure.headers or {})
        case _:
            return problems.Unexpected()
