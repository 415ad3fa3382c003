"""Completing, cancelling and refunding orders. Each order is done or refused on its own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from bursar import dispatch, orders, payouts, programs
from bursar.cli import frame
from bursar.cli.orders import listing
from bursar.cli.roof import Roof
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.settings import Settings
from bursar.orders import Completion, Order, Step

EXAMPLES: Final = frame.examples("bursar orders complete o-1042 o-1043 --program marketplace")

Names = Annotated[list[str], typer.Argument(metavar="ORDER...", help="What your platform calls them, or our ids.")]
Reason = Annotated[str | None, typer.Option(help="Why; kept with the order.")]

Verb = Callable[[Transaction, Sequence[Step]], Awaitable[Sequence[Order | Completion | Refusal]]]


def complete(context: typer.Context, names: Names, *, program: listing.Program, json: frame.Json = False) -> None:
    """Say that orders are delivered: their sellers earn the price, and a payout of it is asked for."""
    frame.run(_complete(Roof.over(context), names, program, json=json))


def cancel(names: Names, *, program: listing.Program, reason: Reason = None, json: frame.Json = False) -> None:
    """Say that orders came to nothing before they were completed."""

    async def work(tx: Transaction, steps: Sequence[Step]) -> list[Order | Refusal]:
        return await orders.cancel(tx, steps, at=SystemClock().now())

    frame.run(_change(names, program, work, reason=reason, json=json))


def refund(names: Names, *, program: listing.Program, reason: Reason = None, json: frame.Json = False) -> None:
    """Take back what completed orders gave: what has not left comes back at once, and the rest is owed."""

    async def work(tx: Transaction, steps: Sequence[Step]) -> list[Order | Refusal]:
        return await orders.refund(tx, steps, book=programs.Book(), at=SystemClock().now())

    frame.run(_change(names, program, work, reason=reason, json=json))


async def _complete(roof: Roof, names: Sequence[str], program: str, *, json: bool) -> None:
    settings = frame.settled(roof)
    desk = payouts.Desk(programs.Book(), roof.keyring(settings))

    async def work(tx: Transaction, steps: Sequence[Step]) -> list[Completion | Refusal]:
        return await orders.complete(tx, steps, desk=desk, at=SystemClock().now())

    await _change(names, program, work, settings=settings, json=json)


async def _change(
    names: Sequence[str],
    program: str,
    verb: Verb,
    *,
    reason: str | None = None,
    settings: Settings | None = None,
    json: bool,
) -> None:
    once = list(dict.fromkeys(names))
    steps = [Step(program, name, frame.actor(), reason=reason) for name in once]
    async with frame.database(settings) as database:
        answers = await database.retrying(lambda tx: verb(tx, steps))
        await frame.ring(database, dispatch.BELL)
        done = {name: _order(answer) for name, answer in zip(once, answers, strict=True)}
        async with database.transaction(readonly=True) as tx:
            changed = [order for order in done.values() if isinstance(order, Order)]
            rows = {row["id"]: row for row in await listing.rows(tx, changed)}
    _report(done, rows, json=json)


def _order(answer: Order | Completion | Refusal) -> Order | Refusal:
    return answer.order if isinstance(answer, Completion) else answer


def _report(done: Mapping[str, Order | Refusal], rows: Mapping[Any, Mapping[str, Any]], *, json: bool) -> None:
    """Show what was done, and say of each that was refused why; exit code 1 if any was."""
    refused = {name: one for name, one in done.items() if isinstance(one, Refusal)}
    if json:
        frame.show_json([_refused(n, one) if isinstance(one, Refusal) else rows[one.id] for n, one in done.items()])
    elif rows:
        frame.show(list(rows.values()), listing.HEADINGS)
        for row in rows.values():
            if row["put_off"]:
                frame.note(f"{row['reference']}: no payout yet. {row['put_off']}")
    for name, refusal in refused.items():
        frame.note(f"error[{refusal.code}]: {name}: {refusal.message}")
    if refused:
        raise typer.Exit(1)


def _refused(name: str, refusal: Refusal) -> dict[str, Any]:
    return {"reference": name, "error": {"code": refusal.code, "message": refusal.message, **refusal.facts}}
