"""Who may do what: every route stands in one table, and every visitor is turned away wherever it does not say so."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from bursar.api.app import ROUTERS
from bursar.foundation.db import Database
from bursar.identity import PROGRAM_SCOPES, Role, Scope
from house import CRON_KEY, Client, Merchant, OpenShop, payout_body
from providers_house import OpenProvider, Provider

ANYBODY: Final = "anybody"
PROVIDER: Final = "acts for a holder"
SCHEDULER: Final = "has the scheduler's key"
ACTING: Final = frozenset({PROVIDER})
SIGNED_IN: Final = frozenset({"no role", PROVIDER, *Role})
STAFF: Final = frozenset(Role)
MANAGERS: Final = frozenset({Role.MANAGER, Role.SUPER_ADMIN})

ENDPOINTS: Final = "/api/v1/webhook-endpoints"
RECONCILIATION: Final = "/api/admin/reconciliation"

MAY: Final[dict[tuple[str, str], Any]] = {
    ("GET", "/docs"): ANYBODY,
    ("GET", "/docs/openapi.json"): ANYBODY,
    ("GET", "/docs/{file}"): ANYBODY,
    ("GET", "/api/health"): ANYBODY,
    ("GET", "/api/ready"): ANYBODY,
    ("GET", "/metrics"): ANYBODY,
    ("POST", "/api/webhooks/{gateway}/payout_status"): ANYBODY,  # The gateway's signature decides.
    ("POST", "/api/sign-in"): ANYBODY,
    ("POST", "/api/v1/payouts"): {Scope.PAYOUTS_WRITE},
    ("GET", "/api/v1/payouts"): {Scope.PAYOUTS_READ},
    ("POST", "/api/v1/payouts/bulk"): {Scope.PAYOUTS_WRITE},
    ("GET", "/api/v1/payouts/{payout_id}"): {Scope.PAYOUTS_READ},
    ("GET", "/api/v1/payouts/{payout_id}/events"): {Scope.PAYOUTS_READ},
    ("POST", "/api/v1/payouts/{payout_id}/cancel"): {Scope.PAYOUTS_WRITE},
    ("GET", "/api/v1/events"): {Scope.PAYOUTS_READ},
    ("GET", "/api/v1/balance"): {Scope.BALANCE_READ},
    ("GET", "/api/v1/ledger"): {Scope.BALANCE_READ},
    ("GET", ENDPOINTS): {Scope.WEBHOOKS_READ},
    ("POST", ENDPOINTS): {Scope.WEBHOOKS_WRITE},
    ("GET", f"{ENDPOINTS}/{{endpoint_id}}"): {Scope.WEBHOOKS_READ},
    ("PATCH", f"{ENDPOINTS}/{{endpoint_id}}"): {Scope.WEBHOOKS_WRITE},
    ("DELETE", f"{ENDPOINTS}/{{endpoint_id}}"): {Scope.WEBHOOKS_WRITE},
    ("POST", f"{ENDPOINTS}/{{endpoint_id}}/rotate-secret"): {Scope.WEBHOOKS_WRITE},
    ("POST", f"{ENDPOINTS}/{{endpoint_id}}/test"): {Scope.WEBHOOKS_WRITE},
    ("POST", f"{ENDPOINTS}/{{endpoint_id}}/replay"): {Scope.WEBHOOKS_WRITE},
    ("GET", f"{ENDPOINTS}/{{endpoint_id}}/deliveries"): {Scope.WEBHOOKS_READ},
    ("GET", f"{ENDPOINTS}/{{endpoint_id}}/deliveries/{{delivery_id}}"): {Scope.WEBHOOKS_READ},
    ("POST", f"{ENDPOINTS}/{{endpoint_id}}/deliveries/{{delivery_id}}/replay"): {Scope.WEBHOOKS_WRITE},
    ("GET", "/api/admin/runs"): STAFF,
    ("GET", "/api/admin/runs/preview"): STAFF,
    ("POST", "/api/admin/runs"): MANAGERS,
    ("GET", "/api/admin/runs/{run_id}"): STAFF,
    ("GET", "/api/admin/runs/{run_id}/payouts"): STAFF,
    ("GET", "/api/admin/runs/{run_id}/failures"): STAFF,
    ("POST", "/api/admin/runs/{run_id}/stop"): MANAGERS,
    ("POST", "/api/admin/runs/{run_id}/resume"): MANAGERS,
    ("POST", "/api/admin/runs/{run_id}/cancel"): MANAGERS,
    ("GET", "/api/payouts"): STAFF,
    ("GET", "/api/payouts/{payout_id}"): STAFF,
    ("POST", "/api/payouts/{payout_id}/approve"): MANAGERS,
    ("POST", "/api/payouts/{payout_id}/reject"): MANAGERS,
    ("POST", "/api/payouts/{payout_id}/cancel"): MANAGERS,
    ("POST", "/api/payouts/{payout_id}/retry"): MANAGERS,
    ("POST", "/api/payouts/{payout_id}/process"): MANAGERS,
    ("POST", "/api/payouts/{payout_id}/resolve"): MANAGERS,
    ("POST", "/api/payouts/process/{payout_id}"): MANAGERS,
    ("POST", "/api/payouts/process"): MANAGERS,
    ("POST", "/api/payouts/retry"): MANAGERS,
    ("POST", "/api/payouts/cancel"): MANAGERS,
    ("GET", "/api/admin/debts"): STAFF,
    ("GET", "/api/admin/debts/{debt_id}"): STAFF,
    ("POST", "/api/admin/debts/{debt_id}/settle"): MANAGERS,
    ("POST", "/api/admin/debts/{debt_id}/forgive"): MANAGERS,
    ("POST", "/api/payouts"): ACTING,
    ("POST", "/api/provider/payouts"): ACTING,
    ("GET", "/api/provider/payouts"): ACTING,
    ("GET", "/api/provider/payouts/{payout_id}"): ACTING,
    ("POST", "/api/provider/payouts/{payout_id}/cancel"): ACTING,
    ("GET", "/api/provider/balance"): ACTING,
    ("GET", "/api/provider/earnings"): ACTING,
    ("GET", "/api/provider/earnings/{earning_id}"): ACTING,
    ("GET", "/api/provider/destinations"): ACTING,
    ("POST", "/api/provider/destinations"): ACTING,
    ("POST", "/api/provider/destinations/{destination_id}/default"): ACTING,
    ("DELETE", "/api/provider/destinations/{destination_id}"): ACTING,
    ("GET", "/api/provider/notice-preferences"): ACTING,
    ("PUT", "/api/provider/notice-preferences"): ACTING,
    ("GET", "/api/provider/notices"): ACTING,
    ("GET", "/api/push/vapid-key"): ACTING,
    ("GET", "/api/push/subscriptions"): ACTING,
    ("POST", "/api/push/subscriptions"): ACTING,
    ("DELETE", "/api/push/subscriptions/{subscription_id}"): ACTING,
    ("GET", "/api/payouts/my-payouts"): ACTING,
    ("GET", "/api/payouts/my-payouts/{payout_id}"): ACTING,
    ("GET", "/api/scouts/{name}"): {Scope.EARNINGS_READ, *STAFF, PROVIDER},
    ("GET", "/api/sellers/{name}"): {Scope.EARNINGS_READ, *STAFF, PROVIDER},
    ("POST", "/api/scouts/{name}/request-payout"): {Scope.PAYOUTS_REQUEST, *MANAGERS, PROVIDER},
    ("POST", "/api/sellers/{name}/request-payout"): {Scope.PAYOUTS_REQUEST, *MANAGERS, PROVIDER},
    ("POST", "/api/scouts/{name}/bounties"): {Scope.EARNINGS_WRITE, *MANAGERS},
    ("PUT", "/api/sellers/{name}/recruiter"): {Scope.HOLDERS_WRITE, *MANAGERS},
    ("GET", "/api/orders"): {Scope.ORDERS_READ, *STAFF, PROVIDER},
    ("POST", "/api/orders"): {Scope.ORDERS_WRITE, *MANAGERS},
    ("POST", "/api/orders/bulk"): {Scope.ORDERS_WRITE, *MANAGERS},
    ("GET", "/api/orders/{order}"): {Scope.ORDERS_READ, *STAFF, PROVIDER},
    ("PATCH", "/api/orders/{order}/complete"): {Scope.ORDERS_WRITE, *MANAGERS, PROVIDER},
    ("POST", "/api/orders/complete"): {Scope.ORDERS_WRITE, *MANAGERS, PROVIDER},
    ("PATCH", "/api/orders/{order}/cancel"): {Scope.ORDERS_WRITE, *MANAGERS},
    ("POST", "/api/orders/{order}/refund"): {Scope.ORDERS_WRITE, *MANAGERS},
    ("POST", "/api/earnings"): {Scope.EARNINGS_WRITE, *MANAGERS},
    ("GET", "/api/earnings"): {Scope.EARNINGS_READ, *STAFF},
    ("GET", "/api/earnings/{earning_id}"): {Scope.EARNINGS_READ, *STAFF},
    ("POST", "/api/holders"): {Scope.HOLDERS_WRITE, *MANAGERS},
    ("GET", "/api/holders"): {Scope.HOLDERS_READ, *STAFF},
    ("GET", "/api/holders/{holder_id}"): {Scope.HOLDERS_READ, *STAFF},
    ("POST", "/api/holders/{holder_id}/verify"): {Scope.HOLDERS_WRITE, *MANAGERS},
    ("GET", "/api/holders/{holder_id}/payout-preferences"): {Scope.HOLDERS_READ, *STAFF},
    ("PATCH", "/api/holders/{holder_id}/payout-preferences"): {Scope.HOLDERS_WRITE, *MANAGERS},
    ("PUT", "/api/holders/{holder_id}/payout-preferences/hold"): MANAGERS,
    ("DELETE", "/api/holders/{holder_id}/payout-preferences/hold"): MANAGERS,
    ("GET", "/api/payouts/my-statements"): ACTING,
    ("GET", "/api/payouts/my-statements/{period}"): ACTING,
    ("GET", "/api/v1/statements"): {Scope.BALANCE_READ},
    ("GET", "/api/v1/statements/{period}"): {Scope.BALANCE_READ},
    ("GET", "/api/admin/holders/{holder_id}/statements"): {Scope.EARNINGS_READ, *STAFF},
    ("GET", "/api/admin/holders/{holder_id}/statements/{period}"): {Scope.EARNINGS_READ, *STAFF},
    ("GET", "/api/admin/analytics"): STAFF,
    ("GET", "/api/payouts/my-schedule"): ACTING,
    ("PUT", "/api/payouts/my-schedule"): ACTING,
    ("DELETE", "/api/payouts/my-schedule"): ACTING,
    ("GET", "/api/admin/trace/{name}"): STAFF,
    ("POST", "/api/holders/{holder_id}/destinations"): {Scope.HOLDERS_WRITE, *MANAGERS},
    ("DELETE", "/api/holders/{holder_id}/destinations/{destination_id}"): {Scope.HOLDERS_WRITE, *MANAGERS},
    ("GET", "/api/admin/gateways"): STAFF,
    ("POST", "/api/admin/gateways/{gateway}/reset"): MANAGERS,
    ("GET", "/api/admin/kill-switches"): STAFF,
    ("POST", "/api/admin/kill-switches"): MANAGERS,
    ("DELETE", "/api/admin/kill-switches"): MANAGERS,
    ("GET", f"{RECONCILIATION}/comparisons"): STAFF,
    ("POST", f"{RECONCILIATION}/comparisons"): MANAGERS,
    ("GET", f"{RECONCILIATION}/comparisons/{{comparison_id}}"): STAFF,
    ("POST", f"{RECONCILIATION}/statements"): MANAGERS,
    ("GET", f"{RECONCILIATION}/items"): STAFF,
    ("GET", f"{RECONCILIATION}/items/{{item_id}}"): STAFF,
    ("POST", f"{RECONCILIATION}/items/{{item_id}}/corrections"): MANAGERS,
    ("POST", f"{RECONCILIATION}/corrections/{{correction_id}}/approve"): MANAGERS,
    ("POST", f"{RECONCILIATION}/corrections/{{correction_id}}/reject"): MANAGERS,
    ("GET", f"{RECONCILIATION}/recovery"): STAFF,
    ("POST", f"{RECONCILIATION}/recovery"): MANAGERS,
    ("GET", "/api/admin/payout-monitoring"): STAFF,
    ("POST", "/api/admin/payout-monitoring"): STAFF,  # What else an action needs: tests/api/test_monitoring_actions.py
    ("POST", "/api/cron/automated-payouts"): {SCHEDULER},
    ("GET", "/api/cron/automated-payouts/{run_id}"): {SCHEDULER},
    ("GET", "/api/me"): SIGNED_IN,
    ("GET", "/api/provider/me"): SIGNED_IN,
    ("POST", "/api/sign-out"): SIGNED_IN,  # The last one: it ends the session that the others need.
}
"""Every route, and who may use it: scopes of keys, roles of people, or whoever acts for a holder."""

BODIES: Final[dict[tuple[str, str], Any]] = {
    ("POST", "/api/v1/payouts"): payout_body(),
    ("PATCH", f"{ENDPOINTS}/{{endpoint_id}}"): {"enabled": False},
    ("POST", f"{ENDPOINTS}/{{endpoint_id}}/replay"): {"since": "2025-12-12"},
}

SignIn = Callable[..., Awaitable[Client]]
Issue = Callable[..., Awaitable[Client]]


def routes() -> list[tuple[str, str]]:
    """Every method and path that the application answers."""
    app = Litestar(route_handlers=ROUTERS, openapi_config=None)
    return [
        (method, route.path_format)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods
        if method != "OPTIONS"
    ]


def test_every_route_stands_in_the_table_once() -> None:
    found = routes()
    assert sorted(found) == sorted(set(found))
    assert set(found) == MAY.keys(), "say in MAY who may use a new route"


class Places(dict[str, Any]):
    """What stands in the place of each part of a path: ids of nothing that there is."""

    def __missing__(self, name: str) -> Any:
        return uuid4() if name.endswith("_id") else "nobody"


async def surprises(client: Client, expected: Callable[[Any], int | None]) -> dict[tuple[str, str], int]:
    """Try every route; those that did not turn the client away with the status that was expected, or at all."""
    found = {}
    for (method, path), who in MAY.items():
        place = path.format_map(Places())
        answer = await client.call(method, place, json=BODIES.get((method, path)))
        barred = answer.status if answer.status in {401, 403} else None
        if barred != (None if who == ANYBODY else expected(who)):
            found[method, path] = answer.status
    return found


async def test_nobody_gets_where_somebody_is_needed(nobody: Client) -> None:
    assert await surprises(nobody, lambda _: 401) == {}


@pytest.mark.parametrize("scope", Scope)
async def test_a_key_opens_what_its_scope_says(scope: Scope, open_shop: OpenShop, platform: Issue) -> None:
    """Where a key is of no use at all, nobody has come who is known there."""
    caller = await (platform(scope) if scope in PROGRAM_SCOPES else open_shop(scopes=frozenset({scope})))
    assert await surprises(caller, lambda who: None if scope in who else 403 if who & frozenset(Scope) else 401) == {}


@pytest.mark.parametrize("role", ["no role", *Role])
async def test_a_person_may_what_their_role_says(role: str, sign_in: SignIn) -> None:
    person = await sign_in(*([] if role == "no role" else [Role(role)]))
    assert await surprises(person, lambda who: None if role in who else 403 if who & SIGNED_IN else 401) == {}


async def test_who_acts_for_a_holder_may_nothing_that_staff_may(ada: Provider) -> None:
    assert await surprises(ada, lambda who: None if PROVIDER in who else 403 if who & SIGNED_IN else 401) == {}


async def test_a_scheduler_may_begin_runs_and_nothing_else(nobody: Client) -> None:
    scheduler = Client(nobody.session, nobody.url, {"Authorization": f"Bearer {CRON_KEY}"})
    assert await surprises(scheduler, lambda who: None if SCHEDULER in who else 401) == {}


@pytest.fixture
async def theirs(open_shop: OpenShop, database: Database) -> AsyncIterator[dict[str, str]]:
    """Another merchant's payout, endpoint and delivery; in the end they must be as they were."""
    other = await open_shop()
    payout = (await other.ask("k")).json["id"]
    endpoint = (await other.post(ENDPOINTS, json={"url": "http://127.0.0.1:9/hooks"})).json["id"]
    delivery = (await other.post(f"{ENDPOINTS}/{endpoint}/test")).json["id"]
    before = [(await other.get(path)).body for path in (f"/api/v1/payouts/{payout}", f"{ENDPOINTS}/{endpoint}")]
    yield {"payout_id": payout, "endpoint_id": endpoint, "delivery_id": delivery}
    after = [(await other.get(path)).body for path in (f"/api/v1/payouts/{payout}", f"{ENDPOINTS}/{endpoint}")]
    assert after == before


@pytest.mark.parametrize(
    ("method", "path"),
    [route for route in MAY if route[1].startswith("/api/v1") and "{" in route[1] and "{period}" not in route[1]],
)
async def test_what_is_another_merchants_is_not_there(
    method: str, path: str, theirs: dict[str, str], acme: Merchant
) -> None:
    answer = await acme.call(method, path.format(**theirs), json=BODIES.get((method, path)))
    assert answer.status == 404, answer.body


async def test_another_merchants_delivery_is_not_to_be_had_through_ones_own_endpoint(
    theirs: dict[str, str], acme: Merchant
) -> None:
    mine = (await acme.post(ENDPOINTS, json={"url": "http://127.0.0.1:9/hooks"})).json["id"]
    path = f"{ENDPOINTS}/{mine}/deliveries/{theirs['delivery_id']}"
    assert (await acme.get(path)).status == (await acme.post(f"{path}/replay")).status == 404


@pytest.mark.parametrize("path", ["/api/v1/payouts", "/api/v1/events", "/api/v1/ledger", ENDPOINTS])
async def test_lists_hold_nothing_of_another_merchants(path: str, theirs: dict[str, str], acme: Merchant) -> None:
    listed = (await acme.get(path)).json["data"]
    assert [item for item in listed if item.get("kind") != "credit"] == []


@pytest.fixture
async def another_providers(open_ada: OpenProvider) -> AsyncIterator[dict[str, str]]:
    """Another provider's payout, account and earning; in the end they must be as they were."""
    other = await open_ada()
    ids = {
        "payout_id": (await other.ask()).json["id"],
        "destination_id": (await other.get("/api/provider/destinations")).json["data"][0]["id"],
        "earning_id": (await other.get("/api/provider/earnings")).json["data"][0]["id"],
    }
    lists = [f"/api/provider/{what}" for what in ("payouts", "destinations", "earnings", "balance")]
    before = [(await other.get(path)).body for path in lists]
    yield ids
    assert [(await other.get(path)).body for path in lists] == before


@pytest.mark.parametrize(("method", "path"), [route for route in MAY if MAY[route] == ACTING and "{" in route[1]])
async def test_what_is_another_providers_is_not_there(
    method: str, path: str, another_providers: dict[str, str], ada: Provider
) -> None:
    answer = await ada.call(method, path.format_map(Places(another_providers)))
    assert answer.status == 404, answer.body


@pytest.mark.parametrize("what", ["payouts", "destinations", "notices"])
async def test_lists_hold_nothing_of_another_providers(
    what: str, another_providers: dict[str, str], ada: Provider
) -> None:
    assert another_providers
    assert (await ada.get(f"/api/provider/{what}")).json["data"] == []


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/verify")])
async def test_a_key_sees_no_holder_of_another_program(method: str, path: str, ada: Provider, platform: Issue) -> None:
    other = await platform(program="merchants")
    assert (await other.call(method, f"/api/holders/{ada.holder_id}{path}")).status == 404
    assert str(ada.holder_id) not in (await other.get("/api/holders?limit=200")).body.decode()
