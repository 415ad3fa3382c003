"""Crediting what a file of earnings says: in batches, each whole or not at all, and safe to run again."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import typer

from bursar import earnings, programs
from bursar.cli import frame
from bursar.cli.earnings import rows
from bursar.cli.earnings.rows import Row
from bursar.earnings import Credited, NewEarning
from bursar.foundation.clock import SystemClock
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.programs import Book

EXAMPLES: Final = frame.examples(
    "bursar earnings import november.csv --program providers --dry-run",
    "bursar earnings import november.csv --program providers",
)
BATCH: Final = 500  # Rows in one transaction, for which their holders' balances are held.
ERRORS_MAX: Final = 200  # Shown; more than that is one fault, not many.

_SUMS: Final = {"what": "", "count": "Rows", "amount": "Amount"}


@dataclass
class Tally:
    """What has become of the rows so far."""

    credited: Money
    credited_before: Money
    count: int = 0
    count_before: int = 0
    refused: int = 0
    errors: list[tuple[int, Refusal]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether no row has been looked at."""
        return not (self.count or self.count_before or self.refused)

    def add(self, row: Row, result: Credited | Refusal) -> None:
        """Count one row in."""
        if isinstance(result, Refusal):
            self.refused += 1
            self.errors += [(row.line, result)] if len(self.errors) < ERRORS_MAX else []
        elif result.is_new:
            self.count += 1
            self.credited += result.earning.amount
        else:
            self.count_before += 1
            self.credited_before += result.earning.amount


class _TriedOut(Exception):
    """The batch was tried out, and is rolled back."""


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
    frame.run(_import(file, program, dry_run=dry_run, json=json))


async def _import(file: Path, program: str, *, dry_run: bool, json: bool) -> None:
    lines = rows.count_lines(file)
    async with frame.database() as database:
        async with database.transaction(readonly=True) as tx:
            terms = await programs.terms(tx, program)
        nothing = Money.zero(terms.currency)
        tally, book = Tally(nothing, nothing), Book()
        try:
            with frame.progress("Earnings", total=lines) as done:
                for batch in _batches(rows.read(file, terms, credited_by=frame.actor())):
                    await _credit(database, batch, tally, book=book, dry_run=dry_run)
                    done(len(batch))
        except Refusal:
            if not tally.is_empty:  # The batches before this stay done, and whoever ran it must know.
                _tell(tally, dry_run=dry_run, json=json)
            raise
    _tell(tally, dry_run=dry_run, json=json)
    if tally.refused:
        raise typer.Exit(1)


def _batches(found: Iterator[Row]) -> Iterator[Sequence[Row]]:
    while batch := list(islice(found, BATCH)):
        yield batch


async def _credit(database: Database, batch: Sequence[Row], tally: Tally, *, book: Book, dry_run: bool) -> None:
    """Credit a batch in one transaction, and count in what became of its rows."""
    news = [row.wanted for row in batch if isinstance(row.wanted, NewEarning)]

    async def work(tx: Transaction) -> list[Credited | Refusal]:
        return await earnings.credit(tx, news, book=book, at=SystemClock().now())

    if dry_run:
        async with _leaving_nothing(database) as tx:
            results = iter(await work(tx))
    else:
        results = iter(await database.retrying(work))
    for row in batch:
        tally.add(row, row.wanted if isinstance(row.wanted, Refusal) else next(results))


@asynccontextmanager
async def _leaving_nothing(database: Database) -> AsyncIterator[Transaction]:
    try:
        async with database.transaction() as tx:
            yield tx
            raise _TriedOut
    except _TriedOut:
        pass


def _tell(tally: Tally, *, dry_run: bool, json: bool) -> None:
    """What became of the rows: sums on standard output, and what is wrong line by line."""
    errors = [
        {"line": line, "code": refusal.code, "message": refusal.message, **refusal.facts}
        for line, refusal in tally.errors
    ]
    if json:
        frame.show_json(
            {
                "dry_run": dry_run,
                "credited": {"count": tally.count, "amount": tally.credited},
                "credited_before": {"count": tally.count_before, "amount": tally.credited_before},
                "refused": tally.refused,
                "errors": errors,
            }
        )
        return
    for line, refusal in tally.errors:
        frame.note(f"line {line}: {refusal.message}")
    if tally.refused > len(tally.errors):
        frame.note(f"and {tally.refused - len(tally.errors)} more")
    frame.show(
        [
            {"what": "would be credited" if dry_run else "credited", "count": tally.count, "amount": tally.credited},
            {"what": "credited before", "count": tally.count_before, "amount": tally.credited_before},
            {"what": "refused", "count": tally.refused, "amount": "—"},
        ],
        _SUMS,
    )
