"""Clients that ask and ask, and the peace afterwards: what the long runs have in common."""

import asyncio
import random
from contextlib import suppress

import aiohttp

from world import Merchant, World

ENDINGS = ["0001", "0001", "0001", "0002", "0003", "0004", "0005"]
PATIENCE = 200  # Tries of one request, 50 ms apart, before a client complains.


async def ask_on(world: World, merchants: list[Merchant], chance: random.Random, stop: asyncio.Event) -> None:
    """Ask and ask; a client that hears no answer, or a sorry one, asks again under the same key."""
    while not stop.is_set():
        by, key, wanted = chance.choice(merchants), chance.randbytes(8).hex(), world.body(chance.choice(ENDINGS))
        for _ in range(PATIENCE):
            with suppress(aiohttp.ClientError, TimeoutError):
                if (await world.post(by, wanted, key=key)).status == 201:
                    break
            await asyncio.sleep(0.05)
        else:
            raise AssertionError("nobody took the request")
        await asyncio.sleep(chance.expovariate(20.0))


async def in_peace(world: World) -> None:
    """Nothing goes wrong any more: one worker brings everything to its end, and the auditor has nothing to say."""
    async with world.process("worker") as process:
        await world.until_at_rest(hasten=True)
        await process.stop()
    await world.audit()
