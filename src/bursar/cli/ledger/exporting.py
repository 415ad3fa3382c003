"""All transfers, for accounting done elsewhere: as a Beancount ledger or as CSV."""

import csv
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TextIO
from uuid import UUID

import typer

from bursar import holders, ledger
from bursar.cli import frame
from bursar.cli.ledger import books
from bursar.cli.ledger.beancount import Beancount
from bursar.foundation import sheets
from bursar.foundation.db import Transaction
from bursar.foundation.errors import Invalid
from bursar.holders import Holder
from bursar.ledger import Transfer

EXAMPLES: Final = frame.examples(
    "bursar ledger export --format beancount --output books.beancount",
    "bursar ledger export --format csv --since 2026-11-01 --until 2026-12-01 > november.csv",
)
AT_ONCE: Final = 1_000  # Transfers whose holders' names are looked up together.

COLUMNS: Final = (
    "id", "at", "kind", "amount", "currency", "debit_account", "debit_owner", "credit_account", "credit_owner",
    "program", "holder", "holder_id", "payout_id", "reference",
)  # fmt: skip

Named = tuple[Transfer, Holder]
"""A transfer and the holder that it is about."""

Write = Callable[[Transfer, Holder], object]


class Format(StrEnum):
    """What an export is written as."""

    BEANCOUNT = "beancount"
    CSV = "csv"


class CannotWrite(Invalid):
    """The file cannot be written."""

    code = "cannot_write"


def export(
    *,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")],
    output: Annotated[Path | None, typer.Option(dir_okay=False, help="Where to. Without it: standard output.")] = None,
    since: books.Since = None,
    until: books.Until = None,
) -> None:
    """Write out every transfer, oldest first. Each one is balanced, and so is the whole."""
    frame.run(_export(format_, output, since=books.utc(since), until=books.utc(until)))


async def _export(format_: Format, output: Path | None, *, since: datetime | None, until: datetime | None) -> None:
    with _opened(output) as file, frame.progress("Transfers") as done:
        write = _writer(format_, file)
        async with frame.database(patient=True) as database, database.transaction(readonly=True) as tx:
            async for batch in _named(tx, since=since, until=until):
                if not _written(batch, write):
                    return
                done(len(batch))


def _written(batch: Iterable[Named], write: Write) -> bool:
    """Write some transfers; whether anybody still reads them."""
    try:
        for transfer, holder in batch:
            write(transfer, holder)
        sys.stdout.flush()
    except BrokenPipeError:
        # Like ``head``, which has seen enough. What is still in the buffer must not break the pipe once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def _writer(format_: Format, file: TextIO) -> Write:
    if format_ is Format.BEANCOUNT:
        book = Beancount()
        file.write(book.beginning())
        return lambda transfer, holder: file.writelines(book.lines(transfer, holder))
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    return lambda transfer, holder: table.writerow(_row(transfer, holder))


async def _named(tx: Transaction, *, since: datetime | None, until: datetime | None) -> AsyncIterator[list[Named]]:
    """All transfers with their holders, some at a time."""
    known: dict[UUID, Holder] = {}
    waiting: list[Transfer] = []
    async for transfer in ledger.transfers(tx, since=since, until=until):
        waiting.append(transfer)
        if len(waiting) == AT_ONCE:
            yield await _with_holders(tx, waiting, known)
            waiting = []
    if waiting:
        yield await _with_holders(tx, waiting, known)


async def _with_holders(tx: Transaction, transfers: list[Transfer], known: dict[UUID, Holder]) -> list[Named]:
    known |= await holders.find(tx, {transfer.holder_id for transfer in transfers} - known.keys())
    return [(transfer, known.get(transfer.holder_id) or _nobody(transfer)) for transfer in transfers]


def _nobody(transfer: Transfer) -> Holder:
    """In a holder's place, where a movement between a program and a gateway touches no holder's money."""
    assert transfer.holder_id == ledger.NOBODY, "holders are never deleted"
    return Holder(id=ledger.NOBODY, program=transfer.debit.owner, kind="", reference="", name="Nobody", email=None)


def _row(transfer: Transfer, holder: Holder) -> tuple[object, ...]:
    return (
        transfer.id,
        transfer.at.isoformat(),
        transfer.kind,
        transfer.amount.text,
        transfer.amount.currency,
        transfer.debit.kind,
        transfer.debit.owner,
        transfer.credit.kind,
        transfer.credit.owner,
        holder.program,
        sheets.harmless(holder.reference),
        holder.id,
        transfer.payout_id or "",
        sheets.harmless(transfer.reference),
    )


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        file = output.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise CannotWrite(f"{output} cannot be written: {error.strerror}") from error
    with file:
        yield file
