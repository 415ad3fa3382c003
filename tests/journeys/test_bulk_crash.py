"""A web process that dies in the middle of a long upload: nothing is lost, and nothing is asked for twice."""

import asyncio
import contextlib
import json
import signal
from typing import Any

import aiohttp

from world import Merchant, World, body

ROWS = 5_000


async def upload(url: str, by: Merchant, rows: list[dict[str, Any]]) -> bytes:
    """Send the file, under one and the same key; the answer."""
    headers = {"X-API-KEY": by.key, "X-IDEMPOTENCY-KEY": "the-file"}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{url}/api/v1/payouts/bulk", json=rows, headers=headers) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.read()


async def test_an_upload_goes_on_where_a_killed_process_stopped(world: World) -> None:
    acme = await world.merchant()
    rows = [body(merchantReference=f"row-{number}", amount="1.00") for number in range(ROWS)]
    async with world.process("web", "--port", "0") as process:
        url = json.loads(process.ready.read_text())["address"]
        first = asyncio.create_task(upload(url, acme, rows))
        await world.until("holder_id = $1", acme.holder, least=500)
        process.send(signal.SIGKILL)
        assert await process.died() == signal.SIGKILL
        with contextlib.suppress(aiohttp.ClientError):
            await first
    assert 500 <= await world.count("holder_id = $1", acme.holder) < ROWS
    answer = await upload(world.web_url, acme, rows)
    assert json.loads(answer)["accepted"] == ROWS
    assert await world.count("holder_id = $1", acme.holder) == ROWS
    references = await world.connection.fetchval("SELECT count(DISTINCT reference) FROM payouts")
    assert references == ROWS
    assert await upload(world.web_url, acme, rows) == answer
