"""The API application: routers, errors, documentation, start and stop."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException

from bursar.api import cron, docs, entry, health, metrics, problems, push, reports
from bursar.api.fastlane import FastLane
from bursar.api.marketplace import many as marketplace_many
from bursar.api.marketplace import mine as marketplace_mine
from bursar.api.marketplace import orders as marketplace_orders
from bursar.api.marketplace import people as marketplace_people
from bursar.api.marketplace import schedule as marketplace_schedule
from bursar.api.marketplace.completing import Completing
from bursar.api.marketplace.requesting import EarningsRequesting
from bursar.api.merchants import balances, bulk, deliveries, endpoints, events
from bursar.api.merchants import payouts as merchants_payouts
from bursar.api.merchants.create import Creation
from bursar.api.platform import destinations as platform_destinations
from bursar.api.platform import earnings as platform_earnings
from bursar.api.platform import holders as platform_holders
from bursar.api.platform import wishes as platform_wishes
from bursar.api.porch import ASKING, Porch
from bursar.api.providers import earnings as providers_earnings
from bursar.api.providers import money as providers_money
from bursar.api.providers import notices as providers_notices
from bursar.api.providers import payouts as providers_payouts
from bursar.api.providers.requesting import Requesting
from bursar.api.staff import analytics as staff_analytics
from bursar.api.staff import debts as staff_debts
from bursar.api.staff import decisions, monitoring, reconciliation, resolving, sign_in, switches
from bursar.api.staff import gateways as staff_gateways
from bursar.api.staff import many as staff_many
from bursar.api.staff import payouts as staff_payouts
from bursar.api.staff import runs as staff_runs
from bursar.api.staff import trace as staff_trace
from bursar.api.statements import routes as statements
from bursar.foundation import log
from bursar.foundation.addresses import Policy
from bursar.foundation.clock import Clock
from bursar.foundation.egress import Egress
from bursar.foundation.errors import Refusal
from bursar.house import House
from bursar.monitoring.exposition import Requests
from bursar.outbound import notices

BODY_BYTES_MAX: Final = 16 * 1024 * 1024  # For whole files; routes that take one thing at a time set a lower one.

ROUTERS: Final = (
    docs.router,
    health.router,
    metrics.router,
    merchants_payouts.router,
    bulk.router,
    balances.router,
    events.router,
    endpoints.router,
    deliveries.router,
    sign_in.router,
    staff_payouts.router,
    decisions.router,
    staff_many.router,
    staff_debts.router,
    resolving.router,
    switches.router,
    staff_gateways.router,
    staff_runs.router,
    reconciliation.router,
    monitoring.router,
    cron.router,
    providers_payouts.router,
    providers_money.router,
    providers_earnings.router,
    providers_notices.router,
    push.router,
    platform_holders.router,
    platform_destinations.router,
    platform_wishes.router,
    platform_earnings.router,
    staff_analytics.router,
    statements.my_router,
    statements.key_router,
    statements.holder_router,
    staff_trace.router,
    marketplace_people.router,
    marketplace_mine.router,
    marketplace_schedule.router,
    marketplace_orders.router,
    marketplace_many.router,
    reports.router,
)

Furnish = Callable[[], AbstractAsyncContextManager[House]]

_log = log.get(__name__)


def create_app(
    furnish: Furnish, *, clock: Clock, body_bytes_max: int = BODY_BYTES_MAX, base_alias: str = ""
) -> FastLane:
    """The application; ``furnish`` opens the house when it starts and closes it when it stops.

    With ``base_alias`` set to ``/``, what stands under ``/api`` is also served without that prefix.
    """
    app = Litestar(
        route_handlers=ROUTERS,
        guards=[entry.admit],
        lifespan=[_lifespan(furnish)],
        exception_handlers={Exception: _answer},
        request_max_body_size=body_bytes_max,
        openapi_config=None,  # Ours is made from the structs that requests are read into; see ``openapi``.
    )
    app.state.clock = clock
    app.state.requests = counts = Requests()
    steps = {route.path.split("/")[2] for route in app.routes if route.path.startswith("/api/")} if base_alias else ()
    porch = Porch(app, counts=counts, unprefixed=steps)  # type: ignore[arg-type] # Litestar types ASGI messages itself
    return FastLane(
        porch,
        creation=lambda: app.state.creation,
        completing=lambda: app.state.completing,
        inbox=lambda: app.state.inbox,
        clock=clock,
        counts=counts,
        is_unprefixed=bool(base_alias),
    )


def _lifespan(furnish: Furnish) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with furnish() as house:
            app.state.house = house
            app.state.vapid_key = notices.vapid_key(house.settings)
            app.state.creation = Creation(house)
            app.state.requesting = Requesting(house)
            app.state.earnings_requesting = EarningsRequesting(house)
            app.state.completing = Completing(house)
            app.state.inbox = reports.Inbox(house)
            app.state.egress = Egress.open(Policy(allow_loopback=house.settings.webhook_allow_loopback))
            yield
            await app.state.creation.drain()
            await app.state.requesting.drain()
            await app.state.earnings_requesting.drain()
            await app.state.completing.drain()
            await app.state.inbox.drain()
            await app.state.egress.close()

    return lifespan


def _answer(request: Request[Any, Any, Any], failure: Exception) -> Response[bytes]:
    """Every failure as an error body with its request id; what we did not expect is logged and not shown."""
    request_id = log.correlation_id() or log.new_correlation_id()
    refusal = _refusal(failure)
    if isinstance(refusal, problems.MethodNotAllowed) and request.scope["method"] == ASKING:
        return Response(b"", status_code=204, headers=dict(problems.headers_of(refusal)))
    if isinstance(refusal, problems.Unexpected):
        _log.error("request.failed", path=request.scope["path"], exc_info=failure)
    problem = problems.PROBLEM_JSON in request.headers.get("accept", "")
    body = problems.body_of(
        refusal, request_id=request_id, at=request.app.state.clock.now(), problem=problem, naming=_naming(request)
    )
    return Response(
        body,
        status_code=problems.status_of(refusal),
        media_type=problems.PROBLEM_JSON if problem else "application/json",
        headers=dict(problems.headers_of(refusal)),
    )


def _naming(request: Request[Any, Any, Any]) -> problems.Naming:
    """How names are written at this address; where there is nothing, as they mostly are."""
    handler = request.scope.get("route_handler")
    naming: problems.Naming = handler.opt.get("naming", problems.camel) if handler else problems.camel
    return naming


def _refusal(failure: Exception) -> Refusal:
    match failure:
        case Refusal():
            return failure
        case HTTPException():
            return problems.from_framework(failure.status_code, detail=failure.detail, headers=failure.headers or {})
        case _:
            return problems.Unexpected()
