"""Asking over HTTP as anybody would, and waiting for what others do."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec

from bursar.cli.demo.traffic import DEADLINE, Unexpected
from bursar.foundation.http import PoliteClient

LOOK_SECONDS: Final = 0.2
PATIENCE_SECONDS: Final = 30.0


async def answer(
    client: PoliteClient, method: str, url: str, headers: Mapping[str, str], body: object = None
) -> dict[str, Any]:
    """What this call is answered, as JSON.

    Raises:
        Unexpected: it was not granted.
    """
    raw = None if body is None else msgspec.json.encode(body)
    given = {**headers, "Content-Type": "application/json"}
    reply = await client.call(method, url, headers=given, body=raw, deadline=DEADLINE)
    if reply.status // 100 != 2:
        raise Unexpected(f"{method} {url} was answered {reply.status}: {reply.body.decode(errors='replace')[:300]}")
    return msgspec.json.decode(reply.body, type=dict[str, Any])


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Look until it is so.

    Raises:
        Unexpected: it took too long.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await is_so():  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError as late:
        raise Unexpected(f"Nothing came to rest within {PATIENCE_SECONDS:g} seconds.") from late
