"""What every request and answer has in common: ids, headers, methods, addresses, and what we did not expect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bursar.api.porch import Porch
from bursar.foundation.db import Database
from bursar.monitoring.exposition import Requests
from house import Client, Merchant, RunningHouse, payout_body, running

EVERYWHERE = ["/api/health", "/api/v1/payouts", "/api/payouts", "/nowhere", "/docs", "/docs/openapi.json"]


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_is_hardened(path: str, nobody: Client) -> None:
    headers = (await nobody.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-request-id"].startswith("corr_")
    assert "strict-transport-security" not in headers
    assert "server" not in headers


@pytest.mark.parametrize("path", EVERYWHERE[:4])
async def test_nothing_of_the_api_is_kept_by_caches(path: str, nobody: Client) -> None:
    assert (await nobody.get(path)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/api/health", "/api/v1/payouts"])
async def test_over_tls_browsers_are_told_to_stay_there(path: str, nobody: Client) -> None:
    for method in ("GET", "POST"):
        answer = await nobody.call(method, path, headers={"X-Forwarded-Proto": "https"})
        assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(("given", "kept"), [("order-17", True), ("two words", False), ("x" * 65, False)])
async def test_a_sane_request_id_of_the_callers_is_kept(given: str, kept: bool, acme: Merchant) -> None:
    headers = {"X-Request-Id": given, "X-IDEMPOTENCY-KEY": "k"}
    for answer in (
        await acme.get("/api/v1/balance", headers=headers),
        await acme.post("/api/v1/payouts", headers=headers, json=payout_body()),
        await acme.get("/api/v1/nowhere", headers=headers),
    ):
        assert (answer.headers["x-request-id"] == given) is kept


async def test_history_bears_the_id_of_the_request_that_made_it(acme: Merchant, database: Database) -> None:
    payout = (await acme.ask("k")).json["id"]
    await acme.post(f"/api/v1/payouts/{payout}/cancel", headers={"X-Request-Id": "cancel-17"})
    async with database.transaction() as tx:
        ids = await tx.many("SELECT correlation_id FROM payout_events WHERE payout_id = $1 AND verb = 'cancel'", payout)
    assert [row["correlation_id"] for row in ids] == ["cancel-17"]


@pytest.mark.parametrize("path", ["/nowhere", "/api", "/api/v2/payouts", "/api/v1/payouts/1/2/3"])
async def test_what_is_not_there_is_said_in_our_words(path: str, nobody: Client) -> None:
    answer = await nobody.get(path)
    assert (answer.status, answer.error["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/payouts", {"GET", "POST", "OPTIONS"}),
        ("/api/v1/webhook-endpoints/1", {"GET", "PATCH", "DELETE", "OPTIONS"}),
        ("/api/health", {"GET", "OPTIONS"}),
    ],
)
async def test_the_methods_of_an_address_are_told(path: str, methods: set[str], nobody: Client) -> None:
    refused, asked = await nobody.call("PUT", path), await nobody.call("OPTIONS", path)
    assert (refused.status, refused.error["code"], asked.status) == (405, "method_not_allowed", 204)
    for answer in (refused, asked):
        assert set(answer.headers["allow"].split(", ")) == methods


@pytest.mark.parametrize("host", ["evil.example/", "evil?x", "a b"])
async def test_an_odd_host_gets_no_further(host: str, nobody: Client) -> None:
    assert (await nobody.get("/api/health", headers={"Host": host})).status == 400


async def test_the_house_is_alive_and_ready(nobody: Client) -> None:
    assert (await nobody.get("/api/health")).json == {"status": "ok"}
    ready = (await nobody.get("/api/ready")).json
    assert (ready["status"], ready["database"]) == ("ready", "up")
    assert ready["pool"]["max"] == 10


async def test_what_we_did_not_expect_is_not_shown(acme: Merchant, database: Database) -> None:
    """A constraint that no code knows of makes the database refuse; the caller hears only that it was us."""
    async with database.transaction() as tx:
        await tx.run("ALTER TABLE endpoints ADD CONSTRAINT surprise CHECK (url NOT LIKE '%surprise%')")
    try:
        body = {"url": "http://127.0.0.1:9/surprise"}
        answer = await acme.post("/api/v1/webhook-endpoints", json=body)
    finally:
        async with database.transaction() as tx:
            await tx.run("ALTER TABLE endpoints DROP CONSTRAINT surprise")
    assert (answer.status, answer.error["code"]) == (500, "internal_error")
    assert answer.error.keys() == {"code", "message", "timestamp", "requestId"}
    assert "surprise" not in answer.body.decode()


async def test_somebody_changing_the_same_thing_is_a_conflict_that_passes(acme: Merchant, database: Database) -> None:
    payout = (await acme.ask("k")).json["id"]
    async with database.transaction() as tx:
        await tx.one("SELECT id FROM payouts WHERE id = $1 FOR UPDATE", payout)
        answer = await acme.post(f"/api/v1/payouts/{payout}/cancel")
    assert (answer.status, answer.error["code"]) == (409, "in_progress")
    assert (await acme.post(f"/api/v1/payouts/{payout}/cancel")).status == 200


@asynccontextmanager
async def heard(*, unprefixed: tuple[str, ...]) -> AsyncIterator[tuple[Porch, list[str]]]:
    """A porch in front of something that only notes the paths it hears."""
    paths: list[str] = []

    async def app(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        paths.append(scope["path"])

    yield Porch(app, counts=Requests(), unprefixed=unprefixed), paths


async def test_paths_may_be_had_without_their_prefix() -> None:
    async with heard(unprefixed=("payouts", "orders")) as (porch, paths):
        for path in ("/payouts/my-payouts", "/orders/1/complete", "/api/payouts", "/docs", "/payoutsx", "/"):
            scope = {"type": "http", "method": "GET", "path": path, "headers": []}
            await porch(scope, asyncio.Queue().get, asyncio.Queue().put)
    assert paths == ["/api/payouts/my-payouts", "/api/orders/1/complete", "/api/payouts", "/docs", "/payoutsx", "/"]


async def test_the_setting_turns_it_on(house: RunningHouse, nobody: Client) -> None:
    assert (await nobody.get("/health")).status == 404
    with running(str(house.settings.database_url), payout_base_alias="/") as other:
        assert (await Client(nobody.session, other.url).get("/health")).status == 200
        assert (await Client(nobody.session, other.url).get("/v1/payouts")).status == 401
