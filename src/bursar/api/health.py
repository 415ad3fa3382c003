"""Whether this process is alive, and whether it can work."""

import msgspec
from litestar import Response, Router, get
from litestar.datastructures import State

from bursar.api.entry import Needs
from bursar.api.openapi import Doc
from bursar.foundation.errors import Unavailable
from bursar.house import House


class Health(msgspec.Struct):
    """Whether the process is alive."""

    status: str


class Readiness(msgspec.Struct, omit_defaults=True):
    """Whether it can work, and how its database connections are used."""

    status: str
    database: str
    pool: dict[str, int] = {}


@get(
    "/health",
    needs=Needs.NOTHING,
    sync_to_thread=False,
    doc=Doc(summary="Is the process alive?", answers=Health, shows={"status": "ok"}),
)
def show_health() -> Health:
    """Answer as long as the process runs; looks at nothing else, so that a slow database does not restart it."""
    return Health("ok")


@get(
    "/ready",
    needs=Needs.NOTHING,
    doc=Doc(
        summary="Can it work?",
        answers=Readiness,
        shows={"status": "ready", "database": "up", "pool": {"size": 2, "idle": 2, "min": 2, "max": 10}},
    ),
)
async def show_readiness(state: State) -> Response[Readiness]:
    """Answer 200 when the database answers and may be written to, else 503."""
    house: House = state.house
    try:
        writable = await house.database.writable()
    except Unavailable:
        return Response(Readiness("unavailable", "down"), status_code=503)
    if not writable:
        return Response(Readiness("unavailable", "read-only"), status_code=503)
    return Response(Readiness("ready", "up", dict(house.database.figures())))


router = Router(path="/api", route_handlers=[show_health, show_readiness], tags=["Health"])
