"""``bursar statements``: what holders had, got and were paid in a year or a month, to look at and as files."""

import re
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bursar import holders, programs
from bursar.cli import frame
from bursar.foundation.db import Database
from bursar.foundation.errors import Invalid
from bursar.holders import Holder
from bursar.outbound import statements
from bursar.outbound.statements import WORDS, Line, Statement
from bursar.programs import Terms

app = typer.Typer(
    name="statements",
    help="Statements: what a holder had, got and was paid in a year or a month.",
    no_args_is_help=True,
)

LIST_EXAMPLES: Final = frame.examples("bursar statements list --program marketplace --holder seller-17")
SHOW_EXAMPLES: Final = frame.examples("bursar statements show 2026-11 --program marketplace --holder seller-17")
WRITE_EXAMPLES: Final = frame.examples(
    "bursar statements write 2026 --program marketplace --folder statements",
    "bursar statements write 2026-11 --program marketplace --holder seller-17 --format csv --folder .",
)
HOLDERS_AT_ONCE: Final = 100

_PERIODS: Final = {
    "period": "Period",
    "first": "From",
    "last": "To",
    "opening": "Opening",
    "closing": "Closing",
    "owed": "Owed",
    "over": "Over",
}
_LINES: Final = {
    "date": "Date",
    "what": "What",
    "reference": "Reference",
    "description": "Details",
    "change": "Change",
    "balance": "Balance",
    "owed": "Owed",
}
_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LENGTH_MAX: Final = 80  # Of a reference in a file's name.

Program = Annotated[str, typer.Option(help="The holder's program.")]
Reference = Annotated[str, typer.Option("--holder", metavar="REF", help="The holder's reference in that program.")]
Name = Annotated[str, typer.Argument(metavar="PERIOD", help="A year such as 2026, or a month such as 2026-11.")]


class Form(StrEnum):
    """What a statement is written as."""

    PDF = "pdf"
    CSV = "csv"


class CannotWriteStatement(Invalid):
    """A statement cannot be written."""

    code = "cannot_write_statement"


@app.command("list", epilog=LIST_EXAMPLES)
def list_periods(*, program: Program, holder: Reference, json: frame.Json = False) -> None:
    """The years and months of which a holder can have a statement, newest first."""
    frame.run(_list(program, holder, json=json))


@app.command("show", epilog=SHOW_EXAMPLES)
def show_statement(period: Name, *, program: Program, holder: Reference, json: frame.Json = False) -> None:
    """One statement, oldest line first."""
    frame.run(_show(period, program, holder, json=json))


@app.command("write", epilog=WRITE_EXAMPLES)
def write_statements(
    period: Name,
    *,
    program: Program,
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="REF", help="Only this holder's. Without it: everybody's.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="What to write.")] = Form.PDF,
    folder: Annotated[Path, typer.Option(file_okay=False, help="Where to; it is made if it is not there.")],
) -> None:
    """Write statements into a folder, one file for each holder of whom there is anything to state.

    Doing it again writes the same files again.
    """
    frame.run(_write(period, program, holder, form=form, folder=folder))


async def _list(program: str, reference: str, *, json: bool) -> None:
    async with frame.database(patient=True) as database, database.transaction(readonly=True) as tx:
        terms = await programs.terms(tx, program)
        found = await statements.overview(tx, await holders.by_reference(tx, program, reference), terms=terms)
    rows = [
        {
            "period": each.period.name,
            "first": each.period.first.isoformat(),
            "last": each.period.last.isoformat(),
            "opening": each.opening.balance,
            "closing": each.closing.balance,
            "owed": each.closing.owed,
            "over": each.is_over,
        }
        for each in found
    ]
    frame.show(rows, _PERIODS, json=json, empty="Nothing has moved.")


async def _show(period: str, program: str, reference: str, *, json: bool) -> None:
    async with frame.database(patient=True) as database:
        terms, [holder] = await _whose(database, program, reference)
        found = await _statement(database, holder, period, terms)
    lines = [_row(line) for line in found.lines]
    if json:
        frame.show_json(_whole(found, lines))
        return
    frame.say(f"{found.holder.name}, {found.period.title}")
    frame.say(f"Opening balance: {found.opening.balance}")
    frame.show(lines, _LINES, empty="Nothing moved.")
    frame.say(f"Closing balance: {found.closing.balance}")
    if found.closing.owed.minor:
        frame.say(f"Owed: {found.closing.owed}")


async def _write(period: str, program: str, reference: str | None, *, form: Form, folder: Path) -> None:
    written = 0
    async with frame.database(patient=True) as database:
        terms, named = await _whose(database, program, reference)
        with frame.progress("Statements") as done:
            async for holder in _one_by_one(database, program, named):
                found = await _statement(database, holder, period, terms)
                if not found.is_empty:
                    _save(found, form, folder)
                    written += 1
                done(1)
    frame.say(f"{written} written into {folder}.")


async def _whose(database: Database, program: str, reference: str | None) -> tuple[Terms, list[Holder]]:
    """The program's terms, and the holder of this reference, if one is given."""
    async with database.transaction(readonly=True) as tx:
        terms = await programs.terms(tx, program)
        return terms, [await holders.by_reference(tx, program, reference)] if reference is not None else []


async def _statement(database: Database, holder: Holder, period: str, terms: Terms) -> Statement:
    async with database.transaction(readonly=True) as tx:
        return await statements.statement(tx, holder, period=period, terms=terms)


async def _one_by_one(database: Database, program: str, named: list[Holder]) -> AsyncIterator[Holder]:
    """The holders named, or else all of the program's."""
    for holder in named:
        yield holder
    after = None
    while not named:
        async with database.transaction(readonly=True) as tx:
            found = await holders.list_page(tx, program=program, after=after, limit=HOLDERS_AT_ONCE)
        for holder in found:
            yield holder
        if len(found) < HOLDERS_AT_ONCE:
            return
        after = found[-1].id


def _save(found: Statement, form: Form, folder: Path) -> None:
    draw = {Form.PDF: statements.to_pdf, Form.CSV: statements.to_csv}[form]
    path = folder / f"{_word(found.holder)}-{found.period.name}.{form.value}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw(found))
    except OSError as error:
        raise CannotWriteStatement(f"{path} cannot be written: {error.strerror}") from error


def _word(holder: Holder) -> str:
    """A holder in a file's name: by reference, and where that does not fit into one as it is, by id as well."""
    word = _UNFIT.sub("-", holder.reference).strip("-.")[:_NAME_LENGTH_MAX]
    return word if word == holder.reference else f"{word}-{holder.id}".lstrip("-")


def _row(line: Line) -> dict[str, Any]:
    return {
        "date": line.day.isoformat(),
        "at": line.at,
        "entry": line.entry.value,
        "what": WORDS[line.entry],
        "reference": line.reference,
        "description": line.description,
        "payout": line.payout_id,
        "amount": line.amount,
        "change": line.change,
        "balance": line.balance,
        "owed": line.owed,
    }


def _whole(found: Statement, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "period": found.period.name,
        "first": found.period.first.isoformat(),
        "last": found.period.last.isoformat(),
        "as_of": found.as_of.isoformat() if found.as_of else None,
        "holder": found.holder.reference,
        "opening": {"balance": found.opening.balance, "owed": found.opening.owed},
        "closing": {"balance": found.closing.balance, "owed": found.closing.owed},
        "totals": {entry.value: amount for entry, amount in found.totals.items()},
        "lines": lines,
    }
