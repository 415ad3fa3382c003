"""What journeys of programs with runs stand on: such terms, and runs that begin by hand."""

from typing import Any
from uuid import UUID

from bursar import schedules
from world import World

IN_RUNS = {
    "dispatch__mode": "schedule",
    "dispatch__every_seconds": None,
    "dispatch__cron": "0 0 1 1 *",
    "dispatch__time_zone": "Africa/Lagos",
    "dispatch__batch_size": 5,
}
"""Terms under which nobody leaves before a run, and no run begins by itself."""


async def begin(world: World) -> UUID:
    """Begin a run, and tell nobody."""
    async with world.database.transaction() as tx:
        return (await schedules.begin_now(tx, "merchants", actor="cli:test")).id


async def run_of(world: World, run_id: UUID) -> Any:
    return await world.connection.fetchrow("SELECT * FROM runs WHERE id = $1", run_id)


async def until_finished(world: World, run_id: UUID) -> None:
    await world.until("id = $1 AND finished_at IS NOT NULL", run_id, table="runs")
