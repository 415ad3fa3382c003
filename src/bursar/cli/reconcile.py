"""``bursar reconcile``: hold what gateways and banks say against what we know, and correct it, two people at a time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from bursar import dispatch, programs
from bursar.cli import frame
from bursar.cli.payouts.deciding import AsSomebody, PasswordStdin, password, somebody
from bursar.cli.roof import Roof
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.identity import Permission
from bursar.monitoring import reconciliation
from bursar.monitoring.reconciliation import Action, Columns, Comparison, Correction, Format, Item, Kind, Query, Span

app = typer.Typer(
    name="reconcile",
    help="Compare payouts with the ledger, gateways' lists and statements; correct what differs.",
    no_args_is_help=True,
)

COMPARISONS: Final = {
    "id": "Comparison", "way": "Against", "gateway": "Gateway", "since": "Paid since", "state": "State",
    "payments": "Payments", "differing": "Differ", "opened": "New", "closed": "Gone",
}  # fmt: skip
ITEMS: Final = {
    "id": "Item", "kind": "Kind", "payout": "Payout", "gateway": "Gateway", "amount": "Amount", "age": "Age",
    "owner": "For", "suggested": "Suggested",
}  # fmt: skip
CORRECTIONS: Final = {
    "id": "Correction", "action": "Action", "state": "State", "program": "Borne by", "reason": "Why",
    "proposed_at": "Proposed",
}  # fmt: skip

Since = Annotated[datetime | None, typer.Option(help="Compare payments made since then (UTC); three days otherwise.")]
GatewayName = Annotated[str | None, typer.Option("--gateway", help="Only this gateway's.")]
Reason = Annotated[str, typer.Option(help="How you know; kept with your word.")]
CorrectionId = Annotated[UUID, typer.Argument(metavar="CORRECTION", help="The correction's id.")]


@app.command(
    epilog=frame.examples(
        "bursar reconcile run",
        "bursar reconcile run --gateway somebank --since 2026-11-01 --json",
        "bursar reconcile run --by-worker",
    )
)
def run(
    context: typer.Context,
    *,
    gateway: GatewayName = None,
    since: Since = None,
    by_worker: Annotated[
        bool, typer.Option("--by-worker", help="Ask a worker to, which knows the sandbox of `bursar up`.")
    ] = False,
    json: frame.Json = False,
) -> None:
    """Compare now: our books, and the list of each gateway that has one. Ends with 1 when something differs."""
    if by_worker:
        frame.run(_ask(gateway, _utc(since)))
        frame.note("A worker compares; `bursar reconcile list` shows what came of it.")
        return
    made = frame.run(_run(Roof.over(context), gateway, _utc(since)))
    frame.show([_comparison(one) for one in made], COMPARISONS, json=json)
    if not all(one.passed for one in made):
        raise typer.Exit(1)


@app.command("list", epilog=frame.examples("bursar reconcile list --limit 5"))
def list_comparisons(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="So many at most.")] = 20,
    json: frame.Json = False,
) -> None:
    """The latest comparisons, newest first."""
    frame.run(_list(limit, json=json))


@app.command(epilog=frame.examples("bursar reconcile items", "bursar reconcile items --kind paid_twice --closed"))
def items(
    *,
    kind: Annotated[list[Kind] | None, typer.Option(help="Only of this kind; may be repeated.")] = None,
    gateway: GatewayName = None,
    program: Annotated[str | None, typer.Option(help="Only of this program.")] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Those that are over instead.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="So many at most.")] = 50,
    json: frame.Json = False,
) -> None:
    """What differs, newest first."""
    query = Query(is_open=not closed, kinds=frozenset(kind or ()), gateway=gateway, program=program, limit=limit)
    frame.run(_items(query, json=json))


@app.command(epilog=frame.examples("bursar reconcile show 01a1f9ae-0000-7000-8000-000000000000"))
def show(item: Annotated[UUID, typer.Argument(help="The item's id.")], *, json: frame.Json = False) -> None:
    """One item: what differs, what may be done about it, and what was proposed."""
    frame.run(_show(item, json=json))


@app.command(
    epilog=frame.examples(
        "bursar reconcile propose 01a1f9ae-… settle --as amina@example.com --reason 'on the statement of the 19th'"
    )
)
def propose(
    item: Annotated[UUID, typer.Argument(help="The item's id.")],
    action: Annotated[Action, typer.Argument(help="What is to be done.")],
    *,
    person: AsSomebody,
    reason: Reason,
    program: Annotated[str | None, typer.Option(help="Who bears a loss, where nobody knows who was paid.")] = None,
    password_stdin: PasswordStdin = False,
    json: frame.Json = False,
) -> None:
    """Propose a correction. Nothing moves until somebody else approves it."""
    secret = password(person, from_stdin=password_stdin)

    async def work(tx: Transaction, who: UUID) -> Correction:
        return await reconciliation.propose(tx, item, action=action, person=who, reason=reason, program=program)

    made = frame.run(_as(person, secret, work))
    frame.show([_correction(made)], CORRECTIONS, json=json)


@app.command(epilog=frame.examples("bursar reconcile approve 01a1f9af-… --as ben@example.com"))
def approve(
    correction: CorrectionId,
    *,
    person: AsSomebody,
    reason: Annotated[str, typer.Option(help="How you know; kept with your word.")] = "",
    password_stdin: PasswordStdin = False,
    json: frame.Json = False,
) -> None:
    """Agree to somebody else's correction; it is carried out at once."""
    secret = password(person, from_stdin=password_stdin)
    scribe = dispatch.Scribe(programs.Book())

    async def work(tx: Transaction, who: UUID) -> Item:
        return await reconciliation.approve(tx, correction, person=who, reason=reason, scribe=scribe)

    frame.show([_item(frame.run(_as(person, secret, work)))], ITEMS | {"resolution": "Ended by"}, json=json)


@app.command(epilog=frame.examples("bursar reconcile reject 01a1f9af-… --as ben@example.com --reason 'not ours'"))
def reject(
    correction: CorrectionId,
    *,
    person: AsSomebody,
    reason: Reason,
    password_stdin: PasswordStdin = False,
    json: frame.Json = False,
) -> None:
    """Turn a correction down, or withdraw your own; the item stays open."""
    secret = password(person, from_stdin=password_stdin)

    async def work(tx: Transaction, who: UUID) -> Item:
        return await reconciliation.reject(tx, correction, person=who, reason=reason)

    frame.show([_item(frame.run(_as(person, secret, work)))], ITEMS, json=json)


@app.command(
    "import",
    epilog=frame.examples(
        "bursar reconcile import statement.xml --gateway somebank --format camt053",
        "bursar reconcile import november.csv --gateway somebank --reference 'Trace no' --amount Betrag --date Datum",
    ),
)
def import_statement(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The statement.")],
    *,
    gateway: Annotated[str, typer.Option(help="Whose statement it is.")],
    form: Annotated[Format, typer.Option("--format", help="What form it has.")] = Format.CSV,
    reference: Annotated[str, typer.Option(help="CSV: the column of the gateway's reference.")] = "reference",
    key: Annotated[str, typer.Option(help="CSV: the column in which our key is repeated.")] = "key",
    amount: Annotated[str, typer.Option(help="CSV: the column of the amount, in major units.")] = "amount",
    currency: Annotated[str, typer.Option(help="CSV: the column of the currency, or the currency.")] = "currency",
    date: Annotated[str, typer.Option(help="CSV: the column of the date or time.")] = "date",
    time_format: Annotated[str | None, typer.Option(help="CSV: how times are written, as strptime has it.")] = None,
    status: Annotated[str, typer.Option(help="CSV: the column of the status; else all are payments.")] = "status",
    delimiter: Annotated[str, typer.Option(help="CSV: what stands between two columns.")] = ",",
    json: frame.Json = False,
) -> None:
    """Compare a statement's file: CSV, or camt.053. Ends with 1 when something differs; the same file counts once."""
    if len(delimiter) != 1:
        raise typer.BadParameter("one character", param_hint="--delimiter")
    columns = Columns(
        reference=reference, key=key, amount=amount, currency=currency, at=date, status=status, delimiter=delimiter,
        time_format=time_format,
    )  # fmt: skip
    made = frame.run(_import(file, gateway, form, columns))
    frame.show([_comparison(made)], COMPARISONS, json=json)
    if not made.passed:
        raise typer.Exit(1)


async def _run(roof: Roof, gateway: str | None, since: datetime | None) -> Sequence[Comparison]:
    settings = frame.settled(roof)
    async with roof.gateways(settings) as installed, frame.database(settings, patient=True) as database:
        if gateway is None:
            return await reconciliation.compare_all(database, installed, actor=frame.actor(), since=since)
        if gateway not in installed:
            raise dispatch.NoSuchGateway(gateway=gateway)
        now = SystemClock().now()
        span = Span(since or now - reconciliation.LOOK_BACK, now)
        return [await reconciliation.compare_list(database, installed[gateway], span=span, actor=frame.actor())]


async def _ask(gateway: str | None, since: datetime | None) -> None:
    async with frame.database() as database, database.transaction() as tx:
        await reconciliation.ask(tx, gateway=gateway, since=since, actor=frame.actor())


async def _list(limit: int, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        made = await reconciliation.recent(tx, limit=limit)
    frame.show([_comparison(one) for one in made], COMPARISONS, json=json, empty="Nothing was compared yet.")


async def _items(query: Query, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        found = await reconciliation.items(tx, query)
    frame.show([_item(one) for one in found], ITEMS, json=json, empty="Nothing differs.")


async def _show(item_id: UUID, *, json: bool) -> None:
    async with frame.database() as database, database.transaction(readonly=True) as tx:
        found, proposed = await reconciliation.item(tx, item_id)
    row, made = _item(found), [_correction(one) for one in proposed]
    if json:
        frame.show_json(row | {"corrections": made})
        return
    lines = [{"name": name.replace("_", " "), "value": value} for name, value in row.items() if name != "facts"]
    facts = [{"name": name.replace("_", " "), "value": value} for name, value in row["facts"].items()]
    frame.show([*lines, *facts], {"name": "", "value": ""})
    if made:
        frame.show(made, CORRECTIONS)


async def _as(person: str, secret: str, work: Any) -> Any:
    """Do something in the name of somebody who may reconcile."""
    async with frame.database() as database:
        who = await somebody(database, person, secret, permission=Permission.RECONCILE)
        done = await database.retrying(lambda tx: work(tx, who.id))
        await frame.ring(database, dispatch.BELL)
        return done


async def _import(file: Path, gateway: str, form: Format, columns: Columns) -> Comparison:
    async with frame.database(patient=True) as database:
        with _opened(file) as opened:
            return await reconciliation.compare_statement(
                database, opened, gateway=gateway, form=form, actor=frame.actor(), columns=columns
            )


def _opened(file: Path) -> Any:
    try:
        return file.open("rb")
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}", field="file", rule="readable") from error


def _utc(given: datetime | None) -> datetime | None:
    return given if given is None or given.tzinfo else given.replace(tzinfo=UTC)


def _comparison(one: Comparison) -> Mapping[str, object]:
    return {
        "id": one.id,
        "way": one.way.value,
        "gateway": one.gateway or None,
        "since": one.span.since if one.gateway else None,
        "until": one.span.until,
        "state": one.state if one.failure is None else f"{one.state}: {one.failure}",
        "passed": one.passed,
        "payments": one.payments,
        "differing": one.differing,
        "opened": one.opened,
        "closed": one.closed,
        "begun_at": one.begun_at,
        "ended_at": one.ended_at,
        "asked_by": one.asked_by,
    }


def _item(item: Item) -> dict[str, Any]:
    age = item.age(SystemClock().now())
    return {
        "id": item.id,
        "kind": item.kind.value,
        "payout": item.payout_id,
        "program": item.program,
        "gateway": item.gateway,
        "key": item.attempt_key,
        "gateway_reference": item.gateway_reference,
        "amount": item.amount,
        "happened_at": item.happened_at,
        "age": f"{age.days} d" if age.days else f"{age.seconds // 3600} h {age.seconds // 60 % 60} min",
        "owner": item.rule.owner.value,
        "suggested": item.suggestion.value if item.suggestion else None,
        "possible": [action.value for action in item.actions],
        "seen_by": [way.value for way in item.ways],
        "opened_at": item.opened_at,
        "closed_at": item.closed_at,
        "resolution": item.resolution,
        "facts": dict(item.facts),
    }


def _correction(correction: Correction) -> Mapping[str, object]:
    return {
        "id": correction.id,
        "item": correction.item_id,
        "action": correction.action.value,
        "state": correction.state,
        "program": correction.program,
        "reason": correction.reason,
        "proposed_by": correction.proposed_by,
        "proposed_at": correction.proposed_at,
        "decided_by": correction.decided_by,
        "decided_at": correction.decided_at,
    }
