"""The sample file: payouts as a merchant's own systems would send them, and what becomes of each."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final

import msgspec

from bursar.foundation.money import Money
from bursar.holders import Destination

FILE: Final = "merchants-payouts.csv"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a payout ends: the word that the merchant hears, and after how many attempts."""

    status: str
    attempts: int


REVIEW: Final = Outcome("IN_REVIEW", 0)
PAID: Final = Outcome("SUCCESS", 1)
BY_SUFFIX: Final = {
    "0001": PAID,
    "0002": Outcome("SUCCESS", 2),
    "0003": Outcome("FAILED", 1),
    "0004": Outcome("PENDING", 1),
    "0005": Outcome("ON_HOLD", 1),
}
"""What the merchants document's test accounts do, by the end of their numbers; all others are paid at once."""


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """One line of the file; its columns are called as the JSON fields of the API are."""

    merchant_reference: str
    amount: str
    currency: str
    dest_type: str
    bank_code: str
    account_number: str
    account_title: str

    @property
    def money(self) -> Money:
        """How much."""
        return Money.parse(self.amount, self.currency)

    @property
    def destination(self) -> Destination:
        """Where to."""
        return Destination(self.bank_code, self.account_number, self.account_title)

    def outcome(self, review_at: Money | None) -> Outcome:
        """How it ends, where amounts from ``review_at`` on wait for people."""
        if review_at is not None and self.money.covers(review_at):
            return REVIEW
        return BY_SUFFIX.get(self.account_number[-4:], PAID)


COLUMNS: Final = tuple(field.encode_name for field in msgspec.structs.fields(Row))


def read(count: int) -> list[Row]:
    """So many rows: those of the file, and if they are too few, the same again under other references."""
    with directory().joinpath(FILE).open(encoding="utf-8", newline="") as file:
        rows = [msgspec.convert(cells, Row) for cells in csv.DictReader(file)]
    return [_again(row, place // len(rows)) for place, row in enumerate(islice(cycle(rows), count))]


def as_csv(rows: Sequence[Row]) -> bytes:
    """Rows as a file of their own."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows(map(msgspec.structs.astuple, rows))
    return text.getvalue().encode()


def _again(row: Row, time: int) -> Row:
    """The row as it stands in the file, or what stands for it the next time round."""
    if time == 0:
        return row
    return msgspec.structs.replace(row, merchant_reference=f"{row.merchant_reference}-{time + 1}")


def directory() -> Path:
    """Where the samples lie: inside the package when installed, at the top of the repository in a checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "_examples"
    return installed if installed.is_dir() else package.parents[1] / "examples"
