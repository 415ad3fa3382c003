"""``bursar analytics``: how payouts went, counted by day, kind, status and gateway."""

from datetime import datetime
from typing import Annotated, Any, Final

import typer

from bursar import programs
from bursar.cli import frame
from bursar.foundation import sheets
from bursar.foundation.money import Money
from bursar.payouts import analytics
from bursar.payouts.analytics import Days, Dimension, Group

EXAMPLES: Final = frame.examples(
    "bursar analytics --program marketplace --group day",
    "bursar analytics --from 2026-10-01 --to 2026-10-31 --group kind --group status --csv > october.csv",
)

_FORMATS: Final = ["%Y-%m-%d"]
_BY: Final = {"kind": "Kind", "status": "Status", "gateway": "Gateway"}
_FIGURES: Final = {
    "count": "Payouts",
    "amount": "Amount",
    "completed": "Completed",
    "failed": "Failed",
    "paid": "Paid",
    "success_rate": "Success %",
    "average_seconds": "Average s",
    "p50_seconds": "Half within s",
    "p95_seconds": "95 % within s",
}

app = typer.Typer(name="analytics", add_completion=False)


@app.command("analytics", epilog=EXAMPLES)
def show_analytics(
    *,
    program: Annotated[str | None, typer.Option(help="Only this program, whose clock then counts; else UTC.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=_FORMATS, help="The first day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_FORMATS, help="The last day.")] = None,
    group: Annotated[list[Dimension] | None, typer.Option(help="What is counted for itself; repeatable.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    json: frame.Json = False,
) -> None:
    """What the payouts that were asked for in some days came to; without days, in the last 30."""
    by = frozenset(group or ())
    if len(by & analytics.TIMES) > 1:
        raise typer.BadParameter("group by one of day, week and month, not by several")
    frame.run(_show(program, first, last, by=by, csv=csv, json=json))


async def _show(
    program: str | None,
    first: datetime | None,
    last: datetime | None,
    *,
    by: frozenset[Dimension],
    csv: bool,
    json: bool,
) -> None:
    async with frame.database(patient=True) as database, database.transaction(readonly=True) as tx:
        time_zone = (await programs.terms(tx, program)).statements.time_zone if program else "UTC"
        begin, end = (moment.date() if moment else None for moment in (first, last))
        days = Days.chosen(begin, end, at=await tx.now(), time_zone=time_zone)
        found = await analytics.analyse(tx, days=days, by=by, program=program)
    rows = [_row(one) for one in found]
    if csv:
        cells = [[_cell(value) for value in row.values()] for row in rows]
        typer.echo(sheets.lines([[*_HEADINGS, "currency"], *cells]), nl=False)
        return
    frame.show(rows, _columns(by), json=json, empty="No payouts were asked for in these days.")


def _columns(by: frozenset[Dimension]) -> dict[str, str]:
    """The headings of what payouts were grouped by, and of all figures."""
    times = {"date": "From"} if by & analytics.TIMES else {}
    return {**times, **{name: said for name, said in _BY.items() if name in by}, **_FIGURES}


_HEADINGS: Final = ("date", *_BY, *_FIGURES)


def _row(group: Group) -> dict[str, Any]:
    return {
        "date": group.since.isoformat() if group.since else None,
        "kind": group.kind,
        "status": group.status.value if group.status else None,
        "gateway": group.gateway,
        "count": group.count,
        "amount": group.amount,
        "completed": group.completed,
        "failed": group.failed,
        "paid": group.paid,
        "success_rate": group.success_rate,
        "average_seconds": _seconds(group.average_seconds),
        "p50_seconds": _seconds(group.p50_seconds),
        "p95_seconds": _seconds(group.p95_seconds),
        "currency": group.amount.currency,
    }


def _cell(value: object) -> sheets.Cell:
    match value:
        case Money():
            return value.decimal
        case float():
            return f"{value:g}"
        case str() | int() | None:
            return value
    raise AssertionError("a row holds nothing else")


def _seconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
