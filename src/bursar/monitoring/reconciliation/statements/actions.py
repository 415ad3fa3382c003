"""Comparing a statement's file with our attempts."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import BinaryIO, Final

from bursar.foundation.db import Database
from bursar.gateways import Payment
from bursar.monitoring.reconciliation.comparing import Source, compare
from bursar.monitoring.reconciliation.errors import UnreadableStatement
from bursar.monitoring.reconciliation.model import Comparison, Finding, Kind, Span, Way
from bursar.monitoring.reconciliation.statements.camt import Camt053
from bursar.monitoring.reconciliation.statements.model import Gap, Statement
from bursar.monitoring.reconciliation.statements.table import Columns, Table

BOOKED_WITHIN: Final = timedelta(days=3)
"""How long a payment may take into a statement, over a weekend: so close to its ends, a missing one proves nothing."""
_CHUNK_BYTES: Final = 1 << 20


class Format(StrEnum):
    """The form of a statement."""

    CSV = "csv"
    CAMT053 = "camt053"


async def compare_statement(
    database: Database,
    file: BinaryIO,
    *,
    gateway: str,
    form: Format,
    actor: str,
    columns: Columns | None = None,
) -> Comparison:
    """Compare a statement of this gateway with our attempts; the file is read three times, and never held whole.

    Raises:
        UnreadableStatement: it is not what it is said to be, or holds no payment.
        StatementReadBefore: this very file was compared.
        AlreadyComparing: another statement of this gateway is being compared.
    """
    statement = _opener(file, form, columns or Columns())
    fingerprint = await asyncio.to_thread(_fingerprint, file)  # Seconds for a long one, in which others are answered.
    span = await asyncio.to_thread(lambda: _span(statement().payments()))
    read = statement()
    source = Source(
        way=Way.STATEMENT,
        gateway=gateway,
        span=span,
        payments=_streamed(read),
        certain=Span(span.since + BOOKED_WITHIN, max(span.until - BOOKED_WITHIN, span.since + BOOKED_WITHIN)),
        file_hash=fingerprint,
        gaps=lambda: _findings(read.gaps(), gateway),
    )
    return await compare(database, source, actor=actor)


def _opener(file: BinaryIO, form: Format, columns: Columns) -> Callable[[], Statement]:
    """How the statement is read from its beginning."""

    def opened() -> Statement:
        file.seek(0)
        return Camt053(file) if form is Format.CAMT053 else Table(file, columns)

    return opened


def _fingerprint(file: BinaryIO) -> bytes:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.digest()


def _span(payments: Iterable[Payment]) -> Span:
    """From the day of the first payment to the end of the day of the last."""
    first: datetime | None = None
    last: datetime | None = None
    for payment in payments:
        first, last = min(first or payment.at, payment.at), max(last or payment.at, payment.at)
    if first is None or last is None:
        raise UnreadableStatement(field="file", rule="one with payments in it")
    return Span(_midnight(first), _midnight(last) + timedelta(days=1))


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


async def _streamed(statement: Statement) -> AsyncIterator[Payment]:
    for payment in statement.payments():
        yield payment


def _findings(gaps: Sequence[Gap], gateway: str) -> Sequence[Finding]:
    return [
        Finding(
            kind=Kind.STATEMENT_GAP,
            subject=f"{gateway}:{gap.statement}",
            happened_at=gap.at,
            gateway=gateway,
            amount=gap.found - gap.expected if gap.found.covers(gap.expected) else gap.expected - gap.found,
            facts={"expected": gap.expected.text, "found": gap.found.text},
        )
        for gap in gaps
    ]
