"""Beginning a run by hand, or seeing what it would do."""

import gc
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import payouts, programs, schedules
from bursar.cli import frame, process
from bursar.cli.roof import Roof
from bursar.cli.runs import following, listing
from bursar.foundation import db, queue
from bursar.schedules import Line, Overrides, Plan, Run

EXAMPLES: Final = frame.examples(
    "bursar runs start writers --dry-run",
    "bursar runs start writers --follow",
    "bursar runs start writers --batch-size 50 --tries 2 --json",
)
LINE_COLUMNS: Final = {
    "reference": "Holder", "name": "Name", "available": "Available", "amount": "Would be paid", "outcome": "Outcome",
}  # fmt: skip


def start(
    context: typer.Context,
    program: Annotated[str, typer.Argument(help="The program.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who would be paid and who not; do nothing.")] = False,
    follow: listing.Follow = False,
    batch_size: Annotated[int | None, typer.Option(help="Payouts taken up together, instead of the terms'.")] = None,
    tries: Annotated[int | None, typer.Option(help="How often each may be tried, instead of the terms'.")] = None,
    after: Annotated[UUID | None, typer.Option(metavar="HOLDER", help="--dry-run: list on after this one.")] = None,
    limit: Annotated[int, typer.Option(min=0, max=1000, help="--dry-run: list so many holders.")] = 20,
    json: frame.Json = False,
) -> None:
    """Begin a run now: balances are paid out, or what is approved and waits leaves. A worker carries it out."""
    if dry_run:
        frame.run(_foretell(Roof.over(context), program, after, limit, json=json))
        return
    run = frame.run(_start(program, Overrides(batch_size, tries)))
    if follow:
        process.run(lambda stop: following.follow(run.id, stop))
        frame.run(listing.print_run(run.id, json=json))
    elif json:
        frame.show_json(listing.row_of(run))
    else:
        frame.say(f"Run {run.id} of {program} has begun; a worker carries it out.")


async def ring(run: Run) -> None:
    """Tell the workers of a run that has something for them."""
    chosen = frame.settings()
    async with frame.database(chosen) as database:
        carrier = queue.open_carrier(chosen, database, partial(db.connect_alone, chosen))
        await carrier.ring(schedules.PROCESS, schedules.Process(run.id))
        await carrier.close()


async def _start(program: str, overrides: Overrides) -> Run:
    async with frame.database() as database, database.transaction() as tx:
        run = await schedules.begin_now(tx, program, actor=frame.actor(), overrides=overrides)
    await ring(run)
    return run


async def _foretell(roof: Roof, program: str, after: UUID | None, limit: int, *, json: bool) -> None:
    chosen = frame.settled(roof)
    desk = payouts.Desk(programs.Book(), roof.keyring(chosen))
    gc.freeze()  # Everything up to here stays for as long as the command runs: looking for rubbish in it takes longest.
    async with frame.database(chosen, patient=True) as database, database.transaction(readonly=True) as tx:
        plan = await schedules.plan(tx, program, desk=desk)
        lines, more = (
            await schedules.plan_page(tx, program, desk=desk, after=after, limit=limit) if limit else ([], None)
        )
    if json:
        frame.show_json({**_figures(plan), "holders": [_line(line) for line in lines], "after": more})
        return
    rows = [{"name": name.replace("_", " "), "value": value} for name, value in _figures(plan).items()]
    frame.show(rows, {"name": "", "value": ""})
    if lines:
        frame.show([_line(line) for line in lines], LINE_COLUMNS)
    if more:
        frame.note(f"More with --after {more}.")


def _figures(plan: Plan) -> dict[str, Any]:
    waiting, amounts = plan.waiting
    return {
        "program": plan.program,
        "pays": plan.pays.value,
        "would_ask_for": plan.count,
        "amount": plan.amount,
        "of_these_for_review": plan.in_review,
        **{f"left_out_{reason}": [f"{count:,}", amount] for reason, (count, amount) in sorted(plan.left_out.items())},
        "asked_for_and_waiting": [f"{waiting:,}", *amounts],
        "would_leave": [f"{plan.leaving[0]:,}", *plan.leaving[1]],
        "one_run_takes_at_most": plan.payouts_max,
        "would_wait_for_the_next": plan.kept_waiting,
        "nothing_leaves_because": plan.blocker,
        "would_be_stopped_by": plan.stops,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "holder_id": line.holder_id,
        "reference": line.reference,
        "name": line.name,
        "available": line.available,
        "amount": line.amount if line.reason is None else None,
        "outcome": line.reason or ("review" if line.in_review else "paid"),
    }
