"""Whether this process is alive, and whether it can work."""

from typing import Any

from litestar import Response, Router, get
from litestar.datastructures import State

from bursar.foundation.errors import Unavailable
from bursar.house import House


@get("/health", summary="Is the process alive?", sync_to_thread=False)
def health() -> dict[str, str]:
    """Answer as long as the process runs; looks at nothing else, so that a slow database does not restart it."""
    return {"status": "ok"}


@get("/ready", summary="Can it work?")
async def ready(state: State) -> Response[dict[str, Any]]:
    """Answer 200 when the database answers and may be written to, else 503."""
    house: House = state.house
    try:
        writable = await house.database.writable()
    except Unavailable:
        return Response({"status": "unavailable", "database": "down"}, status_code=503)
    if not writable:
        return Response({"status": "unavailable", "database": "read-only"}, status_code=503)
    return Response({"status": "ready", "database": "up", "pool": dict(house.database.figures())})


router = Router(path="/api", route_handlers=[health, ready], tags=["Health"])
