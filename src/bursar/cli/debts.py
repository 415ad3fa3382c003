"""``bursar debts``: what holders owe, how it came down, and what people do about it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import earnings, holders
from bursar.cli import frame
from bursar.earnings import Debt, DebtPart, DebtQuery
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal

app = typer.Typer(
    name="debts", help="What holders owe: list it, settle it with what they have, forgive it.", no_args_is_help=True
)

_HEADINGS: Final = {
    "owed_since": "Since",
    "id": "Id",
    "holder": "Holder",
    "reference": "For",
    "amount": "Amount",
    "recovered": "Recovered",
    "forgiven": "Forgiven",
    "outstanding": "Still owed",
}
_PARTS: Final = {
    "at": "When",
    "how": "How",
    "amount": "Amount",
    "payout": "Payout",
    "actor": "By",
    "reason": "Why",
}

Ids = Annotated[list[UUID], typer.Argument(metavar="ID...", help="The debts, by their ids.")]


@app.command("list", epilog=frame.examples("bursar debts list --program marketplace", "bursar debts list --all --json"))
def list_debts(
    *,
    program: Annotated[str | None, typer.Option(help="Only debts in this program.")] = None,
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="REF", help="Only this holder's; needs --program.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also those of which nothing is left.")] = False,
    search: Annotated[str | None, typer.Option(help="Beginning of a reference or an id.")] = None,
    after: Annotated[UUID | None, typer.Option(metavar="ID", help="Go on after the debt with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=earnings.PAGE_MAX, help="How many at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """What is owed, newest first."""
    if holder is not None and program is None:
        raise typer.BadParameter("a reference means something in its program only; add --program")
    is_open = None if all_ else True
    query = DebtQuery(program=program, is_open=is_open, search=search, before=after, limit=limit)
    frame.run(_list(query, holder, json=json))


@app.command()
def show(
    debt: Annotated[UUID, typer.Argument(metavar="ID", help="The debt's id.")], *, json: frame.Json = False
) -> None:
    """Show one debt, and every step by which it came down."""
    frame.run(_show(debt, json=json))


@app.command(epilog=frame.examples("bursar debts settle 0193f0c1-…"))
def settle(ids: Ids, *, json: frame.Json = False) -> None:
    """Settle debts with what their holders have available, as far as that goes."""
    frame.run(_settle(ids, json=json))


@app.command(epilog=frame.examples("bursar debts forgive 0193f0c1-… --reason 'the parcel was lost by us'"))
def forgive(
    ids: Ids,
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with the debt and in the journal.")],
    json: frame.Json = False,
) -> None:
    """Write off what is left of debts; their program bears it."""
    if not reason.strip():
        raise typer.BadParameter("say why", param_hint="--reason")
    frame.run(_forgive(ids, reason.strip(), json=json))


async def _list(query: DebtQuery, holder: str | None, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        if holder is not None and query.program is not None:
            owner = await holders.by_reference(tx, query.program, holder)
            query = replace(query, holder_id=owner.id)
        shown = await _rows(tx, await earnings.debts_page(tx, query))
    frame.show(shown, _HEADINGS, json=json, empty="Nobody owes anything." if query.is_open else "No debts.")
    if len(shown) == query.limit and not json:
        frame.note(f"There may be more: --after {shown[-1]['id']}")


async def _show(debt_id: UUID, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        [row] = await _rows(tx, [await earnings.debt(tx, debt_id)])
        steps = (await earnings.parts_of_debts(tx, [debt_id])).get(debt_id, ())
    parts = [_part(step) for step in steps]
    if json:
        frame.show_json({**row, "parts": parts})
        return
    frame.show([row], _HEADINGS)
    if row["description"]:
        frame.say(row["description"])
    frame.show(parts, _PARTS, empty="Nothing of it has come down.")


async def _settle(ids: Sequence[UUID], *, json: bool) -> None:
    async with frame.database() as database:

        async def work(tx: Transaction) -> list[Debt | Refusal]:
            return await earnings.settle(tx, ids, actor=frame.actor(), at=SystemClock().now())

        results = await database.retrying(work)
        async with database.transaction(readonly=True) as tx:
            rows = await _rows(tx, [one for one in results if isinstance(one, Debt)])
    _report(ids, results, rows, json=json)


async def _forgive(ids: Sequence[UUID], reason: str, *, json: bool) -> None:
    async with frame.database() as database:

        async def work(tx: Transaction) -> list[Debt | Refusal]:
            return await earnings.forgive(tx, ids, actor=frame.actor(), reason=reason, at=SystemClock().now())

        results = await database.retrying(work)
        async with database.transaction(readonly=True) as tx:
            rows = await _rows(tx, [one for one in results if isinstance(one, Debt)])
    _report(ids, results, rows, json=json)


def _report(
    ids: Sequence[UUID], results: Sequence[Debt | Refusal], rows: Sequence[Mapping[str, Any]], *, json: bool
) -> None:
    """Show the debts that came down, and say of each of the others why it did not; exit code 1 if there are any."""
    refused = {debt_id: one for debt_id, one in zip(ids, results, strict=True) if isinstance(one, Refusal)}
    if json:
        by_id = {row["id"]: row for row in rows}
        frame.show_json([by_id.get(debt_id) or _refused(debt_id, refused[debt_id]) for debt_id in dict.fromkeys(ids)])
    elif rows:
        frame.show(rows, _HEADINGS)
    for debt_id, refusal in refused.items():
        frame.note(f"error[{refusal.code}]: {debt_id}: {refusal.message}")
    if refused:
        raise typer.Exit(1)


async def _rows(tx: Transaction, found: Sequence[Debt]) -> list[dict[str, Any]]:
    owners = await holders.find(tx, {debt.holder_id for debt in found})
    return [
        {
            "id": debt.id,
            "program": debt.program,
            "holder": owners[debt.holder_id].reference,
            "reference": debt.reference,
            "description": debt.description,
            "amount": debt.amount,
            "recovered": debt.recovered,
            "forgiven": debt.forgiven,
            "outstanding": debt.outstanding,
            "owed_since": debt.owed_since,
            "noted_by": debt.noted_by,
            "ended_at": debt.ended_at,
        }
        for debt in found
    ]


def _part(part: DebtPart) -> dict[str, Any]:
    return {
        "at": part.at,
        "how": part.how.value,
        "amount": part.amount,
        "payout": part.payout_id,
        "actor": part.actor,
        "reason": part.reason,
        "transfer": part.transfer_id,
    }


def _refused(debt_id: UUID, refusal: Refusal) -> dict[str, Any]:
    return {"id": debt_id, "error": {"code": refusal.code, "message": refusal.message, **refusal.facts}}
