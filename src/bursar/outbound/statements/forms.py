"""A statement as a file: for a spreadsheet, or for people."""

from collections.abc import Iterator
from typing import Final

from bursar.foundation import sheets
from bursar.outbound.statements.model import Line, Standing, Statement

COLUMNS: Final = (
    "date", "entry", "reference", "description", "payout", "currency", "amount", "change", "balance", "owed",
)  # fmt: skip


def to_csv(statement: Statement) -> bytes:
    """The statement for a spreadsheet, in UTF-8.

    ``amount`` is what moved, ``change`` what that did to the balance: the changes add up from the first line's balance
    to the last one's.
    """
    return sheets.lines([COLUMNS, *_rows(statement)]).encode()


def to_pdf(statement: Statement) -> bytes:
    """The statement for people, to print or to keep. A long one takes seconds: where others wait, use a thread."""
    from bursar.outbound.statements.pdf import drawn  # What draws takes long to load, and few need it.

    return drawn(statement)


def _rows(statement: Statement) -> Iterator[sheets.Row]:
    period = statement.period
    yield _edge(statement, period.first.isoformat(), "opening", statement.opening)
    for line in statement.lines:
        yield _row(line)
    yield _edge(statement, (statement.as_of or period.last).isoformat(), "closing", statement.closing)


def _row(line: Line) -> sheets.Row:
    return (
        line.day.isoformat(),
        line.entry.value,
        line.reference,
        line.description,
        str(line.payout_id) if line.payout_id else None,
        line.amount.currency,
        line.amount.decimal,
        line.change.decimal,
        line.balance.decimal,
        line.owed.decimal,
    )


def _edge(statement: Statement, day: str, name: str, standing: Standing) -> sheets.Row:
    figures = standing.balance.decimal, standing.owed.decimal
    return day, name, None, None, None, statement.currency, None, None, *figures
