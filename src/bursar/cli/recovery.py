"""``bursar recovery``: keep money from leaving after a restore, until what may be missing here has been found out."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from bursar import dispatch
from bursar.cli import frame
from bursar.monitoring import recovery
from bursar.monitoring.recovery import Outlook

app = typer.Typer(
    name="recovery",
    help="After a restore: nothing is sent until a reconciliation has shown what these books may lack.",
    no_args_is_help=True,
)


@app.command(epilog=frame.examples("bursar recovery status", "bursar recovery status --json"))
def status(*, json: frame.Json = False) -> None:
    """Whether sending is off for a recovery, and what it waits for."""
    frame.run(_status(json=json))


@app.command(epilog=frame.examples("bursar recovery begin --since '2026-11-20 08:00:00' --reason 'snapshot restored'"))
def begin(
    *,
    since: Annotated[datetime, typer.Option(help="Until when this database is known to be complete (UTC).")],
    reason: Annotated[str, typer.Option(help="Why; shown beside everything that waits for it.")],
    json: frame.Json = False,
) -> None:
    """Turn sending off. It is on again once every gateway in use has been compared and nothing differs.

    A restored database is noticed by itself where PostgreSQL can tell: after a dump, a recovery to a point in time, or
    a fail-over. A disk that was put back as it had been looks like itself, and needs this.
    """
    frame.run(_begin(since if since.tzinfo else since.replace(tzinfo=UTC), reason, json=json))


async def _status(*, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        seen = await recovery.outlook(tx)
        standing = await dispatch.standing(tx)
    if seen is None and standing.everything == dispatch.recovery.BLOCKER:
        frame.show([{"sending": "off", "why": "another database than before; a worker has not looked yet"}],
                   {"sending": "Sending", "why": "Why"}, json=json)  # fmt: skip
        return
    _show(seen, json=json)


async def _begin(since: datetime, reason: str, *, json: bool) -> None:
    async with frame.database() as database:
        async with database.transaction() as tx:
            await dispatch.recovery.begin(tx, known_until=since, reason=reason, actor=frame.actor())
        async with database.transaction(readonly=True) as tx:
            seen = await recovery.outlook(tx)
    _show(seen, json=json)


def _show(seen: Outlook | None, *, json: bool) -> None:
    if seen is None:
        frame.show([] if json else [{"sending": "on"}], {"sending": "Sending"}, json=json)
        return
    row = {
        "sending": "off",
        "id": seen.recovery.id,
        "why": seen.recovery.reason,
        "known_until": seen.recovery.known_until,
        "begun_at": seen.recovery.begun_at,
        "begun_by": seen.recovery.begun_by,
        "not_compared": seen.not_compared,
        "open_items": seen.open_items,
    }
    headings = {"sending": "Sending", "why": "Why", "known_until": "Complete until", "not_compared": "Not compared yet",
                "open_items": "Open items"}  # fmt: skip
    frame.show([row], headings, json=json)
