"""``bursar trace``: whichever id somebody has in hand, the whole story that it belongs to."""

from collections import defaultdict
from typing import Annotated, Final
from uuid import UUID

import typer

from bursar import monitoring
from bursar.cli import frame
from bursar.monitoring import Story
from bursar.monitoring.stories import Match

app = typer.Typer(name="trace", add_completion=False)

MATCHES: Final = {"what": "It is", "id": "Called", "payout": "Payout", "run": "Run"}
PAYOUTS: Final = {
    "id": "Payout", "program": "Program", "reference": "Reference", "amount": "Amount", "state": "State",
    "reason": "Reason", "gateway_reference": "Gateway's reference",
}  # fmt: skip
LINES: Final = {"at": "When", "about": "Payout", "kind": "What", "text": "Details"}


@app.command(
    epilog=frame.examples(
        "bursar trace 0193f0c1-…", "bursar trace corr_3f1c…", "bursar trace order-1042", "bursar trace evt-81 --json"
    ),
)
def trace(
    given: Annotated[str, typer.Argument(metavar="ID", help="What you have in hand.")], *, json: frame.Json = False
) -> None:
    """Tell the whole story that an id belongs to, whichever kind of id it is.

    A payout, run, batch, attempt, message, delivery, notice, earning, order, alert, break or reconciliation item; a
    correlation id or the id of a request; what a gateway or the asker calls it; an idempotency key.
    """
    frame.run(_trace(given, json=json))


async def _trace(given: str, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        story = await monitoring.trace(tx, given)
    if json:
        frame.show_json(_plain(story))
        return
    frame.show(_matches(story), MATCHES)
    if story.correlation_ids:
        frame.say(f"In logs and traces: {', '.join(story.correlation_ids)}")
    if story.payouts:
        frame.show([_fields(payout, PAYOUTS) for payout in story.payouts], PAYOUTS)
    if story.has_more:
        frame.note(f"There are more payouts; these are the latest {len(story.payouts)}.")
    several = len(story.payouts) > 1
    columns = {field: heading for field, heading in LINES.items() if several or field != "about"}
    rows = [
        {"at": frame.to_the_millisecond(line.at), "about": _short(line.payout_id), "kind": line.kind, "text": line.text}
        for line in story.lines
    ]
    frame.show(rows, columns, empty="Nothing has happened.")


def _matches(story: Story) -> list[dict[str, object]]:
    """What goes by the id, each once, however many payouts belong to it."""
    found: dict[tuple[str, str], list[Match]] = defaultdict(list)
    for match in story.matches:
        found[match.what, match.id].append(match)
    return [
        {
            "what": what,
            "id": name,
            "payout": _one_of({match.payout_id for match in matches}, name=name, kind="payouts"),
            "run": _one_of({match.run_id for match in matches}, name=name, kind="runs"),
        }
        for (what, name), matches in found.items()
    ]


def _one_of(ids: set[UUID | None], *, name: str, kind: str) -> str:
    """The one that it belongs to, or how many they are; nothing where it is the thing itself."""
    others = {str(one) for one in ids if one is not None} - {name}
    return f"{len(others)} {kind}" if len(others) > 1 else "".join(others)


def _short(payout_id: UUID | None) -> str:
    """The end of an id that stands in full above: in a story of many lines it is enough to tell them apart."""
    return f"…{payout_id.hex[-12:]}" if payout_id else ""


def _fields(thing: object, columns: dict[str, str]) -> dict[str, object]:
    return {field: getattr(thing, field) for field in columns}


def _plain(story: Story) -> dict[str, object]:
    return {
        "asked": story.asked,
        "matches": story.matches,
        "payouts": [_fields(payout, PAYOUTS | {"holder_id": "", "correlation_id": ""}) for payout in story.payouts],
        "has_more": story.has_more,
        "correlation_ids": story.correlation_ids,
        "lines": story.lines,
    }
