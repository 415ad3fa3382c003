"""Statements as tables of text (CSV), with columns that go by whatever names the bank gave them."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import BinaryIO, Final

from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.gateways import Payment, Word
from bursar.monitoring.reconciliation.errors import UnreadableStatement
from bursar.monitoring.reconciliation.statements.model import Gap

TEXT_LENGTH_MAX: Final = 200

WORDS: Final = {
    Word.PAID: frozenset({"paid", "success", "successful", "completed", "settled", "processed", "booked"}),
    Word.REFUSED: frozenset({"failed", "refused", "rejected", "declined", "cancelled", "canceled"}),
    Word.RETURNED: frozenset({"returned", "reversed", "refunded"}),
    Word.ACCEPTED: frozenset({"pending", "processing", "new", "in_transit", "queued"}),
    Word.HELD: frozenset({"on_hold", "held"}),
}
"""What a status is called; any other is not understood, and proves nothing."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what.

    ``amount`` is in major units; a minus sign is what leaves an account, and counts as a plus. Where ``currency`` names
    no column it is the currency itself; where ``status`` is None every line is a payment. ``at`` is read as ISO 8601,
    or by ``time_format`` (that of ``strptime``); without a zone it is UTC.
    """

    reference: str = "reference"
    key: str | None = "key"
    amount: str = "amount"
    currency: str = "currency"
    at: str = "date"
    status: str | None = "status"
    time_format: str | None = None
    delimiter: str = ","
    words: dict[str, Word] = field(default_factory=dict)


class Table:
    """One such statement. It carries no balances, so none of them can be wrong."""

    def __init__(self, file: BinaryIO, columns: Columns) -> None:
        """Read from this file, a line at a time."""
        self._file = file
        self._columns = columns

    def payments(self) -> Iterator[Payment]:
        """Its payments.

        Raises:
            UnreadableStatement: a column is missing, or a line cannot be read; it says which.
        """
        text = io.TextIOWrapper(self._file, encoding="utf-8-sig", newline="")
        try:
            rows = csv.DictReader(text, delimiter=self._columns.delimiter, strict=True)
            self._insist_on_columns(rows.fieldnames or ())
            for number, row in enumerate(rows, start=2):
                yield self._payment(row, number)
        except (csv.Error, UnicodeDecodeError) as broken:
            raise UnreadableStatement(field="file", rule="a table in UTF-8") from broken
        finally:
            text.detach()

    def gaps(self) -> list[Gap]:
        """None: a table has no balances."""
        return []

    def _insist_on_columns(self, found: Sequence[str]) -> None:
        wanted = {self._columns.reference, self._columns.amount, self._columns.at}
        missing = sorted(wanted - set(found))
        if missing:
            raise UnreadableStatement(field="file", rule=f"a table with the column {missing[0]}")

    def _payment(self, row: dict[str, str | None], number: int) -> Payment:
        columns = self._columns
        try:
            currency = row.get(columns.currency) or columns.currency
            amount = Money.parse(abs(Decimal(_cell(row, columns.amount).replace(",", ""))), currency.strip())
            return Payment(
                reference=_cell(row, columns.reference)[:TEXT_LENGTH_MAX],
                key=(row.get(columns.key) or "").strip()[:TEXT_LENGTH_MAX] or None if columns.key else None,
                amount=amount,
                word=self._word(row),
                at=self._moment(_cell(row, columns.at)),
            )
        except (Refusal, InvalidOperation, ValueError) as wrong:
            raise UnreadableStatement(field="file", rule=f"readable in line {number}", line=number) from wrong

    def _word(self, row: dict[str, str | None]) -> Word:
        if self._columns.status is None or self._columns.status not in row:
            return Word.PAID
        said = (row[self._columns.status] or "").strip()
        if said in self._columns.words:
            return self._columns.words[said]
        plain = said.lower().replace(" ", "_")
        return next((word for word, names in WORDS.items() if plain in names), Word.UNKNOWN)

    def _moment(self, text: str) -> datetime:
        form = self._columns.time_format
        at = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007 - given one below
        return at if at.tzinfo else at.replace(tzinfo=UTC)


def _cell(row: dict[str, str | None], column: str) -> str:
    value = (row.get(column) or "").strip()
    if not value or "\x00" in value:
        raise ValueError(column)
    return value
