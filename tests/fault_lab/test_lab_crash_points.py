"""The crash matrix at length: each point many times over, and workers that stand still until their lease is over."""

import asyncio
import signal
from pathlib import Path
from typing import Any, Final

import pytest
from load import in_peace

from bursar.foundation import faults
from world import open_world

pytestmark = [pytest.mark.fault_lab, pytest.mark.timeout(600)]

ROUNDS: Final = 5
EVERY_END: Final = "0001 0002 0003 0004 0005 0001"
WORKERS_POINTS: Final = sorted(point for point in faults.POINTS if point.startswith("dispatch."))


@pytest.mark.parametrize("bulk", [True, False], ids=["bulk calls", "single calls"])
@pytest.mark.parametrize("point", WORKERS_POINTS)
async def test_workers_that_die_at_one_point_again_and_again(
    database_url: str, tmp_path: Path, point: str, *, bulk: bool
) -> None:
    """Each round some worker dies there, and the next one, which has taken over, dies there again."""
    settings: dict[str, Any] = {"mockbank_bulk": bulk}
    async with open_world(database_url, tmp_path, bank_is_a_process=True, settings=settings) as world:
        acme = await world.merchant()
        for _ in range(ROUNDS):
            await world.ask(acme, count=12, suffixes=EVERY_END)
            async with world.process("worker", faults=f"{point}:kill") as process:
                assert await process.died() == signal.SIGKILL
        await in_peace(world)


@pytest.mark.parametrize("point", ["dispatch.after_intent", "dispatch.after_answer"])
async def test_a_worker_that_stalls_for_longer_than_its_lease_comes_too_late(
    database_url: str, tmp_path: Path, point: str
) -> None:
    """Thirty seconds of standing still, three of lease: what it then wants to send or say no longer counts."""
    async with open_world(database_url, tmp_path, bank_is_a_process=True) as world:
        await world.faults(drop_webhooks=True)
        await world.ask(await world.merchant(), count=12, suffixes=EVERY_END)
        async with world.process("worker", faults=f"{point}:stall") as stalled:
            await world.until("outcome = 'open'", table="attempts", least=6)
            async with world.process("worker") as other:
                await world.until_at_rest()
                await world.audit()
                versions = await world.connection.fetch("SELECT id, version FROM payouts ORDER BY id")
                await asyncio.sleep(35)
                await other.stop()
            await stalled.stop()
        assert await world.connection.fetch("SELECT id, version FROM payouts ORDER BY id") == versions
        await world.audit()
