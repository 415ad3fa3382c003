"""Figures for Prometheus, for whoever may see them; and an id's whole story, for staff."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from pydantic import SecretStr

from bursar import api, bootstrap
from bursar.foundation.db import Database
from bursar.foundation.settings import Settings
from bursar.identity import Role
from bursar.monitoring import tallies
from house import Client, Merchant, running

SignIn = Callable[..., Awaitable[Client]]

TOKEN = "a-token-for-prometheus"


async def test_this_machine_sees_the_figures(nobody: Client, acme: Merchant, database: Database) -> None:
    await acme.ask("k")
    async with database.transaction() as tx:
        await tallies.read_on(tx)
    answer = await nobody.get("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    told = answer.body.decode()
    assert 'bursar_payouts{currency="PKR",program="merchants",state="approved"}' in told
    assert 'bursar_http_requests_total{method="POST",pid=' in told
    assert 'route="/api/v1/payouts",status="201"' in told


async def test_a_request_is_counted_under_its_route(nobody: Client, acme: Merchant) -> None:
    payout = (await acme.ask("k")).json["id"]
    await acme.get(f"/api/v1/payouts/{payout}")
    await nobody.get("/no/such/place")
    told = (await nobody.get("/metrics")).body.decode()
    assert 'route="/api/v1/payouts/{payout_id}",status="200"' in told
    assert 'route="unmatched",status="404"' in told
    assert payout not in told
    assert "/no/such/place" not in told


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
async def test_what_a_proxy_passed_on_comes_from_somewhere_else(header: str, nobody: Client) -> None:
    answer = await nobody.get("/metrics", headers={header: "192.0.2.7"})
    assert (answer.status, answer.error["code"]) == (401, "unauthorized")


async def test_where_a_token_is_set_it_is_needed(database_url: str, session: aiohttp.ClientSession) -> None:
    with running(database_url, metrics_token=SecretStr(TOKEN)) as house:
        client = Client(session, house.url)
        assert (await client.get("/metrics")).status == 401
        assert (await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN[:-1]}"})).status == 401
        assert (await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).status == 200


async def test_a_process_without_requests_gives_its_figures_at_a_port_of_its_own(
    settings: Settings, unused_tcp_port: int, session: aiohttp.ClientSession
) -> None:
    own = {"metrics_port": unused_tcp_port, "metrics_token": SecretStr(TOKEN), "encryption_key": SecretStr("k" * 32)}
    stop = asyncio.Event()
    async with bootstrap.furnish(settings.model_copy(update=own)) as house:
        serving = asyncio.create_task(api.serve_metrics(house, stop))
        client = Client(session, f"http://127.0.0.1:{unused_tcp_port}", {"Authorization": f"Bearer {TOKEN}"})
        async with asyncio.timeout(10):
            while not await _answers(client):
                await asyncio.sleep(0.02)
        assert b"bursar_workers " in (await client.get("/metrics")).body
        assert (await client.get("/metrics", headers={"Authorization": "Bearer wrong"})).status == 401
        stop.set()
        await serving


async def _answers(client: Client) -> bool:
    try:
        return (await client.get("/metrics")).status == 200
    except aiohttp.ClientConnectorError:
        return False


async def test_staff_follow_an_id_to_its_story(sign_in: SignIn, acme: Merchant) -> None:
    answer = await acme.call(
        "POST", "/api/v1/payouts", headers={"X-IDEMPOTENCY-KEY": "key-77", "X-Request-Id": "till-4.order-77"},
        json={"merchantReference": "order-77", "amount": 1000, "currency": "PKR", "destType": "BANK",
              "bankCode": "HBL", "accountNumber": "1234500001", "accountTitle": "Test User"},
    )  # fmt: skip
    payout = answer.json["id"]
    support = await sign_in(Role.SUPPORT)
    for name in (payout, "till-4.order-77", "order-77", "key-77"):
        story = (await support.get(f"/api/admin/trace/{name}")).json["data"]
        assert [one["id"] for one in story["payouts"]] == [payout]
        assert story["correlationIds"] == ["till-4.order-77"]
        assert {line["kind"] for line in story["lines"]} >= {"move", "money"}
    assert "1234500001" not in str(story)
    unknown = await support.get("/api/admin/trace/nobody")
    assert (unknown.status, unknown.error["code"]) == (404, "nothing_found")
