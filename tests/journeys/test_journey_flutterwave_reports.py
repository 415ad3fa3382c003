"""What Flutterwave tells us, and others in its name: nothing moves but by its own word when it is asked."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ways import HASH, V3, V4, Way
from world import World, open_world


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """An installation that pays through Flutterwave, which tells nothing by itself."""
    async with open_world(database_url, tmp_path, through=V3, unknown__poll_seconds=[60]) as world:
        await world.faults(drop_webhooks=True)
        yield world


def webhook(payout: UUID, status: str, *, transfer: int = 1, **said: Any) -> dict[str, Any]:
    """A webhook about a payout's first attempt."""
    data = {"id": transfer, "reference": f"{payout.hex}-1", "status": status, "amount": 1000, "currency": "NGN", **said}
    return {"event": "transfer.completed", "event.type": "Transfer", "data": data}


async def tell(world: World, body: dict[str, Any], *, secret: str = HASH) -> int:
    """Send a webhook in Flutterwave's name; how it is answered."""
    url = f"{world.web_url}/api/webhooks/flutterwave/payout_status"
    async with world.session.post(url, data=json.dumps(body), headers={"verif-hash": secret}) as reply:
        return reply.status


async def sent(world: World, suffix: str = "0004") -> UUID:
    """A payout that Flutterwave has taken on."""
    acme = await world.merchant()
    [payout] = await world.ask(acme, suffixes=suffix)
    await world.until("state IN ('sent', 'completed')")
    return payout


async def results(world: World) -> list[str]:
    """What became of the webhooks."""
    rows = await world.connection.fetch("SELECT result FROM reports ORDER BY received_at")
    return [row["result"] for row in rows]


async def test_it_is_asked_before_anything_moves(world: World) -> None:
    async with world.working():
        payout = await sent(world, "0001")
        assert await tell(world, webhook(payout, "SUCCESSFUL")) == 200
        await world.until_at_rest()
    assert await results(world) == ["asked"]
    await world.audit()


@pytest.mark.parametrize("status", ["SUCCESSFUL", "FAILED"])
async def test_a_lie_under_the_right_hash_moves_nothing(world: World, status: str) -> None:
    async with world.working():
        payout = await sent(world)
        assert await tell(world, webhook(payout, status)) == 200
        await world.until("inquiries >= 1 AND answered_at > asked_at", table="attempts")
        assert await world.states() == {payout: "sent"}
    assert await results(world) == ["asked"]
    await world.audit()


async def test_a_lie_about_what_was_paid_moves_nothing_either(world: World) -> None:
    async with world.working():
        payout = await sent(world, "0001")
        await tell(world, webhook(payout, "SUCCESSFUL"))
        await world.until_at_rest()
        await tell(world, webhook(payout, "FAILED", transfer=2))
        await world.until("result = 'asked'", table="reports", least=2)
        await world.until("inquiries >= 2 AND look_at IS NULL", table="attempts")
        assert await world.states() == {payout: "completed"}
    assert await world.count("true", table="breaks") == 0
    await world.audit()


@pytest.mark.parametrize("secret", ["", "wrong", HASH + " ", HASH.upper()])
async def test_a_wrong_hash_is_refused_and_leaves_no_trace(world: World, secret: str) -> None:
    async with world.working():
        payout = await sent(world)
        assert await tell(world, webhook(payout, "SUCCESSFUL"), secret=secret) == 401
    assert await world.count("true", table="reports") == 0
    assert await world.states() == {payout: "sent"}


async def test_a_flood_of_lies_leads_to_few_questions(world: World) -> None:
    async with world.working():
        payout = await sent(world)
        for number in range(100):
            assert await tell(world, webhook(payout, "SUCCESSFUL", transfer=number)) == 200
        await world.until("result IS NOT NULL AND apply_at IS NULL", table="reports", least=100)
    asked = await world.connection.fetchval("SELECT inquiries FROM attempts")
    assert asked <= 3, "at most one every few seconds, whatever comes"
    assert await world.states() == {payout: "sent"}
    await world.audit()


async def test_the_documents_own_event_names_are_understood(world: World) -> None:
    async with world.working():
        payout = await sent(world, "0001")
        body = webhook(payout, "SUCCESSFUL")
        assert await tell(world, {**body, "event": "transfer.success"}) == 200
        await world.until_at_rest()
    await world.audit()


@pytest.mark.parametrize("way", [pytest.param(V4, id="v4")])
async def test_money_that_comes_back_is_returned(database_url: str, tmp_path: Path, way: Way) -> None:
    async with open_world(database_url, tmp_path, through=way) as world:
        acme = await world.merchant()
        [payout] = await world.ask(acme)
        async with world.working():
            await world.until_at_rest()
            await world.force(f"{payout.hex}-1", "RETURNED")
            await world.until("state = 'returned'")
            await world.until_at_rest(s0001="returned")
        await world.audit()
