"""What holders, and staff about them, say to the runs: a minimum of their own, a pause, days of their own, a hold."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import holders, programs, schedules
from bursar.cli import frame
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.foundation.money import Money
from bursar.holders import Every, KeptSchedule, OwnSchedule, Preferences

COLUMNS: Final = {
    "reference": "Holder", "minimum": "Minimum", "paused_from": "Paused from", "paused_until": "Until",
    "schedule": "Paid", "next_at": "Next", "last_reason": "Nothing last time because", "held_why": "Held because",
    "held_by": "By",
}  # fmt: skip

References = Annotated[list[str], typer.Argument(metavar="REFERENCE...", help="What your platform calls them.")]
Program = Annotated[str, typer.Option(help="The program they belong to.")]
Moment = Annotated[str | None, typer.Option(metavar="TIME", help="ISO 8601, such as 2026-12-01 or 2026-12-01T09:00Z.")]

Change = Callable[[Transaction, Sequence[UUID]], Awaitable[dict[UUID, Preferences]]]


def preferences(references: References, *, program: Program, json: frame.Json = False) -> None:
    """What was said about these holders to the runs."""
    frame.run(_change(program, references, holders.preferences, json=json))


def minimum(
    references: References,
    *,
    program: Program,
    amount: Annotated[str | None, typer.Option(help="In major units; left out: as the program has it.")] = None,
    json: frame.Json = False,
) -> None:
    """Have runs pay these holders no less than this. The program's own minimum always counts too."""
    frame.run(_set_minimum(program, references, amount, json=json))


def pause(
    references: References, *, program: Program, since: Moment = None, until: Moment = None, json: frame.Json = False
) -> None:
    """Have runs leave these holders out, from now or another time on, until then or until `resume`."""

    async def change(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Preferences]:
        begins = _moment(since, field="since") or await tx.now()
        return await holders.pause(tx, ids, since=begins, until=_moment(until, field="until"), actor=frame.actor())

    frame.run(_change(program, references, change, json=json))


def resume(references: References, *, program: Program, json: frame.Json = False) -> None:
    """End these holders' pauses."""
    frame.run(_change(program, references, lambda tx, ids: holders.resume(tx, ids, actor=frame.actor()), json=json))


def schedule(
    references: References,
    *,
    program: Program,
    every: Annotated[Every | None, typer.Option(help="Pay whatever is there then, and nothing in between.")] = None,
    day: Annotated[int | None, typer.Option(help="Weekly: 0 (Sunday) to 6. Monthly: 1 to 31.")] = None,
    hour: Annotated[int, typer.Option(help="On the clock of the program's time zone.")] = 9,
    off: Annotated[bool, typer.Option("--off", help="Pay them as the program pays everybody else.")] = False,
    json: frame.Json = False,
) -> None:
    """Pay these holders by a schedule of their own, where the program's terms let its holders choose."""
    if off == (every is not None):
        raise typer.BadParameter("Say --every daily, weekly or monthly, or --off.")

    async def change(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Preferences]:
        if every is None:
            await holders.drop_schedule(tx, ids, actor=frame.actor())
            return await holders.preferences(tx, ids)
        found = await holders.find(tx, ids)
        wish = OwnSchedule(every, day, hour)
        return await schedules.choose(tx, list(found.values()), wish, book=programs.Book(), actor=frame.actor())

    frame.run(_change(program, references, change, json=json))


def hold(
    references: References,
    *,
    program: Program,
    reason: Annotated[str, typer.Option(help="Why; staff are shown it.")],
    json: frame.Json = False,
) -> None:
    """Have runs leave these holders out until `release`. What was asked for goes on; a kill switch stops that."""

    async def change(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Preferences]:
        return await holders.hold(tx, ids, why=reason, actor=frame.actor())

    frame.run(_change(program, references, change, json=json))


def release(references: References, *, program: Program, json: frame.Json = False) -> None:
    """Hold these holders no longer."""
    frame.run(_change(program, references, lambda tx, ids: holders.release(tx, ids, actor=frame.actor()), json=json))


async def _set_minimum(program: str, references: Sequence[str], amount: str | None, *, json: bool) -> None:
    async def change(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Preferences]:
        currency = (await programs.terms(tx, program)).currency
        least = Money.parse(amount, currency, field="minimum") if amount is not None else None
        return await holders.set_minimum(tx, ids, minimum=least, actor=frame.actor())

    await _change(program, references, change, json=json)


async def _change(program: str, references: Sequence[str], change: Change, *, json: bool) -> None:
    """Find these holders, change what was said about them, and show it."""
    async with frame.database() as database, database.transaction() as tx:
        found = [await holders.by_reference(tx, program, reference) for reference in references]
        said = await change(tx, [holder.id for holder in found])
    frame.show([_row(holder.reference, said[holder.id]) for holder in found], COLUMNS, json=json)


def _row(reference: str, said: Preferences) -> dict[str, Any]:
    return {
        "reference": reference,
        "holder_id": said.holder_id,
        "minimum": said.minimum,
        "paused_from": said.paused_from,
        "paused_until": said.paused_until,
        **_schedule_row(said.schedule),
        "held_why": said.held_why,
        "held_by": said.held_by,
        "held_at": said.held_at,
    }


def _schedule_row(kept: KeptSchedule | None) -> dict[str, Any]:
    if kept is None:
        return dict.fromkeys(("schedule", "next_at", "last_at", "last_reason"))
    return {
        "schedule": str(kept.wish),
        "next_at": kept.next_at,
        "last_at": kept.last_at,
        "last_reason": kept.last_reason,
    }


def _moment(text: str | None, *, field: str) -> datetime | None:
    """A time as people write it; without a zone it is meant in UTC.

    Raises:
        Invalid: it is none.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(field=field, rule="a time such as 2026-12-01T09:00Z", given=text[:40]) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
