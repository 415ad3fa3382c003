"""What a worker says of itself in its log, again and again."""

import asyncio
import json
from pathlib import Path
from typing import Any

from processes import SOON
from world import open_world


async def test_a_worker_tells_its_health_in_words_that_may_be_shown(database_url: str, tmp_path: Path) -> None:
    talkative = {"worker_health_seconds": 0.1, "log_level": "info"}
    async with open_world(database_url, tmp_path, settings=talkative) as world:
        async with world.process("worker") as worker, asyncio.timeout(SOON):
            while len(health := said(worker.log, "worker.health")) < 2:
                await asyncio.sleep(0.05)
    assert {line["carrier"] for line in health} == {"pgqueuer"}
    assert all(
        {"connections", "done", "failed", "running", "waiting", "oldest_seconds"} <= line.keys() for line in health
    )
    assert "[redacted]" not in json.dumps(health), "everything in it may be shown"


def said(log: Path, event: str) -> list[dict[str, Any]]:
    """The lines of a log about one kind of event."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
    return [line for line in lines if line["event"] == event]
