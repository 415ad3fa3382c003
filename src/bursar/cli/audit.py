"""``bursar audit``: the proof that history was not altered."""

from typing import Any

import typer

from bursar import monitoring
from bursar.cli import frame

app = typer.Typer(name="audit", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """The audit chain: blocks of events whose hashes hang on each other."""


@app.command(epilog=frame.examples("bursar audit verify", "bursar audit verify --json"))
def verify(*, json: frame.Json = False) -> None:
    """Derive the whole chain again and name the first event that was altered, removed or slipped in.

    Exit code 1 when there is one. Events that were not sealed yet (the last few seconds) are not looked at.
    """
    found = frame.run(_verify())
    fault = found["fault"]
    if json:
        frame.show_json(found)
    elif fault is None:
        frame.say(f"All {found['events']:,} sealed events are what they were.")
    else:
        frame.say(f"Block {fault.block}: {fault.event}: {fault.what}. The {found['events']:,} events before are sound.")
    if fault is not None:
        raise typer.Exit(1)


async def _verify() -> dict[str, Any]:
    async with frame.database(patient=True) as database, database.transaction(readonly=True) as tx:
        events, fault = await monitoring.audit.verify(tx)
    return {"events": events, "fault": fault}
