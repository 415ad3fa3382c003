"""Doing what a CSV file says: in batches, each whole or not at all, and safe to run again."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final, Generic, TypeVar

import typer

from bursar import programs
from bursar.cli import csv_file, frame
from bursar.cli.csv_file import Columns, Row
from bursar.foundation.db import Database, Transaction
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.programs import Terms

BATCH: Final = 500  # Rows in one transaction, for which what they touch is held.
ERRORS_MAX: Final = 200  # Shown; more than that is one fault, not many.

_SUMS: Final = {"what": "", "count": "Rows", "amount": "Amount"}

Wanted = TypeVar("Wanted")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a row that was not refused: its amount, and whether it was done now or before."""

    amount: Money
    is_new: bool


@dataclass(frozen=True, slots=True)
class Import(Generic[Wanted]):
    """One kind of file: what the bar is called, its columns, what a row becomes, and what is done with many.

    ``done`` is the word for what was done with a row, such as ``credited``. ``carry_out`` costs the same number of
    statements for one as for ``BATCH``.
    """

    title: str
    done: str
    columns: Columns
    build: Callable[[Mapping[str, str], Terms], Wanted]
    carry_out: Callable[[Transaction, Sequence[Wanted]], Awaitable[Sequence[Done | Refusal]]]


async def carry_out(wanted: Import[Wanted], file: Path, program: str, *, dry_run: bool, json: bool) -> None:
    """Do what a file says for a program, and tell what became of its rows; exit code 1 if any was refused.

    Rows that cannot be done are named by their line and left out. A dry run tries every batch against the books as they
    stand, and stores nothing.

    Raises:
        Invalid: the file cannot be read on; what was done before stays done, and is told.
        NoSuchProgram: there is no such program.
    """
    lines = csv_file.count_lines(file, wanted.columns)
    async with frame.database() as database:
        async with database.transaction(readonly=True) as tx:
            terms = await programs.terms(tx, program)
        tally = _Tally(Money.zero(terms.currency), Money.zero(terms.currency))
        try:
            with frame.progress(wanted.title, total=lines) as done:
                rows = csv_file.read(file, wanted.columns, lambda row: wanted.build(row, terms))
                for batch in _batches(rows):
                    await _do(database, wanted, batch, tally, dry_run=dry_run)
                    done(len(batch))
        except Refusal:
            if not tally.is_empty:  # The batches before this stay done, and whoever ran it must know.
                _tell(tally, wanted.done, dry_run=dry_run, json=json)
            raise
    _tell(tally, wanted.done, dry_run=dry_run, json=json)
    if tally.refused:
        raise typer.Exit(1)


@dataclass
class _Tally:
    """What has become of the rows so far."""

    amount: Money
    amount_before: Money
    count: int = 0
    count_before: int = 0
    refused: int = 0
    errors: list[tuple[int, Refusal]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether no row has been looked at."""
        return not (self.count or self.count_before or self.refused)

    def add(self, line: int, result: Done | Refusal) -> None:
        """Count one row in."""
        if isinstance(result, Refusal):
            self.refused += 1
            self.errors += [(line, result)] if len(self.errors) < ERRORS_MAX else []
        elif result.is_new:
            self.count += 1
            self.amount += result.amount
        else:
            self.count_before += 1
            self.amount_before += result.amount


class _TriedOut(Exception):
    """The batch was tried out, and is rolled back."""


def _batches(found: Iterable[Row[Wanted]]) -> Iterator[Sequence[Row[Wanted]]]:
    rows = iter(found)
    while batch := list(islice(rows, BATCH)):
        yield batch


async def _do(
    database: Database, wanted: Import[Wanted], batch: Sequence[Row[Wanted]], tally: _Tally, *, dry_run: bool
) -> None:
    """Do a batch in one transaction, and count in what became of its rows."""
    readable = [row.wanted for row in batch if not isinstance(row.wanted, Refusal)]
    if dry_run:
        async with _leaving_nothing(database) as tx:
            results = iter(await wanted.carry_out(tx, readable))
    else:
        results = iter(await database.retrying(lambda tx: wanted.carry_out(tx, readable)))
    for row in batch:
        tally.add(row.line, row.wanted if isinstance(row.wanted, Refusal) else next(results))


@asynccontextmanager
async def _leaving_nothing(database: Database) -> AsyncIterator[Transaction]:
    try:
        async with database.transaction() as tx:
            yield tx
            raise _TriedOut
    except _TriedOut:
        pass


def _tell(tally: _Tally, word: str, *, dry_run: bool, json: bool) -> None:
    """What became of the rows: sums on standard output, and what is wrong line by line."""
    errors = [
        {"line": line, "code": refusal.code, "message": refusal.message, **refusal.facts}
        for line, refusal in tally.errors
    ]
    if json:
        frame.show_json(
            {
                "dry_run": dry_run,
                word: {"count": tally.count, "amount": tally.amount},
                f"{word}_before": {"count": tally.count_before, "amount": tally.amount_before},
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
            {"what": f"would be {word}" if dry_run else word, "count": tally.count, "amount": tally.amount},
            {"what": f"{word} before", "count": tally.count_before, "amount": tally.amount_before},
            {"what": "refused", "count": tally.refused, "amount": "—"},
        ],
        _SUMS,
    )
