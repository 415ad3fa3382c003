"""Stopping a run, letting it go on, and cancelling what has not left of it."""

import sys
from typing import Annotated, Final
from uuid import UUID

import typer

from bursar import schedules
from bursar.cli import frame
from bursar.cli.runs.listing import RunId, row_of
from bursar.cli.runs.starting import ring
from bursar.foundation.errors import Conflict
from bursar.foundation.money import Money
from bursar.schedules import Run

EXAMPLES: Final = frame.examples(
    "bursar runs stop 019a9f3e-0000-7000-8000-000000000000 --reason 'wrong month'",
    "bursar runs resume 019a9f3e-0000-7000-8000-000000000000",
)

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


class NotAgreed(Conflict):
    """Nobody has agreed to this; add --yes where nobody can be asked."""

    code = "not_agreed"


def stop(
    run: RunId,
    *,
    reason: Annotated[str, typer.Option(help="Why; shown wherever the run is.")],
    json: frame.Json = False,
) -> None:
    """Stop a run at once: nothing more of it leaves. What has left is kept, and asked about as ever."""
    frame.run(_stop(run, reason, json=json))


def resume(run: RunId, *, yes: Yes = False, json: frame.Json = False) -> None:
    """Let a stopped run go on, after showing what will leave."""
    frame.run(_resume(run, yes=yes, json=json))


def cancel(run: RunId, *, yes: Yes = False, json: frame.Json = False) -> None:
    """Cancel what has not left of a run, after showing what that is. The money is available to its holders again."""
    frame.run(_cancel(run, yes=yes, json=json))


async def _stop(run_id: UUID, reason: str, *, json: bool) -> None:
    async with frame.database() as database:
        async with database.transaction() as tx:
            run = await schedules.stop(tx, run_id, actor=frame.actor(), why=reason)
        async with database.transaction(readonly=True) as tx:  # Apart: nothing may take back that it has stopped.
            left = await schedules.leaving(tx, run_id)
    _tell(run, f"Stopped. Free to leave but for this: {_words(*left)}.", json=json)


async def _resume(run_id: UUID, *, yes: bool, json: bool) -> None:
    async with frame.database() as database:
        async with database.transaction(readonly=True) as tx:
            left = await schedules.leaving(tx, run_id)
        _insist(f"This will leave: {_words(*left)}.", yes=yes)
        async with database.transaction() as tx:
            run = await schedules.resume(tx, run_id, actor=frame.actor())
    await ring(run)
    _tell(run, "It goes on.", json=json)


async def _cancel(run_id: UUID, *, yes: bool, json: bool) -> None:
    async with frame.database() as database:
        async with database.transaction(readonly=True) as tx:
            left = await schedules.leaving(tx, run_id)
        _insist(f"This will be cancelled: {_words(*left)}.", yes=yes)
        async with database.transaction() as tx:
            run = await schedules.cancel(tx, run_id, actor=frame.actor())
    await ring(run)
    _tell(run, "Stopped; a worker cancels what has not left.", json=json)


def _insist(sentence: str, *, yes: bool) -> None:
    frame.note(sentence)
    if not yes and not (sys.stdin.isatty() and typer.confirm("Is that right?", err=True)):
        raise NotAgreed


def _words(count: int, amounts: list[Money]) -> str:
    return f"{count:,} payouts of {frame.said(amounts)}" if count else "nothing"


def _tell(run: Run, sentence: str, *, json: bool) -> None:
    if json:
        frame.show_json(row_of(run))
    else:
        frame.say(sentence)
