"""One comparison from beginning to end: what the other side says is noted page by page, then held against ours at once.

The other side is asked with no transaction open, and its lines wait in a table of their own, so that memory is bounded
however many there are. Judging is one transaction: items show one moment.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from bursar import dispatch, ledger
from bursar.foundation import ids, log
from bursar.foundation.db import Database, Record, Transaction, UniqueViolation
from bursar.foundation.errors import Refusal
from bursar.foundation.money import Money
from bursar.gateways import Payment, Word
from bursar.monitoring import store as laws
from bursar.monitoring.reconciliation import store as items
from bursar.monitoring.reconciliation.comparing import store
from bursar.monitoring.reconciliation.errors import AlreadyComparing, StatementReadBefore
from bursar.monitoring.reconciliation.judging import GRACE, Ours, Theirs, judge
from bursar.monitoring.reconciliation.model import (
    DISPUTED,
    ENDS_WITH_ITEM,
    Comparison,
    Finding,
    Kind,
    Span,
    Way,
)

LINES_AT_ONCE: Final = 5_000  # A few megabytes; each such chunk is one COPY.
JUDGED_AT_ONCE: Final = 2_000
BOOKS_SHOWN_MAX: Final = 100  # Of one contradiction in our own tables; more are one fault, not many.

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """The other side's account: whose, its payments as they come, and for which of ours it must have one.

    ``certain`` is the span in which a payment of ours has to be among theirs, narrower than what was asked for: close
    to its ends a payment may be counted to the day, or the minute, beside it. ``gaps`` are asked for at the end: what
    is wrong with the other side's account in itself.
    """

    way: Way
    gateway: str
    span: Span
    payments: AsyncIterator[Payment]
    certain: Span
    file_hash: bytes | None = None
    gaps: Callable[[], Sequence[Finding]] = tuple


async def compare(database: Database, source: Source, *, actor: str) -> Comparison:
    """Compare one gateway's payments with our attempts, and make each difference an item.

    A source that cannot be read to its end proves nothing: the comparison fails, and items stay as they were.

    Raises:
        AlreadyComparing: somebody does so just now.
        StatementReadBefore: this very file was compared.
    """
    comparison = await _begin(database, source, actor=actor)
    try:
        await _take_in(database, comparison, source.payments)
    except Refusal as refusal:
        _log.warning("comparison.failed", gateway=source.gateway, reason_code=refusal.code)
        return await _fail(database, comparison, refusal.code)
    except BaseException:
        with suppress(Exception):  # What went wrong is told by the first failure, not by that of noting it.
            await _fail(database, comparison, "interrupted")
        raise

    async def work(tx: Transaction) -> Comparison:
        await laws.be_patient(tx)
        await store.understand_lines(tx, comparison)
        return await _judge_all(tx, comparison, source)

    return await database.retrying(work)


async def compare_books(database: Database, *, actor: str) -> Comparison:
    """Compare payouts with the ledger, with their attempts, and with what dispatch came upon by itself."""
    async with database.transaction(readonly=True) as tx:
        now = await tx.now()
    span = Span(_BEGINNING, now + timedelta(seconds=1))
    source = Source(Way.BOOKS, "", span, _nothing(), span)
    comparison = await _begin(database, source, actor=actor)

    async def work(tx: Transaction) -> Comparison:
        await laws.be_patient(tx)
        own = [*await _ledgers(tx), *await _steps(tx), *await _suspense(tx)]
        opened = await items.note(tx, own, way=Way.BOOKS, comparison_id=comparison.id)
        breaks = [finding async for finding in _breaks(tx)]
        opened += await items.note(tx, breaks, way=Way.BREAKS, comparison_id=comparison.id)
        await _end_known(tx, comparison, breaks)
        differing = await items.count_seen(tx, comparison.id)
        closed = [*await items.forget_gone(tx, comparison, way=Way.BOOKS)]
        closed += await items.forget_gone(tx, comparison, way=Way.BREAKS)
        return await _end(tx, comparison, differing=differing, opened=opened, closed=closed)

    return await database.retrying(work)


async def _begin(database: Database, source: Source, *, actor: str) -> Comparison:
    try:
        async with database.transaction() as tx:
            now = await tx.now()
            comparison = Comparison(
                id=ids.new(now),
                way=source.way,
                gateway=source.gateway,
                span=source.span,
                state="running",
                asked_by=actor,
                begun_at=now,
            )
            await store.insert(tx, comparison, file_hash=source.file_hash)
    except UniqueViolation as violation:
        if violation.constraint_name == "same_statement_once":
            raise StatementReadBefore(gateway=source.gateway) from violation
        raise AlreadyComparing(way=source.way.value, gateway=source.gateway) from violation
    return comparison


async def _take_in(database: Database, comparison: Comparison, payments: AsyncIterator[Payment]) -> None:
    """Note all that the other side says, some at a time."""
    waiting: list[Payment] = []
    count = 0
    async for payment in payments:
        waiting.append(payment)
        if len(waiting) == LINES_AT_ONCE:
            count += await _note_lines(database, comparison, waiting, first=count)
            waiting = []
    await _note_lines(database, comparison, waiting, first=count)


async def _note_lines(database: Database, comparison: Comparison, payments: Sequence[Payment], *, first: int) -> int:
    async with database.transaction() as tx:
        await store.add_lines(tx, comparison.id, payments, first=first)
    return len(payments)


async def _fail(database: Database, comparison: Comparison, failure: str) -> Comparison:
    async with database.transaction() as tx:
        await store.end(tx, replace(comparison, state="failed", failure=failure))
        return await _stored(tx, comparison.id)


async def _judge_all(tx: Transaction, comparison: Comparison, source: Source) -> Comparison:
    """Hold every line against what we have, and what we have against the lines."""
    now = await tx.now()
    opened = 0
    async for findings in _findings(tx, comparison, source, now=now):
        opened += await items.note(tx, findings, way=comparison.way, comparison_id=comparison.id)
        await _dispute(tx, comparison, findings)
    differing = await items.count_seen(tx, comparison.id)
    closed = await items.forget_gone(tx, comparison, way=comparison.way)
    for kind in ENDS_WITH_ITEM:
        over = [row["payout_id"] for row in closed if row["kind"] == kind and row["payout_id"]]
        await dispatch.concluding.close_disputes(tx, over, resolution="gone", kind=kind.value)
    return await _end(tx, comparison, differing=differing, opened=opened, closed=closed)


async def _findings(
    tx: Transaction, comparison: Comparison, source: Source, *, now: datetime
) -> AsyncIterator[Sequence[Finding]]:
    """Everything that differs, some at a time, each subject once in each kind."""
    place = -1
    while rows := await store.differing(tx, comparison, after=place, limit=JUDGED_AT_ONCE):
        place = rows[-1]["number"]
        yield _once(finding for row in rows if (finding := _judge(row, comparison.gateway, now)) is not None)
    last: UUID | None = None
    certain = Span(source.certain.since, min(source.certain.until, now - GRACE))
    while rows := await store.missing_there(tx, comparison, span=certain, after=last, limit=JUDGED_AT_ONCE):
        last = rows[-1]["id"]
        yield _once(_missing(row, comparison.gateway) for row in rows)
    yield _once(source.gaps())


def _judge(row: Record, gateway: str, now: datetime) -> Finding | None:
    theirs = Theirs(
        reference=row["reference"],
        key=row["key"],
        payout_id=row["payout_id"],
        amount=Money(row["amount"], row["currency"]),
        word=Word(row["word"]),
        at=row["at"],
    )
    own = Money(row["own_amount"], row["own_currency"]) if row["own_amount"] is not None else None
    return judge(theirs, Ours(row["state"], row["program"], row["outcome"], own), gateway=gateway, now=now)


def _missing(row: Record, gateway: str) -> Finding:
    return Finding(
        kind=Kind.MISSING_THERE,
        subject=str(row["payout_id"]),
        happened_at=row["sent_at"],
        payout_id=row["payout_id"],
        program=row["program"],
        gateway=gateway,
        attempt_key=row["key"],
        gateway_reference=row["gateway_reference"],
        amount=Money(row["amount"], row["currency"]),
        facts={"known": row["outcome"]},
    )


def _once(findings: Iterable[Finding]) -> Sequence[Finding]:
    return list({(finding.kind, finding.subject): finding for finding in findings}.values())


async def _dispute(tx: Transaction, comparison: Comparison, findings: Sequence[Finding]) -> None:
    """Keep payouts from being sent again that the other side has paid, or may be paying."""
    grave = [finding for finding in findings if finding.kind in DISPUTED and finding.payout_id is not None]
    still_open = await items.seen_open(tx, comparison.id, grave) if grave else set()
    for kind in DISPUTED:
        about = {
            finding.payout_id: comparison.gateway
            for finding in grave
            if finding.kind is kind and finding.payout_id and (kind, finding.subject) in still_open
        }
        if about:
            await dispatch.concluding.dispute(tx, kind.value, about)


async def _end_known(tx: Transaction, comparison: Comparison, breaks: Sequence[Finding]) -> None:
    """Close the breaks that tell what two people have accepted or written off already: a late report, say."""
    still_open = await items.seen_open(tx, comparison.id, breaks)
    known = [one.break_id for one in breaks if one.break_id and (one.kind, one.subject) not in still_open]
    if known:
        await dispatch.concluding.close_breaks(tx, known, resolution="known")


async def _end(
    tx: Transaction, comparison: Comparison, *, differing: int, opened: int, closed: Sequence[Record]
) -> Comparison:
    await store.end(tx, replace(comparison, state="done", differing=differing, opened=opened, closed=len(closed)))
    if opened:
        _log.error("items.opened", gateway=comparison.gateway or None, count=opened)
    return await _stored(tx, comparison.id)


async def _stored(tx: Transaction, comparison_id: UUID) -> Comparison:
    found = await store.by_id(tx, comparison_id)
    assert found is not None, "comparisons are never deleted"
    return found


async def _ledgers(tx: Transaction) -> Sequence[Finding]:
    """The ledger against itself, and against what payouts say."""
    now = await tx.now()
    found = [
        Finding(
            kind=Kind.BOOKS_BROKEN,
            subject=f"{one.law}: {one.subject}",
            happened_at=now,
            facts={"expected": one.expected, "found": one.found},
        )
        for one in await ledger.discrepancies(tx)
    ]
    found += [
        Finding(
            kind=Kind.CLEARING_MISMATCH,
            subject=f"{row['gateway']}:{row['currency']}",
            happened_at=now,
            gateway=row["gateway"],
            amount=Money(abs(row["paid"] - row["cleared"]), row["currency"]),
            facts={"payouts": row["paid"], "ledger": row["cleared"]},
        )
        for row in await store.clearing(tx)
    ]
    return found


async def _steps(tx: Transaction) -> Sequence[Finding]:
    """Payouts whose state is not that of their money, or of their attempts."""
    now = await tx.now()
    found = [
        Finding(
            kind=Kind.BOOKS_BROKEN,
            subject=str(row["id"]),
            happened_at=now,
            payout_id=row["id"],
            facts={"state": row["state"]},
        )
        for row in await laws.reservations_out_of_step(tx)
    ]
    found += [
        Finding(
            kind=Kind.BOOKS_BROKEN,
            subject=str(row["id"]),
            happened_at=row["updated_at"],
            payout_id=row["id"],
            program=row["program"],
            gateway=row["gateway"],
            amount=Money(row["amount"], row["currency"]),
            facts={"state": row["state"], "known": row["outcome"]},
        )
        for row in await store.out_of_step(tx, limit=BOOKS_SHOWN_MAX)
    ]
    return _once(found)


async def _suspense(tx: Transaction) -> Sequence[Finding]:
    return [
        Finding(
            kind=Kind.SUSPENDED,
            subject=str(row["payout_id"]),
            happened_at=row["recorded_at"],
            payout_id=row["payout_id"],
            program=row["program"],
            gateway=row["gateway"],
            amount=Money(row["amount"], row["currency"]),
        )
        for row in await store.suspended(tx)
    ]


async def _breaks(tx: Transaction) -> AsyncIterator[Finding]:
    """What dispatch came upon, but for what we have told it ourselves."""
    for row in await store.breaks(tx):
        if row["kind"] in ENDS_WITH_ITEM:
            continue
        yield Finding(
            kind=Kind(row["kind"]),
            subject=str(row["payout_id"] or row["id"]),
            happened_at=row["opened_at"],
            payout_id=row["payout_id"],
            program=row["program"],
            gateway=row["gateway"],
            attempt_key=row["key"] or row["facts"].get("attempt_key"),
            gateway_reference=row["gateway_reference"] or row["facts"].get("gateway_reference"),
            break_id=row["id"],
            amount=Money(row["amount"], row["currency"]) if row["amount"] is not None else None,
            facts=row["facts"],
        )


_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def _nothing() -> AsyncIterator[Payment]:
    """The books need nobody else's account."""
    return
    yield
