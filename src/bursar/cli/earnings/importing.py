"""Crediting what a file of earnings says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from bursar import earnings, programs
from bursar.cli import frame, importing
from bursar.cli.earnings import rows
from bursar.cli.importing import Done, Import
from bursar.earnings import NewEarning
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Refusal

EXAMPLES: Final = frame.examples(
    "bursar earnings import november.csv --program providers --dry-run",
    "bursar earnings import november.csv --program providers",
)


def import_earnings(
    file: Annotated[
        Path,
        typer.Argument(
            dir_okay=False, help="CSV with the columns holder, reference, amount[, description, earned_at]."
        ),
    ],
    *,
    program: Annotated[str, typer.Option(help="The holders' program.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Try every batch against the books as they stand, and store nothing.")
    ] = False,
    json: frame.Json = False,
) -> None:
    """Credit what a file says that holders have earned, in major units of the program's currency.

    Each row counts once by its reference, so the same file can be imported again, and after a fault goes on where it
    stopped. Rows that cannot be credited are named and left out; the exit code is then 1. Times without a zone are UTC.
    """
    actor, book = frame.actor(), programs.Book()

    async def credit(tx: Transaction, news: Sequence[NewEarning]) -> list[Done | Refusal]:
        answers = await earnings.credit(tx, news, book=book, at=SystemClock().now())
        return [one if isinstance(one, Refusal) else Done(one.earning.amount, one.is_new) for one in answers]

    wanted = Import(
        title="Earnings",
        done="credited",
        columns=rows.COLUMNS,
        build=lambda row, terms: rows.earning(row, terms, credited_by=actor),
        carry_out=credit,
    )
    frame.run(importing.carry_out(wanted, file, program, dry_run=dry_run, json=json))
