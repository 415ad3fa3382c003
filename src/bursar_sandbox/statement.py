"""The book, written out for auditors: JSON and CSV, in chunks, so that its size does not matter."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from bursar_sandbox.book import Book, Status, Total, Transfer
from bursar_sandbox.clock import iso
from bursar_sandbox.currencies import to_major

CHUNK_TRANSFERS: Final = 1000  # About 400 KB of JSON and 5 ms of work at a time.


class BookLine(msgspec.Struct, rename="camel"):
    """One transfer as an auditor reads it."""

    reference: str
    order_id: str
    psp_reference: str
    status: Status
    amount: str
    amount_minor: int
    currency: str
    destination_hash: str
    paid_at: str | None
    returned_at: str | None
    returned_minor: int
    attempt_number: int


class Summary(msgspec.Struct):
    """The figures of the whole book, and the orders that were paid twice."""

    totals: dict[str, Total]
    paid_more_than_once: list[str]


COLUMNS: Final = tuple(field.encode_name for field in msgspec.structs.fields(BookLine))


def summary(book: Book) -> Summary:
    """The running totals per currency, in minor units; cheap at any size of the book."""
    return Summary(book.totals, book.paid_more_than_once)


def as_json(book: Book) -> Iterator[bytes]:
    """The whole book as one JSON object, piece by piece."""
    # Taken first, so that a transfer that comes while we write is missing in both parts.
    closing = msgspec.json.encode(summary(book))
    yield b'{"transfers":['
    separator = b""
    for transfers in book.chunks(CHUNK_TRANSFERS):
        lines = msgspec.json.encode([_line(transfer) for transfer in transfers])
        yield separator + lines[1:-1]
        separator = b","
    yield b"]," + closing[1:]


def as_csv(book: Book) -> Iterator[bytes]:
    """The transfers of the book as CSV with a header row, piece by piece."""
    yield ",".join(COLUMNS).encode() + b"\r\n"
    for transfers in book.chunks(CHUNK_TRANSFERS):
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerows(msgspec.structs.astuple(_line(transfer)) for transfer in transfers)
        yield text.getvalue().encode()


def export(book: Book, path: Path) -> None:
    """Write the whole book to a file, as JSON; the file appears only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("wb") as file:
        file.writelines(as_json(book))
    unfinished.replace(path)


def _line(transfer: Transfer) -> BookLine:
    return BookLine(
        reference=transfer.reference,
        order_id=transfer.order_id,
        psp_reference=transfer.gateway_reference,
        status=transfer.status,
        amount=to_major(transfer.amount_minor, transfer.currency),
        amount_minor=transfer.amount_minor,
        currency=transfer.currency,
        destination_hash=transfer.destination.hex(),
        paid_at=None if transfer.paid_ms is None else iso(transfer.paid_ms),
        returned_at=None if transfer.returned_ms is None else iso(transfer.returned_ms),
        returned_minor=transfer.returned_minor,
        attempt_number=transfer.attempt_number,
    )
