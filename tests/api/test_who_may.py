"""Who may do what: every route stands in one table, and every visitor is turned away wherever it does not say so."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from uuid import uuid4

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from bursar.api.app import ROUTERS
from bursar.foundation.db import Database
from bursar.identity import Role, Scope
from house import Client, Merchant, OpenShop, payout_body

ANYBODY: Final = "anybody"
SIGNED_IN: Final = frozenset({"no role", *Role})
STAFF: Final = frozenset(Role)
MANAGERS: Final = frozenset({Role.MANAGER, Role.SUPER_ADMIN})

ENDPOINTS: Final = "/api/v1/webhook-endpoints"

MAY: Final[dict[tuple[str, str], Any]] = {
    ("GET", "/docs"): ANYBODY,
    ("GET", "/docs/openapi.json"): ANYBODY,
    ("GET", "/docs/{file}"): ANYBODY,
    ("GET", "/api/health"): ANYBODY,
    ("GET", "/api/ready"): ANYBODY,
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
    ("GET", "/api/payouts"): STAFF,
    ("GET", "/api/payouts/{payout_id}"): STAFF,
    ("POST", "/api/payouts/{payout_id}/approve"): MANAGERS,
    ("POST", "/api/payouts/{payout_id}/reject"): MANAGERS,
    ("POST", "/api/payouts/{payout_id}/cancel"): MANAGERS,
    ("POST", "/api/payouts/{payout_id}/retry"): MANAGERS,
    ("POST", "/api/payouts/{payout_id}/process"): MANAGERS,
    ("POST", "/api/payouts/process/{payout_id}"): MANAGERS,
    ("GET", "/api/admin/kill-switches"): STAFF,
    ("POST", "/api/admin/kill-switches"): MANAGERS,
    ("DELETE", "/api/admin/kill-switches"): MANAGERS,
    ("GET", "/api/me"): SIGNED_IN,
    ("POST", "/api/sign-out"): SIGNED_IN,  # The last one: it ends the session that the others need.
}
"""Every route, and who may use it: scopes of keys, or roles of people."""

BODIES: Final[dict[tuple[str, str], Any]] = {
    ("POST", "/api/v1/payouts"): payout_body(),
    ("PATCH", f"{ENDPOINTS}/{{endpoint_id}}"): {"enabled": False},
    ("POST", f"{ENDPOINTS}/{{endpoint_id}}/replay"): {"since": "2025-12-12"},
}

SignIn = Callable[..., Awaitable[Client]]


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


async def surprises(client: Client, expected: Callable[[Any], int | None]) -> dict[tuple[str, str], int]:
    """Try every route; those that did not turn the client away with the status that was expected, or at all."""
    found = {}
    for (method, path), who in MAY.items():
        place = path.format(payout_id=uuid4(), endpoint_id=uuid4(), delivery_id=uuid4(), gateway="nobody", file="x")
        answer = await client.call(method, place, json=BODIES.get((method, path)))
        barred = answer.status if answer.status in {401, 403} else None
        if barred != (None if who == ANYBODY else expected(who)):
            found[method, path] = answer.status
    return found


async def test_nobody_gets_where_somebody_is_needed(nobody: Client) -> None:
    assert await surprises(nobody, lambda _: 401) == {}


@pytest.mark.parametrize("scope", Scope)
async def test_a_key_opens_what_its_scope_says(scope: Scope, open_shop: OpenShop) -> None:
    shop = await open_shop(scopes=frozenset({scope}))
    assert await surprises(shop, lambda who: None if scope in who else 401 if who & SIGNED_IN else 403) == {}


@pytest.mark.parametrize("role", ["no role", *Role])
async def test_a_person_may_what_their_role_says(role: str, sign_in: SignIn) -> None:
    person = await sign_in(*([] if role == "no role" else [Role(role)]))
    assert await surprises(person, lambda who: None if role in who else 403 if who & SIGNED_IN else 401) == {}


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
    ("method", "path"), [route for route in MAY if route[1].startswith("/api/v1") and "{" in route[1]]
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
