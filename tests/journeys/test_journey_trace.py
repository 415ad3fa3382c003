"""One id throughout: from the request over the gateway's call and its report to the merchant's own webhook."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bursar import monitoring
from bursar.foundation import tracing
from world import Merchant, World, open_world

SETTLES_AFTER_MS = 200
CORRELATION = "order-1042.try-1"


@pytest.fixture
def told() -> Iterator[InMemorySpanExporter]:
    """Every span that is told of."""
    exporter = InMemorySpanExporter()
    tracing.configure_with(exporter, service="test")
    yield exporter
    tracing.shut_down()


@asynccontextmanager
async def receiver(heard: list[str | None]) -> AsyncIterator[str]:
    """A merchant's own endpoint: where it is; the correlation ids that it hears."""

    async def hear(request: web.Request) -> web.Response:
        heard.append(request.headers.get("X-Correlation-Id"))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    await runner.cleanup()


async def ask(world: World, by: Merchant, *, headers: dict[str, str]) -> UUID:
    """Ask for a payout under ids of one's own."""
    sent = {"X-API-KEY": by.key, "X-IDEMPOTENCY-KEY": "order-1042", **headers}
    async with world.session.post(f"{world.web_url}/api/v1/payouts", json=world.body(), headers=sent) as answer:
        assert answer.status == 201
        return UUID((await answer.json())["id"])


async def listen(world: World, by: Merchant, url: str) -> None:
    """Have a merchant's webhooks sent somewhere."""
    endpoints = f"{world.web_url}/api/v1/webhook-endpoints"
    async with world.session.post(endpoints, json={"url": url}, headers={"X-API-KEY": by.key}) as answer:
        assert answer.status == 201, await answer.text()


def of_trace(told: InMemorySpanExporter, trace_id: str) -> dict[str, ReadableSpan]:
    """The spans of one trace, by name."""
    return {
        span.name: span
        for span in told.get_finished_spans()
        if span.context is not None and f"{span.context.trace_id:032x}" == trace_id
    }


async def test_from_the_request_to_the_merchants_webhook_it_is_one_story(
    database_url: str, tmp_path: Path, told: InMemorySpanExporter
) -> None:
    heard: list[str | None] = []
    bank = {"settle_after_ms": SETTLES_AFTER_MS}
    async with open_world(database_url, tmp_path, bank=bank) as world, receiver(heard) as url:
        acme = await world.merchant()
        await listen(world, acme, url)
        payout = await ask(world, acme, headers={"X-Request-Id": CORRELATION})
        async with world.working():
            await world.until("state = 'completed'")
            await world.until("state = 'delivered'", table="deliveries", least=2)
        for table in ("payouts", "payout_events", "attempts", "messages"):
            found = await world.connection.fetch(f"SELECT DISTINCT correlation_id FROM {table}")
            assert [row["correlation_id"] for row in found] == [CORRELATION], table
        async with world.database.transaction(readonly=True) as tx:
            story = await monitoring.trace(tx, CORRELATION)
    assert set(heard) == {CORRELATION}
    assert [one.id for one in story.payouts] == [payout]
    assert {"move", "money", "attempt", "report", "message"} <= {line.kind for line in story.lines}
    spans = of_trace(told, tracing.trace_id(CORRELATION))
    assert spans.keys() >= {
        "POST /api/v1/payouts", "gateway send", "attempt answer", "attempt report", "payout", "webhook deliver"
    }  # fmt: skip
    whole = spans["payout"]
    assert whole.context is not None
    for name in ("gateway send", "attempt answer", "attempt report"):
        parent = spans[name].parent
        assert parent is not None
        assert parent.span_id == whole.context.span_id, name


async def test_a_bulk_call_is_linked_to_each_of_its_stories(world: World, told: InMemorySpanExporter) -> None:
    acme = await world.merchant()
    payouts = await world.ask(acme, count=5)
    async with world.working():
        await world.until_at_rest()
    calls = [span for span in told.get_finished_spans() if span.name == "gateway send"]
    linked = {link.context.trace_id for call in calls for link in call.links}
    alone = {call.context.trace_id for call in calls if not call.links and call.context is not None}
    rows = await world.connection.fetch("SELECT correlation_id FROM payouts")
    assert linked | alone == {int(tracing.trace_id(row["correlation_id"]), 16) for row in rows}
    assert len([span for span in told.get_finished_spans() if span.name == "payout"]) == len(payouts)


async def test_no_account_number_is_in_any_span(world: World, told: InMemorySpanExporter) -> None:
    acme = await world.merchant()
    await world.ask(acme, count=5, suffixes="0001 0002 0003")
    async with world.working():
        await world.until_at_rest()
    await asyncio.sleep(0)
    shown = "".join(span.to_json() for span in told.get_finished_spans())
    assert "gateway send" in shown
    assert not [secret for secret in world.secrets if secret in shown]


async def test_a_callers_own_trace_goes_on_to_the_end(world: World, told: InMemorySpanExporter) -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    await ask(world, await world.merchant(), headers={"traceparent": f"00-{trace}-{span}-01"})
    async with world.working():
        await world.until("state = 'completed'")
    spans = of_trace(told, trace)
    assert spans.keys() >= {"POST /api/v1/payouts", "gateway send", "payout"}
    parent = spans["POST /api/v1/payouts"].parent
    assert parent is not None
    assert f"{parent.span_id:016x}" == span
